"""Products that were given a time of publication: when it comes, the feed tells of them, so that every cached page learns of it."""

from storefront.catalog.cache_tags import queries
from storefront.platform.database import Database

EVERY = 2.0  # seconds
SKEW = 1.0  # seconds that clocks of servers may be apart


async def tell_of_publications(database: Database) -> None:
    """Tells of what came since the last call; calls at the same moment wait for each other and tell of each product once."""
    async with database.write() as conn:
        await queries.tell_of_publications(conn, skew_seconds=SKEW)
