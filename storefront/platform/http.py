"""HTTP as every room speaks it: reading typed bodies, answering JSON and problems, and the middlewares around all handlers."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp_jinja2
import msgspec
import structlog
from aiohttp import web

from storefront.platform.database import will_pass
from storefront.platform.errors import (
    BodyTooLarge,
    DomainError,
    FieldError,
    Forbidden,
    InvalidInput,
    MalformedBody,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Unavailable,
    Unexpected,
    UnsupportedMediaType,
)
from storefront.platform.telemetry import loggable_path
from storefront.settings import SETTINGS

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger("http")

SECURITY_HEADERS: web.AppKey[dict[str, str]] = web.AppKey("security_headers")
REQUEST_ID: Final = web.RequestKey("request_id", str)
SHARED_PAGE: Final = web.ResponseKey("shared_page", bool)  # of an answer that shares its bytes and headers with all others of its page
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_encoder = msgspec.json.Encoder(decimal_format="string")
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_PATH_IN_MESSAGE = re.compile(r" - at `(?:key in )?\$\.?(.*?)`$")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]+)`")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MISSING_FIELD = re.compile(r"missing required field `([^`]+)`")


def is_api(request: web.BaseRequest) -> bool:
    """Whether the caller is a JSON client (problem+json) and not a browser on a page."""
    return request.path.startswith("/api/")


def json_response(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer. Personal by default: pass Cache-Control for what may be shared."""
    given = {"Cache-Control": "private, no-store"} | (headers or {})
    return web.Response(body=_encoder.encode(body), status=status, content_type="application/json", headers=given)


def encode_json(body: Any) -> bytes:
    """The bytes that `json_response` would send."""
    return _encoder.encode(body)


