"""`run.py customers group GROUP --emails FILE`: puts all who are named in a file into a group, or, when it cannot be read, nobody."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from storefront.accounts import editing
from storefront.accounts.editing import Grouped
from storefront.accounts.service import spelled_alike
from storefront.platform.database import prepare_connection
from storefront.platform.errors import InvalidInput
from storefront.pricing.addresses import checked_email
from storefront.settings import Settings

ACTOR = "run.py customers group"
_SHOWN = 100  # characters of a line that is refused


class FileRefused(Exception):
    """A file that cannot be meant; the text is one line for the operator."""


def read_addresses(path: Path) -> dict[str, int]:
    """The addresses of a file, one a line, with the line that each first stands in; empty lines do not count. Raises FileRefused."""
    if not path.is_file():
        raise FileRefused(f"{path}: there is no such file.")
    found: dict[str, int] = {}
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        text = line.decode("utf-8", "backslashreplace").strip()
        if text:
            try:
                found.setdefault(spelled_alike(checked_email(text)), number)
            except InvalidInput as error:
                raise FileRefused(f"{path}, line {number}: {text[:_SHOWN]!r} is no e-mail address. Nothing was changed.") from error
    if not found:
        raise FileRefused(f"{path}: there is no address in it.")
    return found


async def put(settings: Settings, emails: Sequence[str], group: str, now: datetime) -> Grouped:
    """All who have one of the addresses into the group, in one transaction. Raises InvalidInput."""
    conn = await asyncpg.connect(settings.database.url)
    try:
        await prepare_connection(conn)
        async with conn.transaction():
            return await editing.set_group_of(conn, emails, group, actor=ACTOR, now=now)
    finally:
        await conn.close()
