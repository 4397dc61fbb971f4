"""What a page costs the database: so many statements, however much is on it, and none once it is kept."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from storefront.platform.cache import CACHE
from storefront.platform.database import DATABASE, statement_count
from storefront.platform.feed import FEED
from storefront.platform.page_cache import PAGE_CACHE
from storefront.search.index import SEARCH
from storefront.settings import Settings
from tests import twins
from tests.buying import of_the_shop
from tests.forms import Browser, forms_of
from tests.sandbox import eventually


class Teller(Browser):
    """A browser that knows what its last request cost; `statements` are those of the server."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        super().__init__(client)
        self.statements: list[str] = []

    async def cost(self, path: str, status: int = 200) -> int:
        await self.open(path, status)
        return len(self.statements)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without a second level: what another test left in it is no cold start. Nobody is held up here."""
    settings.cache.url = "none"
    settings.limits.checkout = settings.limits.register = settings.limits.carts = "100000/minute"
    return settings


@pytest.fixture
async def browser(
    app: web.Application, settings: Settings, owner: asyncpg.Connection, tmp_path: Path, aiohttp_client: AiohttpClient
) -> Teller:
    """A guest of a shop with many products, whose index is built."""
    await twins.fill(settings, owner, tmp_path)

    @web.middleware
    async def counting(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        with statement_count() as count:
            response = await handler(request)
        teller.statements = of_the_shop(count)
        return response

    app.middlewares.insert(0, counting)
    teller = Teller(await aiohttp_client(app, server_kwargs={"port": settings.server.port}))
    await app[SEARCH].wait_ready()
    lsn = await app[DATABASE].current_lsn()

    async def all_is_told() -> bool:
        return all(follower.lsn >= lsn for follower in app[FEED]._followers)

    await eventually(all_is_told)  # what was changed to make the shop drops no page any more
    return teller


@pytest.mark.parametrize(
    ("path", "cold", "first", "status"),
    [
        # With nothing cached; with the tree of categories cached, as a shopper finds a page that nobody has seen lately.
        ("/", 3, 2, 200),
        ("/c/kitchen", 2, 1, 200),
        ("/c/kitchen/mugs?page=2", 2, 1, 200),
        ("/c/kitchen/mugs?brand=Kiln&sort=price", 2, 1, 200),
        ("/collections/twins", 3, 2, 200),
        ("/collections/few", 4, 3, 200),
        ("/p/lamp", 2, 1, 200),
        ("/p/twin-5", 3, 2, 200),
        ("/search?q=mug", 2, 1, 200),
        ("/search?q=zzqx", 1, 0, 200),
        ("/search/suggest?q=mu", 1, 0, 200),
        ("/p/nothing", 3, 2, 404),
        ("/c/nothing", 3, 2, 404),
        ("/collections/nothing", 3, 2, 404),
    ],
)
async def test_a_shared_page_costs_so_much_and_nothing_once_it_is_kept(
    browser: Teller, path: str, cold: int, first: int, status: int
) -> None:
    app = browser.client.app
    found = []
    for forgotten in ({"categories"}, set()):
        app[PAGE_CACHE].clear()
        await app[CACHE].invalidate(forgotten, 1)
        found.append(await browser.cost(path, status))
    kept = await browser.cost(path, status)
    assert (*found, kept) == (cold, first, first if status == 404 else 0)


async def put_in_cart(browser: Teller, owner: asyncpg.Connection, count: int) -> None:
    """That many products, one of each."""
    for record in await owner.fetch("SELECT id FROM variant WHERE sku LIKE 'TWIN-%' ORDER BY id LIMIT $1", count):
        await browser.follow("/cart/lines", {"variant_id": str(record["id"])})


async def order(browser: Teller) -> str:
    """Buys the cart; returns the path of the order's page."""
    page = await browser.open("/checkout")
    option = re.search(r'name="fulfillment_option_id" id="[^"]*" value="(\d+)"', page)
    assert option is not None, page
    form = forms_of(page)["/checkout"] | {"fulfillment_option_id": option[1]}
    await browser.follow("/checkout", form | {"step": "update"})
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    placed = await browser.follow("/checkout", form | {"step": "place", "payment_method": "pm_card_visa"})
    return placed.removesuffix("&placed=1")


ACCOUNT = {"email": "ada@costs.example", "name": "Ada Byron", "password": "correct horse battery"}
HOME = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE", "is_default": "1"}


@pytest.mark.parametrize("lines", [1, 25])
async def test_buying_costs_the_same_for_one_line_and_for_many(
    browser: Teller, provider: object, owner: asyncpg.Connection, settings: Settings, lines: int
) -> None:
    await browser.follow("/account/register", ACCOUNT | {"email": f"{lines}@costs.example"})
    await browser.follow("/account/addresses/new", HOME)
    assert await browser.cost("/cart") == 1, "the session; there is no cart yet"
    await put_in_cart(browser, owner, lines)
    await browser.open("/cart")
    await browser.open("/checkout")
    costs = {path: await browser.cost(path) for path in ("/cart", "/checkout")}
    path = await order(browser)
    await browser.open(path)
    costs["order"] = await browser.cost(path)
    for page in ("/account", "/account/orders", "/account/addresses", "/account/details"):
        await browser.open(page)
        costs[page] = await browser.cost(page)
    await browser.follow("/admin/sign-in", {"email": settings.shop.operator_email, "password": settings.shop.operator_password})
    number = path.rpartition("/")[2].partition("?")[0]
    product_id = await owner.fetchval("SELECT id FROM product WHERE slug = 'lamp'")
    customer_id = await owner.fetchval("SELECT id FROM customer WHERE email = $1", f"{lines}@costs.example")
    for page in (
        "/admin",
        "/admin/orders",
        f"/admin/orders/{number}",
        "/admin/customers",
        f"/admin/customers/{customer_id}",
        "/admin/products",
        f"/admin/products/{product_id}",
        "/admin/jobs",
    ):
        await browser.open(page)
        costs[page.replace(number, "N").replace(str(customer_id), "N").replace(str(product_id), "N")] = await browser.cost(page)
    assert costs == {
        "/cart": 2,  # session, cart with its price
        "/checkout": 3,  # session, cart with its price and an earlier order of it, the hold
        "order": 1,
        "/account": 4,
        "/account/orders": 3,
        "/account/addresses": 2,
        "/account/details": 2,
        "/admin": 5,
        "/admin/orders": 2,
        "/admin/orders/N": 3,
        "/admin/customers": 4,
        "/admin/customers/N": 8,
        "/admin/products": 2,
        "/admin/products/N": 4,  # session, product, variants, and what inventory has of them
        "/admin/jobs": 2,
    }


@pytest.mark.parametrize(
    "path", ["/orders/lookup", "/account/sign-in", "/account/register", "/account/forgot-password", "/cart", "/admin/sign-in"]
)
async def test_a_form_costs_a_stranger_nothing(browser: Teller, path: str) -> None:
    await browser.open(path)
    assert await browser.cost(path) == 0
