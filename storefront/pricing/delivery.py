"""Which fulfillment options a cart has and what they cost. Pure."""

from collections.abc import Sequence

import msgspec

from storefront.pricing.model import DeliveryRule, FulfillmentOption


class Parcel(msgspec.Struct, frozen=True):
    """What of a cart is sent. `chosen`: the id of an option, if there is a choice yet."""

    weight_grams: int
    rules: tuple[DeliveryRule, ...]
    chosen: int | None = None

    def costs(self, goods_amount: int) -> bool:
        """Whether its delivery costs something, or, as long as none of the options is chosen, may come to."""
        options = offered(self.rules, weight_grams=self.weight_grams, goods_amount=goods_amount, free=False)
        chosen = [option for option in options if option.id == self.chosen]
        return not options or any(option.amount > 0 for option in chosen or options)


def offered(rules: Sequence[DeliveryRule], *, weight_grams: int, goods_amount: int, free: bool) -> tuple[FulfillmentOption, ...]:
    """The options with their price, in their order. `goods_amount` is the subtotal after discount; `free`: a promotion pays for it."""
    options: list[FulfillmentOption] = []
    for rule in rules:
        amount = _amount(rule, weight_grams)
        if amount is None:
            continue
        if free or (rule.free_from is not None and goods_amount >= rule.free_from):
            amount = 0
        options.append(FulfillmentOption(rule.id, rule.code, rule.name, amount, rule.min_days, rule.max_days))
    return tuple(options)


def _amount(rule: DeliveryRule, weight_grams: int) -> int | None:
    """None: the parcel is too heavy for it."""
    if rule.kind == "flat":
        return rule.amount
    return next((tier.amount for tier in rule.tiers if weight_grams <= tier.up_to_grams), None)
