"""What must be true of every page: readable for all, whole on the smallest phone, light, quiet; and a look at it in tests/screenshots."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response

from storefront.settings import ROOT
from tests.browser.conftest import ShopAddress, open_context
from tests.browser.steps import BackOffice
from tests.browser.tour import PAGES, Tour
from tests.browser.watching import Watch

SCREENSHOTS = ROOT / "tests" / "screenshots"
MOST_BYTES = 40 * 1024  # of HTML, CSS and JS of a page, as transferred
WIDE, NARROW, NARROWEST = 1280, 390, 320  # px


@pytest.fixture(scope="module")
def tour(browser: Browser, shop: ShopAddress, back_office: BackOffice) -> Iterator[tuple[Tour, dict[str, Watch]]]:
    """The tour, and who listens to each of its people's pages."""
    contexts = {who: open_context(browser, shop, reduced_motion="reduce") for who in ("guest", "customer", "operator")}
    watches = {who: Watch(context) for who, context in contexts.items()}
    yield Tour(contexts, back_office), watches
    for context in contexts.values():
        context.close()


class Weight:
    """The bytes that a page's own text, style and script take on the wire, the browser's cache aside."""

    def __init__(self, page: Page, url: str) -> None:
        self._url = url
        self._answers: dict[str, Response] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        kind = response.request.resource_type
        if kind == "document" and response.frame.parent_frame is None:
            self._answers.clear()
        if kind in ("document", "stylesheet", "script") and response.url.startswith(self._url):
            self._answers[response.url] = response

    def parts(self) -> dict[str, int]:
        """Bytes by address."""
        return {url.removeprefix(self._url): answer.request.sizes()["responseBodySize"] for url, answer in self._answers.items()}


@pytest.mark.parametrize("name", PAGES)
def test_every_page(name: str, tour: tuple[Tour, dict[str, Watch]], shop: ShopAddress) -> None:
    """One visit shows all of it: opening a page takes longer than looking at it."""
    guide, watches = tour
    who, opener, status = PAGES[name]
    page = guide.contexts[who].new_page()
    page.set_viewport_size({"width": WIDE, "height": 900})
    weight = Weight(page, shop.url)
    opener(guide, page)
    page.wait_for_load_state("networkidle")
    answered = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
    assert answered == status
    parts = weight.parts()
    assert sum(parts.values()) < MOST_BYTES, parts

    _show_pictures(page)
    violations = []
    for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark"), (NARROW, "light")):
        page.set_viewport_size({"width": width, "height": 900 if width == WIDE else 844})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
        if (width, scheme) in ((WIDE, "light"), (NARROW, "dark")):
            violations += _violations(page)
    assert violations == []

    page.set_viewport_size({"width": NARROWEST, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST, _too_wide(page)
    page.close()
    watches[who].assert_quiet()


def _show_pictures(page: Page) -> None:
    page.evaluate("""async () => {
        for (const picture of document.images) picture.loading = "eager";
        await Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})));
    }""")


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response["violations"]
    return [f"{rule['id']} {node['target']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def _too_wide(page: Page) -> list[str]:
    """The elements that stick out."""
    return list(
        page.evaluate("""() => [...document.body.querySelectorAll("*")]
            .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest(".scroll, .gallery__stage, nav ul"))
            .slice(0, 8).map((part) => part.outerHTML.slice(0, 120))""")
    )
