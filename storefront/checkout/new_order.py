"""A priced cart as the order that is written of it: a snapshot, which later changes of the catalog do not reach."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from storefront.accounts.service import normalise_email
from storefront.cart.model import Cart
from storefront.checkout.context import CheckoutContext
from storefront.checkout.model import PlaceOrder
from storefront.orders.model import NewOrder
from storefront.pricing.model import PricedCart


def new_order(
    shop: CheckoutContext, request: PlaceOrder, cart: Cart, priced: PricedCart, customer_id: UUID | None, now: datetime
) -> NewOrder:
    """The order of what was agreed, to be paid within the time that stock is held. It keeps the address that its tax was asked by."""
    return NewOrder(
        id=uuid4(),
        cart_id=cart.id,
        cart_version=cart.version,
        customer_id=customer_id,
        email=normalise_email(cart.email or ""),
        currency=priced.currency,
        subtotal=priced.subtotal,
        discount=priced.discount,
        delivery=priced.delivery,
        tax=priced.tax,
        total=priced.total,
        prices_include_tax=priced.prices_include_tax,
        gift_card_amount=priced.gift_card_amount,
        delivery_address=cart.delivery_address if priced.requires_delivery else None,
        billing_address=cart.billing_address if priced.requires_delivery else cart.tax_address(requires_delivery=False),
        fulfillment_option=_option_as_ordered(priced),
        coupon_codes=list(priced.coupon_codes),
        lines=_lines_as_ordered(priced),
        placed_at=now,
        expires_at=now + shop.hold_time,
        attempt_id=uuid4() if priced.to_pay else None,
        to_pay=priced.to_pay,
        capture_later=shop.capture_later,
        payment_method=request.payment_method,
    )


def _option_as_ordered(priced: PricedCart) -> dict[str, Any] | None:
    option = priced.fulfillment_option
    return msgspec.to_builtins(option) if option is not None and priced.requires_delivery else None


def _lines_as_ordered(priced: PricedCart) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "variant_id": line.variant_id,
            "product_id": line.product_id,
            "sku": line.sku,
            "title": line.title,
            "options": line.options,
            "image_url": line.image_url,
            "slug": line.slug,
            "quantity": line.quantity,
            "unit_amount": line.unit_amount,
            "subtotal": line.subtotal,
            "discount": line.discount,
            "tax": line.tax,
            "tax_ppm": line.tax_ppm,
            "total": line.total,
        }
        for position, line in enumerate(priced.lines, start=1)
    ]
