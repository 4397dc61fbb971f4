"""What must be true of every page: readable for all, whole on the smallest phone, light, quiet; with --pictures, a look at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response

from storefront.settings import ROOT
from tests.browser.conftest import ShopAddress, open_context
from tests.browser.steps import BackOffice
from tests.browser.tour import PAGES, Tour
from tests.browser.watching import Watch

SCREENSHOTS = ROOT / "tests" / "screenshots"
MOST_BYTES = 40 * 1024  # of HTML, CSS and JS of a page, as transferred
WIDE, NARROW, NARROWEST = 1280, 390, 320  # px
LONGEST = 6000  # px of a screenshot
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((WIDE, "light"), (NARROW, "dark"))
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# The frame of the card field is the provider's. Of the API's many operations, the first few of each kind stand for all.
LEFT_OUT = ["iframe", ".operation:nth-of-type(n+4)", ".docs__nav li li:nth-of-type(n+4)"]
# Only rules that are off, as they are experimental, read the style sheets, which would be fetched and parsed anew for each look.
AXE_OPTIONS = {"resultTypes": ["violations"], "iframes": False, "preload": {"assets": ["media"]}}
# What decides how well a text can be read: how it is written, and what each element around it lays behind it.
OF_TEXT = ["color", "fontSize", "fontWeight", "textShadow"]
STAND_FOR_ALL = 2
BEHIND_TEXT = ["backgroundColor", "backgroundImage", "opacity", "position", "visibility", "filter"]


class Visitor:
    """One of the tour's people, with one page: what it weighs and complains of is noted from when it was last opened."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.watch = Watch(context)
        self.page = context.new_page()
        self.contrast_seen: set[str] = set()
        self.pictures_seen: set[str] = set()
        self._url = url
        self._answers: dict[str, Response] = {}
        session = context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.page.on("response", self._note)

    def _note(self, response: Response) -> None:
        kind = response.request.resource_type
        if kind == "document" and response.frame.parent_frame is None:
            self._answers.clear()
        if kind in ("document", "stylesheet", "script") and response.url.startswith(self._url):
            self._answers[response.url] = response

    def weight(self) -> dict[str, int]:
        """The page's own text, style and script: bytes on the wire, by address."""
        return {url.removeprefix(self._url): answer.request.sizes()["responseBodySize"] for url, answer in self._answers.items()}


@pytest.fixture(scope="module")
def visitors(browser: Browser, shop: ShopAddress, back_office: BackOffice) -> Iterator[tuple[Tour, dict[str, Visitor]]]:
    """The tour and its people."""
    contexts = {who: open_context(browser, shop, reduced_motion="reduce") for who in ("guest", "customer", "operator")}
    yield Tour(contexts, back_office), {who: Visitor(context, shop.url) for who, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_page(name: str, visitors: tuple[Tour, dict[str, Visitor]], request: pytest.FixtureRequest) -> None:
    """One visit shows all of it: opening a page takes longer than looking at it."""
    tour, people = visitors
    who, opener, status = PAGES[name]
    visitor, page = people[who], people[who].page
    visitor.watch.complaints.clear()
    _look(page, WIDE, "light")
    opener(tour, page)
    page.wait_for_load_state("load")
    assert page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") == status
    weight = visitor.weight()
    assert sum(weight.values()) < MOST_BYTES, weight

    _look(page, NARROWEST, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST, _too_wide(page)
    if request.config.getoption("--pictures"):
        _show_pictures(page)
        for width, scheme in LOOKS:
            _look(page, width, scheme)
            _take_picture(page, f"{name}-{width}-{scheme}.jpg", width)
    _pictures_are_there(visitor)

    # Looked at by nobody, they would take most of the time.
    page.evaluate("(leftOut) => document.querySelectorAll(leftOut).forEach((part) => part.remove())", ", ".join(LEFT_OUT))
    page.evaluate(AXE)
    violations = []
    for width, scheme in LOOKS:
        _look(page, width, scheme)
        violations += _violations(visitor)
    assert violations == []
    visitor.watch.assert_quiet()


def _look(page: Page, width: int, scheme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": width, "height": 900 if width == WIDE else 844})
    page.emulate_media(color_scheme=scheme)


def _take_picture(page: Page, name: str, width: int) -> None:
    height = min(page.evaluate("document.documentElement.scrollHeight"), LONGEST)
    part = {"x": 0, "y": 0, "width": width, "height": height}
    page.screenshot(path=SCREENSHOTS / name, full_page=True, clip=part, type="jpeg", quality=85)  # type: ignore[arg-type]


def _show_pictures(page: Page) -> None:
    page.evaluate("""async () => {
        for (const picture of document.images) picture.loading = "eager";
        await Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})));
    }""")


def _pictures_are_there(visitor: Visitor) -> None:
    """Also those further down, which a browser asks for when somebody comes near. The sizes are made of these."""
    page = visitor.page
    urls: list[str] = page.evaluate("[...document.images].map((picture) => picture.src.replace(/-\\d+\\.\\w+$/, '.jpg'))")
    for url in set(urls) - visitor.pictures_seen:
        assert page.context.request.get(url).status == 200, url
    visitor.pictures_seen.update(urls)


def _violations(visitor: Visitor) -> list[str]:
    """What axe-core finds wrong, each with the element and how to mend it.

    The contrast of every text takes longest: of texts that are written alike, on the same ground, the first ones stand for all.
    """
    page = visitor.page
    kinds: list[str] = page.evaluate(
        """([ofText, behindText]) => {
            const styles = new Map();
            const ground = (part) => {
                if (!part) return "";
                if (!styles.has(part)) {
                    const style = getComputedStyle(part);
                    const own = behindText.map((name) => style[name]).join();
                    styles.set(part, `${ground(part.parentElement)}>${part.localName}.${part.className} ${own}`);
                }
                return styles.get(part);
            };
            const isText = (part) => part.matches("input, select, textarea, button")
                || [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
            window.textsByKind = new Map();
            for (const part of document.body.querySelectorAll("*")) {
                part.removeAttribute("data-known");
                if (!isText(part) || !part.checkVisibility()) continue;
                const style = getComputedStyle(part);
                const kind = ofText.map((name) => style[name]).join() + ground(part);
                if (!window.textsByKind.has(kind)) window.textsByKind.set(kind, []);
                window.textsByKind.get(kind).push(part);
            }
            return [...window.textsByKind.keys()];
        }""",
        [OF_TEXT, BEHIND_TEXT],
    )
    known = [number for number, kind in enumerate(kinds) if kind in visitor.contrast_seen]
    found: list[dict[str, Any]] = page.evaluate(
        """async ([known, stand, options]) => {
            const kinds = [...window.textsByKind.values()];
            for (const [number, parts] of kinds.entries()) {
                for (const part of parts.slice(known.includes(number) ? 0 : stand)) part.dataset.known = "";
            }
            axe.configure({ rules: [{ id: "color-contrast", selector: "*:not([data-known])" }] });
            return (await axe.run(options)).violations;
        }""",
        [known, STAND_FOR_ALL, AXE_OPTIONS],
    )
    visitor.contrast_seen.update(kinds)
    return [f"{rule['id']} {node['target']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def _too_wide(page: Page) -> list[str]:
    """The elements that stick out."""
    return list(
        page.evaluate("""() => [...document.body.querySelectorAll("*")]
            .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest(".scroll, .gallery__stage"))
            .slice(0, 8).map((part) => part.outerHTML.slice(0, 120))""")
    )
