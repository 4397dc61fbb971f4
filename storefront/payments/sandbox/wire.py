"""Stripe's wire format: form bodies with brackets, ids, errors, lists, expansion."""

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

Document = dict[str, Any]


class ApiError(Exception):
    """An answer of 400 or above. `keep` False: nothing was begun, so the idempotency key is still free."""

    def __init__(self, status: int, kind: str, message: str, *, keep: bool = False, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep
        self.body: Document = {"error": {"type": kind, "message": message} | {k: v for k, v in more.items() if v is not None}}


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400, **more: Any) -> ApiError:
    return ApiError(status, "invalid_request_error", message, param=param, code=code, **more)


def missing(kind: str, object_id: str) -> ApiError:
    return invalid(f"No such {kind}: '{object_id}'", param=kind, code="resource_missing", status=404)


def new_id(prefix: str) -> str:
    """Nobody guesses it, and later ones sort after earlier ones: an index grows at its end, not in a page of its own for each."""
    return f"{prefix}_{time.time_ns() // 1_000_000:011x}{secrets.token_hex(12)}"


def nested(pairs: Iterable[tuple[str, str]]) -> Document:
    """`a[b]=1&c[0][d]=2&e[]=3` → {"a": {"b": "1"}, "c": [{"d": "2"}], "e": ["3"]}. Raises ApiError."""
    root: Document = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        if len(rest) > 8:
            raise invalid("The parameters are nested too deeply.", param=name)
        place: Document = root
        path = [head, *rest]
        for step in path[:-1]:
            below = place.setdefault(step, {})
            if not isinstance(below, dict):
                raise invalid(f"Invalid parameter: {name}", param=name)
            place = below
        last = path[-1] if path[-1] else str(len(place))
        place[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(value: Any) -> Any:
    """Dicts whose keys count from 0 are lists."""
    if not isinstance(value, dict):
        return value
    if value and all(key == str(position) for position, key in enumerate(value)):
        return [_lists(one) for one in value.values()]
    return {name: _lists(one) for name, one in value.items()}


def expand(document: Document, paths: Iterable[str], load: Callable[[str], Document | None]) -> Document:
    """A copy with the ids at `paths` ("latest_charge", "data.payment_intent") replaced by the objects."""
    for path in paths:
        document = _expanded(document, str(path).split(".")[:4], load)
    return document


def _expanded(value: Any, path: list[str], load: Callable[[str], Document | None]) -> Any:
    if not path:
        return value
    if isinstance(value, list):
        return [_expanded(one, path, load) for one in value]
    if not isinstance(value, dict):
        return value
    below = value.get(path[0])
    if isinstance(below, str):
        below = load(below) or below
    return value | {path[0]: _expanded(below, path[1:], load)} if path[0] in value else value


def listing(url: str, found: list[Document], limit: int) -> Document:
    """`found` has one more than `limit` when there is more."""
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[:limit]}
