"""A cart that has an order already: it is gone on with, or gives way to an order of the cart as it is now, and is never paid twice."""

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from storefront.cart.model import Cart
from storefront.checkout.agreement import as_seen, must_be_as_seen
from storefront.checkout.context import CheckoutContext
from storefront.checkout.errors import CartOrdered, PaymentProviderAway, PaymentUnderWay
from storefront.checkout.idempotency import IdempotencyInFlight
from storefront.checkout.model import PendingOrder, PlaceOrder
from storefront.checkout.settle import settle_payment
from storefront.orders import service as orders
from storefront.orders import store as order_store
from storefront.orders.model import OrderHead, PaymentAttempt
from storefront.payments.model import ProviderAnswer
from storefront.payments.service import ProviderUnavailable
from storefront.platform.database import Connection
from storefront.platform.questions import ask


class EarlierPayment(Exception):
    """The cart's order has a payment under way, which only the provider can tell us about."""

    def __init__(self, order: OrderHead, attempt: PaymentAttempt) -> None:
        super().__init__(order.number)
        self.order = order
        self.attempt = attempt


async def go_on_with(
    conn: Connection, shop: CheckoutContext, request: PlaceOrder, cart: Cart, earlier: OrderHead, now: datetime
) -> PendingOrder | None:
    """The cart has an order already. Paid: there is no second. Pending and unchanged: it gets another payment attempt.
    Pending and changed: it is given up (None), and an order of the cart as it is now takes its place.

    Raises CartOrdered, VersionMismatch, IdempotencyInFlight, and EarlierPayment: `clear_the_way`, and ask again.
    """
    if earlier.status != "pending_payment":
        raise CartOrdered.of(shop.settings, earlier)
    must_be_as_seen(cart, request)
    same = (
        earlier.cart_version == cart.version
        and as_seen(request, earlier.total, earlier.to_pay, earlier.currency)
        and earlier.expires_at > now
    )
    live = await order_store.live_charge(conn, earlier.id)
    if live is not None:
        if same and live.state == "requires_action" and live.payment_method == request.payment_method:
            return _pending(earlier, live.id, cart, request, live.capture_later, under_way=live)
        raise EarlierPayment(earlier, live)
    if same and earlier.to_pay == 0:
        return _pending(earlier, None, cart, request, capture_later=False)
    # Whoever settles a payment locks the order and then the cart; we hold the cart, so the order is locked only when nobody is paying it.
    await order_store.lock_order(conn, earlier.id)
    (now_there,) = await ask(conn, order_store.order_of_cart(cart.id))
    if now_there != earlier or await order_store.live_charge(conn, earlier.id) is not None:
        raise IdempotencyInFlight.again_in()
    if not same:
        await orders.cancel_unpaid(conn, earlier.id, "replaced", now=now)
        return None
    attempt_id = uuid4()
    await order_store.try_again(
        conn,
        earlier,
        attempt_id,
        payment_method=request.payment_method,
        capture_later=shop.capture_later,
        expires_at=now + shop.hold_time,
        now=now,
    )
    return _pending(earlier, attempt_id, cart, request, shop.capture_later)


def _pending(
    earlier: OrderHead,
    attempt_id: UUID | None,
    cart: Cart,
    request: PlaceOrder,
    capture_later: bool,
    *,
    under_way: PaymentAttempt | None = None,
) -> PendingOrder:
    return PendingOrder(
        order_id=earlier.id,
        number=earlier.number,
        email=cart.email or "",
        currency=earlier.currency,
        to_pay=earlier.to_pay,
        attempt_id=attempt_id,
        payment_method=request.payment_method,
        capture_later=capture_later,
        under_way=under_way is not None,
        provider_ref=under_way.provider_ref if under_way is not None else None,
    )


async def clear_the_way(shop: CheckoutContext, under_way: EarlierPayment) -> None:
    """Ends the earlier payment at the provider, or learns that it succeeded; between transactions, as it is a call."""
    attempt = under_way.attempt
    try:
        answer = await end_payment(shop, attempt)
    except ProviderUnavailable as error:
        raise PaymentProviderAway() from error
    if answer is None:
        raise IdempotencyInFlight.again_in(2)
    if answer.state == "processing":
        raise PaymentUnderWay(shop.settings, under_way.order.id, under_way.order.number)

    async def settle(conn: Connection) -> None:
        await settle_payment(conn, shop.jobs, attempt, answer, now=shop.clock())

    await shop.database.transaction(settle)


async def end_payment(shop: CheckoutContext, attempt: PaymentAttempt) -> ProviderAnswer | None:
    """Stops a charge that waits for the shopper; what the provider then says of it. None: the provider has not heard of it.

    Raises ProviderUnknown and ProviderUnavailable.
    """
    answer = await shop.payments.lookup(attempt_id=attempt.id, provider_ref=attempt.provider_ref, created_at=attempt.created_at)
    if answer is not None and answer.state == "requires_action":
        return await shop.payments.cancel(answer.provider_ref, str(uuid5(attempt.id, "end")))
    return answer
