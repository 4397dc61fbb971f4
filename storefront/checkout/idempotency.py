"""One request, one effect, one answer: idempotency keys.

A key row says what was asked (fingerprint), how far we got (recovery point), who is at work (locked_at, which is also the holder's
fencing token) and what was answered. Sources: IETF draft-ietf-httpapi-idempotency-key-header; Brandur Leach, "Implementing
Stripe-like Idempotency Keys in Postgres".
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from storefront.checkout.model import Answer, Claim
from storefront.platform.database import Connection, Database
from storefront.platform.errors import DomainError, InvalidInput, NotFound, VersionMismatch
from storefront.platform.sql import load

queries = load("checkout")

KEPT_FOR = timedelta(hours=72)
_STRING = re.compile(r'"((?:[^"\\]|\\["\\])+)" *(?:;[\x20-\x7e]*)?')  # of a structured field (RFC 8941), parameters after it
_ESCAPED = re.compile(r'\\(["\\])')
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class IdempotencyKeyMissing(DomainError):
    type = "idempotency_key_missing"
    title = "This request needs an Idempotency-Key header"
    status = 400


class IdempotencyKeyInvalid(DomainError):
    type = "idempotency_key_invalid"
    title = "The Idempotency-Key is not 1 to 255 printable ASCII characters"
    status = 400


class IdempotencyInFlight(DomainError):
    type = "idempotency_in_flight"
    title = "A request with this Idempotency-Key is still at work"
    status = 409

    @classmethod
    def again_in(cls, seconds: int = 1) -> "IdempotencyInFlight":
        return cls("Send the same request again in a moment to learn its answer.", headers={"Retry-After": str(seconds)})


class IdempotencyMismatch(DomainError):
    type = "idempotency_mismatch"
    title = "This Idempotency-Key was used for another request"
    status = 422


def read_key(header: str | None) -> str:
    """The key of an Idempotency-Key header: a structured field's string, as the draft has it, or the bare text that many clients send."""
    key = (header or "").strip(" \t")
    if not key:
        raise IdempotencyKeyMissing("Choose a key for this one intent, and send it again with every retry.")
    quoted = _STRING.fullmatch(key)
    if quoted is not None:
        key = _ESCAPED.sub(r"\1", quoted[1])
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid()
    return key


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """SHA-256 of what is asked for; the order of the body's members and its spaces do not count."""
    canonical = msgspec.json.encode(body, order="sorted")
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), canonical))).digest()


class KeyWanted(msgspec.Struct, frozen=True):
    """A key that somebody wants to work under, with what they ask for. `now` is when."""

    scope: str
    key: str
    fingerprint: bytes
    params: dict[str, Any]
    now: datetime


async def claim(conn: Connection, wanted: KeyWanted, *, stale: timedelta) -> Claim | Answer:
    """The right to work on this key, or the answer that it has. Whoever has had it for as long as `stale` is dead.

    Raises IdempotencyInFlight while somebody else works on it, IdempotencyMismatch when it was used for something else.
    """
    claims = await claim_each(conn, [wanted], stale=stale)
    return claims.get((wanted.scope, wanted.key)) or await answer_of_key(conn, wanted)


async def claim_each(conn: Connection, wanted: Sequence[KeyWanted], *, stale: timedelta) -> dict[tuple[str, str], Claim]:
    """Those of different keys that are ours to work on, by scope and key."""
    rows = await queries.claim_keys(
        conn,
        scopes=[one.scope for one in wanted],
        keys=[one.key for one in wanted],
        fingerprints=[one.fingerprint for one in wanted],
        params=[one.params for one in wanted],
        moments=[one.now for one in wanted],
        stale_after=stale,
    )
    return {(row["scope"], row["key"]): Claim(**dict(row)) for row in rows}


async def answer_of_key(conn: Connection, wanted: KeyWanted) -> Answer:
    """The answer of a key that is not to be had. Raises IdempotencyInFlight and IdempotencyMismatch."""
    known = await queries.key_row(conn, scope=wanted.scope, key=wanted.key)
    if known is None or (known["fingerprint"] == wanted.fingerprint and known["finished_at"] is None):
        raise IdempotencyInFlight.again_in()
    if known["fingerprint"] != wanted.fingerprint:
        raise IdempotencyMismatch("Use a new key for a new intent; this one belongs to a request with another body.")
    return Answer(known["response_status"], known["response_body"], known["response_headers"], replayed=True)


async def answered(conn: Connection, scope: str, key: str, print_: bytes) -> Answer | None:
    """The answer that the same request has had under this key, if any."""
    known = await queries.key_row(conn, scope=scope, key=key)
    if known is None or known["finished_at"] is None or known["fingerprint"] != print_:
        return None
    return Answer(known["response_status"], known["response_body"], known["response_headers"], replayed=True)


