"""From rows to products: what each column means, and what is said of a cell that means nothing."""

import pytest

from storefront.catalog.csv_format import FilePicture, FileProduct, Header, Problem
from storefront.catalog.transfer.cells import MOST_TAGS, attribute_values
from storefront.catalog.transfer.parsing import Parser
from storefront.catalog.transfer.reading import Row

POT = {"Handle": "pot", "Title": "Pot", "Variant SKU": "POT", "Variant Price": "9.99"}


def parse(*rows: dict[str, str], columns: tuple[str, ...] = ()) -> tuple[FileProduct | None, list[Problem]]:
    """The product of these rows, which stand from line 2 on. The header has all columns that a row fills in, and `columns`."""
    names = list(dict.fromkeys([*(name for row in rows for name in row), *columns]))
    problems: list[Problem] = []
    parser = Parser(Header(names, frozenset({"main", "east"})), "EUR", "main", problems)
    cells = [Row(line, [row.get(name, "") for name in names]) for line, row in enumerate(rows, 2)]
    return parser.product(cells), problems


def product_of(*rows: dict[str, str], columns: tuple[str, ...] = ()) -> FileProduct:
    product, problems = parse(*rows, columns=columns)
    assert product is not None
    assert problems == []
    return product


def refusal(row: dict[str, str]) -> tuple[int, str, str]:
    """Of a file with this row only: line, column and reason."""
    product, problems = parse(row)
    assert product is None
    assert [problem.refused for problem in problems] == [True]
    assert problems[0].handle == row["Handle"]
    return problems[0].line, problems[0].column, problems[0].reason


def test_a_whole_row_is_read_column_by_column() -> None:
    product = product_of(
        {
            "Handle": "oak-table",
            "Title": " Oak Table ",
            "Body (HTML)": "<p onclick='x'>Solid.</p>",
            "Vendor": "Ada & Sons",
            "Product Category": "Home & Garden > Furniture",
            "Type": "Furniture >  Tables",
            "Tags": "oak, new,, oak",
            "Published": "TRUE",
            "Option1 Name": "Size",
            "Option1 Value": "Large",
            "Option2 Name": "Finish",
            "Option2 Value": "Oiled",
            "Variant SKU": "OAK-L",
            "Variant Grams": "12500",
            "Variant Inventory Tracker": "shopify",
            "Variant Inventory Qty": "-3",
            "Variant Inventory Qty / east": "4",
            "Variant Inventory Qty / moon": "5",
            "Variant Inventory Policy": "continue",
            "Variant Fulfillment Service": "manual",
            "Variant Price": "499.90",
            "Variant Compare At Price": "599",
            "Price / USD": "549.5",
            "Price / JPY": "",
            "Variant Requires Shipping": "true",
            "Variant Taxable": "no",
            "Variant Barcode": "'0123",
            "Image Src": "//cdn.example/oak.jpg",
            "Image Position": "2",
            "Image Alt Text": "An oak table",
            "Gift Card": "false",
            "SEO Title": "Oak",
            "SEO Description": "Tables of oak",
            "Variant Image": "https://cdn.example/large.jpg",
            "Variant Tax Code": "T1",
            "Material (product.metafields.custom.material)": "Oak; Steel",
            "Google Shopping / Condition": "new",
            "Status": "Draft",
        }
    )
    (variant,) = product.variants
    assert (product.slug, product.title, product.description_html, product.brand) == (
        "oak-table",
        "Oak Table",
        "<p>Solid.</p>",
        "Ada & Sons",
    )
    assert product.category == ("Furniture", "Tables")
    assert product.tags == ("oak", "new")
    assert (product.published, product.status, product.gift_card) == (True, "draft", False)
    assert product.option_names == ("Size", "Finish")
    assert (product.seo_title, product.seo_description) == ("Oak", "Tables of oak")
    assert product.attributes == {"Material": ["Oak", "Steel"]}
    assert product.extra == {"Google Shopping / Condition": "new", "Product Category": "Home & Garden > Furniture"}
    assert product.pictures == [FilePicture("https://cdn.example/oak.jpg", "An oak table", 2)]
    assert (variant.line, variant.sku, variant.option_values) == (2, "OAK-L", ("Large", "Oiled"))
    assert (variant.weight_grams, variant.requires_delivery, variant.taxable, variant.tax_code) == (12500, True, False, "T1")
    assert (variant.track_stock, variant.stock_policy, variant.quantities) == (True, "backorder", {"east": 4, "main": -3})
    assert variant.prices == {"EUR": (49990, 59900, True), "USD": (54950, None, False)}
    assert (variant.barcode, variant.picture) == ("0123", "https://cdn.example/large.jpg")
    assert variant.extra == {"Variant Fulfillment Service": "manual"}


