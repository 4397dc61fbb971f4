"""A process that does nothing but keep a search index: `python -m tests.search_process DSN FOLDER`. It prints a line before each commit."""

import asyncio
import sys
from pathlib import Path

from storefront.platform.database import Database
from storefront.platform.feed import Feed
from storefront.search.disk import DiskIndex
from storefront.search.index import SearchIndex
from storefront.settings import SearchSettings


def say(word: str) -> None:
    """Tells the test."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


class Telling(DiskIndex):
    """An index that says when it commits."""

    def commit(self, position: str | None = None) -> None:
        say("committing")
        super().commit(position)
        say("committed")


async def main(dsn: str, folder: Path) -> None:
    """Follows the feed until it is killed."""
    import storefront.search.index as module

    module.DiskIndex = Telling  # type: ignore[misc]
    database = Database(dsn)
    await database.start()
    feed = Feed(database)
    index = SearchIndex(folder, SearchSettings(heap_bytes=15_000_000), ["EUR", "USD"])
    await index.open(database, feed)
    await feed.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
