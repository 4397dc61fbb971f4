"""The composition root: settings in, an aiohttp Application out. Nothing else wires parts together."""

from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import web

import storefront
from storefront.accounts import api as accounts_api
from storefront.accounts import pages as accounts_pages
from storefront.admin import audit, customer_pages, gift_card_pages, promotion_pages
from storefront.admin import order_pages as admin_order_pages
from storefront.admin import pages as admin_pages
from storefront.admin import search_pages as admin_search_pages
from storefront.admin import stock_pages as admin_stock_pages
from storefront.cart import api as cart_api
from storefront.cart import pages as cart_pages
from storefront.cart.desk import DESK, Desk
from storefront.catalog import api as catalog_api
from storefront.catalog import cache_tags, publication
from storefront.catalog import media as catalog_media
from storefront.catalog import pages as catalog_pages
from storefront.catalog import service as catalog
from storefront.catalog.listing import LISTING_FINDER
from storefront.catalog.media import MEDIA, MediaStore
from storefront.catalog.model import Category
from storefront.checkout import api as checkout_api
from storefront.checkout import background, webhooks
from storefront.checkout import pages as checkout_pages
from storefront.checkout.service import checkout_context
from storefront.checkout.together import TOGETHER, Together
from storefront.inventory.gate import STOCK, StockGate
from storefront.orders import api as orders_api
from storefront.orders import pages as orders_pages
from storefront.payments.service import PAYMENTS, Payments
from storefront.platform import api_docs, assets, health, mail, telemetry
from storefront.platform.assets import ASSETS, Assets
from storefront.platform.cache import CACHE, Cache
from storefront.platform.clock import CLOCK, utc_now
from storefront.platform.compression import compression_middleware
from storefront.platform.database import DATABASE, FAILURES, Database
from storefront.platform.edge import EDGE, Edge
from storefront.platform.feed import FEED, Batch, Feed
from storefront.platform.garbage import look_seldom
from storefront.platform.health import READINESS, Readiness
from storefront.platform.http import (
    error_middleware,
    install_security_headers,
    request_id_middleware,
    same_origin_middleware,
    security_headers,
)
from storefront.platform.jobs import JOBS, Jobs
from storefront.platform.mail import MAILER, Mailer
from storefront.platform.openapi_document import build_document
from storefront.platform.page_cache import PAGE_CACHE, PageCache, page_cache_middleware
from storefront.platform.ratelimit import RATE_LIMITER, RateLimiter
from storefront.platform.release import fingerprint
from storefront.platform.shared_cache import SharedCache
from storefront.search import api as search_api
from storefront.search import pages as search_pages
from storefront.search.index import SEARCH, SearchIndex
from storefront.search.language import language_of
from storefront.settings import SETTINGS, Settings
from storefront.templating import base_context, install_templates

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ("storefront", "templates", "static", "sql/queries")  # what pages are made by
PAGES_SHARE = 0.8  # of the memory for caches, the rest is for data
FEED_LATE = 2.0  # seconds that this replica may be behind before its pages are not for the CDN to keep
INDEX_LATE = 2.0  # seconds that the index may be behind before listings are dropped without it
log = structlog.get_logger("app")

ROOMS: dict[str, tuple[Iterable[web.AbstractRouteDef], ...]] = {
    "catalog": (catalog_pages.routes, catalog_api.routes),
    "search": (search_pages.routes, search_api.routes),
    "cart": (cart_pages.routes, cart_api.routes),
    "checkout": (checkout_pages.routes, checkout_api.routes, webhooks.routes),
    "orders": (orders_pages.routes, orders_api.routes),
    "accounts": (accounts_pages.routes, accounts_api.routes),
    "admin": (
        admin_pages.routes,
        admin_order_pages.routes,
        customer_pages.routes,
        promotion_pages.routes,
        gift_card_pages.routes,
        admin_search_pages.routes,
        admin_stock_pages.routes,
    ),
}
# Behind every door: health, metrics, what the API says of itself, and what pages of any room refer to.
EVERYWHERE: tuple[Iterable[web.AbstractRouteDef], ...] = (
    health.routes,
    telemetry.routes,
    api_docs.routes,
    assets.routes,
    catalog_media.routes,
)
API_TAGS = {
    "Catalog": "Products, categories and collections. The same for every client, and cached.",
    "Search": "Products by words, with filters, and suggestions while someone types.",
    "Carts": "A guest's cart belongs to who knows its id, a customer's to that customer.",
    "Checkout": "Stock held, the order placed and paid.",
    "Orders": "What was bought, for who has the order's key, or owns it.",
    "Accounts": "A customer's account, session and addresses.",
}


