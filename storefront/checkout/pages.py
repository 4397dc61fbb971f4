"""The checkout page: one form that works without JavaScript. "Update" recalculates, "place" places the order."""

import asyncio
import hashlib
import uuid
from typing import Any
from uuid import UUID

import msgspec
import structlog
from aiohttp import web

from storefront.accounts.pages import personal_page
from storefront.cart import service as carts
from storefront.cart.model import Cart, CartClosed, CartNotFound, Guard
from storefront.checkout import idempotency, service
from storefront.checkout.agreement import contact_errors
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import CartOrdered, NotSentThere, PaymentProviderAway, PaymentUnderWay
from storefront.checkout.idempotency import IdempotencyInFlight, IdempotencyMismatch
from storefront.checkout.model import Answer, PlaceOrder
from storefront.checkout.place_order import place_order
from storefront.checkout.service import Details, Started
from storefront.inventory.gate import STOCK
from storefront.inventory.service import OutOfStock
from storefront.orders import service as orders
from storefront.orders.links import key_opens, order_path
from storefront.payments.service import PAYMENTS, ProviderUnavailable, ProviderUnknown
from storefront.platform.database import DATABASE, Connection
from storefront.platform.errors import InvalidInput, NotFound, VersionMismatch
from storefront.platform.http import client_ip, form_values
from storefront.platform.ratelimit import RATE_LIMITER
from storefront.platform.sessions import current_customer_id
from storefront.pricing import service as pricing
from storefront.pricing.addresses import countries
from storefront.pricing.model import Address
from storefront.settings import SETTINGS

routes = web.RouteTableDef()
log = structlog.get_logger("checkout")

WAIT_FOR_THE_FIRST = 8.0  # seconds that a second click waits for the first one's answer
ADDRESS_FIELDS = tuple(field.name for field in msgspec.structs.fields(Address))

NOTICES = {
    "price_changed": "The total has changed since you last saw it. Please look at it again before you order; nothing was charged.",
    "payment_declined": "The payment was declined. Your cart is kept for you; please use another way to pay.",
    "gift_card_exhausted": "A gift card has less on it than was shown. Please look at the total again; nothing was charged.",
    "order_cancelled": "The order was given up before it was paid. Please look at it again and send it once more.",
    "coupon_exhausted": "A coupon code has just been used up. Please look at the total again; nothing was charged.",
    "payment_provider_away": "Payments cannot be taken right now. Nothing was charged; please try again in a moment.",
    "idempotency_mismatch": "Something was changed after the order was sent. Please look at it and send it again.",
    "version_mismatch": "The cart was changed in another window. Please look at it again.",
}


