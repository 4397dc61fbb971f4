"""A catalog made by chance, as tests of listings need it: every kind of product beside every other."""

import random
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

BRANDS = ["Nord", "Süd", "nord", "O'West", ""]
WORDS = ["oak", "linen", "steel", "chair", "lamp", "table", "kettle", "rug", "small", "large", "red", "blue"]
PATHS = ["home", "home/kitchen", "home/kitchen/knives", "home/living", "garden", "garden/tools", "home-office"]
ATTRIBUTES = {"Material": ["Oak", "Steel", "Linen"], "Colour": ["Red", "Blue"], "Made in": ["DE", "SE"]}
OPTIONS = {"Size": ["S", "M", "L"], "Colour": ["Red", "Blue"]}


async def fill(owner: asyncpg.Connection, count: int, chance: random.Random, *, first: int = 1) -> None:
    """Adds `count` products: variants with options, some without a price or with one in one currency only, every kind of stock,
    drafts, and products that will be published. Also the categories of PATHS, and collections made by hand and by rule.
    """
    categories = await _categories(owner)
    location = await owner.fetchval("SELECT id FROM stock_location ORDER BY id LIMIT 1")
    for number in range(first, first + count):
        await _product(owner, number, chance, categories, location)
    await _collections(owner, chance)


async def _categories(owner: asyncpg.Connection) -> list[int | None]:
    ids: dict[str, int] = {}
    for path in PATHS:
        parent, _, slug = path.rpartition("/")
        ids[path] = await owner.fetchval(
            "INSERT INTO category (parent_id, slug, path, name) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (path) DO UPDATE SET path = EXCLUDED.path RETURNING id",
            ids.get(parent),
            slug,
            path,
            slug.title(),
        )
    return [*ids.values(), None]


async def _product(owner: asyncpg.Connection, number: int, chance: random.Random, categories: list[int | None], location: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    published = chance.choice([now - timedelta(days=chance.randrange(4)), now - timedelta(days=1), None, now + timedelta(days=1)])
    options = chance.choice([[], [], ["Size"], ["Size", "Colour"]])
    attributes = {name: chance.sample(values, chance.randint(1, 2)) for name, values in ATTRIBUTES.items() if chance.random() < 0.6}
    product_id = await owner.fetchval(
        "INSERT INTO product (slug, title, brand, category_id, tags, attributes, option_names, status, published_at, popularity,"
        " rating_sum, rating_count) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11, $12) RETURNING id",
        f"product-{number}",
        " ".join(chance.sample(WORDS, chance.randint(1, 3))).title(),
        chance.choice(BRANDS),
        chance.choice(categories),
        chance.sample(["sale", "new", "gift"], chance.randint(0, 2)),
        _json(attributes),
        options,
        chance.choice(["active"] * 6 + ["draft", "archived"]),
        published or now - timedelta(days=2),
        chance.choice([0, 0, 0, 1, 5]),
        *chance.choice([(0, 0), (0, 0), (5, 1), (4, 1), (79, 20), (78, 20), (3, 2), (1, 1), (11, 4)]),
    )
    seen = set()
    for position in range(chance.randint(1, 3) if options else 1):
        values = tuple(chance.choice(OPTIONS[name]) for name in options)
        if values not in seen:
            seen.add(values)
            await _variant(owner, product_id, f"SKU-{number}-{position}", position, values, chance, location)


async def _variant(
    owner: asyncpg.Connection, product_id: int, sku: str, position: int, values: tuple[str, ...], chance: random.Random, location: int
) -> None:
    policy = chance.choice(["deny", "deny", "backorder", "preorder"])
    variant_id = await owner.fetchval(
        "INSERT INTO variant (product_id, sku, option_values, position, active, track_stock, stock_policy)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        product_id,
        sku,
        list(values),
        position,
        chance.random() < 0.9,
        chance.random() < 0.9,
        policy,
    )
    for currency in chance.choice([["EUR"], ["USD"], ["EUR", "USD"], ["EUR", "USD"], []]):
        await owner.execute(
            "INSERT INTO variant_price (variant_id, currency, amount) VALUES ($1, $2, $3)",
            variant_id,
            currency,
            chance.choice([500, 999, 1000, 1999, 2500, 9999, 30_000, 999_999]),
        )
    await owner.execute(
        "INSERT INTO stock (variant_id, location_id, on_hand, backorder_limit) VALUES ($1, $2, $3, $4)",
        variant_id,
        location,
        chance.choice([0, 0, 3, 50]),
        0 if policy == "deny" else chance.choice([0, 5]),
    )


async def _collections(owner: asyncpg.Connection, chance: random.Random) -> None:
    rules = [None, {"tag": "sale"}, {"brand": "Nord"}, {"category": "home"}, {"price_max": 1999, "currency": "EUR"}]
    for number, rule in enumerate(rules):
        await owner.execute(
            "INSERT INTO collection (slug, name, rule) VALUES ($1, $2, $3::text::jsonb) ON CONFLICT DO NOTHING",
            f"collection-{number}",
            f"Collection {number}",
            None if rule is None else _json(rule),
        )
    by_hand = await owner.fetchval("SELECT id FROM collection WHERE slug = 'collection-0'")
    products = [row["id"] for row in await owner.fetch("SELECT id FROM product ORDER BY id")]
    for product_id in chance.sample(products, len(products) // 3):
        await owner.execute("INSERT INTO collection_product VALUES ($1, $2) ON CONFLICT DO NOTHING", by_hand, product_id)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
