"""What every template can count on: filters, globals and the base context of a page."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
import msgspec
from aiohttp import web
from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from markupsafe import Markup

from storefront.catalog.media import picture_sources
from storefront.platform.assets import ASSETS
from storefront.platform.http import REQUEST_ID
from storefront.platform.money import Money, format_amount, to_major
from storefront.settings import SETTINGS, Settings

ContextProcessor = Callable[[web.Request], Awaitable[dict[str, Any]]]

_TERRITORIES = Locale("en").territories
_SCRIPT_BREAKERS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def money_filter(value: Any, currency: str | None = None) -> str:
    """`{{ price|money }}` for anything with amount and currency; `{{ 1999|money("EUR") }}` for a bare amount."""
    if currency is not None:
        return format_amount(int(value), currency)
    if isinstance(value, tuple):
        return format_amount(value[0], value[1])
    price: Money = value
    return format_amount(price.amount, price.currency)


def major(amount: int, currency: str) -> str:
    """Minor units as a form field shows them: "12.50"."""
    return format(to_major(amount, currency), "f")


def json_ld(value: Any) -> Markup:
    """JSON for a data block in HTML: no character in it can end the block (OWASP XSS prevention, rule 3.1)."""
    return Markup(msgspec.json.encode(value).decode().translate(_SCRIPT_BREAKERS))  # noqa: S704


def country_name(code: str) -> str:
    """ISO 3166-1 alpha-2 to its English name."""
    return str(_TERRITORIES.get(code, code))


def format_day(value: datetime) -> str:
    """24 Nov 2026."""
    return str(babel_date(value, format="medium", locale="en_GB"))


def format_moment(value: datetime) -> str:
    """24 Nov 2026, 14:05:00 UTC."""
    return str(babel_datetime(value, format="medium", locale="en_GB")) + " UTC"


def install_templates(app: web.Application, settings: Settings, folder: str, context: ContextProcessor) -> jinja2.Environment:
    """Compiles the templates' environment into `app`; autoescape is on, a name that is missing is an error.

    `context` gives each page what all pages have; see `base_context`.
    """
    environment = aiohttp_jinja2.setup(
        app,
        context_processors=(context,),
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=settings.server.environment == "development",
    )
    assets = app[ASSETS]
    public_url = settings.server.public_url

    def canonical(path: str, **query: Any) -> str:
        return public_url + path + ("?" + urlencode(query) if query else "")

    environment.filters.update(money=money_filter, major=major)
    environment.globals.update(
        asset=assets.url,
        assets=assets,
        money=money_filter,
        shop=settings.shop,
        canonical=canonical,
        image=picture_sources,
        country_name=country_name,
        format_date=format_day,
        format_moment=format_moment,
        json_ld=json_ld,
    )
    return environment


def base_context(request: web.Request, nav: Any) -> dict[str, Any]:
    """The context of every page: where we are, and the navigation. Nothing in it belongs to one shopper."""
    return {
        "nav": nav,
        "current_path": request.path,
        "request_id": request.get(REQUEST_ID, ""),
        "environment": request.app[SETTINGS].server.environment,
    }