def _see_other(location: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(location, headers={"Cache-Control": "private, no-store"})


@routes.get("/checkout")
async def checkout_page(request: web.Request) -> web.StreamResponse:
    """Holds the cart's stock for a while and shows the form."""
    await request.app[RATE_LIMITER].hit("checkout", client_ip(request), request.app[SETTINGS].limits.checkout, loosely=True)
    shop = service.checkout_context(request.app)
    try:
        started = await _start(request, shop)
    except NotSentThere as error:
        known = _not_held(shop, error)
        return _render(request, known, _form_of(known.cart, known), error.messages(), held=False)
    cart = started.cart
    if cart.email is None and cart.delivery_address is None:
        customer_id = await current_customer_id(request)
        if customer_id is not None:
            own = await shop.database.transaction(lambda conn: service.own_details(conn, customer_id))
            started = await _keep(shop, started, own)
            cart = started.cart
    notice = NOTICES.get(request.query.get("notice", ""))
    return _render(request, started, _form_of(cart, started), {}, notice=notice)


async def _start(request: web.Request, shop: CheckoutContext, *, placing: bool = False) -> Started:
    """Starts, or goes on with, the checkout of the browser's cart; where that cannot be, off to the page that says why.

    Who is `placing` the order and finds it placed, by the other half of a double click, is thanked for it all the same.
    Raises NotSentThere: only the form itself helps then.
    """
    cart_id = carts.cart_id_from_cookie(request)
    if cart_id is None:
        raise _see_other("/cart")
    guard = Guard(customer_id=await current_customer_id(request))
    try:
        return await service.start(shop, request.app[STOCK], cart_id, guard)
    except CartOrdered as error:
        raise await _order_placed(request, _path_of(shop, error.extra["order"], thanks=placing)) from error
    except NotSentThere:
        raise
    except (OutOfStock, CartNotFound, CartClosed, InvalidInput) as error:
        raise _see_other("/cart") from error


def _not_held(shop: CheckoutContext, error: NotSentThere) -> Started:
    """The checkout of a cart that can be sent somewhere, though not to where it says."""
    return Started(error.cart, error.priced, shop.clock())


async def _keep(shop: CheckoutContext, started: Started, details: Details, *, check_region: bool = False) -> Started:
    """Keeps the details on the cart and prices it anew. Raises InvalidInput, and keeps nothing, for a region that is to be checked and that
    tax cannot be asked by.
    """

    async def work(conn: Connection) -> Started:
        cart = await service.keep_details(conn, started.cart, details)
        priced = await pricing.price_cart(conn, cart, now=shop.clock(), settings=shop.settings)
        wrong = carts.region_errors(cart, priced) if check_region else []
        if wrong:
            raise InvalidInput(fields=wrong)
        return Started(cart, priced, started.expires_at)

    return await shop.database.transaction(work)


@routes.post("/checkout")
async def checkout(request: web.Request) -> web.StreamResponse:
    """step=update keeps what was entered and recalculates; step=place places the order under the form's idempotency key."""
    await request.app[RATE_LIMITER].hit("checkout", client_ip(request), request.app[SETTINGS].limits.checkout, loosely=True)
    shop = service.checkout_context(request.app)
    values = await form_values(request)
    placing = values.get("step") == "place"
    if placing:
        replayed = await _answer_of_the_first(request, shop, values)
        if replayed is not None:
            return await _after_placing(request, shop, values, replayed)
    details = _details_of(values, placing=placing)
    try:
        started = await _start(request, shop, placing=placing)
    except NotSentThere as error:  # the form may say another country
        started = _not_held(shop, error)
    if placing and values.get("cart_contents", _contents(started.cart)) != _contents(started.cart):
        return _render(request, started, values, {}, notice=NOTICES["version_mismatch"], status=409)
    try:
        checked = service.check_details(details)
        try:
            kept = await _keep(shop, started, checked, check_region=not placing)
        except VersionMismatch:  # the other half of a double click has kept the same details already
            started = await _start(request, shop, placing=placing)
            kept = await _keep(shop, started, checked, check_region=not placing)
    except InvalidInput as error:
        return await _mistaken(request, shop, started, details, values, error.messages(), placing=placing)
    except VersionMismatch:
        return _render(request, started, values, {}, notice=NOTICES["version_mismatch"], status=409)
    if not placing:
        raise _see_other("/checkout")
    errors = {error.field: error.reason for error in contact_errors(kept.cart, kept.priced)}
    if errors:
        return await _mistaken(request, shop, kept, details, values, errors, placing=True)
    try:
        answer = await _place(request, shop, kept.cart.id, values)
    except (IdempotencyMismatch, PaymentProviderAway) as error:
        return _render(request, kept, values, {}, notice=NOTICES[error.type], status=error.status)
    except InvalidInput as error:
        return _render(request, kept, values, error.messages(), status=error.status)
    return await _after_placing(request, shop, values, answer)


# --- what was entered ------------------------------------------------------------------------------------------------------------


def _details_of(values: dict[str, str], *, placing: bool) -> Details:
    """Who places an order has said all: what they left empty is wrong then, and not only unknown."""
    different = bool(values.get("billing_different"))
    option = values.get("fulfillment_option_id", "")
    return Details(
        email=values.get("email") or ("" if placing else None),
        delivery_address=_address_of(values, "delivery_address.", empty=placing),
        billing_address=_address_of(values, "billing_address.", empty=placing) if different else None,
        fulfillment_option_id=int(option) if option.isdecimal() and len(option) < 18 else None,
    )


def _address_of(values: dict[str, str], prefix: str, *, empty: bool) -> Address | None:
    """The address of the form's fields; without anything in them None, unless an `empty` one is wanted."""
    given = {name: values.get(prefix + name, "") for name in ADDRESS_FIELDS}
    asked = any(prefix + name in values for name in ADDRESS_FIELDS)
    return Address(**given) if any(given.values()) or (empty and asked) else None


def _form_of(cart: Cart, started: Started) -> dict[str, str]:
    """The form's fields as the cart has them. Where nothing is sent it asks for no delivery address: the one that is known, and that tax is
    asked by, is the invoice's.
    """
    delivery = started.priced.requires_delivery
    billing = cart.billing_address if delivery else cart.tax_address(requires_delivery=False)
    form = {"email": cart.email or "", "billing_different": "1" if billing else ""}
    for prefix, address in (("delivery_address.", cart.delivery_address), ("billing_address.", billing)):
        for name in ADDRESS_FIELDS:
            form[prefix + name] = getattr(address, name) if address is not None else ""
    option = started.priced.fulfillment_option
    form["fulfillment_option_id"] = str(option.id) if option is not None else ""
    return form


async def _mistaken(
    request: web.Request,
    shop: CheckoutContext,
    started: Started,
    details: Details,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    placing: bool,
) -> web.StreamResponse:
    """The form again, priced as if what was entered stood, with errors beside the fields.

    Somebody who only recalculates has not finished yet: empty fields are no mistake then.
    """
    if not placing:
        errors = {field: reason for field, reason in errors.items() if values.get(field)}
    async with shop.database.write() as conn:
        cart = service.with_details(started.cart, _as_far_as_known(details))
        priced = await pricing.price_cart(conn, cart, now=shop.clock(), settings=shop.settings)
    return _render(request, Started(cart, priced, started.expires_at), values, errors, status=422 if errors else 200)


def _as_far_as_known(details: Details) -> Details:
    """An address without a country says nothing about tax and delivery yet."""
    delivery, billing = (
        address if address is not None and address.country else None for address in (details.delivery_address, details.billing_address)
    )
    return msgspec.structs.replace(details, delivery_address=delivery, billing_address=billing)


# --- placing ---------------------------------------------------------------------------------------------------------------------


def _wanted(cart_id: UUID, values: dict[str, str]) -> PlaceOrder:
    """Raises InvalidInput."""
    amount, left, currency = values.get("expected_total", ""), values.get("expected_to_pay", ""), values.get("currency", "")
    if not all(text.isdecimal() and len(text) <= 15 for text in (amount, left)) or len(currency) != 3:
        raise InvalidInput.of("expected_total", "Please look at the total again and send the form once more.")
    wanted = {
        "cart_id": cart_id,
        "expected_total": {"amount": int(amount), "currency": currency},
        "expected_to_pay": {"amount": int(left), "currency": currency},
        "payment_method": values.get("payment_method") or None,
    }
    try:
        return msgspec.convert(wanted, PlaceOrder)
    except msgspec.ValidationError as error:
        raise InvalidInput.of("payment_method", "Choose a way to pay.") from error


async def _place(request: web.Request, shop: CheckoutContext, cart_id: UUID, values: dict[str, str]) -> Answer:
    """The order of the form's key; a second click waits for the first one's answer."""
    wanted = _wanted(cart_id, values)
    key = idempotency.read_key(values.get("idempotency_key") or uuid.uuid4().hex)
    customer_id = await current_customer_id(request)
    deadline = asyncio.get_running_loop().time() + WAIT_FOR_THE_FIRST
    while True:
        try:
            return await place_order(shop, wanted, key, path="/checkout", customer_id=customer_id)
        except PaymentUnderWay as error:
            raise _see_other(_path_of(shop, error.extra["order"], thanks=False)) from error
        except IdempotencyInFlight:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)


