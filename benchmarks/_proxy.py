"""A proxy in front of a Redis that can be told to be slow or dead, for what must hold while Redis is away."""

import asyncio
import contextlib
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes between a port of its own and the server at `url` (redis:// or unix://).

    `delay` is how late each answer is, in seconds; `dead` cuts all connections and takes no new ones.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._at_work: set[asyncio.Task[None] | None] = set()
        self.delay = 0.0
        self._dead = False

    async def start(self) -> str:
        """Begins to listen; the address to use instead of `url`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def close(self) -> None:
        """Cuts everything."""
        self.dead = True
        for task in tuple(self._at_work):
            if task is not None:
                task.cancel()
        if self._server is not None:
            self._server.close()

    @property
    def dead(self) -> bool:
        """Whether nothing gets through."""
        return self._dead

    @dead.setter
    def dead(self, value: bool) -> None:
        self._dead = value
        if value:
            for writer in self._open:
                writer.transport.abort()

    async def command(self, line: str) -> bytes:
        """Sends an inline command (such as FLUSHALL) to the server itself; its answer."""
        reader, writer = await self._connect()
        writer.write(line.encode() + b"\r\n")
        answer = await reader.readline()
        writer.close()
        return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._url.startswith("unix://"):
            return await asyncio.open_unix_connection(self._url.removeprefix("unix://"))
        parts = urlsplit(self._url)
        return await asyncio.open_connection(parts.hostname, parts.port or 6379)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:
            writer.transport.abort()
            return
        there, back = await self._connect()
        both, task = {writer, back}, asyncio.current_task()
        self._open |= both
        self._at_work.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # by `close`
                await asyncio.gather(self._pass(reader, back, late=False), self._pass(there, writer, late=True))
        finally:
            self._open -= both
            self._at_work.discard(task)
            for each in both:
                each.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, late: bool) -> None:
        """Bytes from one side to the other until one of them ends; answers are `delay` late, and nothing overtakes."""
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if late and self.delay:
                    await asyncio.sleep(self.delay)
                target.write(data)
                await target.drain()
            target.transport.abort()
