"""Accounts keep their promises to a sceptic: one account an address, no oracle, links that work once."""

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from argon2 import PasswordHasher, Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from storefront.accounts import passwords, service
from storefront.accounts.model import Registration
from storefront.accounts.pages import safe_next
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.platform.errors import InvalidInput, NotFound, SignInRequired
from storefront.platform.sessions import create_session
from storefront.pricing.model import Address
from storefront.settings import DatabaseSettings, Settings
from tests.forms import Browser, forms_of
from tests.sandbox import eventually

ADDRESS = Address(name="Ada Byron", line1="1 Ridge Way", city="Berlin", postal_code="10115", country="DE")


async def _register(database: Database, email: str) -> service.Customer:
    applicant = await service.applicant(Registration(email, "Ada", "correct horse battery"))
    return await database.transaction(lambda conn: service.register(conn, applicant))


async def test_an_address_opens_one_account_whatever_its_case(database: Database) -> None:
    await _register(database, "ada@shop.example")
    with pytest.raises(service.EmailTaken):
        await _register(database, "ADA@shop.example")


async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(database: Database) -> None:
    await _register(database, "grace@shop.example")
    refusals = []
    for email in ("grace@shop.example", "nobody@shop.example"):
        with pytest.raises(service.WrongCredentials) as refused:
            await service.sign_in(database, email, "not the password")
        refusals.append((refused.value.detail, refused.value.messages()))
    assert refusals[0] == refusals[1]


def test_a_stolen_hash_costs_as_much_as_the_rfc_asks_to_try(real_hasher: PasswordHasher) -> None:
    found = extract_parameters(real_hasher.hash("correct horse battery"))
    assert found.type is Type.ID
    assert found.time_cost >= 3
    assert found.memory_cost >= 64 * 1024, "KiB; RFC 9106, its second recommended option"


async def test_every_wrong_field_of_a_registration_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        await service.applicant(Registration("no address", "", "short"))
    assert set(refused.value.messages()) == {"email", "name", "password"}


async def test_a_mailed_link_works_once(database: Database) -> None:
    customer = await _register(database, "link@shop.example")
    now = utc_now()
    async with database.write() as conn:
        token = await service.issue_token(conn, customer.id, "verify_email", now)
        with pytest.raises(service.LinkExpired):
            await service.reset_password(database, token, "a new password", now)
        await service.confirm_email(conn, customer.id, token, now)
        with pytest.raises(service.LinkExpired):
            await service.confirm_email(conn, customer.id, token, now)
        assert (await service.customer(conn, customer.id)).verified


async def test_nobody_confirms_an_address_for_an_account_that_somebody_else_opened_with_it(
    browser: Browser, database: Database, owner: asyncpg.Connection
) -> None:
    """Mallory opens an account with Ada's address; Ada reads the mail, and takes it for hers."""
    mallorys, adas_own = await _register(database, "ada@victims.example"), await _register(database, "ada@her-own.example")
    async with database.write() as conn:
        token = await service.issue_token(conn, mallorys.id, "verify_email", utc_now())
        with pytest.raises(service.LinkExpired):
            await service.confirm_email(conn, adas_own.id, token, utc_now())
    link = f"/account/verify?token={token}"
    form = forms_of(await browser.open(link))["/account/verify"]
    first = URL(await browser.follow("/account/verify", form))
    assert (first.path, first.query["next"]) == ("/account/sign-in", link)
    assert not await owner.fetchval("SELECT count(*) FROM customer WHERE email_verified_at IS NOT NULL AND id = $1", mallorys.id)
    signed_in = {"email": mallorys.email, "password": "correct horse battery", "next": link}
    assert await browser.follow("/account/sign-in", signed_in) == link, "whose account it is goes on where they were"
    assert (await browser.send("/account/verify", form))[0] == 200
    assert await owner.fetchval("SELECT count(*) FROM customer WHERE email_verified_at IS NOT NULL AND id = $1", mallorys.id)


