"""The total of a cart, computed once. Pure: the same input gives the same PricedCart, in whatever order its lines come.

In this order: what can be bought → discounts (`promotions`) → delivery → tax for each line and for delivery → gift cards. Rounding is that
of `rounding`. Tax is asked of the price after discount. With prices that include tax, a line's total is its price and the tax is within it,
whatever the country: the shopper pays the price that the page showed. With prices that exclude it, the tax comes on top.
"""

from collections.abc import Mapping, Sequence

import msgspec

from storefront.catalog.model import SaleVariant
from storefront.pricing.delivery import Parcel, offered
from storefront.pricing.model import (
    CartLine,
    DeliveryRule,
    FulfillmentOption,
    GiftCard,
    LineProblem,
    PricedCart,
    PricedLine,
    Promotion,
    Standing,
    TaxRate,
)
from storefront.pricing.promotions import Discounts, Sold, apply_promotions
from storefront.pricing.tax import TaxTable

BUYABLE = (None, "insufficient_stock")  # problems of lines that are for sale


class Rules(msgspec.Struct, frozen=True):
    """What the lines are priced by. `code_problems` and `idle_gift_cards` were refused before: (code, reason), (id, last four, reason)."""

    promotions: tuple[Promotion, ...] = ()
    tax_rates: tuple[TaxRate, ...] = ()  # of the country
    region: str = ""
    region_problem: str = ""
    prices_include_tax: bool = True
    delivery: tuple[DeliveryRule, ...] = ()  # of the zone, in their order
    fulfillment_option_id: int | None = None
    gift_cards: tuple[GiftCard, ...] = ()  # in the order they are used
    standing: Standing = Standing()
    code_problems: tuple[tuple[str, str], ...] = ()
    idle_gift_cards: tuple[tuple[int, str, str], ...] = ()


def compute(
    currency: str,
    lines: Sequence[CartLine],
    variants: Mapping[int, SaleVariant],
    rules: Rules,
    *,
    held: Mapping[int, int] | None = None,
) -> PricedCart:
    """Prices the lines. `variants` are those that exist; `held` is what the cart holds of them already, by variant."""
    problems = {line.variant_id: _problem(line, variants.get(line.variant_id), held or {}) for line in lines}
    buyable = [(line, variants[line.variant_id]) for line in lines if problems[line.variant_id] in BUYABLE]
    sold = [_sold(line, variant) for line, variant in buyable]
    discounts, options = _discounted(currency, sold, rules, _weight_to_send(buyable))
    table = TaxTable(rules.tax_rates, rules.region, prices_include_tax=rules.prices_include_tax)
    priced = tuple(_priced(line, variants.get(line.variant_id), problems[line.variant_id], discounts, table, held or {}) for line in lines)
    return _totals(currency, priced, rules, discounts, table, _tax_names(buyable, table), options)


def requires_delivery(lines: Sequence[CartLine], variants: Mapping[int, SaleVariant]) -> bool:
    """Whether something of what can be bought is sent."""
    buyable = [variants[line.variant_id] for line in lines if _problem(line, variants.get(line.variant_id), {}) in BUYABLE]
    return any(variant.requires_delivery for variant in buyable)


def _problem(line: CartLine, variant: SaleVariant | None, held: Mapping[int, int]) -> LineProblem | None:
    if variant is None or not variant.on_sale:
        return "not_on_sale"
    if variant.amount is None:
        return "no_price"
    if line.quantity > _available(variant, held):
        return "insufficient_stock"
    return None


def _available(variant: SaleVariant, held: Mapping[int, int]) -> int:
    return max(0, variant.available + held.get(variant.id, 0))


def _sold(line: CartLine, variant: SaleVariant) -> Sold:
    return Sold(
        variant_id=variant.id,
        product_id=variant.product_id,
        category_ids=variant.category_ids,
        collection_ids=variant.collection_ids,
        quantity=line.quantity,
        unit_amount=variant.amount or 0,
    )


def _weight_to_send(buyable: Sequence[tuple[CartLine, SaleVariant]]) -> int | None:
    """In grams; None: nothing needs delivery."""
    sent = [line.quantity * variant.weight_grams for line, variant in buyable if variant.requires_delivery]
    return sum(sent) if sent else None


def _discounted(currency: str, sold: Sequence[Sold], rules: Rules, weight: int | None) -> tuple[Discounts, tuple[FulfillmentOption, ...]]:
    """What promotions take off, and each option at what it costs when it is the chosen one: whether delivery is made free by one of them
    depends on the choice.
    """

    def with_choice(option_id: int | None) -> Discounts:
        parcel = Parcel(weight, rules.delivery, option_id) if weight is not None else None
        return apply_promotions(sold, rules.promotions, currency=currency, standing=rules.standing, parcel=parcel)

    def offers(among: Sequence[DeliveryRule], found: Discounts) -> tuple[FulfillmentOption, ...]:
        goods = sum(line.subtotal for line in sold) - sum(found.by_variant.values())
        return offered(among, weight_grams=weight or 0, goods_amount=goods, free=found.free_delivery)

    discounts = with_choice(rules.fulfillment_option_id)
    if weight is None:
        return discounts, ()
    if all(promotion.kind != "free_delivery" for promotion in rules.promotions):
        return discounts, offers(rules.delivery, discounts)
    return discounts, tuple(option for rule in rules.delivery for option in offers((rule,), with_choice(rule.id)))


