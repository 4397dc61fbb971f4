"""Delivery zones and tax rates for a fresh shop, so that whatever is imported can be sold at once. An operator edits them later.

Amounts are meant for currencies of about a euro's worth; they are the same number of cents in each. Rates are the standard VAT rates of
the EU's members, the United Kingdom, Norway and Switzerland, and the state rates of a few US states (without county and city).
"""

from typing import Any, NamedTuple

from storefront.platform.database import Connection
from storefront.platform.money import minor_digits
from storefront.pricing.store import queries
from storefront.settings import Settings

_VAT = {
    "AT": 200000, "BE": 210000, "BG": 200000, "HR": 250000, "CY": 190000, "CZ": 210000, "DK": 250000, "EE": 240000, "FI": 255000,
    "FR": 200000, "DE": 190000, "GR": 240000, "HU": 270000, "IE": 230000, "IT": 220000, "LV": 210000, "LT": 210000, "LU": 170000,
    "MT": 180000, "NL": 210000, "PL": 230000, "PT": 230000, "RO": 210000, "SK": 230000, "SI": 220000, "ES": 210000, "SE": 250000,
}  # fmt: skip
_REDUCED = {"AT": 100000, "DE": 70000, "ES": 100000, "FR": 55000, "IT": 100000, "NL": 90000}
_OTHER_VAT = {"GB": 200000, "NO": 250000, "CH": 81000}
_US_STATES = {
    "CA": (72500, False), "FL": (60000, False), "NY": (40000, True), "TX": (62500, True), "WA": (65000, True),
}  # fmt: skip


class _Rate(NamedTuple):
    country: str
    region: str
    tax_code: str
    name: str
    rate_ppm: int
    on_delivery: bool = True


class _Option(NamedTuple):
    """Amounts in cents. Tiers are (up to grams, cents)."""

    code: str
    name: str
    min_days: int
    max_days: int
    cents: int = 0
    tiers: tuple[tuple[int, int], ...] = ()
    free_from: int | None = None


_HOME = (
    _Option("standard", "Standard delivery", 2, 4, cents=490, free_from=5900),
    _Option("express", "Express delivery", 1, 1, cents=1290),
)
_EU = (
    _Option("parcel", "Parcel", 3, 6, tiers=((1000, 890), (5000, 1290), (15000, 1990), (31500, 2990)), free_from=15000),
    _Option("freight", "Freight", 6, 12, cents=8900),
)
_WORLD = (
    _Option("airmail", "Airmail", 6, 14, tiers=((500, 1490), (2000, 2490), (5000, 4490), (10000, 7490), (20000, 12900))),
    _Option("freight", "Freight", 14, 35, cents=24900),
)


async def install(conn: Connection, settings: Settings) -> None:
    """Fills in zones where there are none, and tax rates where there are none; what an operator has made is not touched."""
    if not await queries.has_tax_rates(conn):
        await _insert_rates(conn)
    if not await queries.has_zones(conn):
        home = settings.shop.country
        for position, (name, countries, options) in enumerate(
            (
                ("Home", [home], _HOME),
                ("European Union", [country for country in _VAT if country != home], _EU),
                ("Rest of the world", ["*"], _WORLD),
            )
        ):
            zone_id = await queries.insert_zone(conn, name=name, countries=countries, position=position)
            for currency in settings.shop.currencies:
                for place, option in enumerate(options):
                    await queries.insert_option(conn, zone_id=zone_id, position=place, **_row(option, currency))


def _row(option: _Option, currency: str) -> dict[str, Any]:
    def amount(cents: int) -> int:
        scale: int = 10 ** max(0, minor_digits(currency) - 2)
        return cents * scale

    return {
        "code": option.code,
        "name": option.name,
        "kind": "weight" if option.tiers else "flat",
        "currency": currency,
        "amount": amount(option.cents),
        "tiers": [{"up_to_grams": grams, "amount": amount(cents)} for grams, cents in option.tiers],
        "free_from": amount(option.free_from) if option.free_from is not None else None,
        "min_days": option.min_days,
        "max_days": option.max_days,
    }


async def _insert_rates(conn: Connection) -> None:
    rates = [_Rate(country, "", "", "VAT", ppm) for country, ppm in (_VAT | _OTHER_VAT).items()]
    rates += [_Rate(country, "", "reduced", "VAT (reduced)", ppm) for country, ppm in _REDUCED.items()]
    rates += [_Rate("US", state, "", "Sales tax", ppm, on_delivery) for state, (ppm, on_delivery) in _US_STATES.items()]
    await queries.insert_tax_rates(
        conn,
        countries=[rate.country for rate in rates],
        regions=[rate.region for rate in rates],
        tax_codes=[rate.tax_code for rate in rates],
        names=[rate.name for rate in rates],
        rates=[rate.rate_ppm for rate in rates],
        on_delivery=[rate.on_delivery for rate in rates],
    )
