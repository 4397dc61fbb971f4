"""Bare aiohttp + asyncpg: each POST is one UPDATE of one cart row. The bound of adding to a cart.

With `off` its commits do not wait for the disk, as those of carts do not.
"""

import random
import sys

import asyncpg
import uvloop
from aiohttp import web

CARTS = 1000


async def make_app(dsn: str, synchronous_commit: str) -> web.Application:
    """A table of carts of its own, and one handler."""
    waits = {"synchronous_commit": synchronous_commit}
    pool = await asyncpg.create_pool(dsn, min_size=8, max_size=16, server_settings=waits)
    await pool.execute("CREATE TABLE IF NOT EXISTS bench_cart (id int PRIMARY KEY, lines jsonb NOT NULL, version int NOT NULL)")
    await pool.execute("INSERT INTO bench_cart SELECT n, '{}', 1 FROM generate_series(1, $1::int) n ON CONFLICT DO NOTHING", CARTS)

    async def add(request: web.Request) -> web.Response:
        await request.read()
        version = await pool.fetchval(
            "UPDATE bench_cart SET lines = jsonb_set(lines, '{7}', '{\"quantity\": 1}'), version = version + 1 "
            "WHERE id = $1 RETURNING version",
            random.randint(1, CARTS),
        )
        return web.json_response({"version": version})

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/{path:.*}", add)
    app.router.add_get("/livez", livez)
    return app


def main() -> None:
    """Arguments: port, DSN of an owner, synchronous_commit."""
    uvloop.install()
    web.run_app(make_app(sys.argv[2], sys.argv[3]), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


main()
