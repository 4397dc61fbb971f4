"""The time, as a part that can be passed in."""

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

Clock = Callable[[], datetime]
CLOCK: web.AppKey[Clock] = web.AppKey("clock")


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)
