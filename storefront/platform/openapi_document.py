"""The OpenAPI 3.1 document, generated from the handlers' types, so that it cannot say other than the code does."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from storefront.platform.errors import (
    BodyTooLarge,
    DomainError,
    FieldError,
    InvalidInput,
    MalformedBody,
    SignInRequired,
    UnsupportedMediaType,
)
from storefront.platform.openapi import ETAG, IDEMPOTENCY_KEY, IF_NONE_MATCH, LOCATION, Header, Operation

PREFIX = "/api/v1/"
_PATH_PARAMETER = re.compile(r"{(\w+)(?::([^{}]*(?:{[^{}]*}[^{}]*)*))?}")
_REF = "#/components/schemas/"
_RETRY_AFTER = Header("Retry-After", "Seconds to wait before the same request is sent again.", pattern="^[0-9]+$")
_REPLAYED = Header("Idempotent-Replayed", "`true` on an answer that was given before under the same key.", pattern="^true$")
_MOVED = msgspec.structs.replace(LOCATION, description="Where it is now.")
_SESSIONS: dict[str, list[dict[str, list[str]]]] = {
    "required": [{"bearer": []}, {"session": []}],
    "optional": [{}, {"bearer": []}, {"session": []}],
}


class Problem(msgspec.Struct, frozen=True):
    """An error (RFC 9457). `type` is stable; `errors` names the fields that were wrong. Some types have further members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []


class Route(msgspec.Struct, frozen=True):
    """An operation and where it is: path as in the document, parameters with the patterns they are routed by."""

    path: str
    method: str
    operation_id: str
    described: Operation
    patterns: dict[str, str]


def api_routes(app: web.Application) -> list[Route]:
    """The operations of `app` in the order of the document. Raises TypeError for an /api/v1 route without a description."""
    found = []
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if route.method in ("HEAD", "*") or not path.startswith(PREFIX) or getattr(route.handler, "__about_the_api__", False):
            continue
        described = getattr(route.handler, "__operation__", None)
        if described is None:
            raise TypeError(f"{route.method} {path} has no @operation")
        patterns = {parameter[1]: parameter[2] or "" for parameter in _PATH_PARAMETER.finditer(path)}
        plain = _PATH_PARAMETER.sub(r"{\1}", path)
        found.append(Route(plain, route.method.lower(), route.handler.__name__, described, patterns))
    return sorted(found, key=lambda route: (route.path, route.method))


