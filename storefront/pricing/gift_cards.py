"""Gift cards: stored value behind a code that only its holder knows. The ledger (`gift_card_entry`) alone moves the balance."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from storefront.platform.database import Connection
from storefront.platform.errors import Conflict, InvalidInput
from storefront.pricing import store

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are misread
_LENGTH = 16  # 80 bits


class GiftCardExhausted(Conflict):
    """A gift card has been spent, or has expired, since the total was shown. `gift_card_ids` in the problem says which."""

    type = "gift_card_exhausted"
    title = "A gift card has less on it than was shown"


def normalise_code(code: str) -> str:
    """As it is hashed: without spaces and hyphens, in capitals."""
    return "".join(code.split()).replace("-", "").upper()


def code_hash(code: str) -> bytes:
    """What is stored of a code."""
    return hashlib.sha256(normalise_code(code).encode()).digest()


async def issue(conn: Connection, amount: int, currency: str, *, expires_at: datetime | None = None, order_id: UUID | None = None) -> str:
    """A new card with `amount` minor units on it; returns its code, which is not stored anywhere. Raises InvalidInput."""
    if amount <= 0:
        raise InvalidInput.of("amount", "Enter an amount above zero.")
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    await store.issue_gift_card(conn, code_hash(code), code[-4:], currency, amount, expires_at=expires_at, order_id=order_id)
    return "-".join(code[place : place + 4] for place in range(0, _LENGTH, 4))


async def spend(conn: Connection, order_id: UUID, uses: Sequence[tuple[int, int]]) -> None:
    """Takes (card id, amount) for the order, once. Raises GiftCardExhausted; the caller's transaction must then end without effect."""
    missing = {card_id for card_id, _ in uses} - await store.spend_gift_cards(conn, order_id, sorted(uses))
    if missing:
        raise GiftCardExhausted("Please look at the total again.", extra={"gift_card_ids": sorted(missing)})


async def refund(conn: Connection, order_id: UUID, amount: int) -> int:
    """Gives up to `amount` back to the cards that the order spent; returns how much that was."""
    return await store.refund_gift_cards(conn, order_id, amount)
