"""Pages as robots, caches and strangers see them: what they say of themselves, where they lead, and that nothing breaks them."""

import asyncio
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from storefront import app as shop
from storefront.app import create_app
from storefront.catalog import publication, service
from storefront.catalog.listing import build_listing
from storefront.catalog.model import Category
from storefront.catalog.query import category_frame, parse
from storefront.catalog.service import category_by_path, category_tree
from storefront.platform.database import DATABASE, Database
from storefront.platform.fast_lane import FastRunner
from storefront.platform.feed import FEED
from storefront.platform.page_cache import PAGE_CACHE
from storefront.search.index import SEARCH
from storefront.settings import Settings
from tests import twins
from tests.forms import Browser
from tests.sandbox import eventually
from tests.twins import HOSTILE, TWINS

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def settings(settings: Settings, index_folder: Path) -> Settings:
    """Without a second level, which holds what other tests left in it; and nobody is held up here.

    The index is opened by each test, as at a restart, and built by the first only.
    """
    settings.cache.url = "none"
    settings.search.dir = str(index_folder)
    limits = settings.limits
    limits.checkout = limits.register = limits.carts = limits.sign_in = limits.order_lookup = "100000/minute"
    return settings


@pytest.fixture
async def goods(settings: Settings, app: web.Application, owner: asyncpg.Connection, tmp_path: Path) -> None:
    """The shop's products, once for the module."""
    await twins.fill(settings, owner, tmp_path)


@pytest.fixture
async def client(goods: None, app: web.Application, settings: Settings, aiohttp_client: AiohttpClient) -> Client:
    """A client of the shop, whose index is built."""
    made = await aiohttp_client(app, server_kwargs={"port": settings.server.port})
    await app[SEARCH].wait_ready()
    return made


async def page(client: Client, path: str, status: int = 200, **headers: str) -> str:
    """The text of a page."""
    async with client.get(path, headers=headers, allow_redirects=False) as answer:
        text = await answer.text()
        assert answer.status == status, (path, answer.status, answer.headers.get("Location"), text[-2000:])
        return text


