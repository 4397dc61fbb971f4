"""The door while the shop behind it is made ready: it says that it lives, that it is not ready, and to come again."""

import socket

from aiohttp import web

_AGAIN = {"Retry-After": "2", "Cache-Control": "no-store"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="2">
<title>Opening soon</title></head>
<body><main><h1>The shop is being made ready</h1><p>This page looks again every two seconds.</p></main></body></html>
"""


async def _answer(request: web.Request) -> web.Response:
    if request.path == "/livez":
        return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})
    if request.path == "/readyz":
        return web.Response(status=503, text="starting\n", headers=_AGAIN)
    return web.Response(status=503, text=_PAGE, content_type="text/html", headers=_AGAIN)


class Opening:
    """Answers on a listening socket until `close()`; connections that come between then and the shop wait in the socket's queue."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening.dup()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Opens the door."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", _answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def close(self) -> None:
        """Leaves the socket to the shop."""
        if self._runner:
            await self._runner.cleanup()
        self._socket.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is known before anything is started. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening
