"""Rules of carts. A guest's cart is for whoever knows its id, which nobody can guess; a customer's is for that customer.

Each change is one statement that checks what it needs (`Guard`) and counts the version up; only when it changes nothing is asked why.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

import asyncpg
import msgspec

from storefront.cart import store
from storefront.cart.cookies import (
    cart_before,
    cart_id_from_cookie,
    clear_cart_cookies,
    leave_cart,
    put_exchange_first,
    set_cart_cookies,
)
from storefront.cart.desk import ROW, AtDesk
from storefront.cart.model import (
    ANYBODY,
    MOST_CODES,
    MOST_LINES,
    MOST_UNITS,
    Cart,
    CartClosed,
    CartNotFound,
    Guard,
)
from storefront.cart.view import cart_view
from storefront.catalog import service as catalog
from storefront.inventory import service as inventory
from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput, NotFound, VersionMismatch
from storefront.platform.questions import Of, Question, ask
from storefront.pricing import service as pricing
from storefront.pricing.addresses import checked_address, checked_email
from storefront.pricing.gift_cards import code_hash
from storefront.pricing.model import Address, CartLine, PricedCart
from storefront.pricing.service import Till
from storefront.settings import Settings

__all__ = [
    "ANYBODY",
    "CartNotFound",
    "Guard",
    "LineNotFound",
    "VersionMismatch",
    "add_gift_card",
    "add_line",
    "apply_code",
    "cart_before",
    "cart_id",
    "cart_id_from_cookie",
    "cart_view",
    "choose_delivery",
    "clear_cart_cookies",
    "create",
    "create_priced",
    "disown",
    "forget",
    "forget_abandoned",
    "get",
    "leave_cart",
    "lock",
    "mark_seen",
    "merge",
    "put_exchange_first",
    "read_all",
    "region_errors",
    "remove",
    "remove_code",
    "remove_gift_card",
    "set_cart_cookies",
    "set_details",
    "set_quantity",
    "successor",
    "theirs",
    "till",
    "used_by",
    "variant_ids",
]


KEPT_FOR = timedelta(days=90)  # a cart that nobody touches; its cookie lasts as long
EMPTY_FOR = timedelta(days=1)  # a guest's that has nothing in it
LOOKED_AT = timedelta(hours=1)  # those that were started in this time are looked through in one statement
LOOKED_BACK = timedelta(days=2)
AT_ONCE = 1000  # carts that are forgotten in one statement
TRIES = 3  # of a change whose cart somebody else has changed meanwhile
CHANGED_MEANWHILE = "The cart was changed at the same moment. Read it again."


class LineNotFound(NotFound):
    type = "line_not_found"
    title = "The cart has no such line"


def till(conn: Connection, *questions: Question[Any], now: datetime, settings: Settings) -> Till:
    """For the functions here that take one: the cart that they return is priced in the same round trip (`Till.price`)."""
    return Till(conn, ROW, questions, now=now, settings=settings)


def cart_id() -> Of:
    """As `variant_ids`, the cart's own."""
    return Of("about.id")


def variant_ids() -> Of:
    """Of the cart that a `till`'s questions are about."""
    assert isinstance(ROW.variant_ids, Of)
    return ROW.variant_ids


async def get(conn: Connection | Till | AtDesk, cart_id: UUID, guard: Guard = ANYBODY) -> Cart:
    """The cart, open or not. Raises CartNotFound, also for somebody else's."""
    return theirs(await store.cart_by_id(conn, cart_id), guard)


async def read_all(till: Till, cart_ids: Sequence[UUID]) -> dict[UUID, tuple[Cart, Till]]:
    """Carts by id, open or not, each with a till that prices it. Whose they are is for `theirs` to say."""
    return await store.carts_by_id(till, cart_ids)


def theirs(cart: Cart | None, guard: Guard) -> Cart:
    """The cart, for whom it belongs to, and as it is priced for them (`used_by`). Raises CartNotFound."""
    if cart is None or not _is_theirs(cart, guard):
        raise CartNotFound("There is no such cart.")
    return used_by(cart, guard)


def used_by(cart: Cart, guard: Guard) -> Cart:
    """A guest's cart in the hands of a signed-in customer has that customer's prices: their group, their first order, their codes."""
    if cart.customer_id is not None or guard.customer_id is None:
        return cart
    return msgspec.structs.replace(cart, customer_id=guard.customer_id)


