"""The story of an order, from "Buy" to the answer. Read it from top to bottom.

Each phase is one transaction that ends in a recovery point; the provider is called between transactions. Whoever dies on the way is
replaced: by the shopper's retry with the same key, or by recovery (`recovery.py`), which call `carry_on` from the point that was reached.

    started → order_pending → (call) → payment_known → finished

started        the key row stands; nothing else has happened
order_pending  the order stands with its stock held and one open payment attempt, whose id is the provider's idempotency key
payment_known  the provider's answer is noted; when it is that the money came, that is noted by what follows from it
finished       the order has moved on (`settle.py`) and the answer is stored, in one transaction
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from prometheus_client import Histogram

from storefront.cart import service as carts
from storefront.cart.model import CartClosed, CartNotFound, Guard
from storefront.checkout import idempotency, store
from storefront.checkout.agreement import must_be_agreed
from storefront.checkout.answers import answer_of, refusal
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import CartOrdered, OrderGivenUp, PaymentProviderAway, PaymentUnderWay
from storefront.checkout.idempotency import IdempotencyInFlight, KeyWanted
from storefront.checkout.model import Answer, Claim, PendingOrder, PlaceOrder
from storefront.checkout.new_order import new_order
from storefront.checkout.ordered_before import EarlierPayment, clear_the_way, go_on_with
from storefront.checkout.settle import Settlement, settle_and_answer, settle_free, settle_payment
from storefront.inventory import service as inventory
from storefront.orders import service as orders
from storefront.orders import store as order_store
from storefront.orders.links import order_key
from storefront.orders.model import NewOrder, Order, PaymentAttempt
from storefront.payments.model import ChargeRequest, ProviderAnswer
from storefront.payments.service import ProviderUnavailable, ProviderUnknown
from storefront.platform.database import RETRYABLE, Connection
from storefront.platform.errors import DomainError
from storefront.pricing import service as pricing
from storefront.pricing.model import PricedCart

PHASES = Histogram(
    "storefront_order_phase_seconds",
    "Time of a phase of placing an order, in seconds.",
    ["phase"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
PAID_AS: dict[str, Settlement] = {"succeeded": "paid", "authorized": "authorized"}
EARLIER_ATTEMPTS = 3  # how often an earlier payment of the same cart is cleared away before we say "in a moment"


# --- started ---------------------------------------------------------------------------------------------------------------------


async def place_order(shop: CheckoutContext, request: PlaceOrder, key: str, *, path: str, customer_id: UUID | None = None) -> Answer:
    """Places the order of a cart and pays for it, once for each key. The answer is an order or a refusal, ready to be sent.

    201 paid (or authorized); 202 the shopper must act (`next_action`), or the provider is still at work; 402 declined.
    Raises IdempotencyInFlight, also as PaymentUnderWay when nobody can tell yet what became of the payment, IdempotencyMismatch, and what
    leaves no trace: InvalidInput, CartNotFound, PaymentProviderAway.
    """
    with PHASES.labels("started").time():
        held = await _started(shop, request, key, path, customer_id)
    return held if isinstance(held, Answer) else await carry_on(shop, held)


async def _started(shop: CheckoutContext, request: PlaceOrder, key: str, path: str, customer_id: UUID | None) -> Claim | Answer:
    """The key is ours from here on, or its answer is there."""
    print_ = idempotency.fingerprint("POST", path, request)
    params = {"request": request, "customer_id": customer_id}
    held = await shop.together.claim(KeyWanted(f"cart:{request.cart_id}", key, print_, params, shop.clock()), stale=shop.stale_after)
    if isinstance(held, Answer):
        async with shop.database.write() as conn:
            await carts.get(conn, request.cart_id, Guard(customer_id=customer_id))  # the answer is its owner's
        return held
    if held.order_id is not None:
        await _theirs_to_go_on_with(shop, held, request.cart_id, customer_id)
    # Who began it may have been a guest, whose cart is a customer's by now.
    return msgspec.structs.replace(held, params=held.params | {"customer_id": customer_id})


async def _theirs_to_go_on_with(shop: CheckoutContext, held: Claim, cart_id: UUID, customer_id: UUID | None) -> None:
    """Raises CartNotFound to whom the cart is not, and leaves the key to whose it is."""
    async with shop.database.write() as conn:
        try:
            await carts.get(conn, cart_id, Guard(customer_id=customer_id))
        except CartNotFound:
            await idempotency.release(conn, held)
            raise


async def carry_on(shop: CheckoutContext, held: Claim) -> Answer:
    """Goes on from the key's recovery point to its answer. What fails on the way lets go of the key, so that others can go on."""
    try:
        begun_before = held.recovery_point != "started"
        if begun_before:
            pending, order = msgspec.convert(held.params["pending"], PendingOrder), None
        else:
            with PHASES.labels("order_pending").time():
                held, pending, order = await _order_pending(shop, held)
        if pending.attempt_id is None:
            return await _finished(shop, held, pending, None)
        if held.recovery_point == "order_pending":
            with PHASES.labels("payment_known").time():
                answer = await _payment_known(shop, held, pending, ask_first=begun_before or pending.under_way)
        else:
            answer = msgspec.convert(held.params["answer"], ProviderAnswer)
        with PHASES.labels("finished").time():
            if order is not None and (given := await _paid_at_once(shop, held, pending, answer, order)):
                return given
            held = await _noted(shop, held, answer)
            return await _finished(shop, held, pending, answer)
    except ProviderUnknown as error:
        raise await _not_known_yet(shop, held) from error
    except DomainError as error:
        return await _refused(shop, held, error)
    except BaseException:
        async with shop.database.write() as conn:
            await idempotency.release(conn, held)
        raise


