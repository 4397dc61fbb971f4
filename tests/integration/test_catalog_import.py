"""An import takes every good row, names every bad one, leaves alone what the file does not speak of, and survives being killed."""

import asyncio
import csv
import os
import pty
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from storefront.catalog import importer
from storefront.catalog.importer import BATCH, ImportRefused, connect, import_file
from storefront.catalog.transfer.reading import UnreadableFile
from storefront.platform.database import Connection
from storefront.platform.embedded.postgres import Postgres
from storefront.platform.migrations import APP_ROLE
from storefront.settings import Settings
from tests.commands import command
from tests.transfer import csv_text, empty_shop, exported, load, nothing_done, row_versions, stored_product

POT = {"Handle": "pot", "Title": "Pot", "Variant SKU": "POT", "Variant Price": "9.99"}
LAMP = {"Handle": "lamp", "Title": "Lamp", "Variant SKU": "LAMP", "Variant Price": "20"}
SHIRT = {"Handle": "shirt", "Title": "Shirt", "Option1 Name": "Size", "Variant Price": "25"}
SHIRTS = [SHIRT | {"Option1 Value": size, "Variant SKU": f"SHIRT-{size}", "Variant Inventory Qty": "5"} for size in ("S", "M", "L")]


@pytest.fixture
async def conn(postgres: Postgres) -> AsyncIterator[Connection]:
    """The import's connection to an empty shop of this test's own."""
    async with empty_shop(postgres) as conn:
        yield conn