async def create_app(settings: Settings, *, only: Iterable[str] = ()) -> web.Application:
    """The shop on the servers that `settings` name, with the doors of `only` open (all when empty). Its parts start with the runner."""
    app = web.Application(
        client_max_size=settings.limits.body_bytes,
        middlewares=[
            request_id_middleware,
            telemetry.telemetry_middleware,
            compression_middleware,
            error_middleware,
            page_cache_middleware,
        ],
    )
    app[SETTINGS] = settings
    app[CLOCK] = utc_now
    app[READINESS] = Readiness()
    app[ASSETS] = Assets(ROOT / "static")
    install_templates(app, settings, str(ROOT / "templates"), page_context)
    # Within what the templates have just added: whom these refuse is shown a page, too.
    app.middlewares.extend((same_origin_middleware, admin_pages.operators_only))
    app[PAYMENTS] = Payments(settings)
    headers = security_headers(app[PAYMENTS].browser_origins(), settings.server.public_url.startswith("https:"))
    install_security_headers(app, headers)
    _install_parts(app, settings, headers)
    for room, tables in ROOMS.items():
        if not only or room in only:
            for table in tables:
                app.add_routes(table)
    for table in EVERYWHERE:
        app.add_routes(table)
    document: Callable[[], bytes] = cache(partial(_api_document, app, settings))
    app[api_docs.DOCUMENT] = document
    return app


def _api_document(app: web.Application, settings: Settings) -> bytes:
    document = build_document(
        app,
        title=settings.shop.name,
        version=storefront.__version__,
        server=settings.server.public_url,
        tags=API_TAGS,
        choices={"currency": settings.shop.currencies},
    )
    return msgspec.json.encode(document)


async def page_context(request: web.Request) -> dict[str, Any]:
    """What every page shows around its own; a page without its navigation is better than none, but nobody keeps it.

    Operations of the API show no page.
    """
    if hasattr(request.match_info.handler, "__operation__"):
        return {}
    nav: tuple[Category, ...] = ()
    try:
        nav = await catalog.navigation(request)
    except FAILURES as error:
        log.warning("page_without_navigation", error=repr(error))
        request[catalog.WITHOUT_NAVIGATION] = True
    return base_context(request, nav)


@cache
def _release() -> str:
    """What this process makes its pages by: the files as they are when it starts."""
    return fingerprint(map(ROOT.joinpath, RELEASE))