class Head(HTMLParser):
    """What a page says to robots."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.robots = ""
        self.data: list[dict[str, Any]] = []
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_data = tag == "script" and given.get("type") == "application/ld+json"
        if tag == "link":
            self.links.setdefault(given["rel"], given["href"])
        if tag == "meta" and given.get("name") == "robots":
            self.robots = given["content"]

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data.append(json.loads(data))

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def of(self, kind: str) -> dict[str, Any]:
        """The one block of this type."""
        found = [block for block in self.data if block["@type"] == kind]
        assert len(found) == 1, (kind, self.data)
        return found[0]


# --- what pages say of themselves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/", "/"),
        ("/?utm_source=x&fbclid=y", "/"),
        ("/c/kitchen", "/c/kitchen"),
        ("/c/kitchen?utm_campaign=x", "/c/kitchen"),
        ("/c/kitchen/mugs?page=2", "/c/kitchen/mugs?page=2"),
        ("/c/kitchen/mugs?page=1", "/c/kitchen/mugs"),
        ("/c/kitchen/mugs?page=999", "/c/kitchen/mugs?page=3"),
        ("/c/kitchen/mugs?page=-1&sort=nonsense", "/c/kitchen/mugs"),
        ("/c/kitchen/mugs?sort=price", "/c/kitchen/mugs"),
        ("/collections/twins", "/collections/twins"),
        ("/p/lamp", "/p/lamp"),
        ("/p/lamp?variant=1&utm_medium=mail", "/p/lamp"),
    ],
)
async def test_a_page_has_one_address(client: Client, settings: Settings, path: str, canonical: str) -> None:
    head = Head(await page(client, path))
    assert head.links["canonical"] == settings.server.public_url + canonical
    assert head.robots == ""


@pytest.mark.parametrize(
    "path", ["/c/kitchen/mugs?brand=Kiln", "/c/kitchen/mugs?price_min=5", "/search?q=mug", "/search", "/p/nothing", "/cart"]
)
async def test_what_robots_need_not_keep_says_so(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        head = Head(await answer.text())
    assert head.robots.startswith("noindex")
    assert "canonical" not in head.links


async def test_pages_of_a_listing_name_their_neighbours(client: Client, settings: Settings) -> None:
    base = settings.server.public_url + "/c/kitchen/mugs"
    first, second, last = [Head(await page(client, f"/c/kitchen/mugs?page={number}")).links for number in (1, 2, 3)]
    assert ("prev" in first, first["next"]) == (False, base + "?page=2")
    assert (second["prev"], second["next"]) == (base, base + "?page=3")
    assert (last["prev"], "next" in last) == (base + "?page=2", False)


async def test_a_product_is_described_whole_for_search_engines(client: Client, settings: Settings) -> None:
    base = settings.server.public_url
    text = await page(client, "/p/lamp")
    assert HOSTILE not in text, "a title is text, in the page and in its data"
    head = Head(text)
    product = head.of("Product")
    assert (product["name"], product["brand"]["name"], product["url"]) == (f"Lamp {HOSTILE}", "Quay & Sons", base + "/p/lamp")
    assert product["description"] == "Shines on."
    assert product["image"] == [f"https://pictures.example/lamp-{place}.jpg" for place in range(3)]
    offers = product["offers"]
    assert [(offer["@type"], offer["sku"], offer["price"], offer["priceCurrency"]) for offer in offers] == [
        ("Offer", "LAMP-Red-S", "40.00", "EUR"),
        ("Offer", "LAMP-Red-L", "41.00", "EUR"),
        ("Offer", "LAMP-Blue-S", "42.00", "EUR"),
    ]
    assert [offer["availability"].rpartition("/")[2] for offer in offers] == ["InStock", "InStock", "OutOfStock"]
    assert (offers[0]["gtin"], "gtin" in offers[1]) == ("4006381333931", False)
    for offer in offers:
        path = urlsplit(offer["url"])
        assert f"{path.scheme}://{path.netloc}" == base
        assert Head(await page(client, f"{path.path}?{path.query}")).links["canonical"] == base + "/p/lamp"
    trail = head.of("BreadcrumbList")["itemListElement"]
    assert [(step["position"], step["item"]) for step in trail] == [(1, base + "/c/lighting"), (2, base + "/p/lamp")]


async def test_a_listing_names_its_products_in_their_order(client: Client, settings: Settings) -> None:
    text = await page(client, "/c/kitchen/mugs?page=3")
    head = Head(text)
    items = head.of("ItemList")["itemListElement"]
    shown = re.findall(r'class="card__title"><a href="([^"]+)"', text)
    assert [item["url"] for item in items] == [settings.server.public_url + url for url in shown]
    assert [item["position"] for item in items] == list(range(1, len(shown) + 1))
    assert [step["name"] for step in head.of("BreadcrumbList")["itemListElement"]] == ["Kitchen", "Mugs"]


async def test_the_sitemap_leads_to_every_page_that_is_there_and_to_no_other(
    client: Client, settings: Settings, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE product SET status = 'draft' WHERE slug = 'twin-60'")
    await owner.execute("UPDATE product SET slug = 'twin-&-59' WHERE slug = 'twin-59'")
    tree = ElementTree.fromstring(await page(client, "/sitemap.xml"))
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    found = [element.text or "" for element in tree.iterfind("s:url/s:loc", names)]
    base = settings.server.public_url
    products = [f"/p/twin-{number}" for number in range(1, TWINS - 1)] + ["/p/twin-%26-59", "/p/lamp"]
    pages = ["/", "/c/kitchen", "/c/kitchen/mugs", "/c/lighting", "/collections/twins", "/collections/few"]
    assert Counter(found) == Counter(base + path for path in (*products, *pages))
    for url in found[:12] + [base + "/p/twin-%26-59"]:
        await page(client, url.removeprefix(base))
    await owner.execute("UPDATE product SET slug = 'twin-59' WHERE slug = 'twin-&-59'")
    await owner.execute("UPDATE product SET status = 'active' WHERE slug = 'twin-60'")


async def test_a_large_sitemap_is_an_index_of_its_parts(client: Client, settings: Settings) -> None:
    assert "/p/twin-1<" in await page(client, "/sitemap-products-1.xml")
    assert "/c/kitchen/mugs<" in await page(client, "/sitemap-pages.xml")
    for beyond in ("0", "2", "999999"):
        await page(client, f"/sitemap-products-{beyond}.xml", status=404)


async def test_robots_are_kept_from_what_is_personal_and_told_of_the_sitemap(client: Client, settings: Settings) -> None:
    lines = (await page(client, "/robots.txt")).splitlines()
    assert f"Sitemap: {settings.server.public_url}/sitemap.xml" in lines
    for path in ("/account", "/admin", "/cart", "/checkout", "/orders", "/search"):
        assert f"Disallow: {path}" in lines


# --- where old addresses lead ----------------------------------------------------------------------------------------------------


async def leads_to(client: Client, path: str) -> tuple[int, str]:
    async with client.get(path, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


@pytest.mark.parametrize(
    ("table", "column", "where", "names"),
    [
        ("product", "slug", "slug = 'twin-1'", ("/p/twin-1", "/p/twin-one", "/p/twin-uno")),
        ("collection", "slug", "slug = 'twins'", ("/collections/twins", "/collections/pairs", "/collections/doubles")),
    ],
)
async def test_old_addresses_lead_to_the_new_one_for_good(
    client: Client, owner: asyncpg.Connection, table: str, column: str, where: str, names: tuple[str, str, str]
) -> None:
    """At once, however often it moved, with the parameters that came along; also where the old page was in the cache."""
    row = await owner.fetchval(f"SELECT id FROM {table} WHERE {where}")
    slugs = [name.rpartition("/")[2] for name in names]
    await page(client, names[0])
    for slug in slugs[1:]:
        await owner.execute(f"UPDATE {table} SET {column} = $1 WHERE id = $2", slug, row)

    async def moved() -> bool:
        return await leads_to(client, names[0]) == (301, names[2])

    await eventually(moved)
    assert await leads_to(client, f"{names[1]}?page=2&utm_source=x") == (301, f"{names[2]}?page=2&utm_source=x")
    await page(client, names[2])
    await owner.execute(f"UPDATE {table} SET {column} = $1 WHERE id = $2", slugs[0], row)

    async def back() -> bool:
        return await leads_to(client, names[2]) == (301, names[0])

    await eventually(back)
    await page(client, names[0])


async def test_a_price_drops_the_pages_that_show_it_and_no_other(client: Client, owner: asyncpg.Connection) -> None:
    kept = client.app[PAGE_CACHE]  # type: ignore[index]
    paths = ("/p/twin-5", "/api/v1/products/twin-5", "/p/twin-60", "/c/kitchen/mugs?sort=price")
    for path in paths:
        await page(client, path)
    same, json_same, other, listing = (kept.get(path) for path in paths)
    assert None not in (same, json_same, other, listing)
    await owner.execute("UPDATE variant_price SET amount = amount + 1 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-60')")

    async def dropped() -> bool:
        return kept.get("/p/twin-60") is not other and kept.get("/c/kitchen/mugs?sort=price") is not listing

    await eventually(dropped)
    assert kept.get("/p/twin-5") is same, "it lies in the same category, which is no reason"
    assert kept.get("/api/v1/products/twin-5") is json_same
    await owner.execute("UPDATE variant_price SET amount = amount - 1 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-60')")


async def test_listings_do_not_wait_for_an_index_that_is_late(
    client: Client, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "INDEX_LATE", 0.2)
    app = client.app
    assert app is not None
    kept = app[PAGE_CACHE]
    path = "/c/kitchen/mugs?sort=-price"
    async with app[SEARCH]._lock:  # it learns nothing more
        await owner.execute("UPDATE variant_price SET amount = 1251 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-60')")

        async def late() -> bool:
            return app[FEED].lag_of("search") > 0.2

        async def listed() -> bool:
            await page(client, path)
            return kept.get(path) is not None

        await eventually(late)
        await eventually(listed)  # the first change may still be on its way to what is kept
        await owner.execute("UPDATE variant_price SET amount = 1250 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-60')")

        async def dropped() -> bool:
            return kept.get(path) is None

        await eventually(dropped)


async def test_the_name_of_a_category_reaches_whatever_names_it(client: Client, owner: asyncpg.Connection) -> None:
    paths = ("/p/twin-5", "/api/v1/products/twin-5", "/api/v1/search?q=twin&category=kitchen", "/search/suggest?q=mug")
    for path in paths:
        assert "Beakers" not in await page(client, path)
    await owner.execute("UPDATE category SET name = 'Mugs and Beakers' WHERE path = 'kitchen/mugs'")

    async def renamed() -> bool:
        return all(["Beakers" in await page(client, path) for path in paths])

    await eventually(renamed)
    await owner.execute("UPDATE category SET name = 'Mugs' WHERE path = 'kitchen/mugs'")


async def test_a_category_that_moved_is_found_under_its_old_path(client: Client, owner: asyncpg.Connection) -> None:
    await page(client, "/c/kitchen/mugs")
    await owner.execute("UPDATE category SET slug = 'cups', path = 'kitchen/cups' WHERE path = 'kitchen/mugs'")

    async def moved() -> bool:
        return await leads_to(client, "/c/kitchen/mugs?sort=price") == (301, "/c/kitchen/cups?sort=price")

    await eventually(moved)
    await owner.execute("UPDATE category SET slug = 'mugs', path = 'kitchen/mugs' WHERE path = 'kitchen/cups'")

    async def back() -> bool:
        return await leads_to(client, "/c/kitchen/cups") == (301, "/c/kitchen/mugs")

    await eventually(back)


async def test_where_an_old_address_leads_is_believed_for_five_minutes(client: Client, owner: asyncpg.Connection) -> None:
    """Not for ever, as browsers would by themselves: the address may be another product's some day."""
    await owner.execute(
        "UPDATE product SET slug = 'twin-two' WHERE slug = 'twin-2'; UPDATE collection SET slug = 'both' WHERE slug = 'twins'"
    )
    await owner.execute("UPDATE category SET slug = 'cups', path = 'kitchen/cups' WHERE path = 'kitchen/mugs'")
    for before, after in (
        ("/p/twin-2", "/p/twin-two"),
        ("/api/v1/products/twin-2?currency=EUR", "/api/v1/products/twin-two?currency=EUR"),
        ("/api/v1/collections/twins/products?page=2", "/api/v1/collections/both/products?page=2"),
        ("/api/v1/categories/kitchen/mugs/products?sort=price", "/api/v1/categories/kitchen/cups/products?sort=price"),
    ):

        async def moved(before: str = before, after: str = after) -> bool:
            return await leads_to(client, before) == (301, after)

        await eventually(moved)
        async with client.get(before, allow_redirects=False) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=300"
    await owner.execute(
        "UPDATE product SET slug = 'twin-2' WHERE slug = 'twin-two'; UPDATE collection SET slug = 'twins' WHERE slug = 'both'"
    )
    await owner.execute("UPDATE category SET slug = 'mugs', path = 'kitchen/mugs' WHERE path = 'kitchen/cups'")

    async def back() -> bool:
        return await leads_to(client, "/c/kitchen/cups") == (301, "/c/kitchen/mugs")

    await eventually(back)