@pytest.fixture
async def owner_here(conn: Connection, postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables of that shop."""
    name = await conn.fetchval("SELECT current_database()")
    owner = await asyncpg.connect(postgres.dsn(database=name))
    yield owner
    await owner.close()


async def variants_of(conn: Connection, slug: str) -> list[dict[str, Any]]:
    product = await stored_product(conn, slug)
    assert product is not None
    return list(product["variants"])


# Bad rows


async def test_every_bad_row_is_named_by_line_and_reason_and_every_good_one_is_taken(conn: Connection, tmp_path: Path) -> None:
    header = "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Option4 Value,Variant SKU,Variant Price,Variant Inventory Qty,Image Src"
    lines = [
        header,
        "good-1,Good 1,,Title,Default Title,,G-1,9.99,5,",  # 2
        ",No handle,,Title,Default Title,,X-1,9.99,5,",
        "no-title,,,Title,Default Title,,X-2,9.99,5,",
        "bad-price,Bad price,,Title,Default Title,,X-3,cheap,5,",
        "negative,Negative,,Title,Default Title,,X-4,-0.01,5,",
        "huge,Huge,,Title,Default Title,,X-5,99999999999999999999,5,",
        "nan,NaN,,Title,Default Title,,X-6,NaN,5,",
        "stolen-sku,Stolen SKU,,Title,Default Title,,G-1,9.99,5,",  # 9
        "four-options,Four options,,Size,S,Round,X-7,9.99,5,",
        "no-picture,No picture,,Title,Default Title,,N-1,9.99,5,picture.jpg",
        "no-number,No number,,Title,Default Title,,X-8,9.99,lots,",
        "two-words here,Two words,,Title,Default Title,,X-9,9.99,5,",
        "sizes,Sizes,,Size,S,,S-1,9.99,5,",  # 14
        "sizes,,,,M,,S-2,dear,5,",
        "sizes,,,,L,,S-3,9.99,5,",
        "sizes,,,,L,,S-4,9.99,5,",
        "sizes,,,,,,,,,nothing.jpg",
        "ragged,Ragged,,Title,Default Title,,X-10,9,99,5,",  # 19
        "short,Short,,Title,Default Title,,SH-1,9.99",
        'unquoted,Un"quoted,,Title,Default Title,,U-1,9.99,5,',
        'broken,"Broken" quote,,Title,Default Title,,X-11,9.99,5,',
        'long,Long,"<p>One',  # 23 to 25
        "",
        'two</p>",Title,Default Title,,L-1,9.99,5,',
        "null,Nu\x00ll,,Title,Default Title,,X-12,9.99,5,",
        "no-price,No price,,Title,Default Title,,NP-1,,5,",
        "good-2,Good 2,,Title,Default Title,,G-2,9.99,5,",  # 28
    ]
    data = (
        "\r\n".join(lines).encode()
        + b"\r\nlatin,Caf\xe9,,Title,Default Title,,X-13,9.99,5,\r\nlast,Last,,Title,Default Title,,LA-1,9.99,5,"
    )
    result = await load(conn, tmp_path, data)
    found = [(problem.line, problem.handle, problem.column, problem.refused) for problem in result.problems]
    assert found == [
        (3, "", "Handle", True),
        (4, "no-title", "Title", True),
        (5, "bad-price", "Variant Price", True),
        (6, "negative", "Variant Price", True),
        (7, "huge", "Variant Price", True),
        (8, "nan", "Variant Price", True),
        (9, "stolen-sku", "Variant SKU", True),
        (10, "four-options", "Option4 Name", True),
        (11, "no-picture", "Image Src", False),
        (12, "no-number", "Variant Inventory Qty", True),
        (13, "two-words here", "Handle", True),
        (15, "sizes", "Variant Price", True),
        (17, "sizes", "Option1 Value", True),
        (18, "sizes", "Image Src", True),
        (19, "ragged", "", True),
        (22, "", "", True),
        (26, "null", "", True),
        (27, "no-price", "Variant Price", False),
        (29, "latin", "", True),
    ]
    reasons = {problem.line: problem.reason for problem in result.problems}
    assert reasons[5] == "'cheap' is not an amount of money."
    assert reasons[6] == "'-0.01' is below 0."
    assert reasons[9] == "The SKU G-1 is taken by good-1."
    assert reasons[17] == "Line 16 is the same variant."
    taken = [row["slug"] for row in await conn.fetch("SELECT slug FROM product ORDER BY slug")]
    assert taken == ["good-1", "good-2", "last", "long", "no-picture", "no-price", "short", "sizes", "unquoted"]
    assert [variant["sku"] for variant in await variants_of(conn, "sizes")] == ["S-1", "S-3"]
    long = await stored_product(conn, "long")
    assert long is not None
    assert long["description_html"] == "<p>One\n\ntwo</p>"
    again = await load(conn, tmp_path, data)
    assert nothing_done(again)
    assert [problem for problem in again.problems if problem.refused] == [problem for problem in result.problems if problem.refused]


async def test_postgresql_has_looked_at_what_was_imported(conn: Connection, tmp_path: Path) -> None:
    """Else pages of a shop that has just been filled are read as those of an empty one, all products for one of them."""
    rows = [{"Handle": f"thing-{n}", "Title": "Thing", "Variant SKU": f"T-{n}", "Variant Price": "1"} for n in range(300)]
    await load(conn, tmp_path, csv_text(*rows))
    seen = await conn.fetch("SELECT relname, reltuples FROM pg_class WHERE relname IN ('product', 'variant', 'variant_price')")
    assert {row["relname"]: row["reltuples"] for row in seen} == {"product": 300, "variant": 300, "variant_price": 300}


async def test_a_sku_is_taken_by_the_first_product_that_has_it_across_batches_too(conn: Connection, tmp_path: Path) -> None:
    rows = [
        {"Handle": f"thing-{number}", "Title": "Thing", "Variant SKU": f"T-{number}", "Variant Price": "1"} for number in range(BATCH + 5)
    ]
    rows[BATCH + 2]["Variant SKU"] = "T-3"
    result = await load(conn, tmp_path, csv_text(*rows))
    assert [(problem.line, problem.reason) for problem in result.problems] == [(BATCH + 4, "The SKU T-3 is taken by thing-3.")]
    assert result.tally.products_created == BATCH + 4


async def test_what_only_the_database_knows_to_be_wrong_costs_its_product_and_no_other(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    await owner_here.execute("ALTER TABLE product ADD CONSTRAINT no_lead CHECK (title <> 'Lead')")
    rows = [{"Handle": f"thing-{number}", "Title": "Thing", "Variant SKU": f"T-{number}", "Variant Price": "1"} for number in range(40)]
    rows[17]["Title"] = rows[31]["Title"] = "Lead"
    result = await load(conn, tmp_path, csv_text(*rows))
    assert [(problem.line, problem.handle) for problem in result.problems] == [(19, "thing-17"), (33, "thing-31")]
    assert all("no_lead" in problem.reason for problem in result.problems)
    assert result.tally.products_created == 38
    assert await conn.fetchval("SELECT count(*) FROM product") == 38


@pytest.mark.parametrize("data", [b"", b"Title,Price\nPot,5\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"])
async def test_a_file_that_is_no_product_csv_changes_nothing(conn: Connection, tmp_path: Path, data: bytes) -> None:
    before = await row_versions(conn)
    with pytest.raises(UnreadableFile):
        await load(conn, tmp_path, data)
    assert await row_versions(conn) == before


async def test_texts_as_long_as_allowed_fit_the_indexes(conn: Connection, tmp_path: Path) -> None:
    names = {f"Option{number} Name": f"{number}{'ä' * 200}" for number in (1, 2, 3)}
    values = {f"Option{number} Value": f"{number}{'中' * 200}" for number in (1, 2, 3)}
    row = {
        "Handle": "x" * 255,
        "Title": "𝒯" * 255,
        "Vendor": "𝒱" * 255,
        "Type": " > ".join([f"{number}{'中' * 40}" for number in range(8)]),
        "Tags": ",".join(f"{number}{'ß' * 250}" for number in range(250)),
        "Variant SKU": "𝒮" * 255,
        "Variant Barcode": "𝟙" * 255,
        "Variant Price": "10000000000",
        "Variant Inventory Qty": "2000000000",
        "Variant Grams": "2000000000",
        "Image Src": f"https://cdn.example/{'x' * 1900}",
        "SEO Description": "long " * 100_000,
    }
    result = await load(conn, tmp_path, csv_text(row | names | values))
    assert result.problems == []
    assert result.tally.products_created == 1
    again = await load(conn, tmp_path, csv_text(row | names | values))
    assert nothing_done(again)


# Rich text


async def test_hostile_html_comes_out_harmless_and_so_once_for_all(conn: Connection, tmp_path: Path) -> None:
    hostile = (
        "<p onclick='steal()'>Solid <b>oak</b>.</p><script>steal()</script><a href='javascript:steal()'>More</a><img src=x onerror=steal()>"
    )
    await load(conn, tmp_path, csv_text(POT | {"Body (HTML)": hostile}))
    product = await stored_product(conn, "pot")
    assert product is not None
    assert product["description_html"] == '<p>Solid <b>oak</b>.</p><a rel="noopener nofollow">More</a><img src="x">'
    assert nothing_done(await load(conn, tmp_path, csv_text(POT | {"Body (HTML)": hostile})))
    assert nothing_done(await load(conn, tmp_path, await exported(conn)))


# What the file does not say stays


async def test_a_file_of_prices_changes_prices_only(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS, POT))
    before = [await stored_product(conn, slug) for slug in ("shirt", "pot")]
    result = await load(conn, tmp_path, "Handle,Variant SKU,Variant Price\nshirt,SHIRT-M,27.50\npot,POT,9.99\n")
    assert result.problems == []
    assert (result.tally.products_updated, result.tally.products_unchanged) == (1, 1)
    assert result.tally.changed == {"product": 0, "variant": 0, "price": 1, "stock": 0, "picture": 0, "category": 0}
    after = [await stored_product(conn, slug) for slug in ("shirt", "pot")]
    assert before[0] is not None
    before[0]["variants"][1]["prices"] = {"EUR": [2750, None]}
    assert after == before


async def test_a_file_of_titles_changes_titles_only(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS))
    before = await stored_product(conn, "shirt")
    result = await load(conn, tmp_path, "Handle,Title\nshirt,Linen shirt\n")
    assert result.problems == []
    assert before is not None
    assert await stored_product(conn, "shirt") == before | {"title": "Linen shirt"}


async def test_a_file_of_stock_changes_stock_only(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS, POT | {"Variant Inventory Qty": "3"}))
    result = await load(conn, tmp_path, "Handle,Variant SKU,Variant Inventory Qty\nshirt,SHIRT-L,0\nshirt,SHIRT-S,\npot,,7\n")
    assert [(problem.line, problem.refused) for problem in result.problems] == []
    assert [variant["stock"] for variant in await variants_of(conn, "shirt")] == [{"main": 5}, {"main": 5}, {"main": 0}]
    moves = await conn.fetch("SELECT delta, reason, actor FROM stock_movement ORDER BY id")
    assert [tuple(move.values()) for move in moves[-1:]] == [(-5, "import", "catalog import")]
    assert [variant["stock"] for variant in await variants_of(conn, "pot")] == [{"main": 3}], "its row has no SKU, price or options"


async def test_an_unknown_product_needs_a_title(conn: Connection, tmp_path: Path) -> None:
    result = await load(conn, tmp_path, "Handle,Variant SKU,Variant Price\nshirt,SHIRT-M,27.50\n")
    assert [(problem.line, problem.column, problem.refused) for problem in result.problems] == [(2, "Title", True)]
    assert await stored_product(conn, "shirt") is None


async def test_a_column_that_is_there_and_blank_clears_and_one_that_is_not_does_not(conn: Connection, tmp_path: Path) -> None:
    whole = {
        "Vendor": "Ada",
        "Type": "Kitchen",
        "Tags": "clay",
        "SEO Title": "Pots",
        "Variant Barcode": "123",
        "Google Shopping / Condition": "new",
        "Material (product.metafields.custom.material)": "Clay",
    }
    await load(conn, tmp_path, csv_text(POT | whole))
    before = await stored_product(conn, "pot")
    assert nothing_done(await load(conn, tmp_path, csv_text(POT)))
    assert await stored_product(conn, "pot") == before
    await load(conn, tmp_path, csv_text(POT | dict.fromkeys(whole, "")))
    product = await stored_product(conn, "pot")
    assert product is not None
    assert (product["brand"], product["category"], product["tags"], product["seo_title"]) == ("", None, [], None)
    assert (product["attributes"], product["import_extra"], product["variants"][0]["barcode"]) == ({}, {}, None)


async def test_only_what_changed_is_told(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(POT, LAMP, *SHIRTS))
    last = await conn.fetchval("SELECT max(seq) FROM change_log")
    await load(conn, tmp_path, csv_text(POT, LAMP | {"Variant Price": "21"}, *SHIRTS))
    told = await conn.fetch("SELECT topic, key FROM change_log WHERE seq > $1", last)
    lamp = await conn.fetchval("SELECT id FROM product WHERE slug = 'lamp'")
    assert [tuple(row.values()) for row in told] == [("price", str(lamp))]


# Variants, options, order


async def test_variants_swap_their_option_values_in_one_import(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS))
    rotated = [row | {"Option1 Value": size} for row, size in zip(SHIRTS, ("M", "L", "S"), strict=True)]
    result = await load(conn, tmp_path, csv_text(*rotated))
    assert result.problems == []
    found = [(variant["sku"], variant["option_values"]) for variant in await variants_of(conn, "shirt")]
    assert found == [("SHIRT-S", ["M"]), ("SHIRT-M", ["L"]), ("SHIRT-L", ["S"])]


async def test_a_refused_swap_leaves_every_variant_as_it_was(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS))
    before = await stored_product(conn, "shirt")
    result = await load(conn, tmp_path, csv_text(SHIRTS[0] | {"Option1 Value": "M"}, SHIRTS[1] | {"Option1 Value": "L"}))
    assert [problem.line for problem in result.refused] == [2, 3]
    assert await stored_product(conn, "shirt") == before


async def test_a_product_that_gets_options_keeps_its_old_variant_out_of_sale(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(SHIRT | {"Option1 Name": "Title", "Option1 Value": "Default Title", "Variant SKU": "SHIRT"}))
    result = await load(conn, tmp_path, csv_text(*SHIRTS))
    assert [(problem.column, problem.refused) for problem in result.problems] == [("Option1 Name", False)]
    found = {variant["sku"]: variant["active"] for variant in await variants_of(conn, "shirt")}
    assert found == {"SHIRT": False, "SHIRT-S": True, "SHIRT-M": True, "SHIRT-L": True}
    text = await exported(conn)
    result = await load(conn, tmp_path, text)
    assert result.problems == []
    assert nothing_done(result)


async def test_the_order_of_a_whole_file_is_the_order_of_the_variants(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS))
    await load(conn, tmp_path, csv_text(SHIRTS[2], SHIRTS[0], SHIRTS[1]))
    assert [variant["sku"] for variant in await variants_of(conn, "shirt")] == ["SHIRT-L", "SHIRT-S", "SHIRT-M"]
    assert nothing_done(await load(conn, tmp_path, csv_text(SHIRTS[2], SHIRTS[0], SHIRTS[1])))


async def test_a_part_of_the_variants_keeps_its_place_and_new_ones_come_last(conn: Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(*SHIRTS))
    new = SHIRT | {"Option1 Value": "XL", "Variant SKU": "SHIRT-XL"}
    await load(conn, tmp_path, csv_text(new, SHIRTS[1]))
    assert [variant["sku"] for variant in await variants_of(conn, "shirt")] == ["SHIRT-S", "SHIRT-M", "SHIRT-L", "SHIRT-XL"]
    assert nothing_done(await load(conn, tmp_path, csv_text(new, SHIRTS[1])))


# Categories and pictures


async def test_categories_nest_and_are_found_by_name_whatever_their_address(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    home = await owner_here.fetchval("INSERT INTO category (slug, path, name) VALUES ('living', 'living', 'Home & Living') RETURNING id")
    lamps = "INSERT INTO category (parent_id, slug, path, name) VALUES ($1, 'light', 'living/light', 'Lamps')"
    await owner_here.execute(lamps, home)
    rows = (LAMP | {"Type": "Home & Living > Lamps"}, POT | {"Type": "Home & Living > Pots > Clay"}, SHIRTS[0] | {"Type": "home & living"})
    result = await load(conn, tmp_path, csv_text(*rows))
    paths = [row["path"] for row in await conn.fetch("SELECT path FROM category ORDER BY path")]
    assert paths == ["home-living", "living", "living/light", "living/pots", "living/pots/clay"], "names are told apart by case"
    assert result.tally.created["category"] == 3
    lamp = await stored_product(conn, "lamp")
    assert lamp is not None
    assert lamp["category_path"] == "living/light"
    assert nothing_done(await load(conn, tmp_path, csv_text(*rows)))
    assert nothing_done(await load(conn, tmp_path, await exported(conn)))


async def test_pictures_keep_the_order_of_the_file_and_the_shop_s_own_stay(conn: Connection, tmp_path: Path) -> None:
    def picture(name: str, position: str = "", alt: str = "") -> dict[str, str]:
        return {"Handle": "pot", "Image Src": f"https://cdn.example/{name}.jpg", "Image Position": position, "Image Alt Text": alt}

    async def pictures() -> list[tuple[str, str, int]]:
        product = await stored_product(conn, "pot")
        assert product is not None
        return [
            (url.removeprefix("https://cdn.example/").removesuffix(".jpg"), alt, position) for url, alt, position in product["pictures"]
        ]

    await load(conn, tmp_path, csv_text(POT | picture("a"), picture("b", alt="Side"), picture("c")))
    assert await pictures() == [("a", "", 1), ("b", "Side", 2), ("c", "", 3)]
    await load(conn, tmp_path, csv_text(POT | {"Variant Image": "https://cdn.example/b.jpg"}))
    assert await pictures() == [("a", "", 1), ("b", "Side", 2), ("c", "", 3)]
    await load(conn, tmp_path, csv_text(POT | {"Variant Image": "https://cdn.example/d.jpg"}))
    await load(conn, tmp_path, csv_text(POT | picture("c", "1", "Top"), picture("a", "9")))
    assert await pictures() == [("c", "Top", 1), ("b", "Side", 2), ("d", "", 4), ("a", "", 9)]
    assert (await variants_of(conn, "pot"))[0]["picture"] == "https://cdn.example/d.jpg"
    await load(conn, tmp_path, csv_text(POT | {"Variant Image": ""}))
    assert (await variants_of(conn, "pot"))[0]["picture"] is None


# Stock


async def test_stock_that_carts_and_orders_hold_stays_and_the_operator_is_told(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Qty": "5"}))
    await owner_here.execute("UPDATE stock SET reserved = 3")
    for _ in range(2):
        result = await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Qty": "1"}))
        assert [(problem.line, problem.refused, problem.reason) for problem in result.problems] == [
            (2, False, "1 cannot be: 3 are held by carts and orders, so the stock is 3.")
        ]
    assert (await variants_of(conn, "pot"))[0]["stock"] == {"main": 3}


async def test_stock_below_nothing_is_nothing_unless_the_variant_is_sold_beyond_its_stock(conn: Connection, tmp_path: Path) -> None:
    result = await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Qty": "-4"}))
    assert [(problem.line, problem.refused) for problem in result.problems] == [(2, False)]
    assert (await variants_of(conn, "pot"))[0]["stock"] == {"main": 0}
    result = await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Qty": "-4", "Variant Inventory Policy": "continue"}))
    assert result.problems == []
    assert (await variants_of(conn, "pot"))[0]["stock"] == {"main": -4}
    assert await conn.fetchval("SELECT backorder_limit FROM stock") > 0


async def test_what_was_sold_ahead_stays_owed_when_no_more_is_sold_ahead(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    """Five are sold and paid, and have not come in; of three more that shoppers hold, two are there."""
    for on_hand, reserved in ((-5, 0), (2, 3)):
        await load(conn, tmp_path, csv_text(POT | LIMITED))
        await owner_here.execute("UPDATE stock SET reserved = 0, on_hand = $1, backorder_limit = 7", on_hand)
        await owner_here.execute("UPDATE stock SET reserved = $1", reserved)
        owed = reserved - on_hand
        await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Policy": "deny"}))
        assert await ahead(conn) == ("deny", {"main": (on_hand, owed)})
        assert nothing_done(await load(conn, tmp_path, await exported(conn)))


async def test_a_stock_location_that_the_shop_lacks_is_named_and_left_out(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    text = csv_text(POT | {"Variant Inventory Qty": "2", "Variant Inventory Qty / quayside": "5"})
    result = await load(conn, tmp_path, text)
    named = [(problem.line, problem.column, problem.refused) for problem in result.problems]
    assert named == [(1, "Variant Inventory Qty / quayside", False)]
    assert (await variants_of(conn, "pot"))[0]["stock"] == {"main": 2}
    await owner_here.execute("INSERT INTO stock_location (code, name) VALUES ('quayside', 'Quayside')")
    result = await load(conn, tmp_path, text)
    assert result.problems == []
    assert (await variants_of(conn, "pot"))[0]["stock"] == {"main": 2, "quayside": 5}


async def test_an_operator_s_own_backorder_limit_and_preorder_survive_an_import(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Policy": "continue", "Variant Inventory Qty": "2"}))
    await owner_here.execute("UPDATE stock SET backorder_limit = 7; UPDATE variant SET stock_policy = 'preorder'")
    assert nothing_done(await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Policy": "continue", "Variant Inventory Qty": "2"})))
    assert nothing_done(await load(conn, tmp_path, await exported(conn)))


LIMITED = {"Variant Inventory Policy": "continue", "Variant Inventory Qty": "2", "Variant Backorder Limit": "7"}


async def ahead(conn: Connection) -> tuple[str, dict[str, tuple[int, int]]]:
    """The policy of the only variant, and (on hand, limit) at each location."""
    rows = await conn.fetch("SELECT l.code, s.on_hand, s.backorder_limit FROM stock s JOIN stock_location l ON l.id = s.location_id")
    return await conn.fetchval("SELECT stock_policy FROM variant"), {row["code"]: (row["on_hand"], row["backorder_limit"]) for row in rows}


async def test_a_file_says_how_many_are_sold_ahead_where_and_whether_as_a_preorder(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    await owner_here.execute("INSERT INTO stock_location (code, name) VALUES ('quayside', 'Quayside')")
    await load(conn, tmp_path, csv_text(POT | LIMITED | {"Variant Backorder Limit / quayside": "3", "Variant Preorder": "true"}))
    assert await ahead(conn) == ("preorder", {"main": (2, 7), "quayside": (0, 3)})
    await load(conn, tmp_path, csv_text(POT | LIMITED | {"Variant Preorder": "false", "Variant Backorder Limit / quayside": ""}))
    assert await ahead(conn) == ("backorder", {"main": (2, 7), "quayside": (0, 3)})
    for wrong in ("-1", "some"):
        result = await load(conn, tmp_path, csv_text(POT | {"Variant Backorder Limit": wrong}))
        assert [(problem.column, problem.refused) for problem in result.problems] == [("Variant Backorder Limit", True)]
    result = await load(conn, tmp_path, csv_text(POT | {"Variant Backorder Limit / attic": "1"}))
    assert [(problem.column, problem.refused) for problem in result.problems] == [("Variant Backorder Limit / attic", False)]
    await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Policy": "deny", "Variant Backorder Limit": "9"}))
    assert await ahead(conn) == ("deny", {"main": (2, 0), "quayside": (0, 0)})


async def test_a_limit_of_a_file_is_never_below_what_is_owed(conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path) -> None:
    await load(conn, tmp_path, csv_text(POT | LIMITED))
    await owner_here.execute("UPDATE stock SET on_hand = -5")
    await load(conn, tmp_path, csv_text(POT | {"Variant Backorder Limit": "1"}))
    assert await ahead(conn) == ("backorder", {"main": (-5, 5)})
    await load(conn, tmp_path, csv_text(POT | {"Variant Backorder Limit": "1", "Variant Inventory Qty": "4"}))
    assert await ahead(conn) == ("backorder", {"main": (4, 1)})


async def test_a_new_location_in_a_file_sells_no_more_ahead_than_the_shop_allows(
    conn: Connection, owner_here: asyncpg.Connection, tmp_path: Path
) -> None:
    await load(conn, tmp_path, csv_text(POT | LIMITED))
    await owner_here.execute("INSERT INTO stock_location (code, name) VALUES ('quayside', 'Quayside')")
    await load(conn, tmp_path, csv_text(POT | {"Variant Inventory Policy": "continue", "Variant Inventory Qty / quayside": "4"}))
    assert await ahead(conn) == ("backorder", {"main": (2, 7), "quayside": (4, 0)})


# The command


async def test_the_command_says_what_it_did_and_lists_what_was_wrong(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spring.csv"
    path.write_text(
        csv_text(POT | {"Variant Price": "x"}, LAMP, *({"Handle": f"bad\x1b[2J-{number}", "Title": "x"} for number in range(30)))
    )
    assert await importer.run(settings, path) == 1
    said = capsys.readouterr().out
    assert "32 of 32 rows read" in said
    assert "1 products created, 0 updated, 0 unchanged; 31 rows refused." in said
    assert "line 2 (pot) refused: Variant Price: 'x' is not an amount of money." in said
    assert "… and 11 more" in said
    assert "\x1b" not in said
    listed = settings.data_dir / "imports" / "spring.problems.csv"
    assert str(listed) in said
    with listed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 31
    first = {"Line": "2", "Handle": "pot", "Column": "Variant Price", "Outcome": "refused", "Reason": "'x' is not an amount of money."}
    assert rows[0] == first
    path.write_text(csv_text(POT, LAMP))
    assert await importer.run(settings, path) == 0
    assert not listed.exists(), "a list of mended problems is not left behind"
    path.write_text("Title\nPot\n")
    assert await importer.run(settings, path) == 2
    assert capsys.readouterr().err == f"storefront: {path}: there is no column Handle, so this is not a product CSV.\n"


async def test_two_imports_do_not_run_at_once(conn: Connection, postgres: Postgres, tmp_path: Path) -> None:
    (tmp_path / "catalog.csv").write_text(csv_text(POT))
    other = await connect(postgres.dsn(APP_ROLE, await conn.fetchval("SELECT current_database()")))
    try:
        assert await import_file(other, tmp_path / "catalog.csv", "EUR")
        with pytest.raises(ImportRefused):
            await import_file(conn, tmp_path / "catalog.csv", "EUR")
    finally:
        await other.close()
    for _ in range(500):
        try:
            assert nothing_done(await import_file(conn, tmp_path / "catalog.csv", "EUR"))
            return
        except ImportRefused:
            await asyncio.sleep(0.01)
    pytest.fail("a closed connection still holds the lock")


def things(count: int) -> str:
    rows = ({"Handle": f"thing-{n}", "Title": f"Thing {n}", "Variant SKU": f"T-{n}", "Variant Price": "9.99"} for n in range(count))
    return csv_text(
        *(row | {"Type": "Things > Small", "Variant Inventory Qty": "5", "Image Src": "https://a.example/b.jpg"} for row in rows)
    )


@pytest.mark.timeout(180)
async def test_a_killed_import_leaves_whole_batches_and_a_second_one_completes(
    settings: Settings, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    await owner.execute("TRUNCATE product, category CASCADE")
    count = 12 * BATCH
    path = tmp_path / "things.csv"
    path.write_text(things(count))
    arguments, environment = command(settings, "import", "catalog", str(path))
    importing = await asyncio.create_subprocess_exec(*arguments, env=environment, stdout=asyncio.subprocess.DEVNULL)
    while not (written := await owner.fetchval("SELECT count(*) FROM product")):
        assert importing.returncode is None, "it ended before it was killed"
        await asyncio.sleep(0.005)
    importing.send_signal(signal.SIGKILL)
    await importing.wait()
    while await owner.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'catalog import' AND datname = current_database())"
    ):
        await asyncio.sleep(0.01)
    left = await owner.fetchval("SELECT count(*) FROM product")
    assert written <= left < count
    assert left % BATCH == 0
    for part in ("variant", "media", "variant_price", "stock"):
        assert await owner.fetchval(f"SELECT count(*) FROM {part}") == left, f"{part} is as whole as the products"
    done = await asyncio.to_thread(subprocess.run, arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count - left:,} products created, 0 updated, {left:,} unchanged; 0 rows refused." in done.stdout
    assert await owner.fetchval("SELECT count(*) FROM variant") == count


async def test_a_terminal_is_shown_a_bar(settings: Settings, owner: asyncpg.Connection, tmp_path: Path) -> None:
    await owner.execute("TRUNCATE product, category CASCADE")
    path = tmp_path / "things.csv"
    path.write_text(things(2 * BATCH))
    arguments, environment = command(settings, "import", "catalog", str(path))

    def on_a_terminal() -> tuple[bytes, int]:
        terminal, inside = pty.openpty()
        process = subprocess.Popen(arguments, env=environment | {"TERM": "xterm", "COLUMNS": "100"}, stdout=inside)
        os.close(inside)
        shown = b""
        while True:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # its last writer is gone
                break
        os.close(terminal)
        return shown, process.wait()

    shown, code = await asyncio.to_thread(on_a_terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert code == 0
    assert re.search(r"importing\s+━+.*2000/2000 rows", text), text
    assert "2,000 products created" in text