def _install_parts(app: web.Application, settings: Settings, headers: dict[str, str]) -> None:
    """Makes every part; `_running` starts and stops them in order."""
    app[DATABASE] = Database(settings.database.url, settings.database.replica_urls, settings.database)
    redis_url = None if settings.cache.url in ("", "none") else settings.cache.url
    shared = SharedCache(redis_url, settings.cache, _release()) if redis_url else None
    for_pages = int(settings.cache.l1_bytes * PAGES_SHARE)
    app[CACHE] = Cache(settings.cache, shared, most_bytes=settings.cache.l1_bytes - for_pages)
    app[PAGE_CACHE] = PageCache(for_pages, levels=app[CACHE].levels, lifetime=app[CACHE].lifetime, headers=headers)
    app[RATE_LIMITER] = RateLimiter(redis_url, settings.cache.namespace)
    app[FEED] = Feed(app[DATABASE])
    app[JOBS] = Jobs(settings, app[DATABASE])
    app[MAILER] = Mailer(settings)
    app[MEDIA] = MediaStore(settings.data_dir / "media")
    app[STOCK] = StockGate(app[DATABASE])
    app[DESK] = Desk(app[DATABASE], settings)
    app[TOGETHER] = Together(app[DATABASE], settings)
    app[SEARCH] = SearchIndex(settings.search_dir, settings.search, settings.shop.currencies, language=language_of(settings.shop.locale))
    app[EDGE] = Edge(settings.edge.purge_urls, app[DATABASE], app[FEED], app[JOBS], cache_tags.tags_of)
    app[LISTING_FINDER] = app[SEARCH].find
    app[JOBS].register(mail.JOB, app[MAILER].deliver)
    app[JOBS].every("feed_prune", 600, app[FEED].prune)
    app[JOBS].every("publications", publication.EVERY, partial(publication.tell_of_publications, app[DATABASE]))
    app[webhooks.INBOX] = webhooks.Inbox(checkout_context(app))
    background.register(checkout_context(app), app[MAILER])
    auditor = audit.Auditor(app[DATABASE], app[CLOCK])
    app[JOBS].every("audit", audit.EVERY, auditor.run)
    app[FEED].follow("audit", auditor.learn, topics=("audit",))
    app.cleanup_ctx.append(_running)


async def _running(app: web.Application) -> AsyncIterator[None]:
    """From the first connection to the last: the parts in the order they need each other."""
    database, feed, search, shared = app[DATABASE], app[FEED], app[SEARCH], app[CACHE].levels.shared

    async def tags_of(batch: Batch) -> set[str]:
        if not batch.changes:
            return set()
        async with database.write() as conn:
            return await cache_tags.tags_of(conn, batch.changes)

    owed: dict[str, int] = {}  # tags of listings that wait for the index, with the position that it must know of

    async def drop_cached(batch: Batch) -> None:
        """Listings wait for the index, which is about to know of the changes, too: made now, they would only be made again then.

        Not those that may show what is dropped here from the data: the tree of categories with its counts. Nor do they wait for long.
        """
        tags = await tags_of(batch)
        late = feed.lag_of("search") >= INDEX_LATE
        wait = set() if late or catalog.CATEGORIES_TAG in tags else set(filter(cache_tags.is_of_listings, tags))
        await app[CACHE].invalidate(tags, batch.lsn, whole=batch.position is not None)
        app[PAGE_CACHE].invalidate((tags - wait) | (owed.keys() if late else set()))
        if late:
            owed.clear()
        owed.update(dict.fromkeys(wait, batch.lsn))

    async def drop_found(batch: Batch | None) -> None:
        """The index knows of changes now, and listings show them from now on.

        Other replicas have no older ones from here: they were put into the second level with the index's own position, which was too old.
        """
        if batch is None:
            app[PAGE_CACHE].clear()
            owed.clear()
            return
        tags = await tags_of(batch)
        app[PAGE_CACHE].invalidate({tag for tag in tags if not tag.startswith("product:")})
        for tag in tags:
            if owed.get(tag, batch.lsn + 1) <= batch.lsn:
                del owed[tag]

    await database.start()
    search.when_changed = drop_found
    app[CACHE].levels.positions.also(lambda: search.told if search.ready else None)
    await search.open(database, feed)
    feed.follow("cache", drop_cached)
    app[PAGE_CACHE].behind = lambda: feed.lag_of("cache") > FEED_LATE
    await app[EDGE].start()
    await feed.start()
    await app[JOBS].start()
    look_seldom()
    app[READINESS].ready = True
    yield
    app[READINESS].ready = False
    await app[STOCK].close()
    await app[JOBS].close(app[SETTINGS].server.shutdown_grace_seconds)
    await feed.close()
    await app[EDGE].close()
    await search.close()
    await app[PAYMENTS].close()
    app[MEDIA].close()
    if shared is not None:
        await shared.close()
    await database.close()
