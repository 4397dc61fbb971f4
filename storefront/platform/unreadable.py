"""Bytes that are no request (lines over 8 KB, characters that HTTP forbids) are refused like everything else: by a page or a problem.

aiohttp knows neither address nor headers of them, so that who asks for JSON is told by how the bytes begin.
"""

import re
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from storefront.platform.errors import MalformedRequest
from storefront.platform.http import refusal_without_request

DETAIL = "The address or a header is too long, or has characters in it that HTTP does not allow."

_BEGINS = re.compile(rb"[A-Za-z]{1,20} +(/api/)?")


class ReadingProtocol(RequestHandler):
    """A connection."""

    __slots__ = ("_app", "_asks_api")

    def __init__(self, manager: "ReadingServer", **options: Any) -> None:
        super().__init__(manager, **options)
        self._app = manager.app
        self._asks_api = False

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        begins = _BEGINS.match(data)
        if begins is not None:
            self._asks_api = begins[1] is not None
        super().data_received(data)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what aiohttp refuses before there is a request; whatever else failed is told by aiohttp."""
        if status != MalformedRequest.status or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        answer = refusal_without_request(self._app, MalformedRequest(DETAIL), api=self._asks_api)
        answer.force_close()
        return answer


class ReadingServer(Server):
    """aiohttp's server with our connections."""

    def __init__(self, app: web.Application, like: Server) -> None:
        super().__init__(
            like.request_handler,
            request_factory=like.request_factory,
            handler_cancellation=like.handler_cancellation,
            loop=like._loop,
            **like._kwargs,
        )
        self.app = app

    def __call__(self) -> RequestHandler:
        return ReadingProtocol(self, loop=self._loop, **self._kwargs)


class ReadingRunner(web.AppRunner):
    """aiohttp's runner of an application, with our refusals."""

    __slots__ = ()

    async def _make_server(self) -> Server:
        return ReadingServer(self.app, await super()._make_server())