# --- order_pending ---------------------------------------------------------------------------------------------------------------


async def _order_pending(shop: CheckoutContext, held: Claim) -> tuple[Claim, PendingOrder, Order | None]:
    """One transaction: what was agreed is checked against the truth, stock is held, and the order stands. With it, the order as written."""
    request = msgspec.convert(held.params["request"], PlaceOrder)
    customer_id = msgspec.convert(held.params["customer_id"], UUID | None)

    async def work(conn: Connection) -> tuple[Claim, PendingOrder, Order | None]:
        return await _under_the_carts_lock(conn, shop, held, request, customer_id)

    found = await _at_once(shop, held, request, customer_id)
    if found is not None:
        return found
    for _ in range(EARLIER_ATTEMPTS):
        try:
            return await shop.database.transaction(work)
        except EarlierPayment as under_way:
            await clear_the_way(shop, under_way)
    raise IdempotencyInFlight.again_in(2)


async def _at_once(
    shop: CheckoutContext, held: Claim, request: PlaceOrder, customer_id: UUID | None
) -> tuple[Claim, PendingOrder, Order] | None:
    """What nearly every order comes to: a cart that holds what it wants, with no codes, is read, and then one statement writes all of it if
    the cart is still as it was read. None: it is something else, and nothing has changed.
    """
    now = shop.clock()
    try:
        found = await shop.together.cart(request.cart_id, Guard(customer_id=customer_id), now=now)
        cart, priced = found.cart, await found.till.price(found.cart)
        if found.order is not None or cart.state != "open" or priced.coupon_codes or priced.gift_cards or priced.for_first_order:
            return None
        must_be_agreed(cart, priced, request)
    except DomainError:
        return None  # what is refused is looked at once more under the cart's lock
    order = new_order(shop, request, cart, priced, customer_id, now)
    try:
        written = await shop.together.order_pending(held, order, _kept(order))
    except (asyncpg.UniqueViolationError, *RETRYABLE):
        return None  # the other half of a double click was faster, or others are in the way
    return _as_pending(held, order, *written) if written is not None else None


async def _under_the_carts_lock(
    conn: Connection, shop: CheckoutContext, held: Claim, request: PlaceOrder, customer_id: UUID | None
) -> tuple[Claim, PendingOrder, Order | None]:
    now = shop.clock()
    cart = carts.theirs(await carts.lock(conn, request.cart_id), Guard(customer_id=customer_id))
    ordered = order_store.order_of_cart(cart.id)
    priced, earlier = await pricing.price_cart_beside(conn, cart, ordered, now=now, settings=shop.settings)
    if earlier is not None:
        again = await go_on_with(conn, shop, request, cart, earlier, now)
        if again is not None:
            more = {"pending": again}
            return await idempotency.advance(conn, held, "order_pending", order_id=again.order_id, more=more), again, None
        priced = await pricing.price_cart(conn, cart, now=now, settings=shop.settings)  # what the other order held is free now
    if cart.state != "open":
        raise CartClosed("This cart is closed. Start a new one.")
    if priced.for_first_order:
        priced = await pricing.price_first_order(conn, cart, now=now, settings=shop.settings)
    must_be_agreed(cart, priced, request)
    order = new_order(shop, request, cart, priced, customer_id, now)
    # Stock, then coupons, then gift cards, as whoever gives an order up gives them back: else each would wait for the other.
    country = cart.delivery_address.country if cart.delivery_address else None
    await inventory.hold_for_order(conn, cart.id, order.id, _demand(priced), order.expires_at, country)
    if priced.coupon_codes:
        await pricing.claim_coupons(conn, order.id, order.email.lower(), priced.coupon_codes, customer_id=order.customer_id)
    if priced.gift_cards:
        await pricing.spend_gift_cards(conn, order.id, [(card_id, amount) for card_id, _, amount in priced.gift_cards])
    number, line_ids = await store.order_pending(conn, held, order, _kept(order), prefix=shop.settings.shop.order_prefix, now=now)
    return _as_pending(held, order, number, line_ids)


