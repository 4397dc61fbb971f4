"""What an operator does with gift cards: issue, look at, block. Each is written down with who did it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from storefront.platform.database import Connection
from storefront.platform.errors import Conflict, FieldError, InvalidInput, NotFound
from storefront.platform.jobs import Jobs
from storefront.platform.mail import JOB as MAIL_JOB
from storefront.platform.money import format_amount
from storefront.platform.trail import note
from storefront.pricing.editing import queries
from storefront.pricing.gift_cards import code_hash, new_code
from storefront.settings import Settings


class AlreadyIssued(Conflict):
    """The form was sent before. `card_id` in the problem is the card that was issued then; its code was shown then, and only then."""

    type = "gift_card_already_issued"
    title = "This gift card has been issued already"


class NewCard(msgspec.Struct, frozen=True):
    """A card to issue: `amount` minor units of `currency`. `key` is of the form, so that one that is sent twice is one card."""

    key: str
    amount: int
    currency: str
    expires_at: datetime | None = None
    recipient_email: str | None = None


class CardEntry(msgspec.Struct, frozen=True):
    """A row of a card's ledger."""

    delta: int
    reason: Literal["issued", "spent", "refunded", "correction"]
    order_id: UUID | None
    at: datetime


class Card(msgspec.Struct, frozen=True):
    """A card as the operator sees it; of its code, only the end is known. `of_exchange`: it stands for goods that came back."""

    id: int
    last_four: str
    currency: str
    balance: int
    expires_at: datetime | None
    active: bool
    recipient_email: str | None
    created_at: datetime
    of_exchange: bool


async def issue(conn: Connection, jobs: Jobs, settings: Settings, card: NewCard, *, actor: str, now: datetime) -> tuple[int, str]:
    """(id, code) of a new card, in the caller's transaction. The code is shown to the operator and mailed to the recipient, if there is
    one; afterwards only its hash is known. Raises InvalidInput, AlreadyIssued.
    """
    errors = []
    if not 0 < card.amount <= 10**12:
        errors.append(FieldError("amount", "Enter an amount above zero."))
    if card.currency not in settings.shop.currencies:
        errors.append(FieldError("currency", "Choose a currency of the shop."))
    if card.expires_at is not None and card.expires_at <= now:
        errors.append(FieldError("expires_on", "Choose a day that is not over."))
    if not 1 <= len(card.key) <= 64:
        errors.append(FieldError("key", "Open the form again."))
    if errors:
        raise InvalidInput(fields=errors)
    code = new_code()
    card_id = await queries.issue_card(
        conn,
        code_hash=code_hash(code),
        last_four=code[-4:],
        currency=card.currency,
        expires_at=card.expires_at,
        recipient_email=card.recipient_email,
        issue_key=card.key,
    )
    if card_id is None:
        raise AlreadyIssued(extra={"card_id": await queries.card_of_key(conn, issue_key=card.key)})
    await queries.fill_card(conn, gift_card_id=card_id, amount=card.amount)
    what = {"amount": card.amount, "currency": card.currency, "expires_at": card.expires_at, "recipient": card.recipient_email}
    await note(conn, "gift_card", str(card_id), "issued", what, actor=actor, now=now)
    if card.recipient_email:
        context = {
            "shop_name": settings.shop.name,
            "amount": format_amount(card.amount, card.currency),
            "code": code,
            "expires_on": f"{card.expires_at:%d %B %Y}" if card.expires_at else "",
            "url": f"{settings.server.public_url}/cart",
        }
        await jobs.enqueue(conn, MAIL_JOB, {"template": "gift_card", "to": card.recipient_email, "context": context})
    return int(card_id), code


async def cards(conn: Connection, *, text: str = "", before: int | None = None, most: int) -> list[Card]:
    """Newest first. `text` is a recipient's address, the last four letters of a code, or a whole one."""
    rows = await queries.cards_for_operator(conn, text=text, code_hash=code_hash(text), before=before, most=most)
    return [Card(**row) for row in rows]


async def card(conn: Connection, card_id: int) -> tuple[Card, list[CardEntry]]:
    """A card and its ledger, oldest first. Raises NotFound."""
    row = await queries.card_for_operator(conn, card_id=card_id)
    if row is None:
        raise NotFound("There is no such gift card.")
    return Card(**row), [CardEntry(**entry) for entry in await queries.card_entries(conn, card_id=card_id)]


async def set_active(conn: Connection, card_id: int, active: bool, *, actor: str, now: datetime) -> None:
    """Blocks a card, or lets it be used again; a repeat changes nothing. Raises NotFound."""
    if await queries.set_card_active(conn, card_id=card_id, active=active) is None:
        await card(conn, card_id)
        return
    await note(conn, "gift_card", str(card_id), "opened" if active else "blocked", {}, actor=actor, now=now)
