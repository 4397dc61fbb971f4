"""Price bands: the choices of the price facet, the same for the index and for plain SQL."""

from bisect import bisect_right

PRICE_EDGES = (1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000)
"""Where a band begins, in minor units of whatever currency is asked."""


def price_band(amount: int) -> str:
    """The facet value that a price counts in: "2500-4999", "0-999", "250000-" (minor units, both ends included)."""
    return band_of_bucket(bisect_right(PRICE_EDGES, amount))


def band_of_bucket(bucket: int) -> str:
    """As `price_band`, from PostgreSQL's width_bucket(amount, PRICE_EDGES)."""
    low = PRICE_EDGES[bucket - 1] if bucket else 0
    high = str(PRICE_EDGES[bucket] - 1) if bucket < len(PRICE_EDGES) else ""
    return f"{low}-{high}"


def band_limits(band: str) -> tuple[int, int | None]:
    """The band's lowest and highest price; an open end is None. Raises ValueError for what is no band."""
    low, _, high = band.partition("-")
    return int(low), int(high) if high else None


def is_band(low: int | None, high: int | None) -> str | None:
    """The band that these limits are exactly, if any."""
    band = price_band(low or 0)
    return band if band_limits(band) == (low or 0, high) else None
