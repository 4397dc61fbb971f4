"""A real browser (Debian's chromium) on a real shop with the demo catalog."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from storefront.settings import ROOT
from tests.live import LiveShop, live_shop

SCREENSHOTS = ROOT / "tests" / "screenshots"


@pytest.fixture(scope="session")
def shop() -> Iterator[LiveShop]:
    """The demo shop, served by run.py; many sign-ins from one address are allowed here."""
    with live_shop(LIMITS__SIGN_IN="1000/minute", LIMITS__REGISTER="1000/minute", LIMITS__ORDER_LOOKUP="1000/minute") as running:
        yield running


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, headless. Fails, naming the package, where it is missing."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: install Debian's package chromium"
    started = playwright.chromium.launch(
        executable_path=program,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    )
    yield started
    started.close()


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser, shop: LiveShop) -> Iterator[NewContext]:
    """Makes browser contexts (a shopper each) that are closed after the test; options as playwright's new_context."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=shop.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
