"""The demo shop is whole, fast to make, and made once."""

import time

from storefront.catalog import demo
from storefront.platform.database import Database
from storefront.settings import Settings

FILL_SECONDS = 60  # on the two cores of a test machine that does other things too; the first start has about half of it


async def test_an_empty_shop_is_filled_once_and_whole(database: Database, settings: Settings) -> None:
    said: list[str] = []
    started = time.monotonic()
    assert await demo.fill(database, settings, said.append)
    seconds = time.monotonic() - started
    assert seconds < FILL_SECONDS, said
    assert 2 <= len(said) <= 12