async def test_a_categorys_picture_reaches_whatever_shows_it(client: Client, owner: asyncpg.Connection) -> None:
    paths = ("/", "/api/v1/categories")
    for path in paths:
        assert "new-picture" not in await page(client, path)
    await owner.execute(
        "INSERT INTO media (category_id, url) SELECT id, 'https://pictures.test/new-picture.jpg' FROM category WHERE path = 'kitchen'"
    )

    async def shown() -> bool:
        return all(["new-picture" in await page(client, path) for path in paths])

    await eventually(shown)
    await owner.execute("DELETE FROM media WHERE url LIKE '%new-picture%'")

    async def gone() -> bool:
        return not any(["new-picture" in await page(client, path) for path in paths])

    await eventually(gone)


async def test_a_trailing_slash_leads_to_the_page_without(client: Client) -> None:
    assert await leads_to(client, "/c/kitchen/mugs/?page=2") == (301, "/c/kitchen/mugs?page=2")


# --- listings --------------------------------------------------------------------------------------------------------------------

SORTS = ["popular", "newest", "price", "-price", "title"]


def cards_of(text: str) -> list[str]:
    return re.findall(r'class="card__title"><a href="([^"]+)"', text)


@pytest.mark.parametrize("listing", [*(f"/c/kitchen/mugs?sort={sort}" for sort in SORTS), "/collections/twins?", "/search?q=twin+mug"])
async def test_pages_of_equals_repeat_nothing_and_lose_nothing(client: Client, listing: str) -> None:
    pages = [cards_of(await page(client, f"{listing}&page={number}")) for number in (1, 2, 3)]
    assert [len(found) for found in pages] == [24, 24, 12]
    assert sorted(url for found in pages for url in found) == sorted(f"/p/twin-{number}" for number in range(1, TWINS + 1))


