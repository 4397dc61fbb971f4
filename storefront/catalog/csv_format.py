"""The product CSV, as Shopify writes it: its columns, and what the shop's own additions to it are.

One product is several rows with the same Handle: the first carries the product, every row may carry a variant and a picture.
Beside Shopify's columns the shop reads and writes
- `Price / USD`, `Compare At Price / USD`: prices in other currencies than the shop's own, which `Variant Price` is in;
- `Variant Inventory Qty / CODE`: stock at other locations than the main one, which `Variant Inventory Qty` counts; a location that the shop
  does not have is left out;
- `Variant Backorder Limit`, `Variant Backorder Limit / CODE`: how many may be sold beyond the stock at the main location, and at others,
  where `Variant Inventory Policy` is `continue`;
- `Variant Preorder`: whether what is sold beyond the stock is sold as a pre-order;
- `Variant Active`: whether a variant is offered;
- `NAME (product.metafields.SPACE.KEY)`: the attribute NAME; several values stand with `; ` between them.
Columns that the shop has no use for are kept with the product or variant and written back.
A column that is missing says nothing, and what the shop has stays; so do blank prices, quantities, yes-or-no cells and options.
Any other blank cell clears what the shop has.
Source: Shopify Help Center, "Using CSV files to import and export products".
"""

import re

import msgspec

PRODUCT_COLUMNS = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
)
OPTION_COLUMNS = tuple(f"Option{number} {part}" for number in (1, 2, 3) for part in ("Name", "Value"))
VARIANT_COLUMNS = (
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
)
IMAGE_COLUMNS = ("Image Src", "Image Position", "Image Alt Text")
LATER_PRODUCT_COLUMNS = ("Gift Card", "SEO Title", "SEO Description")
LATER_VARIANT_COLUMNS = ("Variant Image", "Variant Weight Unit", "Variant Tax Code", "Cost per item")

EXTRA_PRODUCT_COLUMNS = ("Product Category",)
EXTRA_VARIANT_COLUMNS = ("Variant Fulfillment Service", "Variant Weight Unit", "Cost per item")
"""Shopify's own columns that the shop only keeps."""

KNOWN_COLUMNS = frozenset(
    (
        *PRODUCT_COLUMNS,
        *OPTION_COLUMNS,
        *VARIANT_COLUMNS,
        *IMAGE_COLUMNS,
        *LATER_PRODUCT_COLUMNS,
        *LATER_VARIANT_COLUMNS,
        "Status",
        "Variant Active",
        "Variant Backorder Limit",
        "Variant Preorder",
        "Variant Weight",
    )
) - frozenset((*EXTRA_PRODUCT_COLUMNS, *EXTRA_VARIANT_COLUMNS))

ALIASES = {
    "url handle": "Handle",
    "description": "Body (HTML)",
    "published on online store": "Published",
    "sku": "Variant SKU",
    "price": "Variant Price",
    "compare-at price": "Variant Compare At Price",
    "barcode": "Variant Barcode",
    "inventory quantity": "Variant Inventory Qty",
    "inventory tracker": "Variant Inventory Tracker",
    "continue selling when out of stock": "Variant Inventory Policy",
    "weight value (grams)": "Variant Grams",
    "weight unit for display": "Variant Weight Unit",
    "requires shipping": "Variant Requires Shipping",
    "fulfillment service": "Variant Fulfillment Service",
    "charge tax": "Variant Taxable",
    "tax code": "Variant Tax Code",
    "product image url": "Image Src",
    "variant image url": "Variant Image",
}
"""Shopify's newer names of the same columns, lower case."""

PRICE = re.compile(r"(?:Variant )?(Price|Compare At Price) / ([A-Z]{3})")
STOCK = re.compile(r"Variant (Inventory Qty|Backorder Limit) / (.+)", re.DOTALL)
ATTRIBUTE = re.compile(r"(.+) \(product\.metafields\.[^()]+\)", re.DOTALL)
SURPLUS_OPTION = re.compile(r"option([4-9]|[1-9]\d+) (name|value)", re.IGNORECASE)

NO_OPTIONS = ("Title", "Default Title")
"""How Shopify writes a product with one variant: the name and the value of its only option."""

NO_CATEGORY = ">"
"""Type of a product without a category, where a blank one would be filled in from Product Category."""

BACKORDER_LIMIT = 1_000_000
"""Units that may be sold beyond the stock where the policy is `continue`, and the file says no limit."""

GRAMS = {"g": "1", "kg": "1000", "oz": "28.349523125", "lb": "453.59237"}
"""Grams in each unit (NIST Handbook 44, appendix C)."""


class Problem(msgspec.Struct, frozen=True):
    """Something about a row that the operator should know. `refused`: the row was left out; else it was taken, with a change.

    `line` counts from 1, with the header; it is where the row begins.
    """

    line: int
    handle: str
    column: str
    reason: str
    refused: bool = True


