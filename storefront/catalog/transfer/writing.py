"""A batch of products into the database: one transaction, a fixed number of statements whatever the size of the batch."""

from typing import Any, NamedTuple

import asyncpg
import msgspec

from storefront.catalog.csv_format import BACKORDER_LIMIT, FileProduct, FileVariant, Header, Problem, is_variant_column
from storefront.catalog.slugs import made_slug
from storefront.catalog.transfer.planning import KnownProduct, KnownVariant, Match, Plan, made_sku, plan
from storefront.platform.database import RETRIES, RETRYABLE, Connection
from storefront.platform.sql import load

queries = load("catalog_transfer")

REFUSALS = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.ProgramLimitExceededError)
"""What the database answers to a product that it cannot take."""

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


class _Place(NamedTuple):
    """A category: its id and path."""

    id: int
    path: str


class Writer:
    """Writes batches through one connection. `prepare()` first."""

    def __init__(self, conn: Connection, actor: str) -> None:
        self._conn = conn
        self._actor = actor
        self._extra_columns: list[str] = []
        self._attribute_names: list[str] = []
        self._categories: dict[tuple[str, ...], _Place] = {}  # by names from the root
        self._categories_by_path: dict[str, _Place] = {}
        self._locations: dict[str, int] = {}
        self.main_location = ""
        self.tally = Tally()
        self.problems: list[Problem] = []

    async def prepare(self) -> None:
        """Makes the staging tables, learns categories and stock locations."""
        await queries.create_staging(self._conn)
        self._locations = {row["code"]: row["id"] for row in await queries.stock_locations(self._conn)}
        self.main_location = next(iter(self._locations))
        names: dict[int | None, tuple[str, ...]] = {None: ()}
        for row in await queries.categories_from_the_root(self._conn):
            names[row["id"]] = (*names[row["parent_id"]], row["name"])
            place = _Place(row["id"], row["path"])
            self._categories.setdefault(names[row["id"]], place)
            self._categories_by_path[place.path] = place

    def speaks_of(self, header: Header) -> None:
        """Columns of the file whose blank cells clear what the shop has."""
        self._extra_columns = list(header.extra)
        self._attribute_names = list(header.attributes)

    @property
    def locations(self) -> frozenset[str]:
        """Codes of the stock locations."""
        return frozenset(self._locations)

    async def finish(self) -> None:
        """After the last batch: PostgreSQL looks at what was written, or it would go on as if the shop were as small as before."""
        if any(self.tally.created.values()):
            await queries.analyze_catalog(self._conn)

    async def write(self, products: list[FileProduct]) -> None:
        """Merges the products in one transaction. Should the database refuse them, halves are tried until the culprit stands alone."""
        if not products:
            return
        try:
            await self._write_retrying(products)
        except REFUSALS as error:
            if len(products) == 1:
                self.problems += _all_rows(products[0], "", f"The database refuses it: {error.args[0]}.")
                return
            middle = len(products) // 2
            await self.write(products[:middle])
            await self.write(products[middle:])

    async def _write_retrying(self, products: list[FileProduct]) -> None:
        for attempt in range(RETRIES):
            try:
                await self._write_once(products)
                return
            except RETRYABLE:
                if attempt == RETRIES - 1:
                    raise

    async def _write_once(self, products: list[FileProduct]) -> None:
        problems: list[Problem] = []
        tally = Tally()
        known_categories = dict(self._categories), dict(self._categories_by_path)
        products = [_copy(product) for product in products]
        try:
            async with self._conn.transaction():
                await queries.begin_import_batch(self._conn, actor=self._actor)
                plans = await self._plan(products, problems)
                await self._stage(plans, tally)
                await self._merge([found for _, found in plans], len(plans), tally)
                problems += await self._told_otherwise()
        except BaseException:
            self._categories, self._categories_by_path = known_categories
            raise
        self.tally.add(tally)
        self.problems += problems

    # Deciding

    async def _plan(self, products: list[FileProduct], problems: list[Problem]) -> list[tuple[FileProduct, Plan]]:
        known = await self._known([product.slug for product in products])
        wanted = [v.sku or made_sku(p.slug, v.option_values or ()) for p in products for v in p.variants]
        owners = {row["sku"]: row["slug"] for row in await queries.owners_of_skus(self._conn, skus=wanted)}
        plans = []
        for product in products:
            shop = known.get(product.slug)
            if shop is None and product.title is None:
                problems += _all_rows(product, "Title", "The shop has no such product, so the file must give its title.")
            elif found := plan(product, shop, owners, problems):
                plans.append((product, found))
        return plans

    async def _known(self, slugs: list[str]) -> dict[str, KnownProduct]:
        rows = await queries.products_of_slugs(self._conn, slugs=slugs)
        known = {row["slug"]: KnownProduct(tuple(row["option_names"])) for row in rows}
        for row in await queries.variants_of_slugs(self._conn, slugs=slugs):
            variant = KnownVariant(row["id"], row["sku"], tuple(row["option_values"]), row["position"], row["active"], row["stock_policy"])
            known[row["slug"]].variants.append(variant)
        return known

    async def _category(self, names: tuple[str, ...], tally: Tally) -> _Place | None:
        """By its names, else by the path that they make; made when the shop has neither."""
        if not names:
            return None
        if names in self._categories:
            return self._categories[names]
        parent = await self._category(names[:-1], tally)
        slug = made_slug(names[-1])
        path = f"{parent.path}/{slug}" if parent else slug
        if path not in self._categories_by_path:
            parent_id = parent.id if parent else None
            row = await queries.insert_category(self._conn, parent_id=parent_id, slug=slug, path=path, name=names[-1])
            self._categories_by_path[path] = _Place(row["id"], path)
            tally.created["category"] += row["created"]
        self._categories[names] = self._categories_by_path[path]
        return self._categories[names]

    # Staging

    async def _stage(self, plans: list[tuple[FileProduct, Plan]], tally: Tally) -> None:
        matches = [(product.slug, *match) for product, found in plans for match in found.matches]
        await self._copy("file_product", [await self._product_record(product, tally) for product, _ in plans])
        await self._copy("file_picture", [record for product, found in plans for record in _picture_records(product, found)])
        await self._copy("file_variant", [_variant_record(slug, variant, known) for slug, variant, known in matches])
        await self._copy(
            "file_price", [(variant.sku, currency, *price) for _, variant, _ in matches for currency, price in variant.prices.items()]
        )
        await self._copy("file_stock", [record for _, variant, known in matches for record in self._stock_records((variant, known))])

    async def _copy(self, table: str, records: list[tuple[Any, ...]]) -> None:
        if records:
            await self._conn.copy_records_to_table(table, records=records)

    async def _product_record(self, product: FileProduct, tally: Tally) -> tuple[Any, ...]:
        place = await self._category(product.category or (), tally)
        return (
            product.slug,
            product.title,
            product.description_html,
            product.brand,
            place.id if place else None,
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

    def _stock_records(self, match: Match) -> list[tuple[Any, ...]]:
        """A new variant is counted at the main location; a change between selling ahead and not reaches every location."""
        variant, known = match
        quantities: dict[str, int | None] = {}
        policy = variant.stock_policy and ("deny" if variant.stock_policy == "deny" else "backorder")
        if known is None:
            quantities = {self.main_location: None}
        elif policy is None or (policy == "deny") == (known.stock_policy == "deny"):
            policy = None
        else:
            quantities = dict.fromkeys(self._locations)
        quantities |= dict.fromkeys(variant.limits.keys() - quantities.keys()) | variant.quantities
        return [
            (variant.line, variant.sku, self._locations[code], quantity, variant.limits.get(code), policy, known is None)
            for code, quantity in quantities.items()
        ]

    async def _told_otherwise(self) -> list[Problem]:
        """Quantities of the file that the stock could not be set to."""
        found = []
        for row in await queries.stock_unlike_file(self._conn):
            held = f"{row['reserved']:,} are held by carts and orders" if row["reserved"] else "the variant is not sold beyond its stock"
            reason = f"{row['quantity']:,} cannot be: {held}, so the stock is {row['on_hand']:,}."
            found.append(Problem(row["line"], row["slug"], "Variant Inventory Qty", reason, refused=False))
        return found

    # Merging

    async def _merge(self, plans: list[Plan], count: int, tally: Tally) -> None:
        conn, extra = self._conn, self._extra_columns
        variant_extra = [name for name in extra if is_variant_column(name)]
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
        changed("variant", await queries.update_variants_from_file(conn, extra_columns=extra, first_extra_columns=variant_extra))
        made("variant", await queries.insert_variants_from_file(conn))
        prices = await queries.merge_prices_from_file(conn)
        made("price", [row for row in prices if row["created"]])
        changed("price", [row for row in prices if not row["created"]])
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


def _all_rows(product: FileProduct, column: str, reason: str) -> list[Problem]:
    lines = sorted({product.line, *(variant.line for variant in product.variants)})
    return [Problem(line, product.slug, column, reason) for line in lines]


def _picture_records(product: FileProduct, found: Plan) -> list[tuple[Any, ...]]:
    """Pictures with a position, then those without in their order, then those that only a variant names."""
    placed = [picture for picture in product.pictures if picture.position is not None]
    listed = {picture.url: picture.alt for picture in product.pictures}
    following = {picture.url: picture.alt for picture in product.pictures if picture.position is None}
    following |= {variant.picture: None for variant, _ in found.matches if variant.picture and variant.picture not in listed}
    last = max((picture.position or 0 for picture in placed), default=0)
    records: list[tuple[Any, ...]] = [
        (product.slug, picture.url, picture.alt, picture.position, last, place) for place, picture in enumerate(placed, 1)
    ]
    records += [(product.slug, url, alt, None, last, place) for place, (url, alt) in enumerate(following.items(), 1)]
    return records


def _variant_record(slug: str, variant: FileVariant, known: KnownVariant | None) -> tuple[Any, ...]:
    return (
        slug,
        known.id if known else None,
        variant.sku,
        variant.option_values,
        variant.position,
        variant.first,
        variant.barcode,
        variant.weight_grams,
        variant.requires_delivery,
        variant.taxable,
        variant.tax_code,
        variant.track_stock,
        variant.stock_policy,
        variant.preorder,
        variant.active,
        variant.picture,
        variant.extra,
    )
