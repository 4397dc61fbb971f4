"""The shop's rounding, in integers only.

1. A share of an amount (a percentage, a tax) is rounded to the nearest minor unit, halves up: once for each line, never on a sum.
2. An amount that belongs to several lines together is spread by largest remainder: each line gets its exact share rounded down, and the
   units that are left go one by one to the largest remainders. So the parts always sum to the whole. Equal remainders are served in the
   order of the weights as they are given; callers give them in an order of their own (by variant), never in the order of the page.
3. The minor unit is the currency's own (cents, yen, fils): nothing here knows how many digits it has.
"""

from collections.abc import Sequence

PPM = 1_000_000


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator (both not negative, denominator > 0) to the nearest integer, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def share(amount: int, ppm: int) -> int:
    """`ppm` parts per million of `amount`."""
    return half_up(amount * ppm, PPM)


def tax_on_top(net: int, ppm: int) -> int:
    """The tax that comes on top of a price without tax."""
    return share(net, ppm)


def tax_within(gross: int, ppm: int) -> int:
    """The tax that is in a price with tax."""
    return half_up(gross * ppm, PPM + ppm)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` over `weights` by largest remainder. The parts sum to `amount`; no part exceeds its weight when amount ≤ Σ weights.

    All weights 0: all parts 0.
    """
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    remainders = [amount * weight % whole for weight in weights]
    left = amount - sum(parts)
    for place in sorted(range(len(weights)), key=lambda place: -remainders[place])[:left]:
        parts[place] += 1
    return parts
