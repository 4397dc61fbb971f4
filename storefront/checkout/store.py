"""The phases of an order that only write: each one statement, which is one transaction when the caller has none."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from storefront.checkout.idempotency import IdempotencyInFlight, queries
from storefront.checkout.model import Answer, Claim, PendingOrder
from storefront.orders import mails
from storefront.orders.model import NewOrder
from storefront.payments.model import AttemptState
from storefront.platform.database import Connection

LOSE_KEY = "SFKEY"  # the SQLSTATE of `lose_key`


class KeyLost(Enum):
    """An outcome of one among several: its key has been taken over, and nothing was done."""

    KEY_LOST = "key_lost"


KEY_LOST: Literal[KeyLost.KEY_LOST] = KeyLost.KEY_LOST
Unpaid = tuple[str, list[int]] | Literal[KeyLost.KEY_LOST] | None
"""The number of an order that was written and the ids of its lines; None: its cart is not as it was priced, or does not hold it."""
Settled = bool | Literal[KeyLost.KEY_LOST]
"""Whether the order waited for its payment."""


class Paid(msgspec.Struct, frozen=True):
    """What makes an order paid (or authorized): the attempt that did, if any, and what was taken with it, in minor units."""

    order_id: UUID
    status: Literal["paid", "authorized"]
    captured: int
    attempt_id: UUID | None = None
    attempt_state: AttemptState = "succeeded"
    provider_ref: str | None = None


class UnpaidOrder(msgspec.Struct, frozen=True):
    """An order that is to be written under a key, and what is kept of it there."""

    held: Claim
    order: NewOrder
    kept: PendingOrder


class PaidOrder(msgspec.Struct, frozen=True):
    """What makes an order paid, and the answer that its key then has."""

    paid: Paid
    held: Claim
    answer: Answer
    now: datetime


async def order_pending(
    conn: Connection, held: Claim, order: NewOrder, kept: PendingOrder, *, prefix: str, now: datetime
) -> tuple[str, list[int]]:
    """Writes an order, whose cart the caller has locked and whose goods it holds, and the recovery point; its number and the ids of its
    lines. Raises IdempotencyInFlight when the key has been taken over.
    """
    try:
        row = await queries.order_pending(
            conn, scope=held.scope, key=held.key, locked_at=held.locked_at, wanted=order, kept=kept, prefix=prefix, now=now
        )
    except asyncpg.PostgresError as error:
        if error.sqlstate == LOSE_KEY:
            raise IdempotencyInFlight.again_in() from error
        raise
    return row["number"], row["line_ids"]


async def settle_paid(conn: Connection, paid: Paid, *, now: datetime) -> bool:
    """Moves a pending order on with all that follows from it; False, changing nothing, when it does not wait for this."""
    return bool(await queries.settle_paid(conn, **_settling(paid), now=now))


async def orders_pending(conn: Connection, asked: Sequence[UnpaidOrder], *, prefix: str) -> list[Unpaid]:
    """As `order_pending` for orders of different carts that hold what they want, in one statement; the outcome of each, KEY_LOST for those
    whose key has been taken over.
    """
    lines = [(one.order.cart_id, line) for one in asked for line in one.order.lines]
    rows = await queries.orders_pending(
        conn,
        **_keys(one.held for one in asked),
        order_ids=[one.order.id for one in asked],
        cart_ids=[one.order.cart_id for one in asked],
        versions=[one.order.cart_version for one in asked],
        countries=[one.order.delivery_address.country if one.order.delivery_address else None for one in asked],
        expiries=[one.order.expires_at for one in asked],
        of_carts=[cart_id for cart_id, _ in lines],
        variant_ids=[line["variant_id"] for _, line in lines],
        quantities=[line["quantity"] for _, line in lines],
        wanted=[one.order for one in asked],
        kept=[one.kept for one in asked],
        prefix=prefix,
    )
    outcomes: dict[int, Unpaid] = {row["place"]: (row["number"], row["line_ids"]) if row["number"] else None for row in rows}
    return [outcomes.get(place, KEY_LOST) for place in range(1, len(asked) + 1)]


async def settle_paid_and_answer_each(conn: Connection, asked: Sequence[PaidOrder]) -> list[Settled]:
    """As `settle_paid` for different orders in one statement, and the key of each that moved on has its answer. KEY_LOST: taken over."""
    settling = [_settling(one.paid) for one in asked]
    rows = await queries.settle_paid_and_answer_each(
        conn,
        order_ids=[one.paid.order_id for one in asked],
        statuses=[one.paid.status for one in asked],
        captured=[one.paid.captured for one in asked],
        attempt_ids=[one.paid.attempt_id for one in asked],
        attempt_states=[one.paid.attempt_state for one in asked],
        provider_refs=[one.paid.provider_ref for one in asked],
        moments=[one.now for one in asked],
        mail_kind=settling[0]["mail_kind"],
        mails=[one["mail"] for one in settling],
        **_keys(one.held for one in asked),
        answer_statuses=[one.answer.status for one in asked],
        answer_headers=[one.answer.headers for one in asked],
        answer_bodies=[one.answer.body for one in asked],
    )
    outcomes: dict[int, Settled] = {row["place"]: row["settled"] for row in rows}
    return [outcomes.get(place, KEY_LOST) for place in range(1, len(asked) + 1)]


def _keys(held: Iterable[Claim]) -> dict[str, Any]:
    claims = list(held)
    return {
        "scopes": [claim.scope for claim in claims],
        "keys": [claim.key for claim in claims],
        "tokens": [claim.locked_at for claim in claims],
    }


def _settling(paid: Paid) -> dict[str, Any]:
    kind, mail = mails.confirmation(paid.order_id)
    return msgspec.structs.asdict(paid) | {"mail_kind": kind, "mail": mail}
