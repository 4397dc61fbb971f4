"""Colours of the pictures. Lights turn towards warm cream and shadows towards blue ink, so that all pictures seem lit by one lamp."""

from functools import lru_cache

Colour = tuple[int, int, int]

INK: Colour = (31, 27, 58)
CREAM: Colour = (255, 247, 231)


def rgb(text: str) -> Colour:
    """'#d9c9ae' as (217, 201, 174)."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@lru_cache(maxsize=4096)
def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` (0 to 1) of `other` in `one`, mixed in Oklab (Björn Ottosson, 2020), where mixtures keep their brightness."""
    a, b = _to_oklab(one), _to_oklab(other)
    return _from_oklab(tuple(x + (y - x) * share for x, y in zip(a, b, strict=True)))


def darker(colour: Colour, share: float) -> Colour:
    """The colour in shadow: deeper first, bluer then."""
    return mix(colour, _deep(colour), share)


@lru_cache(maxsize=512)
def _deep(colour: Colour) -> Colour:
    lightness, a, b = _to_oklab(colour)
    return mix(_from_oklab((lightness * 0.4, a * 1.25, b * 1.25)), INK, 0.4)


def lighter(colour: Colour, share: float) -> Colour:
    """The colour in light."""
    return mix(colour, CREAM, share)


def brightness(colour: Colour) -> float:
    """From 0 (black) to 1 (white), as the eye sees it."""
    return _to_oklab(colour)[0]


def _to_oklab(colour: Colour) -> tuple[float, ...]:
    r, g, b = (_to_linear(part / 255) for part in colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(lab: tuple[float, ...]) -> Colour:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _to_byte(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _to_byte(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _to_byte(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _to_linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _to_byte(part: float) -> int:
    part = min(max(part, 0.0), 1.0)
    part = part * 12.92 if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)
    return round(part * 255)