def build_document(
    app: web.Application, *, title: str, version: str, server: str, tags: Mapping[str, str], choices: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The whole document for the routes of `app`. `tags` are the groups of operations with what they are about, in order; a text whose
    `format` is a key of `choices` is one of these.
    """
    routes = api_routes(app)
    types = _types([route.described for route in routes])
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF + "{name}")
    schemas, components = _with_choices(list(schemas), choices), _with_choices(components, choices)
    writer = _Writer(server, dict(zip(map(repr, types), schemas, strict=True)), components, {route.operation_id for route in routes})
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = writer.operation(route)
    used = {route.described.tag for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in tags.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": _referenced(paths, components),
            **writer.shared,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _types(operations: Iterable[Operation]) -> list[Any]:
    unique: dict[str, Any] = {repr(Problem): Problem}
    for described in operations:
        for kind in (described.request, described.response, described.query, *described.answers.values(), *described.path_types.values()):
            if kind is not None:
                unique[repr(kind)] = kind
    return list(unique.values())


def _with_choices(schema: Any, choices: Mapping[str, Sequence[str]]) -> Any:
    if isinstance(schema, list):
        return [_with_choices(part, choices) for part in schema]
    if not isinstance(schema, dict):
        return schema
    offered = choices.get(schema.get("format", "")) if isinstance(schema.get("format", ""), str) else None
    if offered is None:
        return {name: _with_choices(part, choices) for name, part in schema.items()}
    return {name: part for name, part in schema.items() if name not in ("format", "pattern")} | {"enum": list(offered)}


def _references(part: Any) -> set[str]:
    if isinstance(part, list):
        return {name for item in part for name in _references(item)}
    if not isinstance(part, dict):
        return set()
    found = {name for item in part.values() for name in _references(item)}
    reference = part.get("$ref")
    return found | {reference.removeprefix(_REF)} if isinstance(reference, str) and reference.startswith(_REF) else found


def _referenced(paths: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The named types that the paths refer to; those of query strings stand there as parameters."""
    found, due = set[str](), _references(paths)
    while due:
        found |= due
        due = {name for known in due for name in _references(components[known])} - found
    return {name: components[name] for name in sorted(found)}


class _Writer:
    """Writes operation objects, and gathers what many of them refer to in `shared`: kind → key → object."""

    def __init__(self, server: str, schemas: dict[str, Any], components: dict[str, Any], known: set[str]) -> None:
        self._server = server
        self._known = known  # a replica may have only some of the doors open
        self._schemas = schemas
        self._components = components
        self.shared: dict[str, dict[str, Any]] = {"headers": {}, "links": {}, "examples": {}}

    def operation(self, route: Route) -> dict[str, Any]:
        described = route.described
        document: dict[str, Any] = {
            "operationId": route.operation_id,
            "summary": described.summary,
            "description": described.description or described.summary + ".",
            "tags": [described.tag],
            "parameters": self._parameters(route),
            "responses": self._answers(described) | self._problems(described),
        }
        if described.request is not None:
            content: dict[str, Any] = {"schema": self._schemas[repr(described.request)]}
            if described.example is not None:
                content["example"] = described.example
            document["requestBody"] = {"required": described.request_required, "content": {"application/json": content}}
        if described.session != "none":
            document["security"] = _SESSIONS[described.session]
        return document

    def _parameters(self, route: Route) -> list[dict[str, Any]]:
        described = route.described
        found = [self._path_parameter(name, pattern, described) for name, pattern in route.patterns.items()]
        found += self._query_parameters(described.query)
        if described.facets:
            found.append(_FACETS)
        return found + [
            {"name": header.name, "in": "header", "required": header.required} | _header(header) for header in described.headers
        ]

    def _path_parameter(self, name: str, pattern: str, described: Operation) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if name in described.path_types:
            schema = self._schemas[repr(described.path_types[name])]
        elif pattern and pattern not in (".+", ".*"):
            schema = {"type": "string", "pattern": f"^{pattern}$"}
        return {"name": name, "in": "path", "required": True, "schema": schema}

    def _query_parameters(self, query: Any) -> list[dict[str, Any]]:
        if query is None:
            return []
        schema = self._components[query.__name__]
        required = set(schema.get("required", ()))
        return [_query_parameter(name, field, name in required) for name, field in schema["properties"].items()]

    def _answers(self, described: Operation) -> dict[str, Any]:
        headers = described.answer_headers
        if IF_NONE_MATCH in described.headers:
            headers = (*headers, ETAG)
        if any(header.name == IDEMPOTENCY_KEY.name for header in described.headers):
            headers = (*headers, _REPLAYED)
        links = {name: self._link(name, places) for name, places in described.links.items() if name in self._known}
        answers: dict[str, Any] = {}
        for status, kind in ({described.status: described.response} | described.answers).items():
            answer = answers[str(status)] = {"description": _ANSWERS[status]}
            given = headers if status in (200, 201, 202, 304) else (_MOVED,) if status == 301 else ()
            if given:
                answer["headers"] = self._headers(given)
            if kind is not None:
                answer["content"] = {"application/json": {"schema": self._schemas[repr(kind)]}}
                if links:
                    answer["links"] = links
            elif described.media_type != "application/json":
                answer["content"] = {described.media_type: {"schema": {}}}
        return answers

    def _reference(self, kind: str, name: str, value: Any) -> dict[str, str]:
        """A reference to `value` among the shared things. Another of the same name gets a number."""
        key, number = name, 1
        while self.shared[kind].setdefault(key, value) != value:
            number += 1
            key = f"{name}_{number}"
        return {"$ref": f"#/components/{kind}/{key}"}

    def _link(self, name: str, places: Mapping[str, str]) -> dict[str, str]:
        parameters = {parameter: f"$response.body#{place}" for parameter, place in places.items()}
        return self._reference("links", name, {"operationId": name, "parameters": parameters})

    def _headers(self, headers: Iterable[Header]) -> dict[str, Any]:
        return {header.name: self._reference("headers", header.name, {"required": header.required} | _header(header)) for header in headers}

    def _problems(self, described: Operation) -> dict[str, Any]:
        by_status: dict[int, list[type[DomainError]]] = {}
        for error in _errors(described):
            by_status.setdefault(error.status, []).append(error)
        answers: dict[str, Any] = {}
        for status, errors in sorted(by_status.items()):
            answers[str(status)] = self._problem(" ".join(f"`{error.type}`: {error.title}." for error in errors), errors)
            headers = [_RETRY_AFTER] if status in (429, 503) or any(error.type == "idempotency_in_flight" for error in errors) else []
            if status >= 400 and any(header.name == IDEMPOTENCY_KEY.name for header in described.headers):
                headers.append(_REPLAYED)
            if headers:
                answers[str(status)]["headers"] = self._headers(headers)
        answers["default"] = self._problem("Any other refusal.", [])
        return answers

    def _problem(self, description: str, errors: Sequence[type[DomainError]]) -> dict[str, Any]:
        content: dict[str, Any] = {"schema": self._schemas[repr(Problem)]}
        if errors:
            content["examples"] = {error.type: self._example(error) for error in errors}
        return {"description": description, "content": {"application/problem+json": content}}

    def _example(self, error: type[DomainError]) -> dict[str, str]:
        document = {"type": f"{self._server}/problems/{error.type}", "title": error.title, "status": error.status}
        return self._reference("examples", error.type, {"value": document | {"detail": error.title, "instance": ""}})


_ANSWERS = {
    200: "Done.",
    201: "Made.",
    202: "Accepted, and not finished yet.",
    204: "Done; there is nothing to say.",
    301: "It has moved.",
    304: "The client holds it already.",
}
_FACETS = {
    "name": "facets",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Options and attributes as filters, under the keys that the answer's `facets` name: `opt.Size=M`, `attr.Material=Wool`.",
    "schema": {"type": "object", "propertyNames": {"pattern": "^(opt|attr)[.].+$"}, "additionalProperties": {"type": "string"}},
}


def _errors(described: Operation) -> list[type[DomainError]]:
    """What the handler may raise, with what reading a body, a query or a session may."""
    implied: list[type[DomainError]] = []
    if described.request is not None:
        implied += [MalformedBody, UnsupportedMediaType, BodyTooLarge, InvalidInput]
    if described.query is not None:
        implied.append(InvalidInput)
    if described.session != "none":
        implied.append(SignInRequired)
    return list(dict.fromkeys([*described.errors, *implied]))


def _query_parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """An empty parameter counts as one that is not given; so null, as which JSON would say that, has no place here."""
    branches = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        schema = branches[0]
    schema = {key: value for key, value in schema.items() if not (key == "default" and value in (None, "", []))}
    description = schema.pop("description", None)
    found = {"name": name, "in": "query", "required": required, "schema": schema}
    if not required:
        found["allowEmptyValue"] = True
    return found | ({"description": description} if description else {})


def _header(header: Header) -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": header.pattern} if header.pattern else {})
    return {"description": header.description, "schema": schema} | ({"example": header.example} if header.example else {})
