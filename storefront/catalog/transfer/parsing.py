"""From the rows of one product to a FileProduct, or to the reasons why not."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import msgspec

from storefront.catalog.csv_format import GRAMS, NO_OPTIONS, FilePicture, FileProduct, FileVariant, Header, Problem, is_variant_column
from storefront.catalog.sanitise import sanitise_html
from storefront.catalog.transfer.reading import Row
from storefront.platform.money import to_minor

LARGEST_INT = 2_000_000_000
_HANDLE_BREAKERS = re.compile(r"[\s/?#%\\]")
_PICTURE_URL = re.compile(r"(?:https?://[^\s/]+|/media)/\S+")
_TRUE = frozenset(("true", "yes", "1", "t", "y"))
_FALSE = frozenset(("false", "no", "0", "f", "n"))


class BadCell(Exception):
    """A cell that cannot be read: its column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


class Parser:
    """Reads products. What was wrong is added to `problems`; `main_location` is where `Variant Inventory Qty` lies."""

    def __init__(self, header: Header, currency: str, main_location: str, problems: list[Problem]) -> None:
        self._header = header
        self._currency = currency
        self._main_location = main_location
        self._problems = problems
        self._handle = ""

    def product(self, rows: list[Row]) -> FileProduct | None:
        """The product of these rows, without its bad rows; None when the first is bad or no variant is left."""
        first = rows[0]
        self._handle = self._header.cell(first.cells, "Handle") or ""
        try:
            product = self._base(first)
            self._row(first, product)
        except BadCell as error:
            self._refuse(first, error.column, error.reason)
            for row in rows[1:]:
                self._refuse(row, "Handle", f"The first row of its product (line {first.line}) was refused.")
            return None
        for row in rows[1:]:
            try:
                self._row(row, product)
            except BadCell as error:
                self._refuse(row, error.column, error.reason)
        if not product.variants:
            self._refuse(first, "Variant SKU", "The product has no variant.")
            return None
        return product

    def _refuse(self, row: Row, column: str, reason: str) -> None:
        self._problems.append(Problem(row.line, self._handle, column, reason))

    def _note(self, row: Row, column: str, reason: str) -> None:
        self._problems.append(Problem(row.line, self._handle, column, reason, refused=False))

    # The product

    def _base(self, row: Row) -> FileProduct:
        cell = self._header.cell
        cells = row.cells
        if len(self._handle) > 255 or _HANDLE_BREAKERS.search(self._handle):
            raise BadCell("Handle", "A handle is up to 255 characters without spaces, slashes, ?, # and %.")
        title = cell(cells, "Title")
        if title == "":
            raise BadCell("Title", "The title is blank.")
        if title and len(title) > 255:
            raise BadCell("Title", "The title has more than 255 characters.")
        description = cell(cells, "Body (HTML)")
        product = FileProduct(
            line=row.line,
            slug=self._handle,
            title=title,
            description_html=None if description is None else sanitise_html(description),
            brand=cell(cells, "Vendor"),
            category=self._category(row),
            tags=_list(cell(cells, "Tags")),
            published=self._yes_or_no(row, "Published"),
            status=self._one_of(row, "Status", ("active", "draft", "archived")),
            gift_card=self._yes_or_no(row, "Gift Card"),
            seo_title=cell(cells, "SEO Title"),
            seo_description=cell(cells, "SEO Description"),
            option_names=self._option_names(row),
        )
        for name, places in self._header.attributes.items():
            product.attributes[name] = list(dict.fromkeys(value for at in places for value in attribute_values(cells[at])))
        for name, at in self._header.extra.items():
            if cells[at].strip() and not is_variant_column(name):
                product.extra[name] = cells[at].strip()
        return product

    def _category(self, row: Row) -> tuple[str, ...] | None:
        """From Type; where it is blank, from Shopify's own taxonomy."""
        kind = self._header.cell(row.cells, "Type")
        taxonomy = self._header.extra.get("Product Category")
        if not kind and taxonomy is not None:
            kind = row.cells[taxonomy]
        if kind is None:
            return None
        return tuple(name for part in kind.split(">") if (name := part.strip()))

    def _option_names(self, row: Row) -> tuple[str, ...]:
        names = [self._header.cell(row.cells, f"Option{number} Name") or "" for number in (1, 2, 3)]
        if names == [NO_OPTIONS[0], "", ""] and self._header.cell(row.cells, "Option1 Value") in (NO_OPTIONS[1], ""):
            return ()
        given = tuple(name for name in names if name)
        if len(set(given)) != len(given):
            raise BadCell("Option1 Name", "Two options have the same name.")
        return given

    # A row: a variant, a picture, or both

    def _row(self, row: Row, product: FileProduct) -> None:
        picture = self._picture(row)
        variant = self._variant(row, product) if self._is_variant(row) else None
        if picture is None and variant is None and row.line != product.line:
            raise BadCell("Variant SKU", "The row has neither a variant nor a picture.")
        if variant:
            product.variants.append(variant)
        if picture is None:
            return
        if any(known.url == picture.url for known in product.pictures):
            self._note(row, "Image Src", "The product has this picture already; it is kept once.")
        else:
            product.pictures.append(picture)

    def _is_variant(self, row: Row) -> bool:
        names = ("Option1 Value", "Option2 Value", "Option3 Value", "Variant SKU", "Variant Price")
        if any(self._header.cell(row.cells, name) for name in names):
            return True
        return not any(name in self._header.at for name in names)

    def _picture(self, row: Row) -> FilePicture | None:
        url = self._header.cell(row.cells, "Image Src")
        if not url:
            return None
        position = self._whole(row, "Image Position", least=1)
        return FilePicture(self._picture_url("Image Src", url), self._header.cell(row.cells, "Image Alt Text"), position)

    def _picture_url(self, column: str, url: str) -> str:
        if url.startswith("//"):
            url = f"https:{url}"
        if len(url) > 2000 or not _PICTURE_URL.fullmatch(url):
            raise BadCell(column, f"{url[:80]!r} is not the address of a picture (https://… or /media/…).")
        return url

    def _variant(self, row: Row, product: FileProduct) -> FileVariant:
        cell, cells = self._header.cell, row.cells
        sku = cell(cells, "Variant SKU") or ""
        if len(sku) > 255:
            raise BadCell("Variant SKU", "The SKU has more than 255 characters.")
        values = self._option_values(row, product)
        for known in product.variants:
            if known.option_values == values:
                raise BadCell("Option1 Value", f"Line {known.line} is the same variant.")
            if sku and known.sku == sku:
                raise BadCell("Variant SKU", f"Line {known.line} has the same SKU.")
        tracker = cell(cells, "Variant Inventory Tracker")
        policy = self._one_of(row, "Variant Inventory Policy", ("deny", "continue"))
        picture = cell(cells, "Variant Image")
        variant = FileVariant(
            line=row.line,
            sku=sku,
            option_values=values,
            position=len(product.variants) + 1,
            barcode=_without_quote(cell(cells, "Variant Barcode")),
            weight_grams=self._weight(row),
            requires_delivery=self._yes_or_no(row, "Variant Requires Shipping"),
            taxable=self._yes_or_no(row, "Variant Taxable"),
            tax_code=cell(cells, "Variant Tax Code"),
            track_stock=None if tracker is None else bool(tracker),
            stock_policy=None if policy is None else "backorder" if policy == "continue" else "deny",
            active=self._yes_or_no(row, "Variant Active"),
            picture=self._picture_url("Variant Image", picture) if picture else picture,
            prices=self._prices(row),
        )
        variant.quantities = self._quantities(row, variant.stock_policy == "backorder")
        base = row.line == product.line
        for name, at in self._header.extra.items():
            if cells[at].strip() and (is_variant_column(name) or not base):
                variant.extra[name] = cells[at].strip()
        return variant

    def _option_values(self, row: Row, product: FileProduct) -> tuple[str, ...]:
        values = [self._header.cell(row.cells, f"Option{number} Value") or "" for number in (1, 2, 3)]
        wanted = len(product.option_names)
        if wanted == 0:
            if values not in ([NO_OPTIONS[1], "", ""], ["", "", ""]):
                raise BadCell("Option1 Value", "The product names no option that this value could belong to.")
            return ()
        given = tuple(value for value in values if value)
        if len(given) != wanted:
            raise BadCell("Option1 Value", f"{len(given)} option values are given, the product has {wanted}: {', '.join(product.option_names)}.")
        return given

    def _prices(self, row: Row) -> dict[str, tuple[int, int | None, bool]]:
        found: dict[str, tuple[int, int | None, bool]] = {}
        for currency, places in self._header.prices.items():
            if "Price" in places and row.cells[places["Price"]].strip():
                compare = row.cells[places["Compare At Price"]] if "Compare At Price" in places else None
                found[currency] = self._price(row, f"Price / {currency}", row.cells[places["Price"]], compare, currency)
        price = self._header.cell(row.cells, "Variant Price")
        if price == "":
            raise BadCell("Variant Price", "The price is blank.")
        if price is not None:
            compare = self._header.cell(row.cells, "Variant Compare At Price")
            found[self._currency] = self._price(row, "Variant Price", price, compare, self._currency)
        return found

    def _price(self, row: Row, column: str, text: str, compare_text: str | None, currency: str) -> tuple[int, int | None, bool]:
        amount = self._amount(column, text, currency)
        if compare_text is None:
            return amount, None, False
        compare = self._amount("Variant Compare At Price", compare_text, currency) if compare_text.strip() else 0
        if 0 < compare <= amount:
            self._note(row, "Variant Compare At Price", f"{compare_text.strip()} is not above the price {text.strip()}, so it is left out.")
        return amount, compare if compare > amount else None, True

    def _amount(self, column: str, text: str, currency: str) -> int:
        try:
            amount = to_minor(text, currency)
        except ValueError as error:
            raise BadCell(column, f"{error}.") from error
        if not 0 <= amount <= 10**12:
            raise BadCell(column, f"{text.strip()} is not an amount from 0.")
        return amount

    def _quantities(self, row: Row, may_go_below: bool) -> dict[str, int]:
        found: dict[str, int] = {}
        main = self._whole(row, "Variant Inventory Qty", least=-LARGEST_INT)
        if main is not None:
            found[self._main_location] = main
        for location, at in self._header.stock.items():
            quantity = _number(f"Variant Inventory Qty / {location}", row.cells[at], -LARGEST_INT)
            if quantity is not None:
                found[location] = quantity
        for location, quantity in found.items():
            if quantity < 0 and not may_go_below:
                self._note(row, "Variant Inventory Qty", f"{quantity} is below nothing; it is taken as 0.")
                found[location] = 0
        return found

    def _weight(self, row: Row) -> int | None:
        """Variant Grams is grams; Shopify's unit beside it only says how to show it. A column Variant Weight is in that unit."""
        text, factor, column = self._header.cell(row.cells, "Variant Grams"), Decimal(1), "Variant Grams"
        if text is None:
            text, column = self._header.cell(row.cells, "Variant Weight"), "Variant Weight"
            unit_at = self._header.extra.get("Variant Weight Unit")
            unit = (row.cells[unit_at].strip().lower() if unit_at is not None else "") or "g"
            if unit not in GRAMS:
                raise BadCell("Variant Weight Unit", f"{unit!r} is none of g, kg, oz and lb.")
            factor = Decimal(GRAMS[unit])
        if text is None:
            return None
        try:
            grams = (Decimal(text or "0") * factor).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        except InvalidOperation as error:
            raise BadCell(column, f"{text!r} is not a weight.") from error
        if not 0 <= grams <= LARGEST_INT:
            raise BadCell(column, f"{text!r} is not a weight.")
        return int(grams)

    # Cells

    def _whole(self, row: Row, column: str, least: int) -> int | None:
        text = self._header.cell(row.cells, column)
        return None if text is None else _number(column, text, least)

    def _yes_or_no(self, row: Row, column: str) -> bool | None:
        text = self._header.cell(row.cells, column)
        if not text:
            return None
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise BadCell(column, f"{text!r} is neither true nor false.")

    def _one_of(self, row: Row, column: str, words: tuple[str, ...]) -> str | None:
        text = self._header.cell(row.cells, column)
        if not text:
            return None
        if text.lower() in words:
            return text.lower()
        raise BadCell(column, f"{text!r} is none of {', '.join(words)}.")


def _number(column: str, text: str, least: int) -> int | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise BadCell(column, f"{text.strip()!r} is not a whole number.") from error
    if not value.is_finite() or value != value.to_integral_value() or not least <= value <= LARGEST_INT:
        raise BadCell(column, f"{text.strip()!r} is not a whole number from {least}.")
    return int(value)


def _list(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip())))


def _without_quote(text: str | None) -> str | None:
    """Spreadsheets put an apostrophe before digits that are not a number."""
    return text.removeprefix("'") if text else text


def attribute_values(text: str) -> list[str]:
    """'Oak; Steel' as two values; also a JSON list, which stands for values with a semicolon in them."""
    text = text.strip()
    if text.startswith("["):
        try:
            return [value.strip() for value in msgspec.json.decode(text, type=list[str]) if value.strip()]
        except msgspec.DecodeError:
            pass
    return [value for part in text.split(";") if (value := part.strip())]
