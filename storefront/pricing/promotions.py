"""Which promotions apply, in which order, and what each takes off which line. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from storefront.pricing.delivery import Parcel
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


_Apply = Callable[[Sequence[Promotion]], tuple[Discounts, Promotion | None]]


def apply_promotions(
    lines: Sequence[Sold], promotions: Sequence[Promotion], *, currency: str, standing: Standing, parcel: Parcel | None
) -> Discounts:
    """Applies promotions by priority (then id), each to what the ones before it have left of a line's price.

    One that is not combinable is applied only if nothing was before it, and nothing is after it. Free delivery is applied where it saves
    something, or may once an option is chosen: what it stands in the way of is known only with it. `parcel` None: nothing is sent.
    """
    apply = partial(_applied, lines, currency=currency, standing=standing)
    left = list(promotions)
    idle: list[tuple[str, str]] = []
    while True:
        found, freeing = apply(left)
        if freeing is None or _saves(freeing, lines, left, found, apply, parcel):
            return msgspec.structs.replace(found, problems=(*found.problems, *idle))
        left.remove(freeing)
        if freeing.coupon_code:
            reason = "Nothing in the cart needs delivery." if parcel is None else "Delivery costs nothing as it is."
            idle.append((freeing.coupon_code, reason))


def _saves(
    freeing: Promotion, lines: Sequence[Sold], promotions: Sequence[Promotion], found: Discounts, apply: _Apply, parcel: Parcel | None
) -> bool:
    """Whether delivery would cost something if it were not free by this one, and, if that is a code, is not free without any."""
    if parcel is None or not parcel.costs(_goods(lines, found)):
        return False
    if freeing.coupon_code is None:
        return True
    _, by_itself = apply([promotion for promotion in promotions if promotion.kind != "free_delivery" or not promotion.coupon_code])
    return by_itself is None


def _goods(lines: Sequence[Sold], discounts: Discounts) -> int:
    return sum(line.subtotal for line in lines) - sum(discounts.by_variant.values())


def _applied(
    lines: Sequence[Sold], promotions: Sequence[Promotion], *, currency: str, standing: Standing
) -> tuple[Discounts, Promotion | None]:
    """What the promotions come to, with the one that delivery is free by."""
    lines = sorted(lines, key=lambda line: line.variant_id)
    taken = {line.variant_id: 0 for line in lines}
    applied: list[AppliedPromotion] = []
    problems: list[tuple[str, str]] = []
    used: set[int] = set()
    freeing: Promotion | None = None
    alone = False
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
            if promotion.kind == "free_delivery":
                reason = "Delivery is free already." if freeing is not None else None
            elif saved == 0:
                reason = "This takes nothing off the cart as it is."
        if reason is not None:
            if promotion.coupon_code:
                problems.append((promotion.coupon_code, reason))
            continue
        for variant_id, cut in cuts.items():
            taken[variant_id] += cut
        freeing = promotion if promotion.kind == "free_delivery" else freeing
        alone = not promotion.combinable
        used.add(promotion.id)
        applied.append(AppliedPromotion(promotion.name, saved, promotion.coupon_code, promotion.first_order_only))
    return Discounts(taken, tuple(applied), freeing is not None, tuple(problems)), freeing


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
