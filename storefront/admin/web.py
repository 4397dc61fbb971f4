"""What all pages of the back office do alike: render, lead on, read what was typed, know who is at work."""

from typing import Any, Final
from uuid import UUID

import aiohttp_jinja2
from aiohttp import web

from storefront.accounts import editing as accounts
from storefront.admin import service
from storefront.platform.database import Connection
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.money import to_minor
from storefront.pricing import editing as promotions

OPERATOR: Final = web.RequestKey("operator_id", UUID)  # of a request under /admin: whose it is


def page(request: web.Request, template: str, context: dict[str, Any], *, status: int = 200) -> web.Response:
    """A page of templates/admin, kept by nobody."""
    response = aiohttp_jinja2.render_template(f"admin/{template}", request, context, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def see_other(location: str) -> web.HTTPSeeOther:
    """Where a form leads when it was taken."""
    return web.HTTPSeeOther(location, headers={"Cache-Control": "private, no-store"})


async def actor_of(request: web.Request, conn: Connection) -> str:
    """Who is at work, as histories and ledgers name them."""
    return await service.operator_email(conn, request[OPERATOR])


async def group_names(conn: Connection) -> list[str]:
    """The groups that customers are in or promotions are for, by name: what is offered where one is typed."""
    return sorted({*await accounts.groups(conn), *await promotions.groups(conn)})


def asked(request: web.Request, name: str, most: int) -> str:
    """A parameter of the query as text that the database can look for."""
    return request.query.get(name, "")[:most].replace("\x00", "").strip()


def is_id(text: str) -> bool:
    """Whether the text is a number that the database could have given."""
    return text.isdecimal() and len(text) <= 18


def id_in_path(request: web.Request, name: str) -> int:
    """A number in the path. Raises NotFound when none could be so long."""
    text = request.match_info[name]
    if not is_id(text):
        raise NotFound("There is nothing of that number.")
    return int(text)


def read_amount(values: dict[str, str], currency: str, field: str = "amount") -> int:
    """A field as minor units from 0. Raises InvalidInput."""
    try:
        amount = to_minor(values.get(field, ""), currency)
    except ValueError as error:
        raise InvalidInput.of(field, f"Enter an amount in {currency}, such as 12.50.") from error
    if amount < 0:
        raise InvalidInput.of(field, "Enter an amount that is not below zero.")
    return amount