async def read_json(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`. Raises UnsupportedMediaType (415), MalformedBody (400) or InvalidInput (422, with the field's path)."""
    if request.content_type != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    return decode_json(await read_body(request), kind)


async def read_body(request: web.Request) -> bytes:
    """The body. It has mostly come together with the headers, and is then taken at once: to wait for it piece by piece costs more."""
    content = request.content
    if request._read_bytes is None and content.is_eof() and content.total_bytes <= request._client_max_size:
        request._read_bytes = content.read_nowait()
    return await request.read()


def decode_json(body: bytes, kind: type[T]) -> T:
    """Bytes as `kind`; errors as in `read_json`."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, strict=True)
    try:
        return decoder.decode(body)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody("The body is not valid JSON.") from error


async def form_values(request: web.Request) -> dict[str, str]:
    """The form's fields as text, trimmed; for rendering it again. The last value of a repeated name wins."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise UnsupportedMediaType("Send the form as application/x-www-form-urlencoded.")
    try:
        data = await request.post()
    except (ValueError, LookupError) as error:
        raise MalformedBody("The form cannot be read.") from error
    values = {name: value.strip() for name, value in data.items() if isinstance(value, str)}
    for name, value in values.items():
        if _SURROGATE.search(name + value):  # UTF-7, say, has them by themselves; nobody could write them down
            raise MalformedBody("The form cannot be read.")
        if "\x00" in value:
            raise InvalidInput.of(name, "Remove the null characters.")
    return values


def decode_form(values: Mapping[str, str | list[str]], kind: type[T]) -> T:
    """Form fields as `kind`; empty fields count as absent."""
    try:
        return msgspec.convert({name: value for name, value in values.items() if value != ""}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: msgspec.ValidationError) -> InvalidInput:
    text = str(error)
    path = ""
    at = _PATH_IN_MESSAGE.search(text)
    if at:
        path, text = at.group(1), text[: at.start()]
    for pattern, reason in ((_UNKNOWN_FIELD, "This field is not known."), (_MISSING_FIELD, "This field is required.")):
        found = pattern.search(text)
        if found:
            path = f"{path}.{found.group(1)}" if path else found.group(1)
            text = reason
    return InvalidInput(f"{path or 'body'}: {text}", fields=[FieldError(path or "body", text)])


def problem_document(error: DomainError, public_url: str, instance: str) -> dict[str, Any]:
    """The members of a problem document (RFC 9457); `type` is stable, `instance` is the request id."""
    document: dict[str, Any] = {
        "type": f"{public_url}/problems/{error.type}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
    }
    if error.fields:
        document["errors"] = error.fields
    return document | error.extra


def problem(request: web.BaseRequest, error: DomainError) -> web.Response:
    """The error as application/problem+json."""
    app: web.Application = request.app if isinstance(request, web.Request) else web.Application()
    base = app[SETTINGS].server.public_url if SETTINGS in app else ""
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}  # RFC 9110, 15.5.2
    return web.Response(
        body=_encoder.encode(problem_document(error, base, request.get(REQUEST_ID, ""))),
        status=error.status,
        content_type="application/problem+json",
        headers={"Cache-Control": "private, no-store"} | challenge | error.headers,
    )


def error_page(request: web.Request, error: DomainError) -> web.Response:
    """The error as a page with a way on."""
    context = {"status": error.status, "title": error.title, "detail": error.detail, "fields": error.fields}
    response = aiohttp_jinja2.render_template("error.html", request, context, status=error.status)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers.update(error.headers)
    return response


def refusal_without_request(app: web.Application, error: DomainError, *, api: bool) -> web.Response:
    """As `problem` or `error_page`, for what never became a request: no handler, middleware or signal of the application sees it."""
    request_id = secrets.token_hex(16)
    settings = app[SETTINGS]
    headers = {"Cache-Control": "private, no-store", "X-Request-Id": request_id} | app.get(SECURITY_HEADERS, {})
    environment = app.get(aiohttp_jinja2.APP_KEY)
    if api or environment is None:
        body = _encoder.encode(problem_document(error, settings.server.public_url, request_id))
        return web.Response(body=body, status=error.status, content_type="application/problem+json", headers=headers)
    context = {"status": error.status, "title": error.title, "detail": error.detail, "fields": ()}
    around = {"nav": (), "current_path": "", "request_id": request_id, "environment": settings.server.environment}
    text = environment.get_template("error.html").render(context | around)
    return web.Response(text=text, status=error.status, content_type="text/html", headers=headers)


_BY_STATUS = {kind.status: kind for kind in (MalformedRequest, NotFound, MethodNotAllowed, BodyTooLarge, UnsupportedMediaType)}


def refusal_of(error: web.HTTPException) -> DomainError:
    """An error that aiohttp itself raised, told in our form."""
    kind = _BY_STATUS.get(error.status)
    detail = "There is nothing at this address." if error.status == 404 else ""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    if kind is not None:
        return kind(detail, headers=headers)
    refusal = DomainError(error.reason or "")
    refusal.__dict__["status"] = error.status  # one that no class has
    return refusal


def begin_request(request: web.Request) -> str:
    """Every request has an id: the caller's when it is sane, else ours; it is in each log line, answer and problem."""
    offered = request.headers.get("X-Request-Id")
    request_id = offered if offered is not None and _SANE_ID.fullmatch(offered) else secrets.token_hex(16)
    request[REQUEST_ID] = request_id
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def end_request() -> None:
    """No log line after this one is the request's."""
    structlog.contextvars.unbind_contextvars("request_id")


@web.middleware
async def request_id_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request its id, and the answer the same."""
    request_id = begin_request(request)
    try:
        response = await handler(request)
    finally:
        end_request()
    if not response.prepared and not response.get(SHARED_PAGE):
        response.headers["X-Request-Id"] = request_id
    return response


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers for handlers that fail."""
    try:
        return await handler(request)
    except Exception as error:
        redirect = isinstance(error, web.HTTPException) and error.status < 400
        if not redirect and not is_api(request) and aiohttp_jinja2.REQUEST_CONTEXT_KEY not in request:
            # A shared page was made, and refused, for all who asked for it at once.
            await aiohttp_jinja2.context_processors_middleware(request, _nothing)
        return answer_of_error(request, error)


def answer_of_error(request: web.Request, error: Exception) -> web.Response:
    """The one place where errors become answers. Called while the error is handled; raises it again when it is a redirect."""
    if isinstance(error, DomainError):
        refusal = error
    elif isinstance(error, web.HTTPException):
        if error.status < 400:
            raise error
        refusal = refusal_of(error)
    elif will_pass(error):
        log.error("dependency_away", path=loggable_path(request), error=repr(error))
        refusal = Unavailable("The shop cannot answer this right now. Please try again.", headers={"Retry-After": "2"})
    else:
        log.exception("unexpected_error", path=loggable_path(request), method=request.method)
        refusal = Unexpected(f"The error is recorded under {request[REQUEST_ID]}.")
    if is_api(request) or request.path.startswith("/webhooks/"):
        return problem(request, refusal)
    return error_page(request, refusal)


async def _nothing(request: web.Request) -> web.StreamResponse:
    return web.Response()


def _same_origin(request: web.Request, public_url: str) -> bool:
    """Fetch Metadata first (a browser cannot forge it), then Origin; a caller with neither is no browser form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    given = urlsplit(origin)
    own = urlsplit(public_url)
    return given.netloc in (request.host, own.netloc) and given.scheme in ("http", "https")


def refuse_other_sites(request: web.Request) -> None:
    """Raises Forbidden for unsafe requests that another site made a browser send (CSRF).

    Source: web.dev, "Protect your resources from web attacks with Fetch Metadata"; OWASP CSRF cheat sheet (Verifying Origin).
    Webhooks come from servers and carry a signature instead.
    """
    unsafe = request.method not in SAFE_METHODS and not request.path.startswith("/webhooks/")
    if unsafe and not _same_origin(request, request.app[SETTINGS].server.public_url):
        raise Forbidden("This request came from another site.")


@web.middleware
async def same_origin_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hands on what no other site sent."""
    refuse_other_sites(request)
    return await handler(request)


def security_headers(provider_origins: tuple[str, ...], https: bool) -> dict[str, str]:
    """Headers of every answer. The payment provider's script and frame are the only foreign code that is let in."""
    foreign = " ".join(provider_origins)
    policy = "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: https:",
            f"script-src 'self' {foreign}".strip(),
            "style-src 'self'",
            f"connect-src 'self' {foreign}".strip(),
            f"frame-src {foreign}" if foreign else "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            f"form-action 'self' {foreign}".strip(),
            "frame-ancestors 'none'",
        )
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def install_security_headers(app: web.Application, headers: Mapping[str, str]) -> None:
    """Adds the security headers to whatever the application answers."""
    app[SECURITY_HEADERS] = dict(headers)

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)

    app.on_response_prepare.append(add)


def shared_page_headers(tags: set[str], *, max_age: int = 60, stale: int = 600) -> dict[str, str]:
    """Headers of a page that is the same for every shopper: browsers ask again, the CDN keeps it and is purged by tag."""
    listed = sorted(tags)
    return {
        "Cache-Control": (f"public, max-age=0, s-maxage={max_age}, stale-while-revalidate={stale}, stale-if-error=86400"),
        "Cache-Tag": ",".join(listed),
        "Surrogate-Key": " ".join(listed),
    }


def client_ip(request: web.Request) -> str:
    """The caller's address. X-Forwarded-For counts only as far as settings.server.trusted_proxies hops vouch for it."""
    hops = request.app[SETTINGS].server.trusted_proxies
    if hops > 0:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if forwarded:
            return forwarded[-min(hops, len(forwarded))]
    return request.remote or "unknown"
