"""The phases of an order that only write: each one statement, which is one transaction when the caller has none."""

from collections.abc import Mapping
from datetime import datetime
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

KEY_LOST = "SFKEY"  # the SQLSTATE of `lose_key`


class Paid(msgspec.Struct, frozen=True):
    """What makes an order paid (or authorized): the attempt that did, if any, and what was taken with it, in minor units."""

    order_id: UUID
    status: Literal["paid", "authorized"]
    captured: int
    attempt_id: UUID | None = None
    attempt_state: AttemptState = "succeeded"
    provider_ref: str | None = None


async def order_pending(
    conn: Connection,
    held: Claim,
    order: NewOrder,
    kept: PendingOrder,
    demand: Mapping[int, int],
    *,
    prepared: bool,
    prefix: str,
    now: datetime,
) -> tuple[str, list[int]] | None:
    """Writes the order and the recovery point; its number and the ids of its lines, or None when the cart is no longer as it was priced or
    does not hold exactly the demand (units by variant). `prepared`: the caller has seen to both.

    Raises IdempotencyInFlight when the key has been taken over.
    """
    try:
        row = await queries.order_pending(
            conn,
            scope=held.scope,
            key=held.key,
            locked_at=held.locked_at,
            wanted=order,
            kept=kept,
            variant_ids=list(demand),
            quantities=list(demand.values()),
            prepared=prepared,
            prefix=prefix,
            now=now,
        )
    except asyncpg.PostgresError as error:
        _raise_if_lost(error)
        raise
    return (row["number"], row["line_ids"]) if row["number"] is not None else None


async def settle_paid(conn: Connection, paid: Paid, *, now: datetime) -> bool:
    """Moves a pending order on with all that follows from it; False, changing nothing, when it does not wait for this."""
    return bool(await queries.settle_paid(conn, **_settling(paid), now=now))


async def settle_paid_and_answer(conn: Connection, paid: Paid, held: Claim, answer: Answer, *, now: datetime) -> bool:
    """As `settle_paid`, and the key has its answer. Raises IdempotencyInFlight when the key has been taken over."""
    try:
        return bool(
            await queries.settle_paid_and_answer(
                conn,
                **_settling(paid),
                now=now,
                scope=held.scope,
                key=held.key,
                locked_at=held.locked_at,
                answer_status=answer.status,
                answer_headers=answer.headers,
                answer_body=answer.body,
            )
        )
    except asyncpg.PostgresError as error:
        _raise_if_lost(error)
        raise


def _settling(paid: Paid) -> dict[str, Any]:
    kind, mail = mails.confirmation(paid.order_id)
    return msgspec.structs.asdict(paid) | {"mail_kind": kind, "mail": mail}


def _raise_if_lost(error: asyncpg.PostgresError) -> None:
    if error.sqlstate == KEY_LOST:
        raise IdempotencyInFlight.again_in() from error
