"""A real browser (Debian's Chromium) on a real shop with the demo catalog."""

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.steps import BackOffice
from tests.browser.watching import Watch
from tests.live import LiveShop, live_shop

# Many people shop from one address here.
LIMITS = {f"LIMITS__{name}": "100000/minute" for name in ("SIGN_IN", "REGISTER", "ORDER_LOOKUP", "CHECKOUT", "CARTS")}


# Nothing but the pages, in as few processes as can be: no part of the browser talks to its makers, and none draws on a graphics card.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-site-isolation-trials",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt --no-maglev",  # no script here runs for as long as it would take to make it fast
]


# The same browser twice: without windows of its own it draws a page for half the work.
PROGRAMS = ("chromium-headless-shell", "chromium")


class ShopAddress(msgspec.Struct, frozen=True):
    """Where the shop is, and how its operator signs in."""

    url: str
    operator_password: str

    @classmethod
    def of(cls, shop: LiveShop) -> "ShopAddress":
        return cls(shop.url, shop.operator_password)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, demo_pictures: Path) -> Iterator[ShopAddress]:
    """The demo shop, served by run.py; the workers of one run share it, for filling it takes longest of all."""
    if not hasattr(request.config, "workerinput"):
        with live_shop(demo_pictures, **LIMITS) as running:
            yield ShopAddress.of(running)
        return
    with _shared(tmp_path_factory.getbasetemp().parent / "browser-shop", demo_pictures) as found:
        yield found


@contextlib.contextmanager
def _shared(note: Path, pictures: Path) -> Iterator[ShopAddress]:
    """The shop of whoever came first, who stops it when everybody else has let go."""
    with note.with_suffix(".users").open("a") as users, note.with_suffix(".start").open("a") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        if note.exists():
            fcntl.flock(users, fcntl.LOCK_SH)
            fcntl.flock(start, fcntl.LOCK_UN)
            yield msgspec.json.decode(note.read_bytes(), type=ShopAddress)
            return
        with live_shop(pictures, **LIMITS) as running:
            note.write_bytes(msgspec.json.encode(ShopAddress.of(running)))
            fcntl.flock(start, fcntl.LOCK_UN)
            yield ShopAddress.of(running)
            fcntl.flock(start, fcntl.LOCK_EX)
            note.unlink()
            fcntl.flock(users, fcntl.LOCK_EX)


@pytest.fixture(scope="module")  # not longer: while it runs, no other event loop can, and other modules' tests need theirs
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, headless. Fails, naming the package, where it is missing."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, f"Chromium is missing: install Debian's package {PROGRAMS[0]}"
    started = playwright.chromium.launch(
        executable_path=program,
        args=ARGUMENTS,
    )
    yield started
    started.close()


NewContext = Callable[..., BrowserContext]


def open_context(browser: Browser, shop: ShopAddress, **options: object) -> BrowserContext:
    """A shopper of their own; options as playwright's new_context."""
    context = browser.new_context(base_url=shop.url, locale="en-GB", **options)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    return context


@pytest.fixture
def new_context(browser: Browser, shop: ShopAddress) -> Iterator[NewContext]:
    """Makes browser contexts (a shopper each) that are closed after the test, which fails if a page of theirs complained of anything.

    They like their pages still, if nothing else is said: a page that fades into the next is drawn many times.
    """
    opened: list[tuple[BrowserContext, Watch]] = []

    def make(**options: object) -> BrowserContext:
        context = open_context(browser, shop, **{"reduced_motion": "reduce"} | options)
        opened.append((context, Watch(context)))
        return context

    yield make
    for context, _ in opened:
        context.close()
    for _, watch in opened:
        watch.assert_quiet()


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A guest's page."""
    return new_context().new_page()


@pytest.fixture(scope="module")
def back_office(playwright: Playwright, shop: ShopAddress) -> Iterator[BackOffice]:
    """The operator, who changes prices and stock while others shop."""
    request = playwright.request.new_context(base_url=shop.url)
    yield BackOffice(request, shop.operator_password)
    request.dispose()