async def test_of_addresses_that_come_at_once_one_is_the_default_and_the_limit_holds(database: Database) -> None:
    customer = await _register(database, "many@shop.example")

    def save(is_default: bool) -> Awaitable[object]:
        return database.transaction(lambda conn: service.save_address(conn, customer.id, ADDRESS, token, is_default=is_default))

    async with database.write() as conn:
        token = await create_session(conn, utc_now(), customer_id=customer.id)

    outcomes = await asyncio.gather(*(save(bool(number % 2)) for number in range(service.MOST_ADDRESSES + 5)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(error) for error in refused] == [InvalidInput] * 5
    async with database.write() as conn:
        saved = await service.addresses(conn, customer.id)
    assert (len(saved), sum(address.is_default for address in saved)) == (service.MOST_ADDRESSES, 1)


async def test_nobody_reads_or_changes_anothers_address(database: Database) -> None:
    ada, eve = await _register(database, "a@shop.example"), await _register(database, "e@shop.example")
    async with database.write() as conn:
        adas, eves = [await create_session(conn, utc_now(), customer_id=customer.id) for customer in (ada, eve)]
        saved = await service.save_address(conn, ada.id, ADDRESS, adas, is_default=True)
        for attack in (
            service.address(conn, eve.id, saved.id),
            service.save_address(conn, eve.id, ADDRESS, eves, is_default=True, address_id=saved.id),
            service.remove_address(conn, eve.id, saved.id),
        ):
            with pytest.raises(NotFound):
                await attack
        assert [address.id for address in await service.addresses(conn, ada.id)] == [saved.id]


@given(st.text() | st.text(alphabet="/\\\t\r\n .:x@"))
def test_signing_in_never_leads_to_another_site(target: str) -> None:
    for candidate in (target, "//" + target, "/\\" + target, "https://" + target, "/" + target, "/\t/" + target):
        header = web.HTTPSeeOther(safe_next(candidate)).headers["Location"]
        as_read = re.sub("[\t\r\n]", "", header.strip("".join(map(chr, range(33))))).replace("\\", "/")  # WHATWG, "basic URL parser"
        assert as_read.startswith("/")
        assert not as_read.startswith("//")


async def test_attempts_on_an_account_are_counted_together_however_its_address_is_spelled(database: Database) -> None:
    email, password = "iris.fisk@shop.example", "correct horse battery"
    await _register(database, email)
    lead_there = []
    for spelling in (
        email,
        f"  {email}",
        f"{email} ",
        email.upper(),
        email.title(),
        email.replace("i", "\u0130"),
        email.replace("k", "\u212a"),
    ):
        with contextlib.suppress(service.WrongCredentials):
            await service.sign_in(database, spelling, password)
            lead_there.append(spelling)
    assert len(lead_there) >= 5
    assert {service.spelled_alike(spelling) for spelling in lead_there} == {email}


@contextlib.contextmanager
def nothing_is_hashed() -> Iterator[None]:
    """Whoever wants a password hashed or verified waits."""
    held = threading.Event()
    for _ in range(passwords._executor._max_workers):
        passwords._executor.submit(held.wait)
    try:
        yield
    finally:
        held.set()


async def somebody_waits() -> bool:
    return passwords._executor._work_queue.qsize() > 0


@pytest.fixture
async def one_connection(settings: Settings) -> AsyncIterator[Database]:
    """The database for who has one connection to it."""
    database = Database(settings.database.url, settings=DatabaseSettings(pool_min=0, pool_max=1))
    await database.start()
    yield database
    await database.close()


async def test_hashing_a_password_keeps_no_connection_from_others(one_connection: Database) -> None:
    customer, now = await _register(one_connection, "busy@shop.example"), utc_now()
    async with one_connection.write() as conn:
        token = await service.issue_token(conn, customer.id, "reset_password", now)

    async def others_go_on(change: Coroutine[Any, Any, object]) -> None:
        with nothing_is_hashed():
            changing = asyncio.create_task(change)
            await eventually(somebody_waits)
            async with asyncio.timeout(10), one_connection.write() as conn:
                assert await conn.fetchval("SELECT 1") == 1
        await changing

    await others_go_on(service.reset_password(one_connection, token, "a second one", now))
    await others_go_on(service.change_password(one_connection, customer.id, "a second one", "yet another one", ""))
    assert (await service.sign_in(one_connection, customer.email, "yet another one")).customer.id == customer.id


async def test_a_changed_password_ends_the_links_to_another_and_overtakes_no_other_change(
    database: Database, owner: asyncpg.Connection
) -> None:
    customer, now = await _register(database, "changing@shop.example"), utc_now()
    async with database.write() as conn:
        token = await service.issue_token(conn, customer.id, "reset_password", now)
    await service.change_password(database, customer.id, "correct horse battery", "a second one", "")
    with pytest.raises(service.LinkExpired):
        await service.reset_password(database, token, "from the old link", now)
    with nothing_is_hashed():
        changing = asyncio.create_task(service.change_password(database, customer.id, "a second one", "by somebody else", ""))
        await eventually(somebody_waits)
        await owner.execute("UPDATE customer SET password_hash = 'reset' WHERE id = $1", customer.id)
    with pytest.raises(InvalidInput):
        await changing
    assert await owner.fetchval("SELECT password_hash FROM customer WHERE id = $1", customer.id) == "reset"


async def test_whose_password_was_changed_while_it_was_checked_is_not_signed_in(database: Database) -> None:
    customer, now = await _register(database, "late@shop.example"), utc_now()
    recognised = await service.sign_in(database, customer.email, "correct horse battery")
    async with database.write() as conn:
        token = await service.issue_token(conn, customer.id, "reset_password", now)
    await service.reset_password(database, token, "a second one", now)
    async with database.write() as conn:
        with pytest.raises(service.WrongCredentials):
            await service.open_session(conn, recognised, now)


async def test_whose_sessions_were_ended_meanwhile_writes_nothing_into_the_account(database: Database) -> None:
    customer, now = await _register(database, "ended@shop.example"), utc_now()
    async with database.write() as conn:
        session = await create_session(conn, now, customer_id=customer.id)
        token = await service.issue_token(conn, customer.id, "reset_password", now)
    await service.reset_password(database, token, "a second one", now)
    for change in (
        lambda conn: service.save_address(conn, customer.id, ADDRESS, session, is_default=True),
        lambda conn: service.rename(conn, customer.id, "Mallory", session),
    ):
        with pytest.raises(SignInRequired):
            await database.transaction(change)
