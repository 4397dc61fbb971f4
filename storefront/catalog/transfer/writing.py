"""A batch of products into the database: one transaction, a fixed number of statements whatever the size of the batch."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import asyncpg
import msgspec
from slugify import slugify

from storefront.catalog.csv_format import BACKORDER_LIMIT, FilePicture, FileProduct, FileVariant, Header, Problem
from storefront.catalog.transfer.planning import KnownVariant, Plan, made_sku, plan
from storefront.platform.database import RETRIES, RETRYABLE, Connection
from storefront.platform.sql import load

queries = load("catalog_transfer")

KINDS = ("product", "variant", "price", "stock", "picture", "category")


class Tally(msgspec.Struct):
    """What an import did. `products_*` counts each product of the file once, `created` and `changed` count rows of each of KINDS."""

    products_created: int = 0
    products_updated: int = 0
    products_unchanged: int = 0
    created: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    changed: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def add(self, other: "Tally") -> None:
        """Adds the numbers of another batch."""
        self.products_created += other.products_created
        self.products_updated += other.products_updated
        self.products_unchanged += other.products_unchanged
        for kind in KINDS:
            self.created[kind] += other.created[kind]
            self.changed[kind] += other.changed[kind]


class Writer:
    """Writes batches through one connection. `prepare()` first."""

    def __init__(self, conn: Connection, actor: str) -> None:
        self._conn = conn
        self._actor = actor
        self._extra_columns: list[str] = []
        self._attribute_names: list[str] = []
        self._categories: dict[str, int] = {}
        self._locations: dict[str, int] = {}
        self.main_location = ""
        self.tally = Tally()
        self.problems: list[Problem] = []

    async def prepare(self) -> None:
        """Makes the staging tables, learns categories and stock locations."""
        await queries.create_staging(self._conn)
        self._locations = {row["code"]: row["id"] for row in await queries.stock_locations(self._conn)}
        self.main_location = next(iter(self._locations))
        self._categories = {row["path"]: row["id"] for row in await queries.categories_by_path(self._conn)}

    def speaks_of(self, header: Header) -> None:
        """Columns of the file whose blank cells clear what the shop has."""
        self._extra_columns = list(header.extra)
        self._attribute_names = list(header.attributes)

    @property
    def locations(self) -> frozenset[str]:
        """Codes of the stock locations."""
        return frozenset(self._locations)

    async def write(self, products: list[FileProduct]) -> None:
        """Merges the products in one transaction. Should the database refuse them, halves are tried until the culprit stands alone."""
        if not products:
            return
        try:
            await self._retrying(lambda: self._write_once(products))
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            if len(products) == 1:
                reason = f"The database refuses it: {error.args[0]}."
                self.problems += [Problem(variant.line, products[0].slug, "", reason) for variant in products[0].variants]
                return
            middle = len(products) // 2
            await self.write(products[:middle])
            await self.write(products[middle:])

    async def _retrying(self, work: Callable[[], Awaitable[None]]) -> None:
        for attempt in range(RETRIES):
            try:
                return await work()
            except RETRYABLE:
                if attempt == RETRIES - 1:
                    raise

    async def _write_once(self, products: list[FileProduct]) -> None:
        problems: list[Problem] = []
        tally = Tally()
        known_categories = dict(self._categories)
        products = [_copy(product) for product in products]
        try:
            async with self._conn.transaction():
                await queries.begin_import_batch(self._conn, actor=self._actor)
                plans = await self._plan(products, problems)
                await self._add_categories([product for product, _ in plans], tally)
                await self._stage(plans)
                await self._merge([found for _, found in plans], len(plans), tally)
        except BaseException:
            self._categories = known_categories
            raise
        self.tally.add(tally)
        self.problems += problems

    # Deciding

    async def _plan(self, products: list[FileProduct], problems: list[Problem]) -> list[tuple[FileProduct, Plan]]:
        slugs = [product.slug for product in products]
        known: dict[str, list[KnownVariant]] = {}
        for row in await queries.variants_of_slugs(self._conn, slugs=slugs):
            found = KnownVariant(row["id"], row["sku"], tuple(row["option_values"]), row["active"])
            known.setdefault(row["slug"], []).append(found)
        untitled = [product.slug for product in products if product.title is None]
        titled = {row["slug"] for row in await queries.known_slugs(self._conn, slugs=untitled)} if untitled else set()
        wanted = [v.sku or made_sku(p.slug, v.option_values) for p in products for v in p.variants]
        owners = {row["sku"]: row["slug"] for row in await queries.owners_of_skus(self._conn, skus=wanted)}
        plans = []
        for product in products:
            if product.title is None and product.slug not in titled:
                reason = "The shop has no such product, so the file must give its title."
                problems += [Problem(variant.line, product.slug, "Title", reason) for variant in product.variants]
                continue
            found_plan = plan(product, known.get(product.slug, []), owners, problems)
            if found_plan.matches:
                plans.append((product, found_plan))
        return plans

    async def _add_categories(self, products: list[FileProduct], tally: Tally) -> None:
        for product in products:
            for depth in range(1, len(product.category or ()) + 1):
                names = (product.category or ())[:depth]
                path = category_path(names)
                if path in self._categories:
                    continue
                parent_id = self._categories[category_path(names[:-1])] if depth > 1 else None
                row = await queries.insert_category(
                    self._conn, parent_id=parent_id, slug=category_slug(names[-1]), path=path, name=names[-1]
                )
                self._categories[path] = row["id"]
                tally.created["category"] += row["created"]

    # Staging

    async def _stage(self, plans: list[tuple[FileProduct, Plan]]) -> None:
        variants = [(product, variant, match) for product, found in plans for variant, match in found.matches]
        await self._copy("file_product", [self._product_record(product) for product, _ in plans])
        await self._copy("file_picture", [record for product, found in plans for record in _picture_records(product, found)])
        await self._copy("file_variant", [_variant_record(product.slug, variant, match) for product, variant, match in variants])
        await self._copy(
            "file_price",
            [(v.sku, currency, *price) for _, v, _ in variants for currency, price in v.prices.items()],
        )
        await self._copy("file_stock", [record for _, variant, _ in variants for record in self._stock_records(variant)])

    async def _copy(self, table: str, records: list[tuple[Any, ...]]) -> None:
        if records:
            await self._conn.copy_records_to_table(table, records=records)

    def _product_record(self, product: FileProduct) -> tuple[Any, ...]:
        category_id = self._categories[category_path(product.category)] if product.category else None
        return (
            product.slug,
            product.title,
            product.description_html,
            product.brand,
            category_id,
            product.category is not None,
            product.tags,
            {name: values for name, values in product.attributes.items() if values},
            product.option_names,
            product.status,
            product.published,
            product.seo_title,
            product.seo_description,
            product.gift_card,
            product.extra,
        )

    def _stock_records(self, variant: FileVariant) -> list[tuple[Any, ...]]:
        quantities: dict[str, int | None] = {self.main_location: None, **variant.quantities}
        return [(variant.sku, self._locations[code], quantity, variant.stock_policy) for code, quantity in quantities.items()]

    # Merging

    async def _merge(self, plans: list[Plan], count: int, tally: Tally) -> None:
        conn, extra = self._conn, self._extra_columns
        touched: set[int] = set()

        def changed(kind: str, rows: list[Any]) -> None:
            tally.changed[kind] += len(rows)
            touched.update(row["product_id"] for row in rows)

        def made(kind: str, rows: list[Any]) -> None:
            tally.created[kind] += len(rows)
            touched.update(row["product_id"] for row in rows)

        changed("product", await queries.update_products_from_file(conn, attribute_names=self._attribute_names, extra_columns=extra))
        new = await queries.insert_products_from_file(conn)
        made("product", new)
        changed("picture", await queries.update_pictures_from_file(conn))
        made("picture", await queries.insert_pictures_from_file(conn))
        retired = [variant_id for found in plans for variant_id in found.retired]
        if retired:
            changed("variant", await queries.retire_variants(conn, variant_ids=retired))
        parked = [variant_id for found in plans for variant_id in found.parked]
        if parked:
            await queries.park_option_values(conn, variant_ids=parked)
        changed("variant", await queries.update_variants_from_file(conn, extra_columns=extra))
        made("variant", await queries.insert_variants_from_file(conn))
        changed("price", await queries.merge_prices_from_file(conn))
        made("stock", await queries.insert_stock_from_file(conn, backorder_limit=BACKORDER_LIMIT))
        changed("stock", await queries.update_stock_from_file(conn, backorder_limit=BACKORDER_LIMIT))
        created = {row["product_id"] for row in new}
        tally.products_created = len(created)
        tally.products_updated = len(touched - created)
        tally.products_unchanged = count - len(touched | created)


def _copy(product: FileProduct) -> FileProduct:
    """Planning writes SKUs into variants; a second try must start from what the file says."""
    fresh = msgspec.structs.replace(product)
    fresh.variants = [msgspec.structs.replace(variant) for variant in product.variants]
    return fresh


def category_slug(name: str) -> str:
    """The last part of a category's path."""
    return str(slugify(name)) or hashlib.sha256(name.encode()).hexdigest()[:8]


def category_path(names: Iterable[str]) -> str:
    """Slugs from the root, joined by '/'."""
    return "/".join(category_slug(name) for name in names)


def _picture_records(product: FileProduct, found: Plan) -> list[tuple[Any, ...]]:
    """Pictures in order; one without a position follows the one before it; those that only a variant names come last."""
    records: list[tuple[Any, ...]] = []
    listed = {picture.url for picture in product.pictures}
    only_variants = dict.fromkeys(v.picture for v, _ in found.matches if v.picture and v.picture not in listed)
    last = 0
    for picture in [*product.pictures, *(FilePicture(url, None, None) for url in only_variants)]:
        highest = max((record[3] for record in records), default=0)
        last = picture.position or (highest if picture.url in only_variants else last) + 1
        records.append((product.slug, picture.url, picture.alt, last))
    return records


def _variant_record(slug: str, variant: FileVariant, match: int | None) -> tuple[Any, ...]:
    return (
        slug,
        match,
        variant.sku,
        variant.option_values,
        variant.position,
        variant.barcode,
        variant.weight_grams,
        variant.requires_delivery,
        variant.taxable,
        variant.tax_code,
        variant.track_stock,
        variant.stock_policy,
        variant.active,
        variant.picture,
        variant.extra,
    )
