"""A wrong setting stops the start with one line that names it and the mend."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.settings import SettingError, load_settings


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("STOREFRONT_SERVER__PORT", "eighty", "STOREFRONT_SERVER__PORT: 'eighty' is not a whole number"),
        ("STOREFRONT_SERVER__PORT", "70000", "server.port: 70000 cannot be used"),
        ("STOREFRONT_SERVER__PROT", "1", "Did you mean STOREFRONT_SERVER__PORT?"),
        ("STOREFRONT_SERVER__ENVIRONMENT", "staging", "server.environment"),
        ("STOREFRONT_DATABASE__FSYNC", "maybe", "neither true nor false"),
        ("STOREFRONT_SHOP__CURRENCY", "GBP", "shop.currencies: GBP is missing"),
        ("STOREFRONT_SERVER__PUBLIC_URL", "shop.example.com", "server.public_url"),
        ("STOREFRONT_PAYMENTS__API_KEY_FILE", "/nowhere/key", "cannot be read"),
        ("STOREFRONT_LIMITS__SIGN_IN", "often", "limits.sign_in"),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({variable: value})
    text = str(refused.value)
    assert said in text
    assert "\n" not in text


def test_an_environment_variable_overrides_the_file() -> None:
    settings = load_settings({"STOREFRONT_SERVER__PORT": "9001", "STOREFRONT_SHOP__CURRENCIES": "EUR, CHF"})
    assert settings.server.port == 9001
    assert settings.shop.currencies == ["EUR", "CHF"]


def test_a_secret_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[payments]\napi_key = "sk_live_x"\n')
    with pytest.raises(SettingError, match="secrets do not stand in config.toml"):
        load_settings({}, file)


def test_production_asks_for_its_secrets() -> None:
    with pytest.raises(SettingError, match="is needed in production"):
        load_settings({"STOREFRONT_SERVER__ENVIRONMENT": "production"})


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="\x00"), max_size=30))
def test_no_text_of_the_environment_breaks_the_reader(name: str, value: str) -> None:
    """Either the settings load or one line says why."""
    try:
        load_settings({f"STOREFRONT_{name}": value, "STOREFRONT_SERVER__PORT": value})
    except SettingError as error:
        assert str(error)
