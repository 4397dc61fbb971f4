"""The statements of the search, mapped to its types."""

from collections.abc import Mapping

from storefront.platform.database import Connection
from storefront.platform.sql import load
from storefront.search.model import Pin

queries = load("search")


async def synonyms(conn: Connection, language: str) -> list[list[str]]:
    """Groups of words that mean the same in a language ("en"), whatever the country."""
    return [list(row["terms"]) for row in await queries.synonyms(conn, language=language)]


async def redirects(conn: Connection) -> dict[str, str]:
    """Texts that lead to a page of their own."""
    return {row["query"]: row["url"] for row in await queries.redirects(conn)}


async def pins(conn: Connection) -> list[tuple[str, Pin]]:
    """What is put first, or weighs more or less, with the text it is for."""
    return [(row["query"], Pin(row["product_id"], row["pinned_at"], row["boost"])) for row in await queries.pins(conn)]


async def note_misses(conn: Connection, misses: Mapping[str, int]) -> None:
    """Counts texts that found nothing."""
    await queries.note_misses(conn, queries=list(misses), counts=list(misses.values()))


async def forget_misses(conn: Connection, kept: int) -> None:
    """Forgets all but the newest so many."""
    await queries.forget_misses(conn, kept=kept)
