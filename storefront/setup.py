"""What a database needs before the first shopper: the operator, delivery and tax defaults, and in development the demo shop."""

from collections.abc import Callable

from storefront.admin.service import ensure_operator
from storefront.catalog.service import has_products
from storefront.orders.invoices import keep_seller
from storefront.platform.database import Connection, Database
from storefront.pricing import defaults
from storefront.settings import Settings


async def prepare_shop(settings: Settings, say: Callable[[str], None]) -> None:
    """Brings a migrated database to where it can serve; does nothing that was done before."""
    database = Database(settings.database.url, [], settings.database)
    await database.start()
    try:
        await database.transaction(lambda conn: _base(conn, settings))
        async with database.write() as conn:
            empty = not await has_products(conn)
        if empty and settings.shop.demo and settings.server.environment == "development":
            from storefront.catalog.demo import filling  # here: a tenth of what a start imports, and few starts fill a shop
            from storefront.pricing import demo as promotions

            say("filling the empty shop with the demo catalog …")
            await filling.fill(database, settings, say, also=promotions.add_promotions)
    finally:
        await database.close()


async def _base(conn: Connection, settings: Settings) -> None:
    await defaults.install(conn, settings)
    await keep_seller(conn, settings)
    await ensure_operator(conn, settings.shop.operator_email, settings.shop.operator_password)