def test_newer_names_of_columns_and_any_case_are_known() -> None:
    product = product_of(
        {
            "URL handle": "pot",
            "TITLE": "Pot",
            "Description": "Clay.",
            "Published on online store": "false",
            "SKU": "POT",
            "Price": "9.99",
            "Compare-at price": "12",
            "Barcode": "123",
            "Inventory quantity": "3",
            "Weight value (grams)": "250",
            "Charge tax": "true",
            "Tax code": "T1",
            "Product image URL": "https://cdn.example/pot.jpg",
        }
    )
    (variant,) = product.variants
    assert (product.slug, product.title, product.description_html, product.published) == ("pot", "Pot", "Clay.", False)
    assert (variant.sku, variant.prices, variant.barcode) == ("POT", {"EUR": (999, 1200, True)}, "123")
    assert (variant.quantities, variant.weight_grams, variant.taxable, variant.tax_code) == ({"main": 3}, 250, True, "T1")
    assert [picture.url for picture in product.pictures] == ["https://cdn.example/pot.jpg"]


def test_what_the_file_leaves_out_is_not_said() -> None:
    product = product_of({"Handle": "pot", "Variant SKU": "POT"})
    assert product == FileProduct(line=2, slug="pot", variants=product.variants)
    (variant,) = product.variants
    assert (variant.option_values, variant.weight_grams, variant.prices, variant.quantities, variant.active) == (None, None, {}, {}, None)


def test_blank_cells_clear_but_prices_quantities_yes_or_no_and_options_are_not_said() -> None:
    columns = ("Vendor", "Type", "Tags", "SEO Title", "Variant Barcode", "Variant Price", "Variant Inventory Qty", "Published", "Gift Card")
    product = product_of(
        {"Handle": "pot", "Title": "Pot", "Variant SKU": "POT"}, columns=(*columns, "Option1 Name", "Option1 Value", "Status")
    )
    assert (product.brand, product.category, product.tags, product.seo_title) == ("", (), (), "")
    assert (product.published, product.gift_card, product.status, product.option_names) == (None, None, None, None)
    (variant,) = product.variants
    assert (variant.barcode, variant.prices, variant.quantities, variant.option_values) == ("", {}, {}, None)


def test_rows_after_the_first_carry_variants_and_pictures() -> None:
    product = product_of(
        POT | {"Option1 Name": "Size", "Option1 Value": "S", "Image Src": "https://cdn.example/1.jpg", "Google Shopping / MPN": "M1"},
        {"Handle": "pot", "Option1 Value": "M", "Variant Price": "11", "Google Shopping / MPN": "M2"},
        {"Handle": "pot", "Image Src": "https://cdn.example/2.jpg"},
    )
    assert [(variant.line, variant.option_values) for variant in product.variants] == [(2, ("S",)), (3, ("M",))]
    assert [picture.url for picture in product.pictures] == ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"]
    assert product.extra == {"Google Shopping / MPN": "M1"}
    assert product.variants[1].extra == {"Google Shopping / MPN": "M2"}


def test_the_row_with_the_title_gives_the_product_wherever_it_stands() -> None:
    product = product_of(
        {"Handle": "pot", "Option1 Value": "M", "Variant SKU": "POT-M", "Variant Price": "11"},
        POT | {"Option1 Name": "Size", "Option1 Value": "S"},
    )
    assert (product.line, product.title, product.option_names) == (3, "Pot", ("Size",))
    assert [variant.option_values for variant in product.variants] == [("M",), ("S",)]


def test_a_product_without_options_is_one_variant_without_values() -> None:
    product = product_of(POT | {"Option1 Name": "Title", "Option1 Value": "Default Title"})
    assert product.option_names == ()
    assert product.variants[0].option_values == ()


def test_title_may_be_a_real_option_too() -> None:
    product = product_of(
        POT | {"Option1 Name": "Title", "Option1 Value": "Default Title"}, POT | {"Variant SKU": "POT-2", "Option1 Value": "Dr."}
    )
    assert product.option_names == ("Title",)
    assert [variant.option_values for variant in product.variants] == [("Default Title",), ("Dr.",)]


def test_shopify_s_taxonomy_is_the_category_where_type_is_blank() -> None:
    taxonomy = {"Product Category": "Apparel & Accessories > Clothing"}
    assert product_of(POT | taxonomy, columns=("Type",)).category == ("Apparel & Accessories", "Clothing")
    assert product_of(POT | taxonomy).category == ("Apparel & Accessories", "Clothing")
    assert product_of(POT | taxonomy | {"Type": ">"}).category == ()
    assert product_of(POT).category is None