def _demand(priced: PricedCart) -> dict[int, int]:
    return {line.variant_id: line.quantity for line in priced.lines}


def _kept(order: NewOrder) -> PendingOrder:
    """What whoever goes on from here needs to know; the order has its number when it is written."""
    return PendingOrder(
        order_id=order.id,
        number="",
        email=order.email,
        currency=order.currency,
        to_pay=order.to_pay,
        attempt_id=order.attempt_id,
        payment_method=order.payment_method,
        capture_later=order.capture_later,
    )


def _as_pending(held: Claim, order: NewOrder, number: str, line_ids: list[int]) -> tuple[Claim, PendingOrder, Order]:
    """The recovery point that was reached, and the order as it was written."""
    pending = msgspec.structs.replace(_kept(order), number=number)
    moved = msgspec.structs.replace(
        held, recovery_point="order_pending", order_id=order.id, params=held.params | {"pending": msgspec.to_builtins(pending)}
    )
    return moved, pending, order.as_written(number, line_ids)


# --- the call --------------------------------------------------------------------------------------------------------------------


async def _payment_known(shop: CheckoutContext, held: Claim, pending: PendingOrder, *, ask_first: bool) -> ProviderAnswer:
    """Asks the provider for the money, or first what became of a call that was begun before."""
    answer = await _ask(shop, pending) if ask_first else None
    return answer if answer is not None else await _take_money(shop, held, pending, begun_before=ask_first)


async def _noted(shop: CheckoutContext, held: Claim, answer: ProviderAnswer) -> Claim:
    """The recovery point: whoever goes on from here need not ask the provider again."""
    if held.recovery_point == "payment_known":
        return held
    async with shop.database.write() as conn:
        return await idempotency.note_answer(conn, held, msgspec.to_builtins(answer))


async def _take_money(shop: CheckoutContext, held: Claim, pending: PendingOrder, *, begun_before: bool) -> ProviderAnswer:
    """The call. A lost answer is asked for; there is never a new attempt for it."""
    charge = _charge(shop, held, pending)
    if begun_before:
        await _must_be_live(shop, held, pending)
    try:
        return await shop.payments.charge(charge)
    except ProviderUnknown:
        answer = await _ask(shop, pending)
        if answer is None:
            raise
        return answer
    except ProviderUnavailable as error:
        if begun_before:  # this call surely did nothing; the one before may still be on its way
            raise ProviderUnknown(str(error)) from error
        await _nothing_happened(shop, held, charge.attempt_id)
        raise PaymentProviderAway() from error


async def _must_be_live(shop: CheckoutContext, held: Claim, pending: PendingOrder) -> None:
    """An attempt that was closed while nobody was at work on it is not charged any more. Raises CartOrdered when another paid its order,
    OrderGivenUp when that is cancelled, IdempotencyInFlight when it still waits: the same key then begins a new attempt.
    """
    assert pending.attempt_id is not None
    async with shop.database.write() as conn:
        attempt = await order_store.attempt_by_id(conn, pending.attempt_id)
        if attempt is not None and attempt.live:
            return
        order = await orders.order_by_id(conn, pending.order_id)
        if order.status == "pending_payment":
            await idempotency.release(conn, held, back_to="started")
            raise IdempotencyInFlight.again_in()
    if order.status != "cancelled":
        raise CartOrdered.of(shop.settings, order)
    raise OrderGivenUp("The order was given up before it was paid. Nothing was charged.")


async def _ask(shop: CheckoutContext, pending: PendingOrder) -> ProviderAnswer | None:
    """What became of the attempt; None when the provider has not heard of it. Raises ProviderUnknown."""
    assert pending.attempt_id is not None
    async with shop.database.write() as conn:
        attempt = await order_store.attempt_by_id(conn, pending.attempt_id)
    begun_at = attempt.created_at if attempt is not None else None
    try:
        return await shop.payments.lookup(attempt_id=pending.attempt_id, provider_ref=pending.provider_ref, created_at=begun_at)
    except ProviderUnavailable as error:
        raise ProviderUnknown(str(error)) from error


