"""A priced cart as JSON clients see it."""

from uuid import UUID

from storefront.cart.model import (
    Cart,
    CartLineView,
    CartView,
    CodeProblem,
    FulfillmentOptionView,
    GiftCardUse,
    PromotionView,
    TaxLine,
)
from storefront.platform.money import Money
from storefront.pricing.model import FulfillmentOption, PricedCart, PricedLine


def cart_view(cart: Cart, priced: PricedCart, *, next_cart_id: UUID | None = None) -> CartView:
    """The cart with its prices of now."""

    def money(amount: int) -> Money:
        return Money(amount, priced.currency)

    option = priced.fulfillment_option
    return CartView(
        id=cart.id,
        version=cart.version,
        state=cart.state,
        currency=priced.currency,
        item_count=priced.item_count,
        lines=[_line_view(line, priced.currency) for line in priced.lines],
        subtotal=money(priced.subtotal),
        discount=money(priced.discount),
        delivery=money(priced.delivery),
        tax=money(priced.tax),
        total=money(priced.total),
        to_pay=money(priced.to_pay),
        prices_include_tax=priced.prices_include_tax,
        requires_delivery=priced.requires_delivery,
        tax_lines=[TaxLine(name, ppm, money(amount)) for name, ppm, amount in priced.tax_lines],
        promotions=[PromotionView(found.name, found.coupon_code, money(found.amount)) for found in priced.promotions],
        coupon_codes=list(priced.coupon_codes),
        code_problems=[
            *(CodeProblem(code, reason) for code, reason in priced.coupon_problems),
            *(CodeProblem(f"Gift card ending in {last_four}", reason) for _, last_four, reason in priced.idle_gift_cards),
        ],
        gift_cards=[GiftCardUse(card_id, last_four, money(amount)) for card_id, last_four, amount in priced.gift_cards],
        email=cart.email,
        delivery_address=cart.delivery_address,
        billing_address=cart.billing_address,
        fulfillment_option=_option_view(option, priced.currency) if option else None,
        fulfillment_options=[_option_view(found, priced.currency) for found in priced.fulfillment_options],
        next_cart_id=next_cart_id,
    )


def _line_view(line: PricedLine, currency: str) -> CartLineView:
    def money(amount: int) -> Money:
        return Money(amount, currency)

    return CartLineView(
        variant_id=line.variant_id,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        url=line.url if line.slug else "",
        options=list(line.options),
        image_url=line.image_url,
        quantity=line.quantity,
        available=line.available,
        unit_price=money(line.unit_amount),
        seen_price=money(line.seen_amount),
        price_changed=line.price_changed,
        compare_at=money(line.compare_at) if line.compare_at is not None else None,
        subtotal=money(line.subtotal),
        discount=money(line.discount),
        tax=money(line.tax),
        total=money(line.total),
        problem=line.problem,
    )


def _option_view(option: FulfillmentOption, currency: str) -> FulfillmentOptionView:
    return FulfillmentOptionView(option.id, option.code, option.name, Money(option.amount, currency), option.min_days, option.max_days)