async def successor(conn: Connection, cart_id: UUID, guard: Guard) -> Cart | None:
    """The open cart of what was put into an ordered one while it was being paid for: it is not part of the order."""
    cart = await store.successor(conn, cart_id)
    return cart if cart is not None and _is_theirs(cart, guard) else None


async def lock(conn: Connection, cart_id: UUID) -> Cart:
    """The cart, locked until the transaction ends. Raises CartNotFound."""
    cart = await store.lock_cart(conn, cart_id)
    if cart is None:
        raise CartNotFound("There is no such cart.")
    return cart


async def create(
    conn: Connection,
    *,
    currency: str,
    customer_id: UUID | None = None,
    lines: Iterable[tuple[int, int]] = (),
    details: Mapping[str, Any] | None = None,
    durable: bool = False,
    till: Till | AtDesk | None = None,
) -> Cart:
    """A new cart with (variant, quantity) lines, a variant that comes twice is one line, and the `details` that `set_details` takes.

    `durable`: its transaction holds more than a cart, and its commit is waited for. Raises InvalidInput with the line's place, or with
    every detail that is wrong. Whether the delivery option is offered is for the price to say; one that is not there is left out.
    """
    given = list(lines)
    wanted: dict[int, int] = {}
    for place, (variant_id, quantity) in enumerate(given):
        _check_quantity(quantity, f"lines[{place}].quantity")
        wanted[variant_id] = wanted.get(variant_id, 0) + quantity
        if wanted[variant_id] > MOST_UNITS:
            raise InvalidInput.of(f"lines[{place}].quantity", f"A cart holds at most {MOST_UNITS} of one item.")
    if len(wanted) > MOST_LINES:
        raise InvalidInput.of("lines", f"A cart holds at most {MOST_LINES} different items.")
    cart = await store.create(till or conn, currency, customer_id, wanted, _checked_details(details or {}), durable=durable)
    if cart is not None:
        return cart
    reasons = await _not_for_sale(conn, list(wanted), currency)
    raise InvalidInput(
        "Something cannot be put into a cart.",
        fields=[
            FieldError(f"lines[{place}].variant_id", reasons[variant_id])
            for place, (variant_id, _) in enumerate(given)
            if variant_id in reasons
        ],
    )


async def create_priced(
    conn: Connection,
    *,
    currency: str,
    customer_id: UUID | None,
    lines: Iterable[tuple[int, int]],
    details: Mapping[str, Any],
    till: AtDesk,
) -> tuple[Cart, PricedCart]:
    """As `create`, with its price. A cart whose delivery option is not offered for it, or whose address names no region that tax could be
    asked by, is not kept.
    """
    cart = await create(conn, currency=currency, customer_id=customer_id, lines=lines, details=details, till=till)
    priced = await till.price(cart)
    try:
        _check_priced(details, cart, priced)
    except InvalidInput:
        await store.forget(conn, cart)
        raise
    return cart, priced


async def add_line(
    conn: Connection, cart_id: UUID, variant_id: int, quantity: int, guard: Guard = ANYBODY, *, till: Till | AtDesk | None = None
) -> Cart:
    """Adds units to a line, or a line, in one statement that also keeps the price that is seen.

    Raises InvalidInput (`variant_id`, `quantity`), CartNotFound, CartClosed, VersionMismatch.
    """
    _check_quantity(quantity)
    cart = await store.add_line(till or conn, cart_id, variant_id, quantity, guard)
    if cart is not None:
        return cart
    before = await _refused(conn, cart_id, guard)
    reasons = await _not_for_sale(conn, [variant_id], before.currency)
    if variant_id in reasons:
        raise InvalidInput.of("variant_id", reasons[variant_id])
    if all(line.variant_id != variant_id for line in before.lines) and len(before.lines) >= MOST_LINES:
        raise InvalidInput.of("variant_id", f"A cart holds at most {MOST_LINES} different items.")
    raise InvalidInput.of("quantity", f"A cart holds at most {MOST_UNITS} of one item.")


async def set_quantity(
    conn: Connection, cart_id: UUID, variant_id: int, quantity: int, guard: Guard = ANYBODY, *, till: Till | AtDesk | None = None
) -> Cart:
    """Sets a line's quantity; 0 removes it. Raises InvalidInput (`quantity`), LineNotFound, CartNotFound, CartClosed, VersionMismatch."""
    if quantity != 0:
        _check_quantity(quantity)
    cart = await store.set_quantity(till or conn, cart_id, variant_id, quantity, guard)
    if cart is not None:
        return cart
    await _refused(conn, cart_id, guard)
    raise LineNotFound("This is not in the cart.")


