"""Sitemaps (sitemaps.org 0.9) as streams of text: at most 50,000 addresses in a file, products in chunks of a fixed range of ids."""

from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from storefront.catalog import store
from storefront.platform.database import Database

MOST_ADDRESSES = 50_000
BATCH = 1_000
Pieces = AsyncIterator[str]

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_PERSONAL = ("/account", "/admin", "/api/", "/cart", "/checkout", "/orders")
_ENDLESS = ("/*?*sort=", "/*?*price_min=", "/*?*price_max=", "/*?*opt.", "/*?*attr.", "/search")


async def chunk_count(database: Database) -> int:
    """How many files the products take."""
    async with database.read() as conn:
        return -(-await store.last_product_id(conn) // MOST_ADDRESSES)


async def fits_one(database: Database) -> bool:
    """Whether one file surely holds every address."""
    async with database.read() as conn:
        return await store.last_product_id(conn) + len(await store.sitemap_pages(conn)) < MOST_ADDRESSES


async def index(database: Database, public_url: str) -> Pieces:
    """The index of the files."""
    yield f"{_HEAD}<sitemapindex {_NAMESPACE}>\n"
    yield f"<sitemap><loc>{escape(public_url)}/sitemap-pages.xml</loc></sitemap>\n"
    for number in range(1, await chunk_count(database) + 1):
        yield f"<sitemap><loc>{escape(public_url)}/sitemap-products-{number}.xml</loc></sitemap>\n"
    yield "</sitemapindex>\n"


async def whole(database: Database, public_url: str) -> Pieces:
    """Every address in one file."""
    yield f"{_HEAD}<urlset {_NAMESPACE}>\n"
    async for piece in _pages(database, public_url):
        yield piece
    async for piece in _products(database, public_url, 1):
        yield piece
    yield "</urlset>\n"


async def pages(database: Database, public_url: str) -> Pieces:
    """The home page, categories and collections."""
    yield f"{_HEAD}<urlset {_NAMESPACE}>\n"
    async for piece in _pages(database, public_url):
        yield piece
    yield "</urlset>\n"


async def products(database: Database, public_url: str, number: int) -> Pieces:
    """The products of chunk `number`, counted from 1."""
    yield f"{_HEAD}<urlset {_NAMESPACE}>\n"
    async for piece in _products(database, public_url, number):
        yield piece
    yield "</urlset>\n"


async def _pages(database: Database, public_url: str) -> Pieces:
    async with database.read() as conn:
        found = await store.sitemap_pages(conn)
    yield f"<url><loc>{escape(public_url)}/</loc></url>\n"
    yield "".join(_entry(public_url, path, changed) for path, changed in found)


async def _products(database: Database, public_url: str, number: int) -> Pieces:
    after, until = (number - 1) * MOST_ADDRESSES, number * MOST_ADDRESSES
    while True:
        async with database.read() as conn:
            found = await store.sitemap_products(conn, after, until, BATCH)
        yield "".join(_entry(public_url, f"/p/{slug}", changed) for _, slug, changed in found)
        if len(found) < BATCH:
            return
        after = found[-1][0]


def _entry(public_url: str, path: str, changed: datetime) -> str:
    return f"<url><loc>{escape(public_url + quote(path))}</loc><lastmod>{changed:%Y-%m-%d}</lastmod></url>\n"


def robots_text(public_url: str) -> str:
    """robots.txt (RFC 9309)."""
    rules = "".join(f"Disallow: {path}\n" for path in (*_PERSONAL, *_ENDLESS))
    return f"User-agent: *\n{rules}\nSitemap: {public_url}/sitemap.xml\n"