async def advance(
    conn: Connection, held: Claim, recovery_point: str, *, order_id: UUID | None = None, more: dict[str, Any] | None = None
) -> Claim:
    """Ends a phase in the caller's transaction. Raises IdempotencyInFlight when the key has been taken over."""
    moved = await queries.advance_key(
        conn,
        scope=held.scope,
        key=held.key,
        locked_at=held.locked_at,
        recovery_point=recovery_point,
        order_id=order_id,
        more=more or {},
    )
    return _still_ours(moved, held, recovery_point, order_id, more or {})


async def note_answer(conn: Connection, held: Claim, answer: dict[str, Any]) -> Claim:
    """Ends the provider's call: the answer is kept, so that it need not be asked for again."""
    more = {"answer": answer}
    moved = await queries.note_answer(conn, scope=held.scope, key=held.key, locked_at=held.locked_at, more=more)
    return _still_ours(moved, held, "payment_known", None, more)


def _still_ours(moved: bool | None, held: Claim, recovery_point: str, order_id: UUID | None, more: dict[str, Any]) -> Claim:
    if not moved:
        raise IdempotencyInFlight.again_in()
    return msgspec.structs.replace(held, recovery_point=recovery_point, order_id=order_id or held.order_id, params=held.params | more)


async def finish(conn: Connection, held: Claim, answer: Answer, *, now: datetime) -> None:
    """Stores the answer for good, in the caller's transaction. Raises IdempotencyInFlight when the key has been taken over."""
    done = await queries.finish_key(
        conn,
        scope=held.scope,
        key=held.key,
        locked_at=held.locked_at,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        now=now,
    )
    if not done:
        raise IdempotencyInFlight.again_in()


async def release(conn: Connection, held: Claim, *, back_to: str | None = None) -> bool:
    """Lets go without an answer; `back_to` is the phase that a retry starts from, when it is not the one reached. False: the key has been
    taken over, and nothing has changed.
    """
    released = await queries.release_key(conn, scope=held.scope, key=held.key, locked_at=held.locked_at, recovery_point=back_to)
    return released is not None


async def forget(conn: Connection, held: Claim) -> None:
    """Lets go of a request that had no effect, so that it may be sent again with the same key once it is mended. A key under which an order
    was begun before belongs to that request.
    """
    if held.order_id is not None:
        await release(conn, held)
        return
    await queries.forget_key(conn, scope=held.scope, key=held.key, locked_at=held.locked_at)


def is_answer(error: DomainError) -> bool:
    """Whether a refusal is the key's answer. What the client mends and sends again is not, nor what another moment mends (Retry-After);
    neither is any failure of ours.
    """
    return error.status < 500 and "Retry-After" not in error.headers and not isinstance(error, InvalidInput | NotFound | VersionMismatch)


async def lease_abandoned(conn: Connection, *, now: datetime, stale: timedelta, deadline: timedelta, most: int) -> list[Claim]:
    """Keys younger than `deadline` that somebody left behind with an order begun; they are ours now."""
    rows = await queries.lease_abandoned_keys(conn, now=now, stale=now - stale, deadline=now - deadline, most=most)
    return [Claim(**dict(row)) for row in rows]


async def release_idle(conn: Connection, *, now: datetime, stale: timedelta) -> None:
    """Frees keys whose holder died before any effect."""
    await queries.release_idle_keys(conn, stale=now - stale)


async def prune(conn: Connection, now: datetime) -> None:
    """Drops keys past their time."""
    await queries.prune_keys(conn, before=now - KEPT_FOR)


async def once(
    database: Database,
    scope: str,
    key: str,
    print_: bytes,
    work: Callable[[], Awaitable[Answer]],
    refusal: Callable[[DomainError], Answer],
    *,
    now: datetime,
    stale: timedelta,
) -> Answer:
    """Runs `work`, which is harmless to repeat, under a key: the second caller gets the first one's answer, a refusal too.

    Raises what is no answer: what leaves the key free for another try.
    """
    async with database.write() as conn:
        held = await claim(conn, KeyWanted(scope, key, print_, {}, now), stale=stale)
    if isinstance(held, Answer):
        return held
    try:
        answer = await work()
    except DomainError as error:
        if not is_answer(error):
            async with database.write() as conn:
                await forget(conn, held)
            raise
        answer = refusal(error)
    except BaseException:
        async with database.write() as conn:
            await release(conn, held)
        raise
    async with database.write() as conn:
        await finish(conn, held, answer, now=now)
    return answer