async def remove(conn: Connection, cart_id: UUID, variant_id: int, guard: Guard = ANYBODY, *, till: Till | AtDesk | None = None) -> Cart:
    """Removes a line. Raises as `set_quantity`."""
    return await set_quantity(conn, cart_id, variant_id, 0, guard, till=till)


async def apply_code(
    conn: Connection, cart_id: UUID, code: str, *, now: datetime, guard: Guard = ANYBODY, till: Till | AtDesk | None = None
) -> Cart:
    """Puts a coupon code or a gift card on the cart; whether it takes something off is for the price to say.

    Raises InvalidInput (`code`), CartNotFound, CartClosed, VersionMismatch.
    """
    coupon_code, gift_card_id = await pricing.read_code(conn, code, now)
    cart = await store.add_code(till or conn, cart_id, coupon_code, gift_card_id, guard)
    if cart is not None:
        return cart
    await _refused(conn, cart_id, guard)
    raise InvalidInput.of("code", f"A cart takes at most {MOST_CODES} codes.")


async def add_gift_card(conn: Connection, cart_id: UUID, gift_card_id: int, guard: Guard = ANYBODY) -> Cart:
    """Puts a gift card on the cart that the shop itself knows by id. Raises CartNotFound, CartClosed, InvalidInput (`code`)."""
    cart = await store.add_code(conn, cart_id, None, gift_card_id, guard)
    if cart is not None:
        return cart
    await _refused(conn, cart_id, guard)
    raise InvalidInput.of("code", f"A cart takes at most {MOST_CODES} codes.")


async def remove_code(conn: Connection, cart_id: UUID, code: str, guard: Guard = ANYBODY, *, till: Till | AtDesk | None = None) -> Cart:
    """Takes a coupon code, or the gift card with this code, off the cart; one that is not on it is no error.

    Raises CartNotFound, CartClosed, VersionMismatch.
    """
    if not code.isprintable():
        return await _refused(till or conn, cart_id, guard)
    gift_card_id = await store.gift_card_on_cart(conn, cart_id, code_hash(code))
    return await _take_off(till or conn, cart_id, code.strip().upper(), gift_card_id, guard)


async def remove_gift_card(conn: Connection, cart_id: UUID, gift_card_id: int, guard: Guard = ANYBODY) -> Cart:
    """Takes a gift card off the cart; otherwise as `remove_code`."""
    return await _take_off(conn, cart_id, None, gift_card_id, guard)


async def _take_off(
    conn: Connection | Till | AtDesk, cart_id: UUID, coupon_code: str | None, gift_card_id: int | None, guard: Guard
) -> Cart:
    cart = await store.remove_code(conn, cart_id, coupon_code, gift_card_id, guard)
    return cart if cart is not None else await _refused(conn, cart_id, guard)


async def set_details(
    conn: Connection,
    cart_id: UUID,
    version: int | None = None,
    *,
    email: str | msgspec.UnsetType | None = msgspec.UNSET,
    delivery_address: Address | msgspec.UnsetType | None = msgspec.UNSET,
    billing_address: Address | msgspec.UnsetType | None = msgspec.UNSET,
    fulfillment_option_id: int | msgspec.UnsetType | None = msgspec.UNSET,
    guard: Guard = ANYBODY,
    till: Till | AtDesk | None = None,
) -> Cart:
    """Keeps those details that are given, normalised; None empties one. Raises InvalidInput with every wrong field, CartNotFound,
    CartClosed, VersionMismatch. Whether the option is offered for the address is for the price to say.
    """
    given = {
        "email": email,
        "delivery_address": delivery_address,
        "billing_address": billing_address,
        "fulfillment_option_id": fulfillment_option_id,
    }
    changes = _checked_details(given)
    if version is not None:
        guard = msgspec.structs.replace(guard, version=version)
    cart = await _keep_details(till or conn, cart_id, changes, guard, durable=True)
    if cart is None:
        await _refused(conn, cart_id, guard)
        raise VersionMismatch(CHANGED_MEANWHILE)
    return cart


