"""Errors of the domain, and the one table that turns them into HTTP.

A service raises; the middleware in `storefront.platform.http` answers: problem+json (RFC 9457) under /api/, a page elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One wrong field. `field` is its path ("delivery_address.postal_code", "lines[0].quantity"); `reason` a sentence for people."""

    field: str
    reason: str


class DomainError(Exception):
    """Base of every refusal that a client can act on.

    `type` is a stable slug, `title` never changes for a type, `status` is the HTTP status; `detail` speaks of this one case,
    `extra` are further members of the problem document, `headers` go onto the response, over those that all of a type have.
    """

    type: ClassVar[str] = "error"
    title: ClassVar[str] = "Request refused"
    status: ClassVar[int] = 400
    usual_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str = "",
        *,
        fields: Iterable[FieldError] = (),
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.fields = list(fields)
        self.extra = extra or {}
        self.headers = {**self.usual_headers, **(headers or {})}

    def messages(self) -> dict[str, str]:
        """Field → message, as forms show it. The first message of a field wins."""
        found: dict[str, str] = {}
        for error in self.fields:
            found.setdefault(error.field, error.reason)
        return found


class InvalidInput(DomainError):
    """The request was understood and is wrong; `fields` says where."""

    type = "invalid_input"
    title = "The request has invalid fields"
    status = 422

    @classmethod
    def of(cls, field: str, reason: str) -> "InvalidInput":
        """A refusal of one field."""
        return cls(reason, fields=[FieldError(field, reason)])


class MalformedRequest(DomainError):
    type = "malformed_request"
    title = "The request cannot be read"
    status = 400


class MalformedBody(DomainError):
    type = "malformed_body"
    title = "The body cannot be read"
    status = 400


class UnsupportedMediaType(DomainError):
    type = "unsupported_media_type"
    title = "The body has a type that is not accepted here"
    status = 415


class BodyTooLarge(DomainError):
    type = "body_too_large"
    title = "The body is larger than the shop accepts"
    status = 413


class NotFound(DomainError):
    type = "not_found"
    title = "Not found"
    status = 404


class MethodNotAllowed(DomainError):
    type = "method_not_allowed"
    title = "This address does not take that method"
    status = 405


class SignInRequired(DomainError):
    """No session came with the request, or one that is not valid any more."""

    type = "sign_in_required"
    title = "Sign in first"
    status = 401


class Forbidden(DomainError):
    type = "forbidden"
    title = "Not allowed"
    status = 403


class Conflict(DomainError):
    type = "conflict"
    title = "The thing has changed meanwhile"
    status = 409


class VersionMismatch(DomainError):
    """If-Match named a version that is no longer current."""

    type = "version_mismatch"
    title = "The thing has changed since it was read"
    status = 412


class RateLimited(DomainError):
    type = "rate_limited"
    title = "Too many requests"
    status = 429

    @classmethod
    def after(cls, seconds: int) -> "RateLimited":
        """A refusal that says when to come back."""
        return cls("Too many requests. Please wait a moment and try again.", headers={"Retry-After": str(max(1, seconds))})


class Unavailable(DomainError):
    """A part that this request needs is away for the moment; nothing was changed."""

    type = "unavailable"
    title = "Not available right now"
    status = 503
    usual_headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}  # seconds


class Unexpected(DomainError):
    """A fault of ours. The text says nothing of its cause; the log does, under the request id."""

    type = "internal_error"
    title = "Something went wrong on our side"
    status = 500


def all_errors() -> dict[str, type[DomainError]]:
    """Every kind of refusal that the loaded rooms know, by its type."""
    found: dict[str, type[DomainError]] = {}
    due = [DomainError]
    while due:
        kind = due.pop()
        found.setdefault(kind.type, kind)
        due += kind.__subclasses__()
    return dict(sorted(found.items()))
