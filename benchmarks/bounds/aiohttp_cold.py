"""Bare aiohttp + asyncpg + jinja2: each request runs the two statements of a product page and renders the shop's own template.

What is shown was mapped to the template's types once, at the start: this bound does less than a page needs, never more.
"""

import sys
from pathlib import Path
from typing import Any

import asyncpg
import jinja2
import uvloop
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from storefront.app import create_app
from storefront.catalog import pages, service, store
from storefront.catalog.model import ProductPage
from storefront.catalog.structured_data import product_data
from storefront.platform.database import prepare_connection
from storefront.settings import load_settings


async def make_app(dsn: str) -> web.Application:
    """The statements and the template are the shop's; all around them is bare."""
    settings = load_settings({"STOREFRONT_CACHE__URL": "none", "STOREFRONT_DATABASE__URL": dsn})
    shop = await create_app(settings)
    environment: jinja2.Environment = next(value for value in shop.values() if isinstance(value, jinja2.Environment))
    environment.auto_reload = False
    template = environment.get_template("catalog/product.html")
    pool = await asyncpg.create_pool(dsn, min_size=4, max_size=8, init=prepare_connection)
    known: dict[str, dict[str, Any]] = {}
    async with pool.acquire() as conn:
        nav = service.forest(await service.category_tree(conn))
        for row in await conn.fetch("SELECT slug FROM product WHERE status = 'active'"):
            page = await service.product_page(conn, row["slug"], "EUR")
            if isinstance(page, ProductPage):
                known[row["slug"]] = {
                    "product": page,
                    "selected": pages.selected_variant(page, ""),
                    "structured_data": product_data(page, settings.server.public_url),
                }
    by_slug, cards = store.queries.product_by_slug.sql, store.queries.cards.sql

    async def product(request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        async with pool.acquire() as conn:
            row = await conn.fetchrow(by_slug, *_arguments("product_by_slug", slug=slug, currency="EUR", related=store.RELATED))
            await conn.fetch(cards, *_arguments("cards", product_ids=row["related_ids"], currency="EUR"))
        around = {"nav": nav, "current_path": request.path, "request_id": "", "environment": "development"}
        return web.Response(text=template.render(around | known[slug]), content_type="text/html")

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/p/{slug}", product)
    app.router.add_get("/livez", livez)
    return app


def _arguments(name: str, **given: object) -> list[object]:
    """Parameters in the order in which aiosql numbered them."""
    from storefront.platform.sql import load

    adapter = load("catalog").driver_adapter
    return list(adapter.maybe_order_params(name, given))


def main() -> None:
    """Arguments: port, DSN."""
    uvloop.install()
    web.run_app(make_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


main()