async def _answer_of_the_first(request: web.Request, shop: CheckoutContext, values: dict[str, str]) -> Answer | None:
    """What a form that was sent before has led to, if it is this very form once more."""
    cart_id, key = carts.cart_id_from_cookie(request), values.get("idempotency_key", "")
    if cart_id is None or not key:
        return None
    try:
        print_ = idempotency.fingerprint("POST", "/checkout", _wanted(cart_id, values))
    except InvalidInput:
        return None
    async with shop.database.write() as conn:
        try:
            await carts.get(conn, cart_id, Guard(customer_id=await current_customer_id(request)))
        except CartNotFound:
            return None
        return await idempotency.answered(conn, f"cart:{cart_id}", key, print_)


async def _after_placing(request: web.Request, shop: CheckoutContext, values: dict[str, str], answer: Answer) -> web.StreamResponse:
    document = answer.document()
    if answer.status in (201, 202):
        action = document.get("next_action")
        if action:
            raise _see_other(action["redirect_url"])
        path = _path_of(shop, document, thanks=answer.status == 201)
        if answer.status == 201:
            raise await _order_placed(request, path)
        raise _see_other(path)
    kind = document["type"].rpartition("/")[2]
    if kind == CartOrdered.type:
        raise await _order_placed(request, _path_of(shop, document["order"], thanks=True))
    if kind == OutOfStock.type:
        raise _see_other("/checkout")  # which knows whether the form can mend it, or leads to the cart
    started = await _start(request, shop)
    notice = NOTICES.get(kind, document["detail"])
    return _render(request, started, values, {}, notice=notice, status=answer.status)


