"""Which promotions apply, in which order, and what each takes off which line. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from storefront.pricing.model import AppliedPromotion, Promotion, Standing
from storefront.pricing.rounding import half_up, share, spread


class Sold(msgspec.Struct, frozen=True):
    """A line that can be bought, as promotions see it."""

    variant_id: int
    product_id: int
    category_ids: tuple[int, ...]
    collection_ids: tuple[int, ...]
    quantity: int
    unit_amount: int

    @property
    def subtotal(self) -> int:
        return self.quantity * self.unit_amount


class Discounts(msgspec.Struct, frozen=True):
    """What promotions came to. `by_variant` never exceeds a line's subtotal; `problems` are (code, reason) for people."""

    by_variant: dict[int, int]
    applied: tuple[AppliedPromotion, ...]
    free_delivery: bool
    problems: tuple[tuple[str, str], ...]


def apply_promotions(lines: Sequence[Sold], promotions: Sequence[Promotion], *, currency: str, standing: Standing) -> Discounts:
    """Applies promotions by priority (then id), each to what the ones before it have left of a line's price.

    One that is not combinable is applied only if nothing was before it, and nothing is after it.
    """
    lines = sorted(lines, key=lambda line: line.variant_id)
    taken = {line.variant_id: 0 for line in lines}
    applied: list[AppliedPromotion] = []
    problems: list[tuple[str, str]] = []
    used: set[int] = set()
    free_delivery = alone = False
    for promotion in sorted(promotions, key=lambda found: (found.priority, found.id, found.coupon_code or "")):
        eligible = [line for line in lines if is_for(promotion, line)]
        reason = _why_not(promotion, eligible, currency, standing)
        if reason is None and promotion.id in used:
            reason = "This is on already."
        if reason is None and (alone or (applied and not promotion.combinable)):
            reason = f"This cannot be combined with “{applied[0].name}”."
        if reason is None:
            cuts = _cuts(promotion, eligible, taken)
            saved = sum(cuts.values())
            if saved == 0 and promotion.kind != "free_delivery":
                reason = "This takes nothing off the cart as it is."
        if reason is not None:
            if promotion.coupon_code:
                problems.append((promotion.coupon_code, reason))
            continue
        for variant_id, cut in cuts.items():
            taken[variant_id] += cut
        free_delivery = free_delivery or promotion.kind == "free_delivery"
        alone = not promotion.combinable
        used.add(promotion.id)
        applied.append(AppliedPromotion(promotion.name, saved, promotion.coupon_code, promotion.first_order_only))
    return Discounts(taken, tuple(applied), free_delivery, tuple(problems))


def is_for(promotion: Promotion, line: Sold) -> bool:
    """Whether the line is among what the promotion names: a product, a category or a collection; nothing named is everything."""
    if not (promotion.product_ids or promotion.category_ids or promotion.collection_ids):
        return True
    return (
        line.product_id in promotion.product_ids
        or not set(line.category_ids).isdisjoint(promotion.category_ids)
        or not set(line.collection_ids).isdisjoint(promotion.collection_ids)
    )


def _why_not(promotion: Promotion, eligible: Sequence[Sold], currency: str, standing: Standing) -> str | None:
    if promotion.currency is not None and promotion.currency != currency:
        return "This is for another currency."
    if promotion.customer_group and promotion.customer_group != standing.customer_group:
        return "This is not for your account. Sign in, if you have not."
    if promotion.first_order_only and standing.first_order is None:
        return "This is for first orders; it counts once you have entered your e-mail address."
    if promotion.first_order_only and not standing.first_order:
        return "This is for first orders only."
    if not eligible:
        return "Nothing in the cart is part of this."
    if sum(line.subtotal for line in eligible) < promotion.minimum_subtotal:
        return "The cart has not reached the minimum for this."
    return None


def _cuts(promotion: Promotion, eligible: Sequence[Sold], taken: Mapping[int, int]) -> dict[int, int]:
    """What the promotion takes off each line, never more than is left of it. `eligible` is in order of variants."""
    left = {line.variant_id: line.subtotal - taken[line.variant_id] for line in eligible}
    if promotion.kind == "percentage":
        return {variant_id: share(rest, promotion.percent_ppm or 0) for variant_id, rest in left.items()}
    if promotion.kind == "fixed":
        parts = spread(min(promotion.amount or 0, sum(left.values())), list(left.values()))
        return dict(zip(left, parts, strict=True))
    if promotion.kind == "buy_x_get_y":
        return _free_units(promotion, eligible, left)
    return {}


def _free_units(promotion: Promotion, eligible: Sequence[Sold], left: Mapping[int, int]) -> dict[int, int]:
    """For each whole group of buy + get units, the `get` cheapest units of all eligible ones are free."""
    buy, get = promotion.buy_quantity or 1, promotion.get_quantity or 1
    free = sum(line.quantity for line in eligible) // (buy + get) * get
    cuts: dict[int, int] = {}
    for line in sorted(eligible, key=lambda line: (line.unit_amount, line.variant_id)):
        units = min(free, line.quantity)
        free -= units
        cuts[line.variant_id] = half_up(left[line.variant_id] * units, line.quantity)
    return cuts
