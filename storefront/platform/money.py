"""Money: integer minor units and an ISO 4217 currency. No float ever holds an amount."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec
from babel.numbers import format_currency, get_currency_precision


class Money(msgspec.Struct, frozen=True):
    """`amount` in minor units (cents, yen, fils) of `currency`."""

    amount: int
    currency: str


@lru_cache(maxsize=256)
def minor_digits(currency: str) -> int:
    """How many decimal digits the currency's minor unit has: 2 for EUR, 0 for JPY, 3 for KWD (CLDR)."""
    return get_currency_precision(currency)


def to_major(amount: int, currency: str) -> Decimal:
    """Minor units as an exact decimal of the major unit."""
    return Decimal(amount).scaleb(-minor_digits(currency))


def to_minor(text: str, currency: str) -> int:
    """A decimal of the major unit as minor units. Raises ValueError for anything that is not an exact, finite amount."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount") from error
    if not value.is_finite():
        raise ValueError(f"{text!r} is not an amount")
    if value.adjusted() > 15:
        raise ValueError(f"{text!r} is too large")  # before it is scaled, which ends at 1e999999
    scaled = value.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency} has")
    if abs(scaled) > 10**15:
        raise ValueError(f"{text!r} is too large")
    return int(scaled)


@lru_cache(maxsize=8192)
def format_amount(amount: int, currency: str, locale: str = "en") -> str:
    """An amount as people read it: €19.99."""
    return format_currency(to_major(amount, currency), currency, locale=locale)
