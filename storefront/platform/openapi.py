"""How a handler of the JSON API describes itself, and reads its query string.

A handler carries an `@operation(...)`; `storefront.platform.openapi_document` gathers them into the OpenAPI document.
"""

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import web

from storefront.platform.errors import DomainError
from storefront.platform.http import decode_form

F = TypeVar("F", bound=Callable[..., Any])

Session = Literal["none", "optional", "required"]
Links = Mapping[str, Mapping[str, str]]
"""Operation id → its path parameter → where its value stands in the answer, as a JSON pointer ("/id")."""


class Header(msgspec.Struct, frozen=True):
    """A header of a request or an answer. `pattern` is what a whole value looks like; "" says nothing of it."""

    name: str
    description: str
    required: bool = False
    pattern: str = ""
    example: str = ""


IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters, chosen by the client and unique to this one intent; as they are, or as a string of a structured "
    "field (RFC 8941), which is the same key. Send the same key again to learn the first answer.",
    required=True,
    pattern=r"""^([!-~]([ -~]{0,253}[!-~])?|"([ !#-\[\]-~]|\\["\\]){1,255}" *(;[ -~]*)?)$""",
    example="5f0c6a52-5a0b-4a7e-9a39-0f3c7b6d2e11",
)
OPTIONAL_KEY = msgspec.structs.replace(
    IDEMPOTENCY_KEY, description="Send the same key again to learn the first answer instead of doing it twice.", required=False
)
IF_MATCH = Header(
    "If-Match",
    "The ETag that this change is based on; a newer version answers 412. Without it, or with `*`, the change is made to what is there.",
    pattern='^([*]|"[0-9]{1,9}")$',
    example='"3"',
)
PREFER = Header(
    "Prefer",
    "`return=minimal` (RFC 7240): the change is answered with 204 and the new ETag instead of the whole, which costs less.",
    example="return=minimal",
)
IF_NONE_MATCH = Header("If-None-Match", "An ETag that the client holds; an unchanged answer is 304.")
ETAG = Header("ETag", "The version of what was answered.", required=True, pattern='^"[!#-~]+"$')
LOCATION = Header("Location", "Where the new thing is.", required=True)


class Operation(msgspec.Struct, frozen=True):
    """What the document says of one handler."""

    summary: str
    description: str
    tag: str
    request: Any
    request_required: bool
    example: Any
    response: Any
    status: int
    answers: dict[int, Any]
    answer_headers: tuple[Header, ...]
    links: dict[str, dict[str, str]]
    errors: tuple[type[DomainError], ...]
    query: Any
    facets: bool
    headers: tuple[Header, ...]
    session: Session
    path_types: dict[str, Any]
    media_type: str


def operation(
    *,
    summary: str,
    tag: str,
    response: Any = None,
    status: int = 200,
    request: Any = None,
    request_required: bool = True,
    example: Any = None,
    query: Any = None,
    facets: bool = False,
    headers: Sequence[Header] = (),
    errors: Iterable[type[DomainError]] = (),
    answers: dict[int, Any] | None = None,
    answer_headers: Sequence[Header] = (),
    links: Links | None = None,
    session: Session = "none",
    path_types: dict[str, Any] | None = None,
    media_type: str = "application/json",
) -> Callable[[F], F]:
    """Describes a handler.

    `request`, `response` and `query` are msgspec types (None: no body); `example` is a body that works in a shop with such goods;
    `facets` says that options and attributes are parameters too (`opt.Size=M`); `answers` are further successful statuses with their
    type; `answer_headers` stand on the successful answers; `links` say what the answer's values are good for; `errors` are the domain
    errors it may raise, besides those that a body, a query or a session may always cause; `path_types` types the path's parameters
    (text where not given); `media_type` is that of an answer which is not JSON, whose `response` is then left out.
    """

    def mark(handler: F) -> F:
        described = Operation(
            summary=summary,
            description=" ".join((handler.__doc__ or "").split()),
            tag=tag,
            request=request,
            request_required=request_required,
            example=example,
            response=response,
            status=status,
            answers=answers or {},
            answer_headers=tuple(answer_headers),
            links={name: dict(parameters) for name, parameters in (links or {}).items()},
            errors=tuple(errors),
            query=query,
            facets=facets,
            headers=tuple(headers),
            session=session,
            path_types=path_types or {},
            media_type=media_type,
        )
        handler.__operation__ = described  # type: ignore[attr-defined]
        return handler

    return mark


def read_query(request: web.Request, kind: type[Any]) -> Any:
    """The query string as `kind`. Raises InvalidInput for a wrong value; parameters that `kind` does not know, or that are empty, are
    ignored. The last of a repeated parameter counts, except where `kind` has a list.
    """
    given: dict[str, str | list[str]] = {}
    for field in msgspec.structs.fields(kind):
        values = [value for value in request.query.getall(field.encode_name, ()) if value]
        if values:
            given[field.encode_name] = values if _is_list(field.type) else values[-1]
    return decode_form(given, kind)


def _is_list(kind: Any) -> bool:
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return typing.get_origin(kind) is list
