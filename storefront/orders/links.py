"""Signed links: who holds one may see the order without an account. The key is an HMAC of the order's id, so nothing is stored."""

import base64
import hmac
from functools import lru_cache
from uuid import UUID

from storefront.settings import Settings


def order_key(settings: Settings, order_id: UUID) -> str:
    """32 URL-safe characters (192 bits of HMAC-SHA-256)."""
    return _signed(settings.security.signing_secret, order_id)


@lru_cache(maxsize=1024)  # an order that is placed is asked for its key by its payment, its answer and its mail
def _signed(secret: str, order_id: UUID) -> str:
    digest = hmac.digest(secret.encode(), b"order:" + order_id.bytes, "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode()


def key_opens(settings: Settings, order_id: UUID, key: str) -> bool:
    """Whether `key` is the one of this order; takes the same time for every wrong key."""
    return hmac.compare_digest(order_key(settings, order_id).encode(), key.encode())


def order_path(settings: Settings, order_id: UUID, number: str) -> str:
    """The order's page with its key, within the shop."""
    return f"/orders/{number}?key={order_key(settings, order_id)}"


def order_url(settings: Settings, order_id: UUID, number: str) -> str:
    """The same as a whole address, for mails and JSON clients."""
    return settings.server.public_url + order_path(settings, order_id, number)


def invoice_path(settings: Settings, order_id: UUID, number: str) -> str:
    """The order's invoice with the order's key, within the shop."""
    return f"/orders/{number}/invoice.pdf?key={order_key(settings, order_id)}"


def credit_note_path(settings: Settings, order_id: UUID, number: str, name: str) -> str:
    """One of the order's credit notes, likewise."""
    return f"/orders/{number}/credit-notes/{name}.pdf?key={order_key(settings, order_id)}"