def _contents(cart: Cart) -> str:
    """A word for what is in the cart: who was shown another has not agreed to this one, even at the same total."""
    said = ",".join(f"{line.variant_id}x{line.quantity}" for line in cart.lines)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _path_of(shop: CheckoutContext, order: dict[str, Any], *, thanks: bool) -> str:
    """The page of an order that is known by `id` and `number`."""
    return order_path(shop.settings, UUID(str(order["id"])), order["number"]) + ("&placed=1" if thanks else "")


async def _order_placed(request: web.Request, location: str) -> web.HTTPSeeOther:
    """To the order's page; the browser's cart has become it, but for what came to it too late. While the payment is on its way it has not,
    and may never.
    """
    response = _see_other(location)
    cart_id = carts.cart_id_from_cookie(request)
    successor: Cart | None = None
    if cart_id is not None:
        guard = Guard(customer_id=await current_customer_id(request))
        async with request.app[DATABASE].write() as conn:
            if await _is_open(conn, cart_id, guard):
                return response
            successor = await carts.successor(conn, cart_id, guard)
    carts.leave_cart(request, response, successor)
    return response


async def _is_open(conn: Connection, cart_id: UUID, guard: Guard) -> bool:
    try:
        return (await carts.get(conn, cart_id, guard)).state == "open"
    except CartNotFound:
        return False


def _render(
    request: web.Request,
    started: Started,
    form: dict[str, str],
    errors: dict[str, str],
    *,
    notice: str | None = None,
    status: int = 200,
    held: bool = True,
) -> web.StreamResponse:
    """The form with a key of its own: what the shopper sends next is a new intent, and sending it twice is not."""
    context: dict[str, Any] = {
        "cart": started.priced,
        "form": form,
        "errors": errors,
        "countries": countries(),
        "payment": request.app[PAYMENTS].browser_config(),
        "idempotency_key": uuid.uuid4().hex,
        "cart_contents": _contents(started.cart),
        "expected_total": started.priced.total,
        "expires_at": started.expires_at if held else None,
        "notice": notice,
    }
    return personal_page(request, "checkout/checkout.html", context, status=status)


# --- back from the provider's page -----------------------------------------------------------------------------------------------


@routes.get("/checkout/return")
async def checkout_return(request: web.Request) -> web.StreamResponse:
    """Asks the provider what became of the payment; what the address bar says of it is not believed."""
    shop = service.checkout_context(request.app)
    number, key = request.query.get("order", "")[:40], request.query.get("key", "")[:100]
    async with shop.database.write() as conn:
        order = await orders.order_by_number(conn, number)
    if not key_opens(shop.settings, order.id, key):
        raise NotFound(orders.NO_SUCH_ORDER)
    path = order_path(shop.settings, order.id, order.number)
    try:
        status = await service.returned(shop, order.id)
    except (ProviderUnknown, ProviderUnavailable) as error:
        log.warning("return_unsettled", order=order.number, reason=repr(error))
        raise _see_other(path) from error
    if status == "declined":
        raise _see_other("/checkout?notice=payment_declined")
    if status == "pending_payment" or carts.cart_id_from_cookie(request) != order.cart_id:
        raise _see_other(path)
    raise await _order_placed(request, path + "&placed=1")
