"""Bytes that are no text, wherever a request can carry some: refused or taken for nothing, and never an error of ours."""

import asyncio
import uuid

from aiohttp import web
from aiohttp.test_utils import TestClient

Client = TestClient[web.Request, web.Application]
NO_TEXT = b"\xff\xfe\x80"
GUEST_CART = uuid.uuid4().hex
HEADERS = """
Authorization: Bearer %s|Cookie: session=%s|Cookie: session="%s"|Cookie: operator=%s|Cookie: cart=%s|Cookie: cart_before=%s
Cookie: cart_count=%s|If-Match: %s|If-None-Match: %s|Idempotency-Key: %s|Prefer: %s|Accept: %s|Accept-Encoding: %s|Accept-Language: %s
Origin: %s|Sec-Fetch-Site: %s|X-Forwarded-For: %s|X-Request-Id: %s|Referer: %s|User-Agent: %s
Host: %s|Content-Type: %s|Stripe-Signature: %s|X-%s: 1
"""
REQUESTS = f"""
GET /|GET /cart|GET /checkout|GET /account/details|GET /admin|POST /cart/lines|POST /checkout|POST /account/sign-in|POST /admin/sign-in
GET /api/v1/products|GET /api/v1/customers/me|DELETE /api/v1/sessions/current|POST /api/v1/carts|GET /api/v1/carts/{GUEST_CART}
POST /api/v1/carts/{GUEST_CART}/checkout|POST /api/v1/orders|POST /api/v1/orders/{GUEST_CART}/cancel|POST /webhooks/stripe
"""
ADDRESSES = """
/%s|/p/%s|/c/%s|/search?q=%s|/orders/%s?key=%s|/orders/SF-1?key=%s|/checkout/return?order=%s&key=%s|/account/verify?token=%s
/account/reset-password?token=%s|/api/v1/products/%s|/api/v1/search?q=%s|/api/v1/carts/%s|/api/v1/orders/%s?key=%s
"""


def _each(listed: str) -> list[str]:
    return listed.strip().replace("\n", "|").split("|")


async def _status(client: Client, request: bytes) -> int:
    """What the request is answered with; the connection closed without a word is 400."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request)
    try:
        first = await reader.readline()
        return int(first.split()[1]) if first else 400
    finally:
        writer.close()


async def test_in_a_header(client: Client) -> None:
    for header in _each(HEADERS):
        host = b"" if header.startswith("Host") else b"Host: 127.0.0.1\r\n"
        for line in _each(REQUESTS):
            body = b"{}" if line.startswith("POST") else b""
            length = b"Content-Length: %d\r\n" % len(body) if body else b""
            head = b"%s HTTP/1.1\r\n%s%s\r\n%sConnection: close\r\n\r\n" % (line.encode(), host, header.encode() % NO_TEXT, length)
            assert await _status(client, head + body) < 500, (header, line)


async def test_in_the_address(client: Client) -> None:
    for address in _each(ADDRESSES):
        for said in (NO_TEXT, b"%FF%FE", b"%ED%B3%BF", b"%00", b"%F0%9F%98%80" * 400):
            target = address.encode().replace(b"%s", said)
            sent = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % target
            assert await _status(client, sent) < 500, (address, said)
