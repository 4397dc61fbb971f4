"""What the till computes with besides the goods: promotions that run by themselves, rates of tax, ways to deliver.

They are some dozens of rows that change a few times a week and are asked for several times an order. So a process remembers them by their
version, which is read on the primary with every price and is new with every change, in the transaction of the change: what is computed with
is what the database held at that moment, never something older.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from storefront.pricing.model import DeliveryRule, Promotion, TaxRate

MOST = 8  # versions that are remembered: shops and moments of one process


class DatedPromotion(Promotion, frozen=True):
    """A promotion with the time in which it runs: from `starts_at`, until before `ends_at`."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def runs(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or self.ends_at > now)


class CountryTaxRate(TaxRate, frozen=True, kw_only=True):
    country: str


class ZoneOption(DeliveryRule, frozen=True, kw_only=True):
    currency: str


class Zone(msgspec.Struct, frozen=True):
    """`countries` may name '*', all that are in no other zone; `options` in their order."""

    countries: tuple[str, ...]
    options: tuple[ZoneOption, ...]


class ShopRules(msgspec.Struct, frozen=True):
    """All rules of a shop at one moment; `zones` in the order in which they are asked."""

    promotions: tuple[DatedPromotion, ...]
    tax_rates: tuple[CountryTaxRate, ...]
    zones: tuple[Zone, ...]

    def running(self, now: datetime) -> list[Promotion]:
        return [promotion for promotion in self.promotions if promotion.runs(now)]

    def taxes_in(self, country: str) -> tuple[TaxRate, ...]:
        return tuple(rate for rate in self.tax_rates if rate.country == country)

    def delivery_to(self, country: str, currency: str) -> tuple[DeliveryRule, ...]:
        """The options of the first zone that the country is in; else of the first that is for all others."""
        zone = next((zone for name in (country, "*") for zone in self.zones if name in zone.countries), None)
        return tuple(option for option in zone.options if option.currency == currency) if zone is not None else ()

    @property
    def ask_where(self) -> bool:
        """Whether some promotion is for certain categories or collections only."""
        return any(asks_where(promotion) for promotion in self.promotions)


def asks_where(promotion: Promotion) -> bool:
    """Whether it is for certain categories or collections only."""
    return bool(promotion.category_ids or promotion.collection_ids)


_known: OrderedDict[str, ShopRules] = OrderedDict()


def newest_known() -> ShopRules | None:
    """Those that were used last: for what may turn out to be wrong, not for a price."""
    return next(reversed(_known.values()), None)


async def of_version(version: str, read: Callable[[], Awaitable[tuple[str, ShopRules]]]) -> ShopRules:
    """The rules of that version, or, when they are not remembered, what `read` finds: those of now, with their version."""
    rules = _known.get(version)
    if rules is None:
        version, rules = await read()
        _known[version] = rules
        while len(_known) > MOST:
            _known.popitem(last=False)
    _known.move_to_end(version)
    return rules