async def choose_delivery(cart_id: UUID, given: Mapping[str, Any], guard: Guard, *, till: AtDesk) -> tuple[Cart, PricedCart]:
    """As `set_details`, with an option that must be offered for what the cart is then, and addresses by which tax can be asked; with its
    price. `given`: the details by name.

    The cart is priced as it would be, and changed if it is still what was priced: two statements, and no transaction around them.
    """
    changes = _checked_details(given)
    for _ in range(TRIES):
        before = await get(till, cart_id, guard)
        _check_change(before, guard)
        after = msgspec.structs.replace(before, **changes)
        priced = await till.price(after)
        _check_priced(changes, after, priced)
        # Who and where to must not be lost once it is confirmed: the order would go where it went before, at the same price.
        durable = changes.keys() != {"fulfillment_option_id"}
        as_priced = msgspec.structs.replace(guard, version=before.version)
        cart = await _keep_details(till.unpriced(), cart_id, changes, as_priced, durable=durable)
        if cart is not None:
            return cart, priced
    raise VersionMismatch(CHANGED_MEANWHILE)


async def _keep_details(
    conn: Connection | Till | AtDesk, cart_id: UUID, changes: Mapping[str, Any], guard: Guard, *, durable: bool
) -> Cart | None:
    try:
        return await store.set_details(conn, cart_id, changes, guard, durable=durable)
    except asyncpg.ForeignKeyViolationError as error:
        raise InvalidInput.of("fulfillment_option_id", "There is no such delivery option.") from error


def _check_priced(changes: Mapping[str, Any], cart: Cart, priced: PricedCart) -> None:
    """Raises InvalidInput for what only the price of the cart with the changes tells."""
    wanted, errors = changes.get("fulfillment_option_id"), region_errors(cart, priced)
    if any(error.field.startswith(f"{field}.") for error in errors for field, value in changes.items() if value is not None):
        raise InvalidInput("Some fields need another look.", fields=errors)
    if wanted is not None and all(option.id != wanted for option in priced.fulfillment_options):
        raise InvalidInput.of("fulfillment_option_id", "This option is not offered for the cart and its delivery address.")


def region_errors(cart: Cart, priced: PricedCart) -> list[FieldError]:
    """What is wrong with the region of the address that tax is asked by, at its field."""
    if not priced.region_problem:
        return []
    taxed = "delivery_address" if priced.requires_delivery or cart.billing_address is None else "billing_address"
    return [FieldError(f"{taxed}.region", priced.region_problem)]


