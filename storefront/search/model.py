"""Types of the search."""

from typing import Literal

import msgspec

from storefront.catalog.listing import FinderAway


class IndexMissing(FinderAway):
    """There is no index that could answer; it is being made."""


class Suggestion(msgspec.Struct, frozen=True):
    """One line of the box under the search field. `detail` is what stands beside the text: a price, a category's parent."""

    kind: Literal["query", "category", "product"]
    text: str
    url: str
    detail: str = ""
    image_url: str | None = None


class CategoryName(msgspec.Struct, frozen=True):
    """A category as it is suggested."""

    name: str
    path: str
    parent_name: str


class Pin(msgspec.Struct, frozen=True):
    """What an operator did to a product for one search text: `place` counts from 1; without one its score is multiplied by `boost`."""

    product_id: int
    place: int | None
    boost: float
