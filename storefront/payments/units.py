"""Amounts as the provider writes them: for some currencies its minor unit is not the shop's, which is CLDR's.

Stripe gives two decimals to every currency that it does not list, also to those that have none elsewhere: 500 ISK are 5 krónur there.
Source: Stripe documentation, "Supported currencies" (zero-decimal currencies, three-decimal currencies, special cases).
"""

from storefront.platform.money import minor_digits

_NO_DECIMALS = frozenset(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"))


def to_provider(amount: int, currency: str) -> int:
    """The shop's minor units as the provider's."""
    return amount * _times(currency)


def from_provider(amount: int, currency: str) -> int:
    """The provider's minor units as the shop's. What the shop has no unit for is counted as a whole one, so that it is seen to differ."""
    return -(-amount // _times(currency))


def _times(currency: str) -> int:
    digits = 0 if currency in _NO_DECIMALS else 2
    times: int = 10 ** max(0, digits - minor_digits(currency))
    return times
