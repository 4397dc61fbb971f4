"""What an operator changes in the catalog by hand. Imports change the rest (see `storefront.catalog.importer`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from storefront.catalog.sanitise import sanitise_html
from storefront.catalog.slugs import is_slug
from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput, NotFound
from storefront.platform.sql import load

queries = load("catalog_editing")

Status = Literal["draft", "active", "archived"]
StockPolicy = Literal["deny", "backorder", "preorder"]


class ProductRow(msgspec.Struct, frozen=True):
    """A row of the operator's product list. `available` counts all variants over all locations."""

    id: int
    slug: str
    title: str
    brand: str
    status: Status
    updated_at: datetime
    variant_count: int
    available: int


class EditableVariant(msgspec.Struct, frozen=True):
    """`amount` and `compare_at` are minor units of the shop's currency."""

    id: int
    sku: str
    option_values: tuple[str, ...]
    active: bool
    amount: int | None
    compare_at: int | None
    track_stock: bool
    stock_policy: StockPolicy


class EditableProduct(msgspec.Struct, frozen=True):
    id: int
    slug: str
    title: str
    brand: str
    status: Status
    description_html: str
    published_at: datetime | None
    updated_at: datetime
    variants: tuple[EditableVariant, ...]


class ProductChange(msgspec.Struct, forbid_unknown_fields=True):
    """The product form."""

    title: str
    slug: str
    status: Status
    description_html: str = ""


async def products(conn: Connection, text: str, after_id: int, most: int) -> list[ProductRow]:
    """Products whose title contains `text`, or whose slug or SKU is it, by id after `after_id`."""
    rows = await queries.products_for_operator(conn, text=text, after_id=after_id, most=most)
    return [msgspec.convert(dict(row), ProductRow) for row in rows]


async def product(conn: Connection, product_id: int, currency: str) -> EditableProduct:
    """Raises NotFound."""
    row = await queries.product_for_operator(conn, product_id=product_id)
    if row is None:
        raise NotFound("There is no such product.")
    variants = await queries.variants_for_operator(conn, product_id=product_id, currency=currency)
    return EditableProduct(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        brand=row["brand"],
        status=row["status"],
        description_html=row["description_html"],
        published_at=row["published_at"],
        updated_at=row["updated_at"],
        variants=tuple(msgspec.convert(dict(variant), EditableVariant) for variant in variants),
    )


async def save_product(conn: Connection, product_id: int, change: ProductChange, now: datetime) -> None:
    """Changes the product; an old slug goes on answering with a redirect. Raises InvalidInput, NotFound."""
    title, slug = change.title.strip(), change.slug.strip()
    errors = []
    if not 1 <= len(title) <= 255 or "\x00" in title:
        errors.append(FieldError("title", "Enter a title of up to 255 characters."))
    if not is_slug(slug):
        errors.append(FieldError("slug", "Use letters, digits and hyphens."))
    if errors:
        raise InvalidInput(fields=errors)
    try:
        async with conn.transaction():
            saved = await queries.update_product(
                conn,
                product_id=product_id,
                title=title,
                slug=slug,
                status=change.status,
                description_html=sanitise_html(change.description_html),
                now=now,
            )
    except asyncpg.UniqueViolationError as error:
        raise InvalidInput.of("slug", "Another product has this address already.") from error
    if saved is None:
        raise NotFound("There is no such product.")


async def set_price(conn: Connection, product_id: int, variant_id: int, currency: str, amount: int, compare_at: int | None) -> None:
    """Sets a variant's price in minor units. Raises InvalidInput, NotFound."""
    if not 0 <= amount <= 10**12:
        raise InvalidInput.of("amount", "Enter a price from 0.")
    if compare_at is not None and compare_at <= amount:
        raise InvalidInput.of("compare_at", "The earlier price must be above the price.")
    if await queries.variant_of_product(conn, variant_id=variant_id, product_id=product_id) is None:
        raise NotFound("There is no such variant.")
    await queries.set_price(conn, variant_id=variant_id, currency=currency, amount=amount, compare_at=compare_at)


async def lock_stock_policy(conn: Connection, variant_id: int) -> StockPolicy:
    """Whether the variant is sold ahead, which stays so until the transaction ends. Raises NotFound."""
    policy: StockPolicy | None = await queries.lock_stock_policy(conn, variant_id=variant_id)
    if policy is None:
        raise NotFound("There is no such variant.")
    return policy


async def set_stock_policy(conn: Connection, variant_id: int, policy: StockPolicy, now: datetime) -> None:
    """Sets whether the variant is sold ahead; how much of it is for inventory to say."""
    await queries.set_stock_policy(conn, variant_id=variant_id, policy=policy, now=now)


Named = Literal["products", "categories", "collections"]


async def ids_of(conn: Connection, kind: Named, names: Sequence[str]) -> dict[str, int | None]:
    """What an operator means by slugs or SKUs of products, paths of categories, slugs of collections; None: there is none."""
    rows = await getattr(queries, f"{kind}_named")(conn, names=list(names))
    return {row["name"]: row["id"] for row in rows}


async def names_of(conn: Connection, kind: Named, ids: Sequence[int]) -> dict[int, str]:
    """The other way round; what is gone is missing."""
    return {row["id"]: row["name"] for row in await getattr(queries, f"names_of_{kind}")(conn, ids=list(ids))}
