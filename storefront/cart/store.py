"""SQL of carts: rows to types, nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from storefront.cart.desk import AtDesk
from storefront.cart.model import MOST_CODES, MOST_LINES, MOST_UNITS, Cart, Guard
from storefront.platform.database import Connection
from storefront.platform.sql import load
from storefront.pricing.model import Address, CartLine
from storefront.pricing.service import Till

queries = load("cart")

Lines = dict[str, dict[str, int]]
OneRow = Connection | Till | AtDesk
"""What runs a statement that returns a cart: a connection, one that asks for the cart's price beside it, or one that serves several."""


def _cart(row: Mapping[str, Any] | None) -> Cart | None:
    if row is None:
        return None
    lines: Lines = row["lines"]
    in_order = sorted(lines.items(), key=lambda item: (item[1]["added"], int(item[0])))
    return Cart(
        id=row["id"],
        customer_id=row["customer_id"],
        currency=row["currency"],
        lines=tuple(CartLine(int(key), line["quantity"], line["seen_amount"]) for key, line in in_order),
        coupon_codes=tuple(row["coupon_codes"]),
        gift_card_ids=tuple(row["gift_card_ids"]),
        email=row["email"],
        delivery_address=_address(row["delivery_address"]),
        fulfillment_option_id=row["fulfillment_option_id"],
        version=row["version"],
        state=row["state"],
        billing_address=_address(row["billing_address"]),
        updated_at=row["updated_at"],
    )


def _address(kept: Any) -> Address | None:
    return msgspec.convert(kept, Address) if kept is not None else None


def _found(row: Mapping[str, Any] | None) -> Cart:
    cart = _cart(row)
    assert cart is not None
    return cart


async def _one_of(conn: OneRow, query: Any, cart_id: UUID, what: Mapping[str, Any]) -> Cart | None:
    """The cart of a statement that takes a list."""
    if isinstance(conn, AtDesk):
        return _cart(await conn.one_of(query.sql, cart_id, what))
    row: Any = await conn.fetchrow(query.sql, [what])
    return _cart(row)


async def cart_by_id(conn: OneRow, cart_id: UUID) -> Cart | None:
    if isinstance(conn, AtDesk):
        return await _one_of(conn, queries.carts_of, cart_id, {"cart_id": cart_id})
    return _cart(await queries.cart_by_id(conn, cart_id=cart_id))


async def successor(conn: Connection, cart_id: UUID) -> Cart | None:
    return _cart(await queries.successor(conn, cart_id=cart_id))


async def carts_by_id(till: Till, cart_ids: Sequence[UUID]) -> dict[UUID, tuple[Cart, Till]]:
    """Those that there are, each with its till."""
    found = await queries.carts_of(till, asked=[{"cart_id": cart_id} for cart_id in cart_ids])
    return {cart.id: (cart, its) for row, its in found if (cart := _cart(row))}


async def lock_cart(conn: Connection, cart_id: UUID) -> Cart | None:
    return _cart(await queries.lock_cart(conn, cart_id=cart_id))


async def create(
    conn: OneRow, currency: str, customer_id: UUID | None, lines: Mapping[int, int], details: Mapping[str, Any], *, durable: bool
) -> Cart | None:
    """`details` has those of email, delivery_address, billing_address and fulfillment_option_id that are known. None: one of the variants
    cannot be bought.
    """
    cart_id = uuid4()
    wanted = [
        {"variant_id": variant_id, "quantity": quantity, "place": place} for place, (variant_id, quantity) in enumerate(lines.items(), 1)
    ]
    what = {**details, "id": cart_id, "currency": currency, "customer_id": customer_id, "lines": wanted, "durable": durable}
    return await _one_of(conn, queries.create, cart_id, what)


async def forget(conn: Connection, cart: Cart) -> None:
    """Deletes a cart that nobody has heard of."""
    await queries.forget(conn, cart_id=cart.id, version=cart.version)


async def add_line(conn: OneRow, cart_id: UUID, variant_id: int, quantity: int, guard: Guard) -> Cart | None:
    """None: something stands against it."""
    what = {"cart_id": cart_id, "variant_id": variant_id, "quantity": quantity, "most_units": MOST_UNITS, "most_lines": MOST_LINES}
    return await _one_of(conn, queries.add_lines, cart_id, what | msgspec.structs.asdict(guard))


