"""The sandbox provider's process: `run.py provider`. Listens on the loopback interface at settings.sandbox_port."""

import asyncio
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import structlog
import uvloop
from aiohttp import web

from storefront.payments.sandbox import api, control, pages
from storefront.payments.sandbox.api import FAULTS, IN_FLIGHT, KEYS, LEDGER, PROVIDER, Keys
from storefront.payments.sandbox.events import Events
from storefront.payments.sandbox.faults import Faults
from storefront.payments.sandbox.ledger import Ledger
from storefront.payments.sandbox.provider import Provider
from storefront.platform.garbage import look_seldom
from storefront.settings import ROOT, Settings

POLL_SECONDS = 0.1
KEYS_ARE_KEPT = 24 * 3600  # seconds, as Stripe keeps them
BODY_BYTES = 256 * 1024
AT_ONCE = 100  # things that are due
log = structlog.get_logger("sandbox")


def main(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT. Returns the exit code."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", settings.sandbox_port))
    except OSError as error:
        print(f"storefront: payments.sandbox_port: 127.0.0.1:{settings.sandbox_port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    app = create_app(settings)
    look_seldom()
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    web.run_app(app, sock=listening, access_log=None, print=None, loop=loop, shutdown_timeout=2)
    return 0


def create_app(settings: Settings) -> web.Application:
    """The provider on its ledger in <data.dir>/sandbox."""
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[api.unknown_addresses])
    ledger, faults = Ledger(settings.data_dir / "sandbox" / "ledger.sqlite3", fsync=settings.database.fsync), Faults()
    webhooks = [f"{settings.server.public_url}/webhooks/{settings.payments.provider}"]
    events = Events(ledger, faults, settings.payments.webhook_secret, webhooks)
    app[LEDGER], app[FAULTS], app[IN_FLIGHT] = ledger, faults, set()
    app[PROVIDER] = Provider(ledger, events, _seen_by_browsers(settings))
    app[KEYS] = Keys(settings.payments.api_key, settings.payments.publishable_key)
    app[pages.TEMPLATES] = pages.templates(ROOT / "templates")
    app[pages.FRAMED_BY] = f"http://127.0.0.1:* http://localhost:* {settings.server.public_url}"
    for room in (api, control, pages):
        app.add_routes(room.routes)
    app.cleanup_ctx.append(_background)
    return app


def _seen_by_browsers(settings: Settings) -> str:
    script = urlsplit(settings.payments.script_url)
    return f"{script.scheme}://{script.netloc}" if script.netloc else f"http://127.0.0.1:{settings.sandbox_port}"


async def _background(app: web.Application) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(app[PROVIDER].events.deliver_for_ever()), asyncio.create_task(_let_time_pass(app))]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    app[LEDGER].close()


async def _let_time_pass(app: web.Application) -> None:
    """What is processing ends; keys that are old enough are forgotten."""
    ledger = app[LEDGER]
    forget_at = 0.0
    while True:
        now = time.time()
        try:
            if now > forget_at:
                async with ledger.transaction():
                    ledger.forget_keys(now - KEYS_ARE_KEPT)
                forget_at = now + 600
            if await _happened(app, now) == AT_ONCE:
                continue
        except sqlite3.Error:
            log.exception("books_not_written")
        await asyncio.sleep(POLL_SECONDS)


async def _happened(app: web.Application, now: float) -> int:
    """How much of what was due has happened, at most AT_ONCE."""
    async with app[LEDGER].transaction():
        for count in range(AT_ONCE):
            due = app[LEDGER].take_due(now)
            if due is None:
                return count
            app[PROVIDER].happen(*due)
    return AT_ONCE


if __name__ == "__main__":
    from storefront.settings import complete_secrets, load_settings

    loaded = load_settings()
    complete_secrets(loaded)
    sys.exit(main(loaded))
