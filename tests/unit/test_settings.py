"""A wrong setting stops the start with one line that names it and the mend."""

import contextlib
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.settings import ROOT, SECRETS, SettingError, Settings, complete_secrets, load_settings


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("STOREFRONT_SERVER__PORT", "eighty", "STOREFRONT_SERVER__PORT: 'eighty' is not a whole number"),
        ("STOREFRONT_SERVER__PORT", "70000", "server.port: 70000 cannot be used"),
        ("STOREFRONT_SERVER__PROT", "1", "Did you mean STOREFRONT_SERVER__PORT?"),
        ("STOREFRONT_SERVER__ENVIRONMENT", "staging", "server.environment"),
        ("STOREFRONT_DATABASE__FSYNC", "maybe", "neither true nor false"),
        ("STOREFRONT_SHOP__CURRENCY", "GBP", "shop.currencies: GBP is missing"),
        ("STOREFRONT_SHOP__LOCALE", "tlh", "shop.locale"),
        ("STOREFRONT_SERVER__PUBLIC_URL", "shop.example.com", "server.public_url"),
        ("STOREFRONT_PAYMENTS__API_KEY_FILE", "/nowhere/key", "cannot be read"),
        ("STOREFRONT_LIMITS__SIGN_IN", "often", "limits.sign_in"),
        ("STOREFRONT_SERVER_PORT", "1", "Did you mean STOREFRONT_SERVER__PORT?"),
        ("STOREFRONT_COLOUR", "red", "there is no such setting"),
        ("STOREFRONT_TELEMETRY__ACCESS_LOG_SAMPLE", "nan", "telemetry.access_log_sample"),
        ("STOREFRONT_DATA__DIR", "", "data.dir"),
        ("STOREFRONT_DATABASE__URL", "mysql://shop", "database.url: is not the address of a PostgreSQL"),
        ("STOREFRONT_DATABASE__REPLICA_URLS", "postgresql://b", "database.replica_urls: the embedded PostgreSQL has none"),
        ("STOREFRONT_CACHE__URL", "memcached://shop", "cache.url: is not the address of a Redis"),
        ("STOREFRONT_PAYMENTS__SANDBOX_PORT", "8080", "payments.sandbox_port: 8080 cannot be used"),
        ("STOREFRONT_SERVER__PORT", "65535", "payments.sandbox_port: 65536 cannot be used"),
        ("STOREFRONT_MAIL__SMTP_USER", "shop", "mail.smtp_password: is needed"),
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


def test_every_setting_stands_in_the_file_with_its_default_and_can_be_overridden() -> None:
    file = tomllib.loads((ROOT / "config.toml").read_text())
    for section in msgspec.structs.fields(Settings):
        keys = {field.name for field in msgspec.structs.fields(section.type)}
        secret = {key for of, key in SECRETS if of == section.name}
        assert set(file.get(section.name, {})) == keys - secret, section.name
    assert load_settings({}) == load_settings({}, Path("/nowhere/config.toml")), "the file says what the code would do without it"


def test_a_misspelt_key_of_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[server]\nprot = 9000\n")
    with pytest.raises(SettingError, match="Did you mean server.port"):
        load_settings({}, file)


def test_what_kubernetes_puts_beside_a_service_of_this_name_is_no_setting() -> None:
    links = {"STOREFRONT_SERVICE_HOST": "10.0.0.1", "STOREFRONT_PORT": "tcp://10.0.0.1:80", "STOREFRONT_PORT_80_TCP_ADDR": "10.0.0.1"}
    assert load_settings(links) == load_settings({})


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk_live_x\n")
    assert load_settings({"STOREFRONT_PAYMENTS__API_KEY_FILE": str(file)}).payments.api_key == "sk_live_x"


def test_production_takes_no_sandbox_money() -> None:
    secrets = {f"STOREFRONT_{section.upper()}__{key.upper()}": "given" for section, key in SECRETS}
    production = {"STOREFRONT_SERVER__ENVIRONMENT": "production", "STOREFRONT_SERVER__PUBLIC_URL": "https://shop.example.com"} | secrets
    with pytest.raises(SettingError, match="takes no real money"):
        load_settings(production)
    assert load_settings(production | {"STOREFRONT_PAYMENTS__PROVIDER": "stripe"}).server.environment == "production"


def test_secrets_are_made_once_for_this_user_alone(tmp_path: Path) -> None:
    first, second = (load_settings({"STOREFRONT_DATA__DIR": str(tmp_path)}) for _ in range(2))
    assert complete_secrets(first)
    assert not complete_secrets(second)
    assert first.security.signing_secret == second.security.signing_secret != ""
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()} == {0o600}


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="\x00"), max_size=30))
def test_no_text_of_the_environment_breaks_the_reader(name: str, value: str) -> None:
    """Either the settings load or one line says why."""
    with contextlib.suppress(SettingError):
        load_settings({f"STOREFRONT_{name}": value, "STOREFRONT_SERVER__PORT": value})
