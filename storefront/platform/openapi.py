"""The OpenAPI 3.1 document, generated from the handlers' types, so that it cannot say other than the code does.

A handler of the JSON API carries an `@operation(...)`; `build_document` walks the router and gathers them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from storefront.platform.errors import DomainError, FieldError
from storefront.platform.http import decode_form

F = TypeVar("F", bound=Callable[..., Any])

_PATH_PARAMETER = re.compile(r"{(\w+)(?::([^{}]*(?:{[^{}]*}[^{}]*)*))?}")
REF = "#/components/schemas/{name}"


class Problem(msgspec.Struct, frozen=True):
    """An error (RFC 9457). `type` is stable; `errors` names the fields that were wrong."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []


class Header(msgspec.Struct, frozen=True):
    """A request header of an operation."""

    name: str
    description: str
    required: bool = False


IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    "1 to 255 visible ASCII characters, chosen by the client and unique to this one intent. "
    "Send the same key again to learn the first answer.",
    required=True,
)
IF_MATCH = Header("If-Match", "The ETag that this change is based on; a newer version answers 412.")
IF_NONE_MATCH = Header("If-None-Match", "An ETag that the client holds; an unchanged answer is 304.")


class Operation(msgspec.Struct, frozen=True):
    """What the document says of one handler."""

    summary: str
    description: str
    tag: str
    request: Any
    response: Any
    status: int
    answers: dict[int, Any]
    errors: tuple[type[DomainError], ...]
    query: Any
    headers: tuple[Header, ...]
    signed_in: bool
    path_types: dict[str, Any]
    request_required: bool


def operation(
    *,
    summary: str,
    tag: str,
    response: Any = None,
    status: int = 200,
    request: Any = None,
    request_required: bool = True,
    query: Any = None,
    headers: Sequence[Header] = (),
    errors: Iterable[type[DomainError]] = (),
    answers: dict[int, Any] | None = None,
    signed_in: bool = False,
    path_types: dict[str, Any] | None = None,
) -> Callable[[F], F]:
    """Describes a handler.

    `request`, `response` and `query` are msgspec types (None: no body); `answers` are further successful statuses with their type;
    `errors` are the domain errors it may raise; `signed_in` says that a session is needed; `path_types` types the path's parameters
    (text where not given).
    """

    def mark(handler: F) -> F:
        described = Operation(
            summary=summary,
            description=" ".join((handler.__doc__ or "").split()),
            tag=tag,
            request=request,
            response=response,
            status=status,
            answers=answers or {},
            errors=tuple(errors),
            query=query,
            headers=tuple(headers),
            signed_in=signed_in,
            path_types=path_types or {},
            request_required=request_required,
        )
        handler.__operation__ = described  # type: ignore[attr-defined]
        return handler

    return mark


def build_document(app: web.Application, *, title: str, version: str, server: str) -> dict[str, Any]:
    """The whole document for the routes of `app`. Raises TypeError for an /api/v1 route without a description."""
    found: list[tuple[str, str, str, Operation]] = []
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        described = getattr(route.handler, "__operation__", None)
        if route.method in ("HEAD", "*") or not path.startswith("/api/v1/") or path.startswith("/api/v1/docs"):
            continue
        if described is None:
            if path == "/api/v1/openapi.json":
                continue
            raise TypeError(f"{route.method} {path} has no @operation")
        found.append((path, route.method.lower(), route.handler.__name__, described))
    types = _all_types([described for *_, described in found])
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = {_identity(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for path, method, name, described in sorted(found, key=lambda item: item[:2]):
        plain = _PATH_PARAMETER.sub(r"{\1}", path)
        paths.setdefault(plain, {})[method] = _operation_object(path, name, described, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _identity(kind: Any) -> str:
    return repr(kind)


def _all_types(operations: Iterable[Operation]) -> list[Any]:
    unique: dict[str, Any] = {_identity(Problem): Problem}
    for described in operations:
        for kind in (described.request, described.response, described.query, *described.answers.values()):
            if kind is not None:
                unique[_identity(kind)] = kind
        for kind in described.path_types.values():
            unique[_identity(kind)] = kind
    return list(unique.values())


def _operation_object(path: str, name: str, described: Operation, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    parameters = [_path_parameter(found, described, schemas) for found in _PATH_PARAMETER.finditer(path)]
    parameters += _query_parameters(described.query, components)
    parameters += [
        {
            "name": header.name,
            "in": "header",
            "required": header.required,
            "description": header.description,
            "schema": {"type": "string"},
        }
        for header in described.headers
    ]
    document: dict[str, Any] = {
        "operationId": name,
        "summary": described.summary,
        "tags": [described.tag],
        "parameters": parameters,
        "responses": _responses(described, schemas),
    }
    if described.description:
        document["description"] = described.description
    if described.request is not None:
        document["requestBody"] = {
            "required": described.request_required,
            "content": {"application/json": {"schema": schemas[_identity(described.request)]}},
        }
    if described.signed_in:
        document["security"] = [{"session": []}, {"bearer": []}]
    return document


def _path_parameter(found: re.Match[str], described: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    name, pattern = found.group(1), found.group(2)
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if name in described.path_types:
        schema = schemas[_identity(described.path_types[name])]
    elif pattern and pattern not in (".+", ".*"):
        schema = {"type": "string", "pattern": f"^{pattern}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(query: Any, components: dict[str, Any]) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = components[query.__name__]
    required = set(schema.get("required", ()))
    return [{"name": name, "in": "query", "required": name in required, "schema": field} for name, field in schema["properties"].items()]


def _responses(described: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, kind in ({described.status: described.response} | described.answers).items():
        answers[str(status)] = {"description": "Done." if status < 300 else "See the body."}
        if kind is not None:
            answers[str(status)]["content"] = {"application/json": {"schema": schemas[_identity(kind)]}}
    by_status: dict[int, list[str]] = {}
    for error in described.errors:
        by_status.setdefault(error.status, []).append(f"`{error.type}`: {error.title}.")
    for status, texts in sorted(by_status.items()):
        answers[str(status)] = {
            "description": " ".join(texts),
            "content": {"application/problem+json": {"schema": schemas[_identity(Problem)]}},
        }
    answers["default"] = {
        "description": "Any other refusal.",
        "content": {"application/problem+json": {"schema": schemas[_identity(Problem)]}},
    }
    return answers


def read_query(request: web.Request, kind: type[Any]) -> Any:
    """The query string as `kind`. Raises InvalidInput for a wrong value; parameters that `kind` does not know are ignored."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    return decode_form({name: value for name, value in request.query.items() if name in known}, kind)
