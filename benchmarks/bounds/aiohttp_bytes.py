"""Bare aiohttp on uvloop: answers every path with the bytes of a file. The bound of a page that is ready."""

import sys
from pathlib import Path

import uvloop
from aiohttp import web


def main() -> None:
    """Arguments: port, file, and the Content-Encoding of its bytes (or '')."""
    port, path, encoding = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    body = path.read_bytes()
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if encoding:
        headers["Content-Encoding"] = encoding

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


main()
