"""Addresses: what is refused, and what is tidied."""

import msgspec
import pytest

from storefront.platform.errors import InvalidInput
from storefront.pricing.addresses import checked_address, checked_email, countries, regions
from storefront.pricing.model import Address

BERLIN = Address(name="Ada Byron", line1="1 Ridge Way", city="Berlin", postal_code="10115", country="DE")


def refused(prefix: str = "delivery_address", **changes: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        checked_address(msgspec.structs.replace(BERLIN, **changes), prefix)
    return caught.value.messages()


def test_a_good_address_is_tidied() -> None:
    given = msgspec.structs.replace(BERLIN, name="  Ada   Byron ", country="de", postal_code="ab1 2cd")
    assert checked_address(given, "") == msgspec.structs.replace(BERLIN, postal_code="AB1 2CD")


@pytest.mark.parametrize("field", ["name", "line1", "city", "postal_code", "country"])
def test_what_is_missing_is_named_by_its_field(field: str) -> None:
    assert list(refused(**{field: "  "})) == [f"delivery_address.{field}"]


def test_every_wrong_field_is_named_at_once() -> None:
    assert set(refused(name="", city="", country="XX")) == {f"delivery_address.{name}" for name in ("name", "city", "country")}


def test_without_a_prefix_fields_have_their_own_names() -> None:
    assert list(refused(prefix="", name="")) == ["name"]


@pytest.mark.parametrize(("country", "region", "fine"), [("US", "ca", True), ("US", "", False), ("US", "XX", False), ("DE", "", True)])
def test_a_state_is_needed_where_countries_have_them(country: str, region: str, fine: bool) -> None:
    if fine:
        checked = checked_address(msgspec.structs.replace(BERLIN, country=country, region=region), "a")
        assert checked.region == region.upper()
    else:
        assert list(refused(country=country, region=region)) == ["delivery_address.region"]


def test_where_there_are_no_postal_codes_none_is_needed() -> None:
    assert checked_address(msgspec.structs.replace(BERLIN, country="HK", postal_code=""), "a").postal_code == ""


@pytest.mark.parametrize("changes", [{"name": "x" * 101}, {"line1": "x" * 201}, {"phone": "call me"}, {"city": "Ber\x00lin"}])
def test_what_cannot_be_printed_on_a_label_is_refused(changes: dict[str, str]) -> None:
    assert list(refused(**changes)) == [f"delivery_address.{field}" for field in changes]


def test_countries_have_names_and_no_inventions() -> None:
    names = dict(countries())
    assert names["DE"] == "Germany"
    assert not {"EU", "UN", "ZZ", "XA"} & set(names)
    assert "CA" in regions("US")
    assert regions("DE") == []


def test_an_email_address_is_checked_by_its_syntax() -> None:
    assert checked_email("Ada@Example.COM") == "Ada@example.com"
    with pytest.raises(InvalidInput):
        checked_email("ada at example")
