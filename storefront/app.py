"""The composition root: settings in, an aiohttp Application out. Nothing else wires parts together."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web

import storefront
from storefront.accounts import api as accounts_api
from storefront.accounts import pages as accounts_pages
from storefront.admin import pages as admin_pages
from storefront.cart import api as cart_api
from storefront.cart import pages as cart_pages
from storefront.catalog import api as catalog_api
from storefront.catalog import media as catalog_media
from storefront.catalog import pages as catalog_pages
from storefront.checkout import api as checkout_api
from storefront.checkout import pages as checkout_pages
from storefront.checkout import webhooks
from storefront.orders import api as orders_api
from storefront.orders import pages as orders_pages
from storefront.platform import health, telemetry
from storefront.platform.clock import CLOCK, utc_now
from storefront.platform.http import (
    error_middleware,
    is_api,
    request_id_middleware,
    same_origin_middleware,
)
from storefront.platform.openapi import build_document
from storefront.search import api as search_api
from storefront.search import pages as search_pages
from storefront.settings import SETTINGS, Settings
from storefront.templating import base_context, install_templates

ROOT = Path(__file__).resolve().parent.parent
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DOCUMENT = web.AppKey("openapi_document", bytes)

ROOMS: dict[str, tuple[Iterable[web.AbstractRouteDef], ...]] = {
    "catalog": (catalog_pages.routes, catalog_api.routes, catalog_media.routes),
    "search": (search_pages.routes, search_api.routes),
    "cart": (cart_pages.routes, cart_api.routes),
    "checkout": (checkout_pages.routes, checkout_api.routes, webhooks.routes),
    "orders": (orders_pages.routes, orders_api.routes),
    "accounts": (accounts_pages.routes, accounts_api.routes),
    "admin": (admin_pages.routes,),
}