@pytest.mark.parametrize("sort", SORTS)
async def test_without_the_index_the_order_is_as_whole(client: Client, sort: str) -> None:
    """And the same, so that a shopper who is between two pages when the index goes away misses nothing."""
    database = client.app[DATABASE]
    async with database.read() as conn:
        tree = await category_tree(conn)
        category = await category_by_path(conn, "kitchen/mugs")
    frame = category_frame(category, tree, "EUR")
    pages = []
    for number in (1, 2, 3):
        query = parse([("sort", sort), ("page", str(number))], frame)
        found = await build_listing(database, query, frame, find=None)
        assert found.degraded
        pages.append([card.url for card in found.cards])
        assert pages[-1] == cards_of(await page(client, f"/c/kitchen/mugs?sort={sort}&page={number}"))
    assert len({url for found in pages for url in found}) == TWINS


# --- shared pages are everybody's ------------------------------------------------------------------------------------------------

ADDRESSES = {
    "/": ["/"],
    "/c/{path}": ["/c/kitchen", "/c/nothing", "/c/kitchen/mugs?page=2&opt.Size=x"],
    "/collections/{slug}": ["/collections/twins", "/collections/nothing"],
    "/p/{slug}": ["/p/lamp", "/p/nothing", "/p/twin-2?variant=1"],
    "/search": ["/search?q=mug", "/search?q=zzqx", "/search"],
    "/search/suggest": ["/search/suggest?q=mu"],
    "/api/v1/products": ["/api/v1/products?limit=5"],
    "/api/v1/products/{slug_or_id}": ["/api/v1/products/lamp", "/api/v1/products/nothing"],
    "/api/v1/categories": ["/api/v1/categories"],
    "/api/v1/categories/{path}/products": ["/api/v1/categories/kitchen/products?page=2"],
    "/api/v1/collections": ["/api/v1/collections"],
    "/api/v1/collections/{slug}/products": ["/api/v1/collections/few/products"],
    "/api/v1/search": ["/api/v1/search?q=mug"],
    "/api/v1/search/suggestions": ["/api/v1/search/suggestions?q=mu"],
}