def _charge(shop: CheckoutContext, held: Claim, pending: PendingOrder) -> ChargeRequest:
    """The same request for the same attempt, however often and by whomever it is made."""
    assert pending.attempt_id is not None
    request = msgspec.convert(held.params["request"], PlaceOrder)
    return ChargeRequest(
        attempt_id=pending.attempt_id,
        order_id=pending.order_id,
        order_number=pending.number,
        amount=pending.to_pay,
        currency=pending.currency,
        payment_method=pending.payment_method,
        return_url=request.return_url or _own_return_url(shop, pending),
        email=pending.email,
        capture_later=pending.capture_later,
    )


def _own_return_url(shop: CheckoutContext, pending: PendingOrder) -> str:
    key = order_key(shop.settings, pending.order_id)
    return f"{shop.settings.server.public_url}/checkout/return?order={pending.number}&key={key}"


async def _nothing_happened(shop: CheckoutContext, held: Claim, attempt_id: UUID) -> None:
    """The provider surely has not begun: the attempt is closed, and a retry with the same key starts a new one on the same order.

    Raises IdempotencyInFlight when the key has been taken over: whoever has it now may be charging this very attempt.
    """

    async def work(conn: Connection) -> None:
        if not await idempotency.release(conn, held, back_to="started"):
            raise IdempotencyInFlight.again_in()
        await order_store.record_attempt(conn, attempt_id, "cancelled", None, now=shop.clock())

    await shop.database.transaction(work)


# --- finished --------------------------------------------------------------------------------------------------------------------


async def _finished(shop: CheckoutContext, held: Claim, pending: PendingOrder, answer: ProviderAnswer | None) -> Answer:
    """One transaction: the order moves on, and the answer to the shopper is stored with it."""

    async def work(conn: Connection) -> Answer:
        now = shop.clock()
        if answer is None:
            settlement = await settle_free(conn, shop.jobs, pending.order_id, now=now)
        else:
            attempt = _attempt_of(pending, now)
            settlement = await settle_payment(conn, shop.jobs, attempt, answer, now=now)
        order = await orders.order_by_id(conn, pending.order_id)
        given = answer_of(shop.settings, order, settlement, answer)
        await idempotency.finish(conn, held, given, now=now)
        return given

    return await shop.database.transaction(work)


async def _paid_at_once(shop: CheckoutContext, held: Claim, pending: PendingOrder, answer: ProviderAnswer, order: Order) -> Answer | None:
    """What nearly every payment comes to, in one statement: the recovery points payment_known and finished at once. `order` is as it was
    written. None: it came to something else, and nothing has changed.
    """
    if answer.state not in PAID_AS:
        return None
    now = shop.clock()
    given = answer_of(shop.settings, order.as_paid(answer.state, answer.captured, now), PAID_AS[answer.state], answer)
    try:
        settled = await settle_and_answer(shop.together, shop.jobs, _attempt_of(pending, now), answer, held, given, now=now)
    except RETRYABLE:
        return None
    return given if settled else None


def _attempt_of(pending: PendingOrder, now: datetime) -> PaymentAttempt:
    """The attempt as it was written; its later fields are not needed to settle it."""
    assert pending.attempt_id is not None
    return PaymentAttempt(
        id=pending.attempt_id,
        order_id=pending.order_id,
        kind="charge",
        amount=pending.to_pay,
        currency=pending.currency,
        state="open",
        capture_later=pending.capture_later,
        payment_method=pending.payment_method,
        provider_ref=None,
        parent_id=None,
        decline_code=None,
        redirect_url=None,
        created_at=now,
        updated_at=now,
    )


async def _refused(shop: CheckoutContext, held: Claim, error: DomainError) -> Answer:
    """A refusal is the key's answer when the client cannot mend it; else the key is let go, and the refusal is told."""
    async with shop.database.write() as conn:
        if idempotency.is_answer(error):
            given = refusal(shop.settings, error)
            await idempotency.finish(conn, held, given, now=shop.clock())
            return given
        if held.recovery_point == "started" and error.status < 500:
            await idempotency.forget(conn, held)
        else:
            await idempotency.release(conn, held)
    raise error


async def _not_known_yet(shop: CheckoutContext, held: Claim) -> IdempotencyInFlight:
    """The provider's answer is lost and it cannot be asked now. Recovery, or a retry, learns the rest, and that is the key's answer."""
    async with shop.database.write() as conn:
        await idempotency.release(conn, held)
    if "pending" not in held.params:
        return IdempotencyInFlight.again_in(2)
    pending = msgspec.convert(held.params["pending"], PendingOrder)
    return PaymentUnderWay(shop.settings, pending.order_id, pending.number)
