"""From the rows of one product to a FileProduct, or to the reasons why not."""

from storefront.catalog.csv_format import (
    NO_OPTIONS,
    OPTION_COLUMNS,
    VARIANT_COLUMNS,
    FilePicture,
    FileProduct,
    FileVariant,
    Header,
    Problem,
    is_variant_column,
)
from storefront.catalog.sanitise import sanitise_html
from storefront.catalog.slugs import is_slug
from storefront.catalog.transfer import cells
from storefront.catalog.transfer.cells import BadCell, short
from storefront.catalog.transfer.reading import Row

OPTION_NAMES, OPTION_VALUES = OPTION_COLUMNS[::2], OPTION_COLUMNS[1::2]
IDENTITY_COLUMNS = (*OPTION_VALUES, "Variant SKU", "Variant Price")
"""A row with one of these filled in has a variant; in a file with none of them, any other column of variants tells so."""


class Parser:
    """Reads products. What was wrong is added to `problems`; `main_location` is where `Variant Inventory Qty` lies."""

    def __init__(self, header: Header, currency: str, main_location: str, problems: list[Problem]) -> None:
        self._header = header
        self._currency = currency
        self._main_location = main_location
        self._problems = problems
        self._handle = ""
        self._urls: set[str] = set()
        identity = [name for name in IDENTITY_COLUMNS if name in header.at]
        others = [name for name in (*VARIANT_COLUMNS, "Variant Active", "Variant Weight", "Variant Image") if name in header.at]
        self._variant_places = [header.at[name] for name in identity or others] + list(header.stock["Inventory Qty"].values())
        self._variant_places += [places["Price"] for places in header.prices.values()]

    def product(self, rows: list[Row]) -> FileProduct | None:
        """The product of these rows, without its bad rows; None when nothing of it can be taken.

        The first row with a title gives the product: spreadsheets that sorted a file may have moved it from its place.
        """
        base = next((row for row in rows if self._header.cell(row.cells, "Title")), rows[0])
        self._handle = self._header.cell(base.cells, "Handle") or ""
        self._urls.clear()
        try:
            product = self._base(base, rows)
        except BadCell as error:
            for row in rows:
                self._refuse(row, error if row is base else BadCell("Handle", f"Line {base.line}, which gives its product, was refused."))
            return None
        taken, lost = self._rows(rows, product)
        if lost and not product.variants:
            for row in taken:
                self._refuse(row, BadCell("Variant SKU", "No variant of its product could be taken."))
            return None
        return product

    def _rows(self, rows: list[Row], product: FileProduct) -> tuple[list[Row], bool]:
        """Adds variants and pictures to the product. Returns the rows that were taken, and whether a variant was lost."""
        taken, lost = [], False
        for row in rows:
            try:
                self._row(row, product)
                taken.append(row)
            except BadCell as error:
                self._refuse(row, error)
                lost = lost or self._has_variant(row)
        return taken, lost

    def _refuse(self, row: Row, error: BadCell) -> None:
        self._problems.append(Problem(row.line, self._handle, error.column, error.reason))

    def _note(self, row: Row, column: str, reason: str) -> None:
        self._problems.append(Problem(row.line, self._handle, column, reason, refused=False))

    # The product

    def _base(self, row: Row, rows: list[Row]) -> FileProduct:
        def cell(name: str) -> str | None:
            return self._header.cell(row.cells, name)

        if not is_slug(self._handle):
            raise BadCell("Handle", f"{short(self._handle)} is not a handle: up to 255 characters without spaces, slashes, ?, # and %.")
        title, description = cell("Title"), cell("Body (HTML)")
        if title == "":
            raise BadCell("Title", "The title is blank.")
        product = FileProduct(
            line=row.line,
            slug=self._handle,
            title=cells.line_of_text("Title", title),
            description_html=description and sanitise_html(description),
            brand=cells.line_of_text("Vendor", cell("Vendor")),
            category=self._category(row),
            tags=cells.tags("Tags", cell("Tags")),
            published=cells.yes_or_no("Published", cell("Published")),
            status=cells.one_of("Status", cell("Status"), ("active", "draft", "archived")),
            gift_card=cells.yes_or_no("Gift Card", cell("Gift Card")),
            seo_title=cell("SEO Title"),
            seo_description=cell("SEO Description"),
            option_names=self._option_names(row, rows),
        )
        for name, places in self._header.attributes.items():
            values = (value for at in places for value in cells.attribute_values(row.cells[at]))
            product.attributes[name] = list(dict.fromkeys(values))
        product.extra = {name: text for name, text in self._extra(row).items() if not is_variant_column(name)}
        return product

    def _category(self, row: Row) -> tuple[str, ...] | None:
        """From Type; where it is blank, from Shopify's own taxonomy."""
        kind, column = self._header.cell(row.cells, "Type"), "Type"
        taxonomy = self._header.extra.get("Product Category")
        if not kind and taxonomy is not None:
            kind, column = row.cells[taxonomy], "Product Category"
        return None if kind is None else cells.category_names(column, kind)

    def _option_names(self, base: Row, rows: list[Row]) -> tuple[str, ...] | None:
        names = [self._header.cell(base.cells, column) or "" for column in OPTION_NAMES]
        if names == [NO_OPTIONS[0], "", ""] and all(self._texts(row, OPTION_VALUES) in ([NO_OPTIONS[1]], []) for row in rows):
            return ()
        given = cells.options("Option1 Name", names)
        if len(set(given)) != len(given):
            raise BadCell("Option1 Name", "Two options have the same name.")
        return given or None

    def _texts(self, row: Row, columns: tuple[str, ...]) -> list[str]:
        return [text for column in columns if (text := self._header.cell(row.cells, column))]

    def _extra(self, row: Row) -> dict[str, str]:
        return {name: text for name, at in self._header.extra.items() if (text := row.cells[at].strip())}

    # A row: a variant, a picture, or both

    def _row(self, row: Row, product: FileProduct) -> None:
        variant = self._variant(row, product) if self._has_variant(row) else None
        base = row.line == product.line
        picture = self._picture(row, needed=variant is None and not base)
        if picture is None and variant is None and not base:
            raise BadCell("Variant SKU", "The row has neither a variant nor a picture.")
        if variant:
            product.variants.append(variant)
        if picture and picture.url in self._urls:
            self._note(row, "Image Src", "The product has this picture already; it is kept once.")
        elif picture:
            self._urls.add(picture.url)
            product.pictures.append(picture)

    def _has_variant(self, row: Row) -> bool:
        return any(row.cells[at].strip() for at in self._variant_places)

    def _picture(self, row: Row, *, needed: bool) -> FilePicture | None:
        """A row with something else in it is taken without its bad picture."""
        text = self._header.cell(row.cells, "Image Src")
        if not text:
            return None
        try:
            return FilePicture(
                cells.picture_url("Image Src", text),
                self._header.cell(row.cells, "Image Alt Text"),
                cells.whole_number("Image Position", self._header.cell(row.cells, "Image Position"), least=0),
            )
        except BadCell as error:
            if needed:
                raise
            self._note(row, error.column, f"{error.reason} The row is taken without it.")
            return None

    def _variant(self, row: Row, product: FileProduct) -> FileVariant:
        def cell(name: str) -> str | None:
            return self._header.cell(row.cells, name)

        if any(row.cells[at].strip() for at in self._header.surplus_options):
            raise BadCell("Option4 Name", "A product has up to three options.")
        tracker = cell("Variant Inventory Tracker")
        policy = cells.one_of("Variant Inventory Policy", cell("Variant Inventory Policy"), ("deny", "continue"))
        preorder = cells.yes_or_no("Variant Preorder", cell("Variant Preorder"))
        ahead = "preorder" if preorder else "backorder"
        variant = FileVariant(
            line=row.line,
            sku=cells.line_of_text("Variant SKU", cell("Variant SKU") or ""),
            option_values=self._option_values(row, product),
            first=not product.variants,
            barcode=cells.barcode("Variant Barcode", cell("Variant Barcode")),
            weight_grams=self._weight(row),
            requires_delivery=cells.yes_or_no("Variant Requires Shipping", cell("Variant Requires Shipping")),
            taxable=cells.yes_or_no("Variant Taxable", cell("Variant Taxable")),
            tax_code=cell("Variant Tax Code"),
            track_stock=None if tracker is None else bool(tracker),
            stock_policy=None if policy is None else ahead if policy == "continue" else "deny",
            preorder=preorder,
            active=cells.yes_or_no("Variant Active", cell("Variant Active")),
            picture=self._variant_picture(row),
            prices=self._prices(row),
            quantities=self._by_location(row, "Inventory Qty", least=-cells.LARGEST_INT),
            limits=self._by_location(row, "Backorder Limit", least=0),
        )
        for name, text in self._extra(row).items():
            if is_variant_column(name) or (product.variants and row.line != product.line):
                variant.extra[name] = text
            else:
                product.extra.setdefault(name, text)
        return variant

    def _option_values(self, row: Row, product: FileProduct) -> tuple[str, ...] | None:
        texts = self._texts(row, OPTION_VALUES)
        if product.option_names == () or (product.option_names is None and texts == [NO_OPTIONS[1]]):
            return ()
        return cells.options("Option1 Value", texts) or None

    def _variant_picture(self, row: Row) -> str | None:
        text = self._header.cell(row.cells, "Variant Image")
        try:
            return cells.picture_url("Variant Image", text) if text else text
        except BadCell as error:
            self._note(row, error.column, f"{error.reason} The row is taken without it.")
            return None

    def _prices(self, row: Row) -> dict[str, tuple[int, int | None, bool]]:
        found: dict[str, tuple[int, int | None, bool]] = {}
        at = self._header.at
        columns = [(f"{{}} / {currency}", currency, places) for currency, places in self._header.prices.items()]
        if "Variant Price" in at:
            own = {"Price": at["Variant Price"]}
            if "Variant Compare At Price" in at:
                own["Compare At Price"] = at["Variant Compare At Price"]
            columns.append(("Variant {}", self._currency, own))
        for pattern, currency, places in columns:
            text = row.cells[places["Price"]].strip()
            compare_text = row.cells[places["Compare At Price"]].strip() if "Compare At Price" in places else None
            if text:
                found[currency] = self._price(row, pattern, text, compare_text, currency)
            elif compare_text:
                raise BadCell(pattern.format("Price"), "There is an earlier price to compare with, but no price.")
        return found

    def _price(self, row: Row, pattern: str, text: str, compare_text: str | None, currency: str) -> tuple[int, int | None, bool]:
        column = pattern.format("Compare At Price")
        amount = cells.amount(pattern.format("Price"), text, currency)
        compare = cells.amount(column, compare_text, currency) if compare_text else 0
        if 0 < compare <= amount:
            self._note(row, column, f"{compare_text} is not above the price {text}, so it is left out.")
        return amount, compare if compare > amount else None, compare_text is not None

    def _by_location(self, row: Row, what: str, *, least: int) -> dict[str, int]:
        name = f"Variant {what}"
        places = {location: (f"{name} / {location}", at) for location, at in self._header.stock[what].items()}
        if name in self._header.at:
            places.setdefault(self._main_location, (name, self._header.at[name]))
        found = {location: cells.whole_number(column, row.cells[at].strip(), least=least) for location, (column, at) in places.items()}
        return {location: quantity for location, quantity in found.items() if quantity is not None}

    def _weight(self, row: Row) -> int | None:
        """Variant Grams is grams; Shopify's unit beside it only says how to show it. A column Variant Weight is in that unit."""
        text = self._header.cell(row.cells, "Variant Grams")
        if text is not None:
            return cells.grams("Variant Grams", text, "g")
        text = self._header.cell(row.cells, "Variant Weight")
        unit_at = self._header.extra.get("Variant Weight Unit")
        unit = row.cells[unit_at].strip().lower() if unit_at is not None else ""
        return None if text is None else cells.grams("Variant Weight", text, unit or "g")
