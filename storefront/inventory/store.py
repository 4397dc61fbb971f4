"""SQL of inventory: rows to types, nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storefront.inventory.allocation import Allocation
from storefront.inventory.model import Hold, LockedStock, OpenHold, StockMovement, StockRow
from storefront.platform.database import Connection
from storefront.platform.questions import Of, Question
from storefront.platform.sql import load

queries = load("inventory")


async def lock_stock(conn: Connection, holds: Sequence[Hold]) -> LockedStock:
    """Locks the rows that the holds want or have, and reads them as they are then."""
    found = await queries.lock_stock(
        conn,
        variant_ids=sorted({variant_id for hold in holds for variant_id in hold.demand}),
        cart_ids=[hold.cart_id for hold in holds],
        order_ids=[hold.order_id for hold in holds],
    )
    rows = [_stock_row(row) for row in found if row["location_id"] is not None]
    open_holds = [_open_hold(row, held) for row in found for held in row["holds"] or ()]
    return LockedStock(rows, open_holds, {row["variant_id"] for row in found if not row["tracked"]})


def stock_of(variant_ids: Sequence[int] | Of) -> Question[LockedStock]:
    """As `lock_stock` without holds, and without locks."""

    def read(found: list[dict[str, Any]]) -> LockedStock:
        rows = [_stock_row(row) for row in found if row["location_id"] is not None]
        return LockedStock(rows, [], {row["variant_id"] for row in found if not row["tracked"]})

    return Question(queries.stock_of, {"variant_ids": variant_ids if isinstance(variant_ids, Of) else list(variant_ids)}, read)


async def hold_from_shelf(conn: Connection, holds: Sequence[Hold]) -> bool:
    """Holds what was cut for them, or for longer what a cart holds already; False, changing nothing, when a shelf has less by now, or when
    a cart holds something else or has been ordered.
    """
    cuts = [(hold, cut) for hold in holds for cut in hold.cuts]
    done: bool = await queries.hold_from_shelf(
        conn,
        cart_ids=[hold.cart_id for hold, _ in cuts],
        variant_ids=[cut.variant_id for _, cut in cuts],
        location_ids=[cut.location_id for _, cut in cuts],
        quantities=[cut.quantity for _, cut in cuts],
        expiries=[hold.expires_at for hold, _ in cuts],
    )
    return done


def _stock_row(row: Any) -> StockRow:
    return StockRow(
        variant_id=row["variant_id"],
        location_id=row["location_id"],
        on_hand=row["on_hand"],
        reserved=row["reserved"],
        backorder_limit=row["backorder_limit"] if row["may_backorder"] else 0,
        priority=row["priority"],
        countries=tuple(row["countries"]),
        active=row["active"],
    )


def _open_hold(row: Any, held: dict[str, Any]) -> OpenHold:
    return OpenHold(
        id=held["id"],
        cart_id=UUID(held["cart_id"]),
        order_id=UUID(held["order_id"]) if held["order_id"] else None,
        variant_id=row["variant_id"],
        location_id=row["location_id"],
        quantity=held["quantity"],
    )


async def write_holds(conn: Connection, allocation: Allocation) -> None:
    """What the allocation closed, extended and opened, and how `reserved` moves with it.

    Raises SerializationError when an order has taken a hold over meanwhile: the transaction must read anew.
    """
    moved = sorted((place, delta) for place, delta in allocation.deltas.items() if delta)
    as_read = await queries.write_holds(
        conn,
        closed_ids=[held.id for held in allocation.closed],
        closed_orders=[held.order_id for held in allocation.closed],
        extended_ids=[held.id for held, _ in allocation.extended],
        extended_orders=[held.order_id for held, _ in allocation.extended],
        extended_until=[hold.expires_at for _, hold in allocation.extended],
        cart_ids=[hold.cart_id for hold, _ in allocation.opened],
        order_ids=[hold.order_id for hold, _ in allocation.opened],
        variant_ids=[cut.variant_id for _, cut in allocation.opened],
        location_ids=[cut.location_id for _, cut in allocation.opened],
        quantities=[cut.quantity for _, cut in allocation.opened],
        expiries=[hold.expires_at for hold, _ in allocation.opened],
        moved_variants=[variant_id for (variant_id, _), _ in moved],
        moved_locations=[location_id for (_, location_id), _ in moved],
        deltas=[delta for _, delta in moved],
    )
    if as_read != len(allocation.closed) + len(allocation.extended):
        raise asyncpg.SerializationError("an order took a hold over while it was being replaced")


async def take_over_holds(
    conn: Connection, cart_id: UUID, order_id: UUID, demand: Mapping[int, int], expires_at: datetime, country: str | None
) -> bool:
    """Whether the cart's holds were exactly the demand, at places that deliver to the country; they are the order's now."""
    fits: bool = await queries.take_over_holds(
        conn,
        cart_id=cart_id,
        order_id=order_id,
        variant_ids=list(demand),
        quantities=list(demand.values()),
        expires_at=expires_at,
        country=country,
    )
    return fits


async def held_for_cart(conn: Connection, cart_id: UUID) -> dict[int, int]:
    return {row["variant_id"]: row["quantity"] for row in await queries.held_for_cart(conn, cart_id=cart_id)}


async def release_holds(conn: Connection, cart_id: UUID | None, order_id: UUID | None) -> int:
    freed: int = await queries.release_holds(conn, cart_id=cart_id, order_id=order_id)
    return freed


async def release_expired(conn: Connection, now: datetime, most: int) -> int:
    freed: int = await queries.release_expired(conn, now=now, most=most)
    return freed


async def restock(conn: Connection, order_id: UUID, lines: Sequence[tuple[int, int]], reason: str, actor: str) -> int:
    units: int = await queries.restock(
        conn,
        order_id=order_id,
        variant_ids=[variant_id for variant_id, _ in lines],
        quantities=[quantity for _, quantity in lines],
        reason=reason,
        actor=actor,
    )
    return units


async def history(conn: Connection, variant_id: int, before: int | None, most: int) -> list[StockMovement]:
    rows = await queries.history(conn, variant_id=variant_id, before=before, most=most)
    return [msgspec.convert(dict(row), StockMovement) for row in rows]
