"""Accounts keep their promises to a sceptic: one account an address, no oracle, links that work once."""

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from storefront.accounts import service
from storefront.accounts.model import Registration
from storefront.accounts.pages import safe_next
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.platform.errors import InvalidInput, NotFound
from storefront.pricing.model import Address

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
            await service.reset_password(conn, token, "a new password", now)
        assert await service.confirm_email(conn, token, now) == customer.id
        with pytest.raises(service.LinkExpired):
            await service.confirm_email(conn, token, now)
        assert (await service.customer(conn, customer.id)).verified


async def test_nobody_reads_or_changes_anothers_address(database: Database) -> None:
    ada, eve = await _register(database, "a@shop.example"), await _register(database, "e@shop.example")
    async with database.write() as conn:
        saved = await service.save_address(conn, ada.id, ADDRESS, is_default=True)
        for attack in (
            service.address(conn, eve.id, saved.id),
            service.save_address(conn, eve.id, ADDRESS, is_default=True, address_id=saved.id),
            service.remove_address(conn, eve.id, saved.id),
        ):
            with pytest.raises(NotFound):
                await attack
        assert [address.id for address in await service.addresses(conn, ada.id)] == [saved.id]


@given(st.text())
def test_signing_in_never_leads_to_another_site(target: str) -> None:
    for candidate in (target, "//" + target, "/\\" + target, "https://" + target, "/" + target):
        found = safe_next(candidate)
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))