async def set_quantity(conn: OneRow, cart_id: UUID, variant_id: int, quantity: int, guard: Guard) -> Cart | None:
    return _cart(
        await queries.set_quantity(conn, cart_id=cart_id, variant_id=variant_id, quantity=quantity, **msgspec.structs.asdict(guard))
    )


async def mark_seen(conn: Connection, cart: Cart, amounts: Mapping[int, int]) -> None:
    await queries.mark_seen(conn, cart_id=cart.id, version=cart.version, variant_ids=list(amounts), amounts=list(amounts.values()))


async def add_code(conn: OneRow, cart_id: UUID, coupon_code: str | None, gift_card_id: int | None, guard: Guard) -> Cart | None:
    return _cart(
        await queries.add_code(
            conn,
            cart_id=cart_id,
            coupon_code=coupon_code,
            gift_card_id=gift_card_id,
            most_codes=MOST_CODES,
            **msgspec.structs.asdict(guard),
        )
    )


async def remove_code(conn: OneRow, cart_id: UUID, coupon_code: str | None, gift_card_id: int | None, guard: Guard) -> Cart | None:
    return _cart(
        await queries.remove_code(
            conn, cart_id=cart_id, coupon_code=coupon_code, gift_card_id=gift_card_id, **msgspec.structs.asdict(guard)
        )
    )


async def gift_card_on_cart(conn: Connection, cart_id: UUID, code_hash: bytes) -> int | None:
    card_id: int | None = await queries.gift_card_on_cart(conn, cart_id=cart_id, code_hash=code_hash)
    return card_id


async def set_details(conn: OneRow, cart_id: UUID, changes: Mapping[str, Any], guard: Guard, *, durable: bool) -> Cart | None:
    """`changes` has those of email, delivery_address, billing_address and fulfillment_option_id that change."""
    given = {f"set_{name}": name in changes for name in ("email", "delivery_address", "billing_address", "fulfillment_option_id")}
    what = {"cart_id": cart_id, **changes, **given, "durable": durable, **msgspec.structs.asdict(guard)}
    return await _one_of(conn, queries.set_details, cart_id, what)


async def forget_old(conn: Connection, before: datetime, most: int) -> int:
    gone: int = await queries.forget_old(conn, before=before, most=most)
    return gone


async def forget_empty(conn: Connection, since: datetime, before: datetime, most: int) -> int:
    gone: int = await queries.forget_empty(conn, since=since, before=before, most=most)
    return gone


async def lock_for_merge(conn: Connection, guest_id: UUID | None, customer_id: UUID) -> list[Cart]:
    """The guest's cart and the customer's own, as far as they are there."""
    return [_found(row) for row in await queries.lock_for_merge(conn, guest_id=guest_id, customer_id=customer_id)]


async def may_still_be_paid(conn: Connection, cart_id: UUID) -> bool:
    """Whether money may still come for an order of the cart, which the caller has locked."""
    return bool(await queries.may_still_be_paid(conn, cart_id=cart_id))


async def end_pending_order(conn: Connection, cart_id: UUID) -> None:
    """Lets an order of the cart that nobody can pay any more be given up soon."""
    await queries.end_pending_order(conn, cart_id=cart_id)


async def disown(conn: Connection, customer_id: UUID) -> None:
    await queries.disown(conn, customer_id=customer_id)


async def adopt(conn: Connection, cart_id: UUID, customer_id: UUID) -> Cart:
    return _found(await queries.adopt(conn, cart_id=cart_id, customer_id=customer_id))


async def write_merged(
    conn: Connection,
    guest_id: UUID,
    cart_id: UUID,
    lines: Sequence[CartLine],
    coupon_codes: Sequence[str],
    gift_card_ids: Sequence[int],
) -> Cart:
    """Closes the guest's cart and writes what both came to into the other."""
    kept: Lines = {
        str(line.variant_id): {"quantity": line.quantity, "seen_amount": line.seen_amount, "added": place - len(lines)}
        for place, line in enumerate(lines)
    }
    return _found(
        await queries.write_merged(
            conn,
            guest_id=guest_id,
            cart_id=cart_id,
            lines=kept,
            coupon_codes=list(coupon_codes),
            gift_card_ids=list(gift_card_ids),
        )
    )
