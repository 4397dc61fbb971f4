"""What an operator teaches the search. Each change is written down with who made it, and reaches every replica by the change feed."""

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from storefront.catalog import editing as catalog
from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput, NotFound
from storefront.platform.sql import load
from storefront.platform.trail import note
from storefront.search.language import normal

queries = load("search_editing")

MOST_MISSES = 200
LONGEST = 100  # characters of a text
MOST_TERMS = 20
_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


class Miss(msgspec.Struct, frozen=True):
    """A text that found nothing, and how often it was looked for."""

    query: str
    searches: int
    last_at: datetime


class SynonymGroup(msgspec.Struct, frozen=True):
    """Words that mean the same to shoppers of a language."""

    id: int
    terms: tuple[str, ...]
    locale: str


class Redirect(msgspec.Struct, frozen=True):
    query: str
    url: str


class Boost(msgspec.Struct, frozen=True):
    """A product that stands at place `pinned_at` (from 1) for a text, or whose score is multiplied by `boost`."""

    query: str
    product_id: int
    product: str  # its slug
    pinned_at: int | None
    boost: float


class Taught(msgspec.Struct, frozen=True):
    """All of it."""

    misses: list[Miss]
    synonyms: list[SynonymGroup]
    redirects: list[Redirect]
    boosts: list[Boost]


async def taught(conn: Connection) -> Taught:
    """What the search knows beyond the catalog, and what it could not find."""
    boosts = await queries.all_boosts(conn)
    slugs = await catalog.names_of(conn, "products", [row["product_id"] for row in boosts])
    return Taught(
        misses=[Miss(**row) for row in await queries.misses(conn, most=MOST_MISSES)],
        synonyms=[msgspec.convert(dict(row), SynonymGroup) for row in await queries.synonym_groups(conn)],
        redirects=[Redirect(**row) for row in await queries.all_redirects(conn)],
        boosts=[Boost(**row, product=slugs.get(row["product_id"], "")) for row in boosts],
    )


async def add_synonyms(conn: Connection, terms: Sequence[str], locale: str, *, actor: str, now: datetime) -> None:
    """Raises InvalidInput (field `terms`)."""
    spelled = list(dict.fromkeys(" ".join(term.split()) for term in terms if term.strip()))
    if not 2 <= len(spelled) <= MOST_TERMS or any(len(term) > LONGEST for term in spelled):
        raise InvalidInput.of("terms", f"Enter 2 to {MOST_TERMS} words or phrases with commas between, such as “sofa, couch”.")
    await queries.insert_synonyms(conn, terms=spelled, locale=locale)
    await note(conn, "search", spelled[0], "synonyms added", {"terms": spelled}, actor=actor, now=now)


async def remove_synonyms(conn: Connection, synonym_id: int, *, actor: str, now: datetime) -> None:
    """Raises NotFound."""
    gone = await queries.delete_synonyms(conn, synonym_id=synonym_id)
    if gone is None:
        raise NotFound("There are no such synonyms.")
    await note(conn, "search", gone["terms"][0], "synonyms removed", {"terms": list(gone["terms"])}, actor=actor, now=now)


async def put_redirect(conn: Connection, text: str, url: str, *, actor: str, now: datetime) -> None:
    """A text leads to a page of this shop; what it led to before is forgotten. Raises InvalidInput (fields `query`, `url`)."""
    errors = _text_refusals("query", text)
    if not _PATH.fullmatch(url) or len(url) > 500:
        errors.append(FieldError("url", "Enter the path of a page of this shop, such as /c/clothing."))
    elif _searched(url) in {normal(text), *(row["query"] for row in await queries.all_redirects(conn))}:
        errors.append(FieldError("url", "This search leads on to a page. Enter that page."))  # or round in a circle
    if errors:
        raise InvalidInput(fields=errors)
    await queries.put_redirect(conn, query=normal(text), url=url)
    await note(conn, "search", normal(text), "redirect set", {"url": url}, actor=actor, now=now)


async def remove_redirect(conn: Connection, text: str, *, actor: str, now: datetime) -> None:
    """Raises NotFound."""
    if await queries.delete_redirect(conn, query=text) is None:
        raise NotFound("There is no such redirect.")
    await note(conn, "search", text, "redirect removed", {}, actor=actor, now=now)


async def put_boost(
    conn: Connection, text: str, product: str, pinned_at: int | None, boost: float | None, *, actor: str, now: datetime
) -> None:
    """Pins a product (its slug or SKU) to a place for a text, or weighs it. Raises InvalidInput."""
    errors = _text_refusals("text", text)
    product_id = (await catalog.ids_of(conn, "products", [product]))[product]
    if product_id is None:
        errors.append(FieldError("product", "There is no product with this address or SKU."))
    if (pinned_at is None) == (boost is None):
        errors.append(FieldError("pinned_at", "Enter a place, or a weight."))
    if pinned_at is not None and not 1 <= pinned_at <= 100:
        errors.append(FieldError("pinned_at", "Enter a place from 1 to 100."))
    if boost is not None and not 0.01 <= boost <= 100:
        errors.append(FieldError("boost", "Enter a weight from 0.01 to 100; above 1 comes earlier."))
    if errors:
        raise InvalidInput(fields=errors)
    await queries.put_boost(conn, query=normal(text), product_id=product_id, pinned_at=pinned_at, boost=boost or 1.0)
    what = {"product": product, "pinned_at": pinned_at, "boost": boost}
    await note(conn, "search", normal(text), "product placed", what, actor=actor, now=now)


async def remove_boost(conn: Connection, text: str, product_id: int, *, actor: str, now: datetime) -> None:
    """Raises NotFound."""
    if await queries.delete_boost(conn, query=text, product_id=product_id) is None:
        raise NotFound("There is no such place.")
    await note(conn, "search", text, "product let go", {"product_id": product_id}, actor=actor, now=now)


async def forget_miss(conn: Connection, text: str) -> None:
    """Takes a text off the list until it is looked for again."""
    await queries.forget_miss(conn, query=text)


def _searched(url: str) -> str | None:
    """The text that an address searches for."""
    parts = urlsplit(url)
    return normal(parse_qs(parts.query).get("q", [""])[-1]) if parts.path == "/search" else None


def _text_refusals(field: str, text: str) -> list[FieldError]:
    if 1 <= len(normal(text)) <= LONGEST:
        return []
    return [FieldError(field, f"Enter what shoppers type, of up to {LONGEST} characters.")]
