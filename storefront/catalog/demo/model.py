"""The demo shop as its files say it (shop.toml, goods/*.toml)."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from slugify import slugify

FOLDER = Path(__file__).parent

T = TypeVar("T")


class PictureWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a product is drawn: `kind` names a drawing; colours are names of the palette, `colour` that of a product that comes in one."""

    kind: str
    colour: str = "Chalk"
    second: str = "Chalk"
    third: str = "Cream"
    form: str = ""
    pattern: str = ""
    tint: str = ""
    accent: str = ""


class Goods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product. `price` and `was` are cents of a euro; `steps` are added for each size, `weight` is grams of each size (or of all).

    `colour_labels` name what a colour stands for (a scent); `alt` says what the picture shows.
    """

    title: str
    maker: str
    text: str
    price: int
    weight: int | list[int]
    facts: dict[str, list[str]]
    tags: list[str]
    picture: PictureWords
    alt: str
    popularity: int
    was: int | None = None
    colours: list[str] = []
    colour_option: str = "Colour"
    colour_labels: dict[str, str] = {}
    sizes: list[str] = []
    size_option: str = "Size"
    steps: list[int] = []
    policy: Literal["deny", "backorder", "preorder"] = "deny"
    seo_title: str = ""
    seo_description: str = ""

    @property
    def slug(self) -> str:
        return str(slugify(self.title))


class Shelf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of goods: the products of one category (names from the root) and the backdrops they are shown on."""

    category: tuple[str, ...]
    tints: list[str]
    product: list[Goods]


class CategoryWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    text: str
    cover: str
    seo_title: str = ""
    seo_description: str = ""


class CollectionWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    name: str
    text: str
    on_home: bool = False
    products: list[str] = []
    rule: dict[str, Any] | None = None


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name: str


class SearchWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    synonyms: list[list[str]]
    redirects: dict[str, str]


class Shop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    location: Location
    category: list[CategoryWords]
    collection: list[CollectionWords]
    search: SearchWords


def read_shop() -> Shop:
    return _read(FOLDER / "shop.toml", Shop)


def read_shelves() -> list[Shelf]:
    """The shelves in the order of the tree."""
    order = [category.path for category in read_shop().category]
    shelves = [_read(file, Shelf) for file in (FOLDER / "goods").glob("*.toml")]
    return sorted(shelves, key=lambda shelf: order.index("/".join(slugify(name) for name in shelf.category)))


def _read(path: Path, kind: type[T]) -> T:
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)


def html_of(text: str) -> str:
    """Paragraphs stand between blank lines; lines that begin with '- ' are a list."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.strip())]
    return "".join(_list(block) if block.startswith("- ") else f"<p>{' '.join(block.split())}</p>" for block in blocks)


def _list(block: str) -> str:
    items = [line.removeprefix("- ").strip() for line in block.splitlines()]
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
