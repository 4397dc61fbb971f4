"""Rules of checkout before the order: holding the stock, keeping contact, address and delivery option on the cart."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from storefront.accounts import service as accounts
from storefront.accounts.service import normalise_email
from storefront.cart import service as carts
from storefront.cart.model import Cart, CartClosed, Guard
from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import CartOrdered, NotSentThere, PaymentProviderAway
from storefront.checkout.together import TOGETHER
from storefront.inventory import service as inventory
from storefront.inventory.allocation import Short
from storefront.inventory.gate import StockGate
from storefront.inventory.model import LockedStock
from storefront.inventory.service import OutOfStock
from storefront.orders import service as orders
from storefront.orders import store as order_store
from storefront.orders.model import OrderHead
from storefront.payments.service import PAYMENTS, ProviderUnavailable, ProviderUnknown
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import DomainError, FieldError, InvalidInput, VersionMismatch
from storefront.platform.jobs import JOBS
from storefront.platform.questions import ask
from storefront.pricing.addresses import checked_address
from storefront.pricing.model import Address, PricedCart
from storefront.settings import SETTINGS


class Started(msgspec.Struct, frozen=True):
    """A checkout under way: the cart, its price, and until when its stock is held."""

    cart: Cart
    priced: PricedCart
    expires_at: datetime


class Details(msgspec.Struct, frozen=True):
    """What the shopper tells us on the way. `billing_address` None: the same as delivery."""

    email: str | None
    delivery_address: Address | None
    billing_address: Address | None
    fulfillment_option_id: int | None


def checkout_context(app: web.Application) -> CheckoutContext:
    """The parts that checkout works with, as the application has them."""
    return CheckoutContext(
        database=app[DATABASE],
        together=app[TOGETHER],
        payments=app[PAYMENTS],
        jobs=app[JOBS],
        settings=app[SETTINGS],
        clock=app[CLOCK],
    )


async def start(shop: CheckoutContext, gate: StockGate, cart_id: UUID, guard: Guard = carts.ANYBODY) -> Started:
    """Prices the cart on the primary and holds its stock for a while.

    Raises CartNotFound, CartClosed, VersionMismatch, InvalidInput (an empty cart), OutOfStock (NotSentThere when it is for the country
    alone), CartOrdered, and PaymentProviderAway when an earlier payment of the same cart has to be ended first, and cannot be.
    """
    found = await shop.together.cart(cart_id, guard, now=shop.clock())
    cart, earlier = found.cart, found.order
    priced = await found.till.price(cart)
    if guard.version is not None and cart.version != guard.version:
        raise VersionMismatch(f"The cart is at version {cart.version}. Read it again.")
    if earlier is not None:
        kept = await _earlier_order(shop, cart, earlier)
        if kept is not None:
            return Started(cart, priced, kept)
    if cart.state != "open":
        raise CartClosed("This cart is closed. Start a new one.")
    started, had_no_order = await _held(shop, gate, cart, priced, found.stock)
    if not had_no_order and await _overtaken(shop, cart.id):
        return await start(shop, gate, cart_id, guard)
    return started


async def start_new(
    shop: CheckoutContext,
    gate: StockGate,
    *,
    currency: str,
    customer_id: UUID | None,
    lines: Iterable[tuple[int, int]],
    details: Mapping[str, Any],
) -> Started:
    """Starts a cart of (variant, quantity) lines and holds its stock, for whoever buys at once. Who is refused leaves no cart behind.

    Raises what `carts.create_priced` raises, InvalidInput (an empty cart), OutOfStock (NotSentThere when it is for the country alone).
    """
    till = shop.together.new_carts.at(shop.clock())
    conn = shop.database.statements
    cart, priced = await carts.create_priced(conn, currency=currency, customer_id=customer_id, lines=lines, details=details, till=till)
    (stock,) = till.beside
    try:
        started, _ = await _held(shop, gate, cart, priced, stock)
    except DomainError:
        await carts.forget(conn, cart)
        raise
    return started


async def _held(shop: CheckoutContext, gate: StockGate, cart: Cart, priced: PricedCart, stock: LockedStock) -> tuple[Started, bool]:
    """With the cart's stock held; True: and it had no order. `stock` is as it was read beside the cart."""
    demand = {line.variant_id: line.quantity for line in priced.lines if line.can_be_bought}
    if not demand:
        raise InvalidInput.of("lines", "There is nothing in the cart that can be bought.")
    expires_at = shop.clock() + shop.hold_time
    country = cart.delivery_address.country if cart.delivery_address else None
    try:
        had_no_order = await gate.hold(cart.id, demand, expires_at=expires_at, country=country, seen=stock)
    except OutOfStock as error:
        if _is_elsewhere(stock, error.short, country):
            raise NotSentThere(cart, priced, error.short) from error
        raise
    return Started(cart, priced, expires_at), had_no_order


