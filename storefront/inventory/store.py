"""SQL of inventory: rows to types, nothing else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from storefront.inventory.model import Hold, OpenHold, StockMovement, StockRow
from storefront.platform.database import Connection
from storefront.platform.sql import load

queries = load("inventory")


async def untracked(conn: Connection, variant_ids: Sequence[int]) -> set[int]:
    return {row["id"] for row in await queries.untracked(conn, variant_ids=list(variant_ids))}


async def lock_stock(conn: Connection, variant_ids: Sequence[int]) -> list[StockRow]:
    rows = await queries.lock_stock(conn, variant_ids=sorted(variant_ids))
    return [StockRow(**(dict(row) | {"countries": tuple(row["countries"])})) for row in rows]


async def open_holds(conn: Connection, cart_ids: Sequence[UUID]) -> list[OpenHold]:
    return [OpenHold(**dict(row)) for row in await queries.open_holds(conn, cart_ids=list(cart_ids))]


async def replace_holds(
    conn: Connection, old: Sequence[OpenHold], new: Sequence[tuple[Hold, int, int, int]], deltas: dict[tuple[int, int], int]
) -> None:
    """`new` is (hold, variant, location, quantity); `deltas` is how `reserved` moves at (variant, location)."""
    moved = sorted((place, delta) for place, delta in deltas.items() if delta)
    await queries.replace_holds(
        conn,
        old_ids=[hold.id for hold in old],
        cart_ids=[hold.cart_id for hold, *_ in new],
        order_ids=[hold.order_id for hold, *_ in new],
        variant_ids=[variant_id for _, variant_id, _, _ in new],
        location_ids=[location_id for _, _, location_id, _ in new],
        quantities=[quantity for *_, quantity in new],
        expiries=[hold.expires_at for hold, *_ in new],
        delta_variants=[variant_id for (variant_id, _), _ in moved],
        delta_locations=[location_id for (_, location_id), _ in moved],
        deltas=[delta for _, delta in moved],
    )


async def take_over_holds(conn: Connection, cart_id: UUID, order_id: UUID, expires_at: datetime) -> dict[int, int]:
    """What the cart had held, by variant; it is the order's now."""
    held: dict[int, int] = {}
    for row in await queries.take_over_holds(conn, cart_id=cart_id, order_id=order_id, expires_at=expires_at):
        held[row["variant_id"]] = held.get(row["variant_id"], 0) + row["quantity"]
    return held


async def extend_holds(conn: Connection, order_id: UUID, expires_at: datetime) -> None:
    await queries.extend_holds(conn, order_id=order_id, expires_at=expires_at)


async def commit_holds(conn: Connection, order_id: UUID) -> int:
    sold: int = await queries.commit_holds(conn, order_id=order_id)
    return sold


async def release_holds(conn: Connection, cart_id: UUID | None, order_id: UUID | None) -> int:
    freed: int = await queries.release_holds(conn, cart_id=cart_id, order_id=order_id)
    return freed


async def release_expired(conn: Connection, now: datetime, most: int) -> int:
    freed: int = await queries.release_expired(conn, now=now, most=most)
    return freed


async def sold_from(conn: Connection, order_id: UUID) -> list[tuple[int, int, int]]:
    """(variant, location, units that are still sold)."""
    rows = await queries.sold_from(conn, order_id=order_id)
    return [(row["variant_id"], row["location_id"], row["quantity"]) for row in rows]


async def put_back(conn: Connection, order_id: UUID, places: Sequence[tuple[int, int, int]], reason: str) -> None:
    await queries.put_back(
        conn,
        order_id=order_id,
        reason=reason,
        variant_ids=[place[0] for place in places],
        location_ids=[place[1] for place in places],
        quantities=[place[2] for place in places],
    )


async def set_on_hand(conn: Connection, variant_id: int, location_id: int, quantity: int, reason: str, actor: str) -> None:
    await queries.set_on_hand(
        conn, variant_id=variant_id, location_id=location_id, quantity=quantity, reason=reason, actor=actor
    )


async def history(conn: Connection, variant_id: int, most: int) -> list[StockMovement]:
    rows = await queries.history(conn, variant_id=variant_id, most=most)
    return [msgspec.convert(dict(row), StockMovement) for row in rows]