def _checked_details(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are given, normalised. Raises InvalidInput with every wrong field."""
    changes: dict[str, Any] = {}
    errors: list[FieldError] = []
    for field, value in given.items():
        if value is msgspec.UNSET:
            continue
        try:
            changes[field] = value if field == "fulfillment_option_id" else _checked(field, value)
        except InvalidInput as error:
            errors += error.fields
    if errors:
        raise InvalidInput("Some fields need another look.", fields=errors)
    return changes


def _checked(field: str, value: Any) -> Any:
    if isinstance(value, Address):
        return checked_address(value, field)
    return checked_email(value, field) if isinstance(value, str) and value else None


async def forget(conn: Connection, cart: Cart) -> None:
    """Deletes a cart that nobody has heard of yet."""
    await store.forget(conn, cart)


async def mark_seen(conn: Connection, cart: Cart, priced: PricedCart) -> None:
    """The shopper has been shown these prices; told once, a change is no news."""
    changed = {line.variant_id: line.unit_amount for line in priced.lines if line.price_changed}
    if changed:
        await store.mark_seen(conn, cart, changed)


async def forget_abandoned(conn: Connection, now: datetime) -> int:
    """Deletes carts that nothing came of and that nobody has touched for `KEPT_FOR`, guests' with nothing in them for `EMPTY_FOR`; returns
    how many. Each statement by itself looks at few and deletes few, so that none waits for it for long.
    """
    forgotten = 0
    while gone := await store.forget_old(conn, now - KEPT_FOR, AT_ONCE):
        forgotten += gone
    before = now - EMPTY_FOR
    while before > now - EMPTY_FOR - LOOKED_BACK:
        while gone := await store.forget_empty(conn, before - LOOKED_AT, before, AT_ONCE):
            forgotten += gone
        before -= LOOKED_AT
    return forgotten


async def merge(conn: Connection, guest_cart_id: UUID | None, customer_id: UUID) -> Cart | None:
    """The customer's open cart after a sign-in, with what the guest put into theirs, or into it too late for its order; None when neither
    had one.

    Quantities of the same variant add up. The customer's own currency stays; a guest's line in another joins at its price there.
    A cart for whose order money may still come is joined with no other: a guest's goods could be paid for in both, and what came to the
    customer's own would be closed with it, unpaid. The guest's is the one returned then, the customer's from now on, and the own one stays
    beside it.
    """
    later = await store.successor(conn, guest_cart_id) if guest_cart_id is not None else None
    carts = await store.lock_for_merge(conn, later.id if later is not None else guest_cart_id, customer_id)
    guest = next((cart for cart in carts if cart.customer_id is None), None)
    own = next((cart for cart in carts if cart.customer_id is not None), None)
    if guest is None:
        return own
    if own is None or await store.may_still_be_paid(conn, guest.id) or await store.may_still_be_paid(conn, own.id):
        return await store.adopt(conn, guest.id, customer_id)
    await store.end_pending_order(conn, guest.id)
    await inventory.release_holds(conn, cart_id=guest.id)  # else it would stand in the way of the same goods in the other cart
    seen = await _amounts(conn, guest.lines, own.currency) if guest.currency != own.currency else {}
    return await store.write_merged(
        conn,
        guest.id,
        own.id,
        _joined(own.lines, guest.lines, seen)[:MOST_LINES],
        list(dict.fromkeys(own.coupon_codes + guest.coupon_codes))[:MOST_CODES],
        list(dict.fromkeys(own.gift_card_ids + guest.gift_card_ids))[:MOST_CODES],
    )


async def disown(conn: Connection, customer_id: UUID) -> None:
    """The customer's open carts are guests' from now on: of whoever knows their ids."""
    await store.disown(conn, customer_id)


def _joined(own: Iterable[CartLine], guest: Iterable[CartLine], seen: Mapping[int, int]) -> list[CartLine]:
    """The guest's lines are the later ones: what they show as seen counts."""
    lines = {line.variant_id: line for line in own}
    for line in guest:
        before = lines.get(line.variant_id)
        quantity = min(MOST_UNITS, line.quantity + (before.quantity if before else 0))
        lines[line.variant_id] = CartLine(line.variant_id, quantity, seen.get(line.variant_id, line.seen_amount))
    return list(lines.values())


async def _amounts(conn: Connection, lines: Iterable[CartLine], currency: str) -> dict[int, int]:
    (variants,) = await ask(conn, catalog.sale_variants([line.variant_id for line in lines], currency))
    return {variant.id: variant.amount or 0 for variant in variants.values()}


# --- why not ---------------------------------------------------------------------------------------------------------------------


def _check_quantity(quantity: int, field: str = "quantity") -> None:
    if not 1 <= quantity <= MOST_UNITS:
        raise InvalidInput.of(field, f"Enter a whole number from 1 to {MOST_UNITS}.")


def _is_theirs(cart: Cart, guard: Guard) -> bool:
    return guard.anybody or cart.customer_id is None or cart.customer_id == guard.customer_id


async def _refused(conn: Connection | Till | AtDesk, cart_id: UUID, guard: Guard) -> Cart:
    """Raises what stands against a change of the cart as such; the cart, when nothing does."""
    cart = await get(conn, cart_id, guard)
    _check_change(cart, guard)
    return cart


def _check_change(cart: Cart, guard: Guard) -> None:
    if cart.state != "open":
        _closed(cart)
    if guard.version is not None and cart.version != guard.version:
        raise VersionMismatch(f"The cart is at version {cart.version}. Read it again and repeat the change on what it is now.")


def _closed(cart: Cart) -> NoReturn:
    what = "has been ordered" if cart.state == "ordered" else "has become part of another cart"
    raise CartClosed(f"This cart {what}. Start a new one.")


async def _not_for_sale(conn: Connection, variant_ids: list[int], currency: str) -> dict[int, str]:
    """Reasons by variant, for those that cannot be bought in the currency."""
    (found,) = await ask(conn, catalog.sale_variants(variant_ids, currency))
    reasons: dict[int, str] = {}
    for variant_id in variant_ids:
        variant = found.get(variant_id)
        if variant is None:
            reasons[variant_id] = "There is no such variant."
        elif not variant.on_sale:
            reasons[variant_id] = f"{variant.title} is not for sale."
        elif variant.amount is None:
            reasons[variant_id] = f"{variant.title} has no price in {currency}."
    return reasons