class FilePicture(msgspec.Struct):
    """`position` None: where the shop has it, else after the others. `alt` None: the file has no such column."""

    url: str
    alt: str | None
    position: int | None


class FileVariant(msgspec.Struct):
    """A variant as a file gives it; None (or a missing key) where the file does not say, so that what the shop has stays.

    `sku` is empty where one is to be made; `position` is for planning to say. `prices`: currency to (amount, compare-at, whether the file
    speaks of compare-at), minor units. `quantities`, `limits`: stock location code to units, and to how many may be sold beyond them.
    `stock_policy` tells backorder from preorder only where the file speaks of `preorder`. `picture`: an address, empty for none.
    `first`: it stands in the first row with a variant, whose other columns tell of the product.
    """

    line: int
    sku: str = ""
    option_values: tuple[str, ...] | None = None
    position: int | None = None
    first: bool = False
    barcode: str | None = None
    weight_grams: int | None = None
    requires_delivery: bool | None = None
    taxable: bool | None = None
    tax_code: str | None = None
    track_stock: bool | None = None
    stock_policy: str | None = None
    preorder: bool | None = None
    active: bool | None = None
    picture: str | None = None
    prices: dict[str, tuple[int, int | None, bool]] = {}
    quantities: dict[str, int] = {}
    limits: dict[str, int] = {}
    extra: dict[str, str] = {}


class FileProduct(msgspec.Struct):
    """A product as a file gives it; None where the file does not say. `category` is names from the root, () for none.

    Without `variants` the file tells of the product alone.
    """

    line: int
    slug: str
    title: str | None = None
    description_html: str | None = None
    brand: str | None = None
    category: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    published: bool | None = None
    status: str | None = None
    gift_card: bool | None = None
    seo_title: str | None = None
    seo_description: str | None = None
    attributes: dict[str, list[str]] = {}
    option_names: tuple[str, ...] | None = None
    extra: dict[str, str] = {}
    pictures: list[FilePicture] = []
    variants: list[FileVariant] = []


def is_variant_column(name: str) -> bool:
    """Whether a column that the shop only keeps belongs to the variant rather than to the product."""
    return name.startswith("Variant ") or name in EXTRA_VARIANT_COLUMNS


class Header:
    """The first row of a file: where each known column stands, and which others there are. Raises ValueError."""

    def __init__(self, cells: list[str], locations: frozenset[str]) -> None:
        known = {name.lower(): name for name in KNOWN_COLUMNS} | ALIASES
        self.width = len(cells)
        self.at: dict[str, int] = {}
        self.prices: dict[str, dict[str, int]] = {}
        self.stock: dict[str, dict[str, int]] = {"Inventory Qty": {}, "Backorder Limit": {}}
        self.attributes: dict[str, list[int]] = {}
        self.surplus_options: list[int] = []
        self.of_unknown_locations: list[str] = []
        self.extra: dict[str, int] = {}
        seen: set[str] = set()
        for index, cell in enumerate(cells):
            name = known.get(cell.strip().lower(), cell.strip())
            if name in seen:
                raise ValueError(f"the column {name} stands in it twice")
            if name:
                seen.add(name)
                self._place(name, index, locations)
        if "Handle" not in self.at:
            raise ValueError("there is no column Handle, so this is not a product CSV")
        for currency, places in self.prices.items():
            if "Price" not in places:
                raise ValueError(f"there is a column Compare At Price / {currency}, but no Price / {currency}")
        if "Variant Compare At Price" in self.at and "Variant Price" not in self.at:
            raise ValueError("there is a column Variant Compare At Price, but no Variant Price")

    def _place(self, name: str, index: int, locations: frozenset[str]) -> None:
        if name in KNOWN_COLUMNS:
            self.at[name] = index
        elif price := PRICE.fullmatch(name):
            places = self.prices.setdefault(price.group(2), {})
            if price.group(1) in places:
                raise ValueError(f"the column {price.group(1)} / {price.group(2)} stands in it twice")
            places[price.group(1)] = index
        elif stock := STOCK.fullmatch(name):
            if stock.group(2) in locations:
                self.stock[stock.group(1)][stock.group(2)] = index
            else:
                self.of_unknown_locations.append(name)
        elif attribute := ATTRIBUTE.fullmatch(name):
            self.attributes.setdefault(attribute.group(1), []).append(index)
        elif SURPLUS_OPTION.fullmatch(name):
            self.surplus_options.append(index)
        else:
            self.extra[name] = index

    def cell(self, row: list[str], name: str) -> str | None:
        """The trimmed cell, None when the file has no such column."""
        index = self.at.get(name)
        return None if index is None else row[index].strip()