def _is_elsewhere(stock: LockedStock, short: Sequence[Short], country: str | None) -> bool:
    """Whether all that is missing lies where nothing is sent to the country from."""
    elsewhere: Counter[int] = Counter()
    for row in stock.rows:
        if row.active and not row.serves(country):
            elsewhere[row.variant_id] += max(0, row.available)
    return all(available + elsewhere[variant_id] >= wanted for variant_id, wanted, available in short)


async def _overtaken(shop: CheckoutContext, cart_id: UUID) -> bool:
    """Whether the cart was ordered while its stock was being held, by the other half of a double click. The order has its own hold then."""
    async with shop.database.write() as conn:
        (ordered,) = await ask(conn, order_store.order_of_cart(cart_id))
    if ordered is not None:
        await shop.database.transaction(lambda conn: inventory.release_holds(conn, cart_id=cart_id))
    return ordered is not None


async def _earlier_order(shop: CheckoutContext, cart: Cart, earlier: OrderHead) -> datetime | None:
    """A pending order of the cart as it is holds the stock already, until the time returned. One of the cart as it was is given up."""
    if earlier.status != "pending_payment":
        raise CartOrdered.of(shop.settings, earlier)
    if earlier.cart_version == cart.version and earlier.expires_at > shop.clock():
        return earlier.expires_at
    try:
        given_up = await recovery.give_up(shop, earlier.id, "replaced")
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise PaymentProviderAway() from error
    if not given_up:
        raise CartOrdered.of(shop.settings, earlier)
    return None


def check_details(details: Details) -> Details:
    """The details, normalised. Raises InvalidInput with every wrong field."""
    errors: list[FieldError] = []
    email, delivery, billing = details.email, details.delivery_address, details.billing_address
    if email is not None:
        try:
            email = normalise_email(email)
        except InvalidInput as error:
            errors += error.fields
    try:
        delivery = checked_address(delivery, "delivery_address") if delivery is not None else None
    except InvalidInput as error:
        errors += error.fields
    try:
        billing = checked_address(billing, "billing_address") if billing is not None else None
    except InvalidInput as error:
        errors += error.fields
    if errors:
        raise InvalidInput("Some fields need another look.", fields=errors)
    return Details(email, delivery, billing, details.fulfillment_option_id)


def with_details(cart: Cart, details: Details) -> Cart:
    """The cart as it would be."""
    return msgspec.structs.replace(
        cart,
        email=details.email,
        delivery_address=details.delivery_address,
        billing_address=details.billing_address,
        fulfillment_option_id=details.fulfillment_option_id,
    )


async def keep_details(conn: Connection, cart: Cart, details: Details) -> Cart:
    """Keeps the details on the cart; a cart that has them already stays at its version. Raises VersionMismatch."""
    if with_details(cart, details) == cart:
        return cart
    kept = await carts.set_details(
        conn,
        cart.id,
        cart.version,
        email=details.email,
        delivery_address=details.delivery_address,
        billing_address=details.billing_address,
        fulfillment_option_id=details.fulfillment_option_id,
    )
    return msgspec.structs.replace(kept, customer_id=cart.customer_id)  # whoever is at it, it is priced for them as before


async def own_details(conn: Connection, customer_id: UUID) -> Details:
    """What a signed-in shopper need not type: the address of the account and the default delivery address."""
    customer = await accounts.customer(conn, customer_id)
    saved = await accounts.addresses(conn, customer_id)
    default = next((address.address for address in saved if address.is_default), None)
    return Details(customer.email, default, None, None)


async def returned(shop: CheckoutContext, order_id: UUID) -> str:
    """The shopper is back from the provider's page: what became of the payment is asked there, whatever the address bar says.

    Returns the order's status, or "declined" when it waits for another try.
    """
    async with shop.database.write() as conn:
        attempt = await order_store.live_charge(conn, order_id)
    if attempt is not None and attempt.state not in ("succeeded", "authorized"):
        await recovery.ask_again(shop, attempt.id)
    async with shop.database.write() as conn:
        order = await orders.order_by_id(conn, order_id)
        attempt = await order_store.live_charge(conn, order_id)
    return "declined" if order.status == "pending_payment" and attempt is None else order.status
