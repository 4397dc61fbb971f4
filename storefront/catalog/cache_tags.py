"""Which cached pages a change of the catalog reaches: from rows of the change feed to cache tags.

| tag | carried by |
| --- | --- |
| product:ID | every page that shows the product |
| category:ID | the listing of the category |
| collection:ID | the listing of the collection, and the home page when it is shown there |
| rule-collection | listings of collections that a rule makes: which products leave one, nobody is told |
| search | search results, suggestions, and plain lists of all products |
| home | the home page |
| navigation | every page and JSON answer: they all name the categories that hold something |
| categories | the tree of categories with its counts and pictures, and the home page, which shows them |
| collections | lists of collections |
"""

from collections.abc import Iterable

from storefront.catalog.model import Card, Collection
from storefront.platform.database import Connection
from storefront.platform.feed import Change
from storefront.platform.sql import load

queries = load("catalog_feed")

SEARCH_TAG = "search"
RULE_COLLECTION_TAG = "rule-collection"
PRODUCT_TOPICS = frozenset({"product", "variant", "price", "media", "stock"})
MANY_MOVED = 500  # products of one step, from which on it is not asked whether a category was filled or emptied


def card_tags(cards: Iterable[Card]) -> set[str]:
    """Of a page that shows these products."""
    return {f"product:{card.id}" for card in cards}


def collection_tags(collection: Collection) -> set[str]:
    """Of a page that lists the collection, or some of it."""
    return {f"collection:{collection.id}"} | (set() if collection.curated else {RULE_COLLECTION_TAG})


def is_of_listings(tag: str) -> bool:
    """Whether the tag says which products a page lists, and in which order; what is shown of each is in other tags."""
    return tag in (SEARCH_TAG, RULE_COLLECTION_TAG) or tag.startswith(("category:", "collection:"))


async def tags_of(conn: Connection, changes: Iterable[Change]) -> set[str]:
    """The tags of all pages that may show something else now; one statement when products or categories are among the changes."""
    products: set[int] = set()
    moved: set[int] = set()
    categories: set[int] = set()
    tags: set[str] = set()
    for change in changes:
        if change.topic == "emptied":  # whole tables: every page is of what was in them
            tags |= {"categories", "navigation"}
        elif change.topic in PRODUCT_TOPICS:
            number = int(change.key)
            if change.topic == "product":
                moved.add(number)
            (products if number > 0 else categories).add(abs(number))  # a category's picture is told as its negative id
            if change.topic in ("product", "variant") or number < 0:
                tags.add("categories")
        elif change.topic == "left_category":
            categories.add(int(change.key))
            tags.add("categories")
        elif change.topic == "category":
            categories.add(int(change.key))
            tags |= {f"category:{change.key}", "categories", "navigation"}
        elif change.topic == "collection":
            tags |= {f"collection:{change.key}", "collections", "home"}
        elif change.topic == "synonym":
            tags.add(SEARCH_TAG)
    if products:
        tags |= {SEARCH_TAG, RULE_COLLECTION_TAG} | {f"product:{product_id}" for product_id in products}
    if products or categories:
        few = [] if len(moved) > MANY_MOVED else list(moved)
        shown = await queries.listings_of(conn, product_ids=list(products), category_ids=list(categories), moved_ids=few)
        if shown["menu"] or len(moved) > MANY_MOVED:
            tags.add("navigation")
        tags |= {f"category:{category_id}" for category_id in shown["category_ids"]}
        tags |= {f"collection:{collection_id}" for collection_id in shown["collection_ids"]}
    return tags