def shared_routes(app: web.Application) -> set[str]:
    """The addresses of pages that a CDN may keep."""
    shared = (route for route in app.router.routes() if getattr(route.handler, "__page_parameters__", None) is not None)
    return {route.resource.canonical for route in shared if route.resource is not None}


@pytest.mark.parametrize("wrong", ["x" * 9000, "\x01"])
@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [("/p/", "text/html", "Go to the home page"), ("/api/v1/products/", "application/problem+json", "/problems/malformed_request")],
)
async def test_what_is_no_request_is_refused_like_everything_else(
    settings: Settings, provider: object, path: str, kind: str, says: str, wrong: str
) -> None:
    runner = FastRunner(await create_app(settings), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(f"GET {path}{wrong} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await runner.cleanup()
    assert " 400 " in head.split("\r\n")[0]
    assert f"Content-Type: {kind}" in head
    assert "Content-Security-Policy: " in head
    assert "Cache-Control: private, no-store" in head
    assert says in body


async def test_no_shared_page_sets_a_cookie_or_knows_who_asks(client: Client, owner: asyncpg.Connection) -> None:
    browser = Browser(client)
    variant_id = await owner.fetchval("SELECT id FROM variant WHERE sku = 'TWIN-3'")
    await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": "2"})
    account = {"email": "ada@shared.example", "name": "Ada Lovelace", "password": "correct horse battery"}
    await browser.follow("/account/register", account)
    assert shared_routes(client.app) == set(ADDRESSES), "a new shared page belongs into ADDRESSES"
    for path in (path for paths in ADDRESSES.values() for path in paths):
        client.app[PAGE_CACHE].clear()
        async with client.get(path) as answer:
            known = await answer.read()
            assert "Set-Cookie" not in answer.headers, path
            assert answer.status == 404 or answer.headers["Cache-Control"].startswith("public"), path
        client.app[PAGE_CACHE].clear()
        async with client.get(path, headers={"Cookie": "cart=; session=; customer_name=; cart_count="}) as answer:
            stranger = await answer.read()
        assert b"Lovelace" not in known
        assert _without_request_id(known) == _without_request_id(stranger), path


async def test_all_who_ask_at_once_for_what_is_not_there_are_told_so(client: Client) -> None:
    texts = await asyncio.gather(*(page(client, "/p/nothing-at-all", status=404) for _ in range(8)))
    assert all("Account" in text for text in texts), "each is a page of the shop, with its head"


@pytest.mark.parametrize(
    ("path", "twisted"),
    [
        ("/search?q=lamp", "/search?q=&q=lamp"),
        ("/search/suggest?q=lamp", "/search/suggest?q=&q=lamp"),
        ("/api/v1/search?q=lamp&limit=2", "/api/v1/search?q=&limit=&limit=2&q=lamp"),
        ("/p/twin-5", "/p/twin%2D5?x=1"),
        ("/c/kitchen/mugs?page=1&page=2", "/c/kitchen/mugs?page=2&page=1"),
    ],
)
async def test_no_way_of_asking_puts_another_page_in_the_place_of_one(client: Client, path: str, twisted: str) -> None:
    client.app[PAGE_CACHE].clear()
    right = await page(client, path)
    client.app[PAGE_CACHE].clear()
    await page(client, twisted)
    assert await page(client, path) == right


def _without_request_id(body: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{32}", b"", body)


async def test_a_page_without_its_navigation_is_kept_by_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(request: web.Request) -> tuple[Category, ...]:
        raise ConnectionError("the database is away")

    client.app[PAGE_CACHE].clear()  # type: ignore[index]
    menu = 'aria-label="Main categories"'
    with monkeypatch.context() as fault:
        fault.setattr(service, "navigation", away)
        async with client.get("/p/twin-1") as answer:
            assert answer.status == 200
            assert menu not in await answer.text()
            assert answer.headers["Cache-Control"] == "no-store"
    async with client.get("/p/twin-1") as answer:
        assert menu in await answer.text()
        assert answer.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize(
    "path", ["/p/nothing", "/c/nothing", "/collections/nothing", "/nothing", "/p/", "/c/", "/p/a/b", "/static/nothing.css", "/media/x"]
)
async def test_what_is_not_there_says_so_with_a_way_on_and_is_kept_by_nobody(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["Cache-Control"]) == (404, "private, no-store")
        assert "Cache-Tag" not in answer.headers
    assert 'href="/search"' in text
    assert Head(text).robots == "noindex"


async def test_a_fault_of_ours_is_told_as_one_under_an_id_and_says_nothing_of_its_cause(
    goods: None, app: web.Application, settings: Settings, aiohttp_client: AiohttpClient
) -> None:
    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("the secret is 42")

    app.router.add_get("/broken", broken)
    client = await aiohttp_client(app, server_kwargs={"port": settings.server.port})
    async with client.get("/broken", headers={"X-Request-Id": "abcd1234"}) as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["X-Request-Id"]) == (500, "abcd1234")
    assert "abcd1234" in text
    assert "Try again" in text
    assert "secret" not in text
    assert "RuntimeError" not in text


# --- strangers -------------------------------------------------------------------------------------------------------------------

# As they stand in an address, percent-encoded where they must be.
HOSTILE_VALUES = [
    *("", "%00", "a%00b", "%FF%FE", "%ED%A0%80", "%E2%80%AE", "%0D%0ASet-Cookie:%20x=1", "%F0%9F%A7%80" * 80, "%C2%B2"),
    *("%u0041", "%", "%zz", "'", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "1;DROP%20TABLE%20product", "..%2F..%2Fetc%2Fpasswd"),
    *("-1", "0", "1e309", "NaN", "Infinity", "9" * 30, "9" * 400, "0x10", "1.005", "1,5", "2147483648", "9223372036854775808"),
    *("*", "(((((", "AND%20OR%20NOT", "price:%5B1%20TO", "%22unclosed", "~~~", "a" * 3000, "null", "true", "[]", "{{7*7}}", "%20%20"),
]
LISTED = ["q", "sort", "page", "price_min", "price_max", "brand", "availability", "rating", "category", "opt.Size", "attr.Material"]
PARAMETERS = [*LISTED, "opt.", "variant", "after", "status", "next", "token", "key", "order", "notice"]
# What each page reads of its address, each tried by itself, too.
READS = {
    **dict.fromkeys(["/c/kitchen", "/collections/twins", "/search"], LISTED),
    **dict.fromkeys(["/", "/cart", "/orders/lookup", "/sitemap.xml"], []),
    "/p/lamp": ["variant"],
    "/search/suggest": ["q"],
    "/account/sign-in": ["next"],
    "/account/reset-password": ["token"],
    "/account/verify": ["token"],
    "/checkout": ["notice"],
    "/checkout/return": ["order", "key"],
    "/orders/SF-1": ["key"],
}
FOLDERS = [
    "/p/",
    "/c/",
    "/c/kitchen/",
    "/collections/",
    "/orders/",
    "/media/",
    "/static/css/",
    "/account/addresses/",
    "/sitemap-products-",
    "/~",
]


@pytest.mark.parametrize("target", READS)
async def test_no_parameter_breaks_a_page(client: Client, target: str) -> None:
    for value in HOSTILE_VALUES:
        query = "&".join(f"{name}={value}" for name in PARAMETERS)
        await _holds(client, f"{target}?{query}&{value}={value}")
        await _holds(client, f"{target}?" + "&".join(f"{name}={value}&{name}=x" for name in PARAMETERS))
        for name in READS[target]:
            await _holds(client, f"{target}?{name}={value}&{name}=x")


@pytest.mark.parametrize("before", FOLDERS)
async def test_no_address_breaks_the_shop(client: Client, before: str) -> None:
    for value in HOSTILE_VALUES:
        await _holds(client, before + value)
        await _holds(client, f"{before}{value}/{value}.xml")


async def _holds(client: Client, target: str) -> None:
    """The shop answers, and nothing of the address becomes a header or markup."""
    async with client.get(URL(target, encoded=True), allow_redirects=False) as answer:
        text = await answer.text(errors="replace")
        assert answer.status < 500, (target[:300], answer.status)
        assert "x" not in answer.cookies
        assert "<script>alert" not in text, target[:300]


FORMS = {
    "/cart/lines": "variant_id quantity",
    "/cart/coupon": "code",
    "/cart/coupon/remove": "code gift_card_id",
    "/account/register": "name email password next",
    "/account/sign-in": "email password next",
    "/account/forgot-password": "email",
    "/account/reset-password": "token password",
    "/account/verify": "token",
    "/orders/lookup": "number email",
    "/orders/SF-1/cancel": "key",
    "/admin/sign-in": "email password",
    "/checkout": "step email expected_total expected_to_pay currency idempotency_key payment_method fulfillment_option_id "
    "billing_different billing_address.line1 billing_address.phone delivery_address.name delivery_address.country",
}


@pytest.mark.parametrize("path", FORMS)
async def test_no_field_breaks_a_form(client: Client, owner: asyncpg.Connection, path: str) -> None:
    browser = Browser(client)
    variant_id = await owner.fetchval("SELECT id FROM variant WHERE sku = 'TWIN-9'")
    await browser.follow("/cart/lines", {"variant_id": str(variant_id)})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for value in HOSTILE_VALUES[:: 6 if "sign-in" in path else 1]:  # a password takes its time
        for step in ("step=update", "step=place") if path == "/checkout" else ("",):
            body = "&".join([f"{name}={value}" for name in FORMS[path].split()] + [step])
            async with client.post(path, data=body, headers=headers, allow_redirects=False) as answer:
                text = await answer.text()
                assert answer.status < 500, (path, value[:200], answer.status, text[-500:])
                assert "<script>alert" not in text, (path, value)
                assert urlsplit(answer.headers.get("Location", "/")).netloc == "", (path, value)
    body = "&".join(f"{name}=+2AA-" for name in FORMS[path].split())  # half a character, as UTF-7 can say it
    async with client.post(path, data=body, headers={"Content-Type": headers["Content-Type"] + "; charset=utf-7"}) as answer:
        assert answer.status < 500, await answer.text()


async def test_a_product_appears_everywhere_when_its_time_comes(client: Client, owner: asyncpg.Connection) -> None:
    """Though every page that will show it is cached, and was asked for before."""
    row = await owner.fetchrow("SELECT p.id, p.slug, c.path FROM product p JOIN category c ON c.id = p.category_id WHERE p.slug = 'lamp'")
    assert row is not None
    places = (f"/c/{row['path']}", "/search?q=lamp")

    async def shown() -> list[bool]:
        async with client.get(f"/p/{row['slug']}") as answer:
            found = [answer.status == 200]
        return found + [f'/p/{row["slug"]}"' in await page(client, place) for place in places]

    async def hidden() -> bool:
        return not any(await shown())

    async def there() -> bool:
        return all(await shown())

    await owner.execute("UPDATE product SET published_at = now() + interval '1 hour' WHERE id = $1", row["id"])
    await eventually(hidden)
    await owner.execute("ALTER TABLE product DISABLE TRIGGER feed_update")  # the time comes nearer, and nobody is told of that
    try:
        still_to_come = False
        while not still_to_come:  # with the trigger, what is committed after its time is told of by that
            await owner.execute("UPDATE product SET published_at = clock_timestamp() + interval '1 second' WHERE id = $1", row["id"])
            still_to_come = await owner.fetchval("SELECT published_at > clock_timestamp() FROM product WHERE id = $1", row["id"])
    finally:
        await owner.execute("ALTER TABLE product ENABLE TRIGGER feed_update")
    await eventually(there)


async def test_a_publication_is_told_of_when_its_time_has_come_on_every_clock(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.execute("UPDATE publication_clock SET told_until = now() - interval '1 hour'")
    await owner.execute(
        "INSERT INTO product (slug, title, status, published_at) VALUES ('timed', 'Timed', 'active', now() - interval '100 s')"
    )
    product = await owner.fetchval("DELETE FROM change_log c USING product p WHERE p.slug = 'timed' AND c.key = p.id::text RETURNING p.id")

    async def told(skew: float) -> bool:
        monkeypatch.setattr(publication, "SKEW", skew)
        await publication.tell_of_publications(database)
        return bool(await owner.fetchval("SELECT count(*) FROM change_log WHERE topic = 'product' AND key = $1", str(product)))

    assert not await told(1000.0)
    assert await told(10.0)
    await owner.execute("DELETE FROM product WHERE id = $1", product)


async def test_a_location_that_closes_takes_its_stock_out_of_the_pages(client: Client, owner: asyncpg.Connection) -> None:
    assert "In stock" in await page(client, "/p/lamp")

    async def says(text: str) -> bool:
        return text in await page(client, "/p/lamp")

    await owner.execute("UPDATE stock_location SET active = false")
    try:
        await eventually(lambda: says("Sold out"))
    finally:
        await owner.execute("UPDATE stock_location SET active = true")
    await eventually(lambda: says("In stock"))


async def test_a_closed_location_hides_nothing_of_what_happens_at_the_open_ones(client: Client, owner: asyncpg.Connection) -> None:
    async def says(text: str) -> bool:
        return text in await page(client, "/p/twin-7")

    closed = await owner.fetchval("INSERT INTO stock_location (code, name, active) VALUES ('closed', 'Closed', false) RETURNING id")
    variant = await owner.fetchval("SELECT id FROM variant WHERE sku = 'TWIN-7'")
    await owner.execute("INSERT INTO stock (variant_id, location_id, on_hand) VALUES ($1, $2, 1000)", variant, closed)
    await eventually(lambda: says("In stock"))
    await owner.execute("UPDATE stock SET on_hand = 0 WHERE variant_id = $1 AND location_id <> $2", variant, closed)
    await eventually(lambda: says("Sold out"))
    opened = await owner.fetchval("SELECT location_id FROM stock WHERE variant_id = $1 AND location_id <> $2", variant, closed)
    await owner.execute("DELETE FROM stock WHERE variant_id = $1 AND location_id = $2", variant, opened)
    await eventually(lambda: says("Sold out"))
    await owner.execute("UPDATE stock SET location_id = $1 WHERE variant_id = $2", opened, variant)
    await eventually(lambda: says("In stock"))


async def test_two_locations_that_sell_at_once_are_told_of_though_neither_sees_the_other(
    client: Client, owner: asyncpg.Connection, settings: Settings
) -> None:
    async def says(text: str) -> bool:
        return text in await page(client, "/p/twin-8")

    second = await owner.fetchval("INSERT INTO stock_location (code, name) VALUES ('second', 'Second') RETURNING id")
    variant = await owner.fetchval("SELECT id FROM variant WHERE sku = 'TWIN-8'")
    await owner.execute("UPDATE stock SET on_hand = 15 WHERE variant_id = $1", variant)
    await owner.execute("INSERT INTO stock (variant_id, location_id, on_hand) VALUES ($1, $2, 15)", variant, second)
    await eventually(lambda: says("In stock"))
    other = await asyncpg.connect(settings.database.migrate_url)
    async with owner.transaction(), other.transaction():
        await owner.execute("UPDATE stock SET on_hand = 1 WHERE variant_id = $1 AND location_id = $2", variant, second)
        await other.execute("UPDATE stock SET on_hand = 1 WHERE variant_id = $1 AND location_id <> $2", variant, second)
    await other.close()
    await eventually(lambda: says("few left"))


async def test_what_is_filled_or_emptied_is_seen_on_pages_that_show_nothing_of_it(client: Client, owner: asyncpg.Connection) -> None:
    async def named(path: str, text: str) -> bool:
        return text in await page(client, path)

    async def not_named(path: str, text: str) -> bool:
        return text not in await page(client, path)

    attic = await owner.fetchval("INSERT INTO category (slug, path, name) VALUES ('attic', 'attic', 'Attic') RETURNING id")
    lone = await owner.fetchval("INSERT INTO collection (slug, name, on_home) VALUES ('lone', 'Lone wolf', true) RETURNING id")
    product = await owner.fetchval("SELECT id FROM product WHERE slug = 'twin-9'")
    home = await owner.fetchval("SELECT category_id FROM product WHERE id = $1", product)
    draft = await owner.fetchval("UPDATE product SET status = 'draft' WHERE id = $1 RETURNING id", product)
    await owner.execute("INSERT INTO collection_product VALUES ($1, $2, 1)", lone, draft)
    await eventually(lambda: not_named("/api/v1/products?collection=twins&limit=100", '"twin-9"'))
    await eventually(lambda: not_named("/", "Lone wolf"))
    await eventually(lambda: not_named("/p/twin-5", "Attic"))
    await owner.execute("UPDATE product SET status = 'active' WHERE id = $1", product)
    await eventually(lambda: named("/", "Lone wolf"))
    await owner.execute("UPDATE product SET category_id = $1 WHERE id = $2", attic, product)
    await eventually(lambda: named("/p/twin-5", "Attic"))
    await eventually(lambda: named("/", "<small>1 product<"))
    await owner.execute("UPDATE product SET category_id = $1 WHERE id = $2", home, product)
    await eventually(lambda: not_named("/p/twin-5", "Attic"))
    listed = "/api/v1/products?collection=lone"
    await eventually(lambda: named(listed, '"twin-9"'))
    await owner.execute("DELETE FROM collection_product WHERE collection_id = $1", lone)
    await eventually(lambda: not_named(listed, '"twin-9"'))
    await owner.execute("DELETE FROM collection WHERE id = $1", lone)


async def test_the_counts_of_the_home_page_are_those_of_now(client: Client, owner: asyncpg.Connection) -> None:
    async def counts(number: int) -> bool:
        return f"<small>{number} products<" in await page(client, "/")

    await owner.execute("UPDATE collection SET on_home = false")
    await eventually(lambda: counts(TWINS))
    await owner.execute("UPDATE product SET status = 'draft' WHERE slug = 'twin-10'")
    await eventually(lambda: counts(TWINS - 1))
    await owner.execute("UPDATE product SET status = 'active' WHERE slug = 'twin-10'")
    await owner.execute("UPDATE collection SET on_home = true WHERE slug IN ('few', 'twins')")
    await eventually(lambda: counts(TWINS))


async def test_a_listing_that_waits_for_the_index_does_not_wait_for_long(
    client: Client, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "INDEX_LATE", 0.5)
    app = client.app
    assert app is not None
    kept, path = app[PAGE_CACHE], "/api/v1/search?limit=1&q=twin&sort=newest"

    async def listed() -> bool:
        await page(client, path)
        return kept.get(path) is not None

    await eventually(listed)  # an earlier change may still be on its way to what is kept
    before = kept.get(path)
    async with app[SEARCH]._lock:  # it learns nothing more
        await owner.execute("UPDATE variant_price SET amount = 1249 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-11')")

        async def dropped() -> bool:
            return kept.get(path) is not before

        await eventually(dropped)
    await owner.execute("UPDATE variant_price SET amount = 1250 WHERE variant_id = (SELECT id FROM variant WHERE sku = 'TWIN-11')")
