"""Gift cards: stored value behind a code that only its holder knows. The ledger (`gift_card_entry`) alone moves the balance."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from storefront.platform.database import Connection
from storefront.platform.errors import Conflict
from storefront.pricing import store

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are misread
_LENGTH = 16  # 80 bits
KEPT_FOR = timedelta(days=90)  # that value which came back to a card can be spent


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


def new_code() -> str:
    """A code that nobody can guess, in groups of four for people."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(code[place : place + 4] for place in range(0, _LENGTH, 4))


async def issue_for_exchange(conn: Connection, amount: int, currency: str, *, return_id: UUID, order_id: UUID, expires_at: datetime) -> int:
    """A card for the value of returned goods; returns its id. Its code is known to nobody, so it is spent by the cart that it is put on."""
    unknown = secrets.token_bytes(32)
    return await store.issue_gift_card(
        conn, unknown, "swap", currency, amount, expires_at=expires_at, order_id=order_id, exchange_of=return_id
    )


async def take_back(conn: Connection, card_id: int, amount: int, order_id: UUID) -> None:
    """Takes what an exchange left on its card, for the order that the goods were of. The card is locked by `exchange_credit`."""
    await store.take_back(conn, card_id, amount, order_id)


async def spend(conn: Connection, order_id: UUID, uses: Sequence[tuple[int, int]]) -> None:
    """Takes (card id, amount) for the order, once. Raises GiftCardExhausted; the caller's transaction must then end without effect."""
    missing = {card_id for card_id, _ in uses} - await store.spend_gift_cards(conn, order_id, sorted(uses))
    if missing:
        raise GiftCardExhausted("Please look at the total again.", extra={"gift_card_ids": sorted(missing)})


async def refund(conn: Connection, order_id: UUID, amount: int, *, now: datetime) -> int:
    """Gives up to `amount` back to the cards that the order spent, which can then be spent from for `KEPT_FOR` at least: what goes back to
    a card that has run out would be lost. Returns how much that was.
    """
    given = await store.refund_gift_cards(conn, order_id, amount)
    await store.keep_usable(conn, given, now + KEPT_FOR)
    return sum(given.values())
