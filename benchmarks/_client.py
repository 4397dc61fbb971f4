"""A small HTTP client that costs little, for loads that wrk cannot make: many buyers, each step depending on the answer before."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


class Client:
    """One kept connection. `await client.call("POST", "/api/v1/carts", {...})` gives (status, document)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Raises OSError or asyncio.IncompleteReadError when the connection breaks; the next call makes a new one."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        assert self._reader is not None
        sent = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}", f"Content-Length: {len(sent)}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        try:
            self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            content = await self._reader.readexactly(int(_given(head, b"content-length") or 0))
            if _given(head, b"connection") == b"close":
                self.close()
        except BaseException:
            self.close()
            raise
        return int(head.split(b" ", 2)[1]), json.loads(content) if content and b"json" in _given(head, b"content-type") else content

    def close(self) -> None:
        """Drops the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _given(head: bytes, name: bytes) -> bytes:
    """A header's value, in lower case as `head` is; empty when it is not there."""
    return head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]
