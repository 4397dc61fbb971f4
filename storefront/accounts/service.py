"""Rules of accounts: registering, signing in, addresses, and links sent by mail."""

import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from storefront.accounts import store
from storefront.accounts.model import Customer, Registration, SavedAddress
from storefront.accounts.passwords import LONGEST, SHORTEST, hash_password, verify_password
from storefront.cart import service as carts
from storefront.platform.database import Connection, Database
from storefront.platform.errors import Conflict, DomainError, FieldError, InvalidInput, NotFound
from storefront.platform.jobs import Jobs
from storefront.platform.sessions import create_session, require_open, token_hash
from storefront.platform.sessions import queries as session_queries
from storefront.pricing.addresses import checked_email
from storefront.pricing.model import Address

MOST_ADDRESSES = 20
TOKEN_LIFETIME = timedelta(hours=24)
MAIL_JOB = "mail"  # `storefront.platform.mail` sends it
Purpose = Literal["verify_email", "reset_password"]


class EmailTaken(Conflict):
    type = "email_taken"
    title = "There is already an account with this e-mail address"


class WrongCredentials(DomainError):
    """One answer for an unknown address and a wrong password, so that nobody learns who has an account."""

    type = "wrong_credentials"
    title = "The e-mail address or the password is wrong"
    status = 401


class LinkExpired(DomainError):
    type = "link_expired"
    title = "This link has been used or is too old"
    status = 410


def normalise_email(email: str) -> str:
    """The address as it is stored. Raises InvalidInput (field `email`). Syntax only: whether mail arrives is for the mail to show."""
    return checked_email(email)


def spelled_alike(email: str) -> str:
    """The same for all spellings that lead to one account, and so what attempts on it are counted by."""
    return email.strip().lower()


def _check_password(password: str, field: str = "password") -> list[FieldError]:
    if len(password) < SHORTEST:
        return [FieldError(field, f"Use at least {SHORTEST} characters.")]
    if len(password) > LONGEST:
        return [FieldError(field, f"Use at most {LONGEST} characters.")]
    return []


def _check_name(name: str) -> list[FieldError]:
    good = 1 <= len(name.strip()) <= 100 and name.isprintable()
    return [] if good else [FieldError("name", "Enter your name (up to 100 characters).")]


class Applicant(msgspec.Struct, frozen=True):
    """Somebody whose registration has been checked, and the password hashed."""

    email: str
    name: str
    password_hash: str


async def applicant(registration: Registration) -> Applicant:
    """The registration, checked. Hashing takes its time, so no connection is held while it does. Raises InvalidInput."""
    errors = _check_name(registration.name) + _check_password(registration.password)
    try:
        email = normalise_email(registration.email)
    except InvalidInput as error:
        raise InvalidInput(fields=error.fields + errors) from error
    if errors:
        raise InvalidInput(fields=errors)
    return Applicant(email, registration.name.strip(), await hash_password(registration.password))


async def register(conn: Connection, applicant: Applicant) -> Customer:
    """A new customer. Raises EmailTaken."""
    customer = await store.insert_customer(conn, applicant.email, applicant.name, applicant.password_hash)
    if customer is None:
        raise EmailTaken(fields=[FieldError("email", "There is already an account with this address. Sign in instead.")])
    return customer


class Recognised(msgspec.Struct, frozen=True):
    """A customer who has given the password with this hash."""

    customer: Customer
    password_hash: str


async def open_session(conn: Connection, recognised: Recognised, now: datetime) -> str:
    """The token of a new session. Raises WrongCredentials when the password has been changed since it was given: all sessions ended."""
    if not await store.password_is(conn, recognised.customer.id, recognised.password_hash):
        raise WrongCredentials(fields=[FieldError("email", WrongCredentials.title + ".")])
    return await create_session(conn, now, customer_id=recognised.customer.id)


async def sign_in(database: Database, email: str, password: str) -> Recognised:
    """The customer with this address and password; no connection is held while it is checked. Raises WrongCredentials."""
    async with database.write() as conn:
        found = await store.customer_by_email(conn, spelled_alike(email)) if email.isprintable() else None
    right = await verify_password(password[: LONGEST + 1], found[1] if found else None)
    if found is None or not right:
        raise WrongCredentials(fields=[FieldError("email", WrongCredentials.title + ".")])
    return Recognised(*found)


async def customer(conn: Connection, customer_id: UUID) -> Customer:
    """Raises NotFound."""
    found = await store.customer_by_id(conn, customer_id)
    if found is None:
        raise NotFound("There is no such account.")
    return found


async def rename(conn: Connection, customer_id: UUID, name: str, token: str) -> None:
    """In the caller's transaction; `token` is the session's. Raises InvalidInput, SignInRequired."""
    errors = _check_name(name)
    if errors:
        raise InvalidInput(fields=errors)
    await _hold_account(conn, customer_id, token)
    await store.update_name(conn, customer_id, name.strip())


async def change_password(database: Database, customer_id: UUID, current: str, new: str, keep_token: str) -> None:
    """Sets a new password and ends every other session; no connection is held while passwords are hashed. Raises InvalidInput."""
    errors = _check_password(new, "new_password")
    if errors:
        raise InvalidInput(fields=errors)
    async with database.write() as conn:
        before = await store.password_hash_of(conn, customer_id)
    if not await verify_password(current[: LONGEST + 1], before):
        raise InvalidInput.of("current_password", "This is not your current password.")
    password_hash = await hash_password(new)

    async def work(conn: Connection) -> bool:
        return await _set_password(conn, customer_id, password_hash, keep_token, before=before)

    if not await database.transaction(work):
        raise InvalidInput.of("current_password", "Your password was changed at the same moment.")