@pytest.mark.parametrize(("grams", "weight"), [("", 0), ("0", 0), ("28.35", 28), ("28.5", 29), ("1e3", 1000)])
def test_weights_are_whole_grams(grams: str, weight: int) -> None:
    assert product_of(POT | {"Variant Grams": grams, "Variant Weight Unit": "kg"}).variants[0].weight_grams == weight


@pytest.mark.parametrize(("text", "unit", "weight"), [("1.5", "kg", 1500), ("1", "oz", 28), ("2", "LB", 907), ("12", "", 12)])
def test_a_weight_in_a_unit_becomes_grams(text: str, unit: str, weight: int) -> None:
    assert product_of(POT | {"Variant Weight": text, "Variant Weight Unit": unit}).variants[0].weight_grams == weight


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"Handle": "two words"}, "Handle"),
        ({"Handle": "a/b"}, "Handle"),
        ({"Handle": "a?b"}, "Handle"),
        ({"Handle": ".."}, "Handle"),
        ({"Handle": "x" * 256}, "Handle"),
        ({"Handle": "a\x07b"}, "Handle"),
        ({"Title": ""}, "Title"),
        ({"Title": "x" * 256}, "Title"),
        ({"Vendor": "x" * 256}, "Vendor"),
        ({"Tags": "x" * 256}, "Tags"),
        ({"Tags": ",".join(str(number) for number in range(MOST_TAGS + 1))}, "Tags"),
        ({"Type": "x" * 256}, "Type"),
        ({"Type": " > ".join(["x" * 250] * 9)}, "Type"),
        ({"Published": "perhaps"}, "Published"),
        ({"Gift Card": "2"}, "Gift Card"),
        ({"Status": "sold"}, "Status"),
        ({"Option1 Name": "Size", "Option2 Name": "Size", "Option1 Value": "S", "Option2 Value": "M"}, "Option1 Name"),
        ({"Option1 Name": "Size", "Option1 Value": "x" * 256}, "Option1 Value"),
        ({"Option4 Name": "Mood", "Option4 Value": "Blue"}, "Option4 Name"),
        ({"Variant SKU": "x" * 256}, "Variant SKU"),
        ({"Variant Price": "free"}, "Variant Price"),
        ({"Variant Price": "-1"}, "Variant Price"),
        ({"Variant Price": "NaN"}, "Variant Price"),
        ({"Variant Price": "-Infinity"}, "Variant Price"),
        ({"Variant Price": "9,99"}, "Variant Price"),
        ({"Variant Price": "€5"}, "Variant Price"),
        ({"Variant Price": "9.999"}, "Variant Price"),
        ({"Variant Price": "1e999999"}, "Variant Price"),
        ({"Variant Price": "9" * 30}, "Variant Price"),
        ({"Variant Price": "10000000000.01"}, "Variant Price"),
        ({"Variant Price": "1" * 1_000_000}, "Variant Price"),
        ({"Price / JPY": "9.5"}, "Price / JPY"),
        ({"Variant Price": "", "Variant Compare At Price": "5"}, "Variant Price"),
        ({"Variant Compare At Price": "x"}, "Variant Compare At Price"),
        ({"Price / USD": "1", "Compare At Price / USD": "x"}, "Compare At Price / USD"),
        ({"Variant Grams": "heavy"}, "Variant Grams"),
        ({"Variant Grams": "-1"}, "Variant Grams"),
        ({"Variant Grams": "NaN"}, "Variant Grams"),
        ({"Variant Grams": "1e999999"}, "Variant Grams"),
        ({"Variant Grams": "3000000000"}, "Variant Grams"),
        ({"Variant Weight": "1", "Variant Weight Unit": "stone"}, "Variant Weight Unit"),
        ({"Variant Inventory Qty": "many"}, "Variant Inventory Qty"),
        ({"Variant Inventory Qty": "1.5"}, "Variant Inventory Qty"),
        ({"Variant Inventory Qty": "sNaN"}, "Variant Inventory Qty"),
        ({"Variant Inventory Qty": "9" * 12}, "Variant Inventory Qty"),
        ({"Variant Inventory Qty / east": "x"}, "Variant Inventory Qty / east"),
        ({"Variant Inventory Policy": "maybe"}, "Variant Inventory Policy"),
        ({"Variant Requires Shipping": "x"}, "Variant Requires Shipping"),
        ({"Variant Taxable": "x"}, "Variant Taxable"),
        ({"Variant Barcode": "1" * 256}, "Variant Barcode"),
        ({"Variant Active": "x"}, "Variant Active"),
    ],
)
def test_a_cell_that_means_nothing_is_named_with_its_reason(cells: dict[str, str], column: str) -> None:
    line, named, reason = refusal(POT | cells)
    assert (line, named) == (2, column)
    assert reason.endswith(".")
    assert len(reason) < 250, "a reason quotes no endless text"


