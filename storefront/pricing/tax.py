"""Which tax rate a line has, by where it goes. Pure."""

from collections.abc import Sequence

from storefront.pricing.model import TaxRate
from storefront.pricing.rounding import tax_on_top, tax_within

NO_TAX = TaxRate(region="", tax_code="", name="No tax", rate_ppm=0, applies_to_delivery=False)


def region_problem(rates: Sequence[TaxRate], region: str) -> str:
    """What is wrong with the region of an address, as rates of a country hang on it; "" if nothing is. It need not be named where the
    country has rates for all others.
    """
    own = {rate.region.casefold(): rate.region for rate in rates if rate.region}
    has_others = any(not rate.region for rate in rates)
    if not own or region.casefold() in own or (not region and has_others):
        return ""
    return f"Enter one of {', '.join(sorted(own.values()))}{', or leave it empty' if has_others else ''}."


class TaxTable:
    """The rates of one country. A region with rates of its own goes before the country; a tax code goes before the standard rate."""

    def __init__(self, rates: Sequence[TaxRate], region: str, *, prices_include_tax: bool) -> None:
        self._rates = {(rate.region.casefold(), rate.tax_code): rate for rate in rates}
        self._region = region.casefold()
        self.prices_include_tax = prices_include_tax

    def rate_for(self, tax_code: str, *, taxable: bool = True) -> TaxRate:
        """The rate of a line. Nothing is known of the country: no tax."""
        if not taxable:
            return NO_TAX
        for place in dict.fromkeys((self._region, "")):
            for code in dict.fromkeys((tax_code, "")):
                found = self._rates.get((place, code))
                if found is not None:
                    return found
        return NO_TAX

    def rate_for_delivery(self) -> TaxRate:
        """The standard rate, where it is asked of delivery."""
        standard = self.rate_for("")
        return standard if standard.applies_to_delivery else NO_TAX

    def tax(self, amount: int, rate: TaxRate) -> int:
        """The tax in, or on top of, an amount after discount."""
        return tax_within(amount, rate.rate_ppm) if self.prices_include_tax else tax_on_top(amount, rate.rate_ppm)
