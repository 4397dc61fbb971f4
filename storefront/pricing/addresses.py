"""Postal and e-mail addresses, checked as far as a shop can without sending something there."""

import re
from functools import lru_cache

import msgspec
from babel import Locale
from email_validator import EmailNotValidError, validate_email

from storefront.platform.errors import FieldError, InvalidInput
from storefront.pricing.model import Address

_NO_COUNTRY = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ"  # CLDR names that take no mail of their own
_NO_POSTAL_CODE = (
    "AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GN GQ GY HK JM KI KM KN KP LC ML MO MR MW NA NR NU "
    "QA RW SB SC SL SR ST SY TD TF TG TK TL TO TT TV UG VU WS YE ZW"
)
_LONGEST = {"name": 100, "company": 100, "line1": 200, "line2": 200, "city": 100, "postal_code": 20, "region": 50, "phone": 30}
_PHONE = re.compile(r"\+?[0-9 ()/.-]{4,30}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")

_REGIONS = {
    "US": "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC "
    "SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI AA AE AP",
    "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "AU": "ACT NSW NT QLD SA TAS VIC WA",
}


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """(ISO 3166-1 alpha-2 code, English name) of every country, by name."""
    names = Locale("en").territories
    found = [(code, str(name)) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRY.split()]
    return sorted(found, key=lambda country: country[1])


def country_name(code: str) -> str:
    """The English name of a country; the code itself when there is none."""
    return _country_names().get(code, code)


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    return dict(countries())


def regions(country: str) -> list[str]:
    """The state or province codes of a country where an address needs one; empty elsewhere."""
    return _REGIONS.get(country, "").split()


def checked_address(address: Address, prefix: str) -> Address:
    """The address with spaces tidied and codes in capitals. Raises InvalidInput with every wrong field as `prefix.field`."""
    tidy = Address(**{field: " ".join(value.split()) for field, value in msgspec.structs.asdict(address).items()})
    tidy = msgspec.structs.replace(tidy, country=tidy.country.upper(), region=_region(tidy), postal_code=tidy.postal_code.upper())
    errors = _errors(tidy) | _unprintable(address)
    if errors:
        before = f"{prefix}." if prefix else ""
        raise InvalidInput(
            "Something in the address needs another look.", fields=[FieldError(before + field, text) for field, text in errors.items()]
        )
    return tidy


def _region(address: Address) -> str:
    return address.region.upper() if regions(address.country.upper()) else address.region


def _unprintable(address: Address) -> dict[str, str]:
    """Control characters other than the white space that was tidied away."""
    odd = {field: value for field, value in msgspec.structs.asdict(address).items() if not value.isprintable()}
    return {field: "Remove the control characters." for field, value in odd.items() if _UNPRINTABLE.search(re.sub(r"\s", " ", value))}


def _errors(address: Address) -> dict[str, str]:
    """By field, in the order in which a form asks for them."""
    errors: dict[str, str] = {}
    if address.country not in _country_names():
        errors["country"] = "Choose a country."
    if not address.name:
        errors["name"] = "Enter a name."
    if not address.line1:
        errors["line1"] = "Enter a street and number."
    if not address.postal_code and address.country not in _NO_POSTAL_CODE.split():
        errors["postal_code"] = "Enter a postal code."
    if not address.city:
        errors["city"] = "Enter a town or city."
    needed = regions(address.country)
    if needed and address.region not in needed:
        errors["region"] = f"Enter the two or three letters of the state or province, such as {needed[0]}."
    if address.phone and not _PHONE.fullmatch(address.phone):
        errors["phone"] = "Enter a phone number such as +49 30 123456."
    for field, most in _LONGEST.items():
        if len(getattr(address, field)) > most:
            errors[field] = f"Use at most {most} characters."
    return errors


def checked_email(email: str, field: str = "email") -> str:
    """The address as it is stored; syntax only. Raises InvalidInput."""
    try:
        return _normalised(email)
    except EmailNotValidError as error:
        raise InvalidInput.of(field, "Enter an e-mail address such as name@example.com.") from error


@lru_cache(maxsize=1024)
def _normalised(email: str) -> str:
    """Remembered, as an address is looked at with each step of a checkout. Raises EmailNotValidError."""
    return validate_email(email, check_deliverability=False, test_environment=True).normalized