def test_a_bad_variant_costs_its_row_only_the_first_one_too() -> None:
    product, problems = parse(
        POT | {"Option1 Name": "Size", "Option1 Value": "S", "Variant Price": "x", "Tags": "clay"},
        POT | {"Title": "", "Variant SKU": "POT-M", "Option1 Value": "M"},
        POT | {"Title": "", "Variant SKU": "POT-L", "Option1 Value": "L", "Variant Price": "-5"},
    )
    assert product is not None
    assert (product.title, product.tags) == ("Pot", ("clay",))
    assert [variant.sku for variant in product.variants] == ["POT-M"]
    assert [(problem.line, problem.column, problem.refused) for problem in problems] == [
        (2, "Variant Price", True),
        (4, "Variant Price", True),
    ]


def test_a_bad_product_takes_its_rows_with_it_and_each_is_named() -> None:
    product, problems = parse(
        POT | {"Published": "x"}, {"Handle": "pot", "Variant SKU": "POT-M"}, {"Handle": "pot", "Image Src": "https://a.example/b"}
    )
    assert product is None
    assert [(problem.line, problem.reason) for problem in problems] == [
        (2, "'x' is neither true nor false."),
        (3, "Line 2, which gives its product, was refused."),
        (4, "Line 2, which gives its product, was refused."),
    ]


def test_pictures_of_a_product_that_lost_all_its_variants_are_named_too() -> None:
    product, problems = parse(POT | {"Variant Price": "x"}, {"Handle": "pot", "Image Src": "https://cdn.example/1.jpg"})
    assert product is None
    assert [(problem.line, problem.column, problem.refused) for problem in problems] == [
        (2, "Variant Price", True),
        (3, "Variant SKU", True),
    ]


@pytest.mark.parametrize(
    "url", ["pot.jpg", "ftp://cdn.example/1.jpg", "javascript:alert(1)", "https://", "https:// cdn.example/1.jpg", "/etc/passwd"]
)
def test_a_row_is_taken_without_a_picture_that_has_no_address(url: str) -> None:
    product, problems = parse(POT | {"Image Src": url, "Variant Image": url})
    assert product is not None
    assert (product.pictures, product.variants[0].picture) == ([], None)
    assert sorted((problem.line, problem.column, problem.refused) for problem in problems) == [
        (2, "Image Src", False),
        (2, "Variant Image", False),
    ]


def test_a_row_of_a_bad_picture_and_nothing_else_is_refused() -> None:
    product, problems = parse(
        POT, {"Handle": "pot", "Image Src": "pot.jpg"}, {"Handle": "pot", "Image Src": "https://a.example/b", "Image Position": "x"}
    )
    assert product is not None
    assert [(problem.line, problem.column, problem.refused) for problem in problems] == [
        (3, "Image Src", True),
        (4, "Image Position", True),
    ]


def test_a_row_with_nothing_in_it_is_refused() -> None:
    product, problems = parse(POT, {"Handle": "pot", "Vendor": "Ada"})
    assert product is not None
    assert [(problem.line, problem.reason) for problem in problems] == [(3, "The row has neither a variant nor a picture.")]


def test_the_same_picture_twice_is_kept_once_and_said() -> None:
    picture = {"Image Src": "https://cdn.example/1.jpg"}
    product, problems = parse(POT | picture, {"Handle": "pot"} | picture)
    assert product is not None
    assert len(product.pictures) == 1
    assert [(problem.line, problem.column, problem.refused) for problem in problems] == [(3, "Image Src", False)]


@pytest.mark.parametrize(("compare", "kept"), [("12", 1200), ("9.99", None), ("5", None), ("0", None), ("", None)])
def test_an_earlier_price_is_kept_when_it_is_above_the_price(compare: str, kept: int | None) -> None:
    product, problems = parse(POT | {"Variant Compare At Price": compare})
    assert product is not None
    assert product.variants[0].prices == {"EUR": (999, kept, True)}
    assert [problem.refused for problem in problems] == ([False] if compare in ("9.99", "5") else [])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (" Oak ", ["Oak"]),
        ("Oak; Steel ;; Oak", ["Oak", "Steel"]),
        ('["a;b", " c ", ""]', ["a;b", "c"]),
        ("[brackets]", ["[brackets]"]),
        ("[1, 2]", ["[1, 2]"]),
    ],
)
def test_attributes_are_lists(text: str, values: list[str]) -> None:
    assert attribute_values(text) == values