async def _set_password(conn: Connection, customer_id: UUID, password_hash: str, keep_token: str, *, before: str | None = None) -> bool:
    """Whether the password was still the one with the hash `before`, if that is given."""
    if not await store.update_password(conn, customer_id, password_hash, before):
        return False
    await session_queries.delete_sessions_of_customer(conn, customer_id=customer_id, except_hash=token_hash(keep_token))
    return True


async def issue_token(conn: Connection, customer_id: UUID, purpose: Purpose, now: datetime) -> str:
    """A one-time token for a link in a mail; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    await store.insert_token(conn, token_hash(token), customer_id, purpose, now + TOKEN_LIFETIME)
    return token


async def send_welcome(conn: Connection, jobs: Jobs, customer: Customer, *, public_url: str, now: datetime) -> None:
    """Queues the welcome mail, with the link that confirms the address, in the transaction that made the account."""
    token = await issue_token(conn, customer.id, "verify_email", now)
    context = {"name": customer.name, "link": f"{public_url}/account/verify?token={token}"}
    await jobs.enqueue(conn, MAIL_JOB, {"template": "welcome", "to": customer.email, "context": context})


async def send_reset_link(conn: Connection, jobs: Jobs, email: str, *, public_url: str, now: datetime) -> None:
    """Queues the mail with the link to a new password, if there is such an account; the page says the same in both cases."""
    found = await store.customer_by_email(conn, spelled_alike(email))
    if found is None:
        return
    customer, _ = found
    token = await issue_token(conn, customer.id, "reset_password", now)
    context = {"name": customer.name, "link": f"{public_url}/account/reset-password?token={token}"}
    await jobs.enqueue(conn, MAIL_JOB, {"template": "reset_password", "to": customer.email, "context": context})


async def confirm_email(conn: Connection, customer_id: UUID, token: str, now: datetime) -> None:
    """Marks the address as the customer's own, who is signed in, and has read the mail. To read it is not enough: somebody else may have
    opened the account with the reader's address, to be shown what was ordered with it. Raises LinkExpired.
    """
    if await store.take_token(conn, token_hash(token), "verify_email", now, customer_id) is None:
        raise LinkExpired()
    await store.verify_email(conn, customer_id, now)


async def reset_password(database: Database, token: str, password: str, now: datetime) -> Recognised:
    """Sets a new password by a mailed link, ends all sessions, and takes the address as confirmed; no connection is held while the password
    is hashed. Raises InvalidInput, LinkExpired.

    If the address had not been confirmed before, somebody else may have opened the account: it is emptied, and what was ordered in it
    belongs to whoever has the e-mail address of the order.
    """
    errors = _check_password(password)
    if errors:
        raise InvalidInput(fields=errors)
    async with database.write() as conn:
        if not await reset_link_valid(conn, token, now):
            raise LinkExpired()
    password_hash = await hash_password(password)

    async def work(conn: Connection) -> Recognised:
        customer_id = await store.take_token(conn, token_hash(token), "reset_password", now)
        if customer_id is None:
            raise LinkExpired()
        await _set_password(conn, customer_id, password_hash, "")
        if await store.verify_email(conn, customer_id, now):
            await carts.disown(conn, customer_id)
            await store.empty_account(conn, customer_id)
        return Recognised(await customer(conn, customer_id), password_hash)

    return await database.transaction(work)


async def reset_link_valid(conn: Connection, token: str, now: datetime) -> bool:
    """Whether the page behind a reset link should show its form."""
    return await store.token_exists(conn, token_hash(token), "reset_password", now)


async def forget_expired(conn: Connection, now: datetime) -> None:
    """Drops sessions and mailed links whose time is up."""
    await session_queries.delete_expired_sessions(conn, now=now)
    await store.delete_expired_tokens(conn, now)


async def addresses(conn: Connection, customer_id: UUID) -> list[SavedAddress]:
    """The customer's addresses, the default first."""
    return await store.addresses(conn, customer_id)


async def address(conn: Connection, customer_id: UUID, address_id: UUID) -> SavedAddress:
    """One of the customer's own addresses. Raises NotFound, also for somebody else's."""
    found = await store.address_by_id(conn, customer_id, address_id)
    if found is None:
        raise NotFound("There is no such address.")
    return found


async def save_address(
    conn: Connection, customer_id: UUID, given: Address, token: str, *, is_default: bool, address_id: UUID | None = None
) -> SavedAddress:
    """Adds an address, or changes one of the customer's own, in the caller's transaction; `token` is the session's.

    Raises NotFound, InvalidInput, SignInRequired.
    """
    await _hold_account(conn, customer_id, token)  # of several at once, one is the first, and the default
    if address_id is not None:
        changed = await store.update_address(conn, customer_id, address_id, given, is_default)
        if changed is None:
            raise NotFound("There is no such address.")
        return changed
    added = await store.insert_address(conn, customer_id, given, is_default, MOST_ADDRESSES)
    if added is None:
        raise InvalidInput.of("address", f"An account keeps at most {MOST_ADDRESSES} addresses.")
    return added


async def _hold_account(conn: Connection, customer_id: UUID, token: str) -> None:
    """Locks the account, for who is still signed in to it: whose sessions have been ended meanwhile writes nothing into it any more."""
    await store.lock_customer(conn, customer_id)
    await require_open(conn, token)


async def remove_address(conn: Connection, customer_id: UUID, address_id: UUID) -> None:
    """Raises NotFound."""
    if not await store.delete_address(conn, customer_id, address_id):
        raise NotFound("There is no such address.")
