"""The goods as the importer writes them: variants, prices, stock and barcodes, all from the words and a fixed seed."""

import random
import zlib
from itertools import product as choices

import msgspec

from storefront.catalog.csv_format import FilePicture, FileProduct, FileVariant
from storefront.catalog.demo.model import Goods, Shelf, html_of
from storefront.catalog.demo.pictures.backdrop import TINTS, Scene
from storefront.catalog.demo.pictures.composing import PictureOrder, Shot, several, stands_out
from storefront.catalog.media import StoredPicture

DOLLARS_FOR_EURO = 1.09
ACCENTS = ("plain", "arch", "plain", "sun", "window", "plain", "leaves", "dusk", "halves")
DAYS_BETWEEN = 1.7


class Stocked(msgspec.Struct, frozen=True):
    """A product on its way into the shop. `age_days`: how long it has been published."""

    goods: Goods
    category: tuple[str, ...]
    number: int
    orders: tuple[PictureOrder, ...]
    age_days: int
    rating_sum: int
    rating_count: int


def stock(shelves: list[Shelf]) -> list[Stocked]:
    """All products, numbered through, in the order of the shelves."""
    found: list[Stocked] = []
    for shelf in shelves:
        for place, goods in enumerate(shelf.product):
            number = len(found) + 1
            dice = _dice(goods)
            count = max(3, round(goods.popularity * dice.uniform(0.08, 0.22)))
            average = min(5.0, dice.gauss(4.55, 0.2))
            age = dice.randrange(2, 21) if "new" in goods.tags else dice.randrange(40, 900)
            found.append(Stocked(goods, shelf.category, number, _orders(goods, shelf, place), age, round(average * count), count))
    return found


def written(stocked: Stocked, pictures: dict[PictureOrder, StoredPicture], currencies: list[str], shop_location: str) -> FileProduct:
    """The product as the importer takes it."""
    goods = stocked.goods
    tags = [*goods.tags, *(["reduced"] if goods.was else [])]
    return FileProduct(
        line=stocked.number * 1000,
        slug=goods.slug,
        title=goods.title,
        description_html=html_of(goods.text),
        brand=goods.maker,
        category=stocked.category,
        tags=tuple(tags),
        published=True,
        status="active",
        seo_title=goods.seo_title,
        seo_description=goods.seo_description,
        attributes=goods.facts,
        option_names=tuple(name for name, values in ((goods.colour_option, goods.colours), (goods.size_option, goods.sizes)) if values),
        pictures=[FilePicture(pictures[order].url, _alt(goods, order), position) for position, order in enumerate(stocked.orders, start=1)],
        variants=_variants(stocked, pictures, currencies, shop_location),
    )


# Pictures


def _orders(goods: Goods, shelf: Shelf, place: int) -> tuple[PictureOrder, ...]:
    words = goods.picture
    colours = goods.colours or [words.colour]
    tint = words.tint or shelf.tints[place % len(shelf.tints)]
    accent = words.accent or ACCENTS[place % len(ACCENTS)]

    def order(shot: Shot, shown: list[str], tint: str) -> PictureOrder:
        scene = Scene(tint, accent)
        return PictureOrder(goods.slug, words.kind, shot, tuple(shown), words.second, words.third, words.form, words.pattern, scene)

    fronts = [
        order("front", [colour], tint if number == 0 else _fitting(colour, tint, shelf.tints)) for number, colour in enumerate(colours)
    ]
    if len(colours) > 2 and several(words.kind):
        return (fronts[0], order("together", colours[:3], tint), *fronts[1:])
    if len(colours) == 2:
        return tuple(fronts)
    return (fronts[0], order("close", colours[:1], tint), *fronts[1:])


def _fitting(colour: str, tint: str, others: list[str]) -> str:
    """The tint, or where the colour would drown in it, the next of the shelf's that it would not."""
    candidates = [tint, *others]
    return next((name for name in candidates if stands_out(colour, TINTS[name])), tint)


def _alt(goods: Goods, order: PictureOrder) -> str:
    if order.shot == "close":
        return f"{goods.title}: a closer look"
    names = [goods.colour_labels.get(colour, colour) for colour in order.colours]
    if order.shot == "together":
        return f"{goods.title} in {', '.join(names[:-1])} and {names[-1]}"
    return f"{goods.title}: {goods.alt}{f', {names[0]}' if goods.colours else ''}"


# Variants


def _variants(
    stocked: Stocked, pictures: dict[PictureOrder, StoredPicture], currencies: list[str], shop_location: str
) -> list[FileVariant]:
    goods, dice = stocked.goods, _dice(stocked.goods)
    fronts = {order.colours[0]: pictures[order].url for order in stocked.orders if order.shot == "front"}
    words = [word for word in goods.maker.split() if word.isalpha()]
    initials = ("".join(word[0] for word in words) if len(words) > 1 else words[0][:2]).upper()
    found: list[FileVariant] = []
    for colour, (index, size) in choices(goods.colours or [""], list(enumerate(goods.sizes)) or [(0, "")]):
        values = tuple(value for value in (goods.colour_labels.get(colour, colour), size) if value)
        number = len(found) + 1
        step = goods.steps[index] if goods.steps else 0
        main, quayside = _quantities(goods, dice)
        found.append(
            FileVariant(
                line=stocked.number * 1000 + number,
                sku="-".join(filter(None, (f"{initials}{stocked.number:03}", colour[:3].upper(), _size_code(size)))),
                option_values=values,
                position=number,
                barcode=_barcode(stocked.number, number),
                weight_grams=goods.weight[index] if isinstance(goods.weight, list) else goods.weight,
                requires_delivery=True,
                taxable=True,
                track_stock=True,
                stock_policy="deny" if goods.policy == "deny" else "backorder",
                active=True,
                picture=fronts[colour or goods.picture.colour],
                prices={currency: _price(currency, goods.price + step, goods.was + step if goods.was else None) for currency in currencies},
                quantities={"main": main, shop_location: quayside},
            )
        )
    return found


def _quantities(goods: Goods, dice: random.Random) -> tuple[int, int]:
    """Units in the warehouse and in the shop: most well stocked, some nearly gone, a few gone."""
    if goods.policy != "deny":
        return 0, 0
    fate = dice.random()
    if fate < 0.04:
        return 0, 0
    if fate < 0.11:
        return dice.randrange(0, 3), dice.randrange(1, 3)
    return dice.randrange(12, 90), dice.randrange(2, 14)


def _price(currency: str, cents: int, was: int | None) -> tuple[int, int | None, bool]:
    if currency == "EUR":
        return cents, was, True
    return _rounded(cents), _rounded(was) if was else None, True


def _rounded(cents: int) -> int:
    """In dollars: whole ones, as a shop would write them."""
    return max(100, round(cents * DOLLARS_FOR_EURO / 100) * 100)


def _size_code(size: str) -> str:
    return "".join(letter for letter in size.upper() if letter.isascii() and letter.isalnum())[:6]


def _barcode(product: int, variant: int) -> str:
    """An EAN-13 of the range that GS1 leaves to shops for their own use (200 to 299)."""
    digits = f"2{product:06}{variant:05}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _dice(goods: Goods) -> random.Random:
    return random.Random(zlib.crc32(goods.slug.encode()))  # noqa: S311