def _priced(
    line: CartLine,
    variant: SaleVariant | None,
    problem: LineProblem | None,
    discounts: Discounts,
    table: TaxTable,
    held: Mapping[int, int],
) -> PricedLine:
    if variant is None:
        return _unknown(line)
    buyable = problem in BUYABLE
    unit_amount = (variant.amount or 0) if buyable else 0
    subtotal = unit_amount * line.quantity
    discount = discounts.by_variant.get(variant.id, 0)
    rate = table.rate_for(variant.tax_code, taxable=variant.taxable)
    tax = table.tax(subtotal - discount, rate)
    return PricedLine(
        variant_id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        title=variant.title,
        slug=variant.slug,
        options=variant.options,
        image_url=variant.image_url,
        quantity=line.quantity,
        unit_amount=unit_amount,
        compare_at=variant.compare_at if buyable else None,
        subtotal=subtotal,
        discount=discount,
        tax=tax,
        tax_ppm=rate.rate_ppm,
        total=subtotal - discount + (0 if table.prices_include_tax else tax),
        weight_grams=variant.weight_grams * line.quantity,
        requires_delivery=variant.requires_delivery,
        seen_amount=line.seen_amount,
        available=_available(variant, held),
        problem=problem,
    )


def _unknown(line: CartLine) -> PricedLine:
    """A variant that was deleted since it was put into the cart."""
    return PricedLine(
        variant_id=line.variant_id,
        product_id=0,
        sku="",
        title="No longer in the shop",
        slug="",
        options=(),
        image_url=None,
        quantity=line.quantity,
        unit_amount=0,
        compare_at=None,
        subtotal=0,
        discount=0,
        tax=0,
        tax_ppm=0,
        total=0,
        weight_grams=0,
        requires_delivery=False,
        seen_amount=line.seen_amount,
        available=0,
        problem="not_on_sale",
    )


def _tax_names(buyable: Sequence[tuple[CartLine, SaleVariant]], table: TaxTable) -> dict[int, str]:
    return {variant.id: table.rate_for(variant.tax_code, taxable=variant.taxable).name for _, variant in buyable}


def _totals(
    currency: str,
    lines: tuple[PricedLine, ...],
    rules: Rules,
    discounts: Discounts,
    table: TaxTable,
    tax_names: Mapping[int, str],
    options: tuple[FulfillmentOption, ...],
) -> PricedCart:
    bought = [line for line in lines if line.can_be_bought]
    sent = [line for line in bought if line.requires_delivery]
    subtotal, discount = sum(line.subtotal for line in bought), sum(line.discount for line in bought)
    chosen = next((option for option in options if option.id == rules.fulfillment_option_id), None)
    delivery = chosen.amount if chosen else 0
    delivery_rate = table.rate_for_delivery()
    delivery_tax = table.tax(delivery, delivery_rate)
    tax = sum(line.tax for line in bought) + delivery_tax
    total = subtotal - discount + delivery + (0 if table.prices_include_tax else tax)
    used = _use_gift_cards(rules.gift_cards, total)
    paying = {card_id for card_id, *_ in used}
    idle = tuple((card.id, card.last_four, "Nothing is left for it to pay.") for card in rules.gift_cards if card.id not in paying)
    by_rate = [(tax_names[line.variant_id], line.tax_ppm, line.tax) for line in bought]
    by_rate.append((delivery_rate.name, delivery_rate.rate_ppm, delivery_tax))
    paid_by_cards = sum(amount for *_, amount in used)
    return PricedCart(
        currency=currency,
        lines=lines,
        subtotal=subtotal,
        discount=discount,
        delivery=delivery,
        tax=tax,
        total=total,
        to_pay=total - paid_by_cards,
        prices_include_tax=table.prices_include_tax,
        item_count=sum(line.quantity for line in lines),
        weight_grams=sum(line.weight_grams for line in sent),
        requires_delivery=bool(sent),
        promotions=discounts.applied,
        coupon_codes=tuple(found.coupon_code for found in discounts.applied if found.coupon_code),
        coupon_problems=rules.code_problems + discounts.problems,
        gift_card_amount=paid_by_cards,
        gift_cards=used,
        idle_gift_cards=rules.idle_gift_cards + idle,
        fulfillment_option=chosen,
        fulfillment_options=options,
        delivery_tax=delivery_tax,
        tax_lines=_grouped(by_rate),
        region_problem=rules.region_problem,
    )


def _grouped(by_rate: Sequence[tuple[str, int, int]]) -> tuple[tuple[str, int, int], ...]:
    sums: dict[tuple[str, int], int] = {}
    for name, ppm, amount in by_rate:
        if ppm:
            sums[name, ppm] = sums.get((name, ppm), 0) + amount
    return tuple((name, ppm, amount) for (name, ppm), amount in sorted(sums.items()) if amount)


def _use_gift_cards(cards: Sequence[GiftCard], total: int) -> tuple[tuple[int, str, int], ...]:
    used: list[tuple[int, str, int]] = []
    for card in cards:
        amount = min(card.balance, total)
        total -= amount
        if amount > 0:
            used.append((card.id, card.last_four, amount))
    return tuple(used)
