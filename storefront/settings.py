"""Every setting, typed, read once at the start.

Order: the defaults here, then config.toml, then environment variables STOREFRONT_<SECTION>__<KEY>. What is wrong stops the start with one
line that names the setting, the reason and the mend.
"""

import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "STOREFRONT_"
# What Kubernetes sets in every container beside a service named "storefront"; no setting is named like these.
_SERVICE_LINK = re.compile(r"STOREFRONT_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Locale = Annotated[str, Meta(pattern="^(ar|da|de|el|en|es|fi|fr|hu|it|nl|no|pt|ro|ru|sv|ta|tr)(-[A-Z]{2})?$")]
Limit = Annotated[str, Meta(pattern=r"^[1-9]\d{0,6}/(second|minute|hour|day)$")]
Share = Annotated[float, Meta(ge=0, le=1)]


class SettingError(Exception):
    """A setting that cannot be used. The text is one line for the operator."""


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Server(_Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""
    environment: Literal["development", "production"] = "development"
    shutdown_grace_seconds: NotNegative = 10
    drain_seconds: NotNegative = 0
    trusted_proxies: NotNegative = 0


class Data(_Section):
    dir: Annotated[str, Meta(min_length=1)] = "data"


class DatabaseSettings(_Section):
    url: str = ""
    migrate_url: str = ""
    replica_urls: list[str] = []
    embedded_replicas: Annotated[int, Meta(ge=0, le=4)] = 0
    fsync: bool = True
    pool_min: Positive = 2
    pool_max: Positive = 16
    replica_lag_max_bytes: NotNegative = 1048576
    statement_timeout_ms: Positive = 5000


class CacheSettings(_Section):
    url: str = ""
    namespace: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,40}$")] = "storefront"
    l1_bytes: NotNegative = 67108864
    soft_ttl_seconds: Positive = 60
    hard_ttl_seconds: Positive = 600
    timeout_ms: Positive = 100


class EdgeSettings(_Section):
    purge_urls: list[str] = []


class SearchSettings(_Section):
    dir: str = ""
    memory_dir: str = "/dev/shm"  # noqa: S108
    heap_bytes: Annotated[int, Meta(ge=15_000_000)] = 50_000_000
    own_synonyms: bool = True


class PaymentSettings(_Section):
    provider: Literal["sandbox", "stripe"] = "sandbox"
    capture: Literal["order", "fulfillment"] = "order"
    api_base: str = ""
    api_key: str = ""
    publishable_key: str = "pk_test_sandbox"
    webhook_secret: str = ""
    script_url: str = ""
    sandbox_port: Port = 0
    timeout_ms: Positive = 10000


class MailSettings(_Section):
    transport: Literal["folder", "smtp"] = "folder"
    from_address: str = "Storefront <shop@example.com>"
    smtp_host: str = "127.0.0.1"
    smtp_port: Port = 587
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_starttls: bool = True


class ShopSettings(_Section):
    name: str = "Storefront"
    currency: Currency = "EUR"
    currencies: list[Currency] = msgspec.field(default_factory=lambda: ["EUR", "USD"])
    country: Country = "DE"
    locale: Locale = "en"
    prices_include_tax: bool = True
    reservation_minutes: Annotated[int, Meta(ge=1, le=1440)] = 15
    order_prefix: Annotated[str, Meta(pattern="^[A-Z0-9-]{0,10}$")] = "SF-"
    seller_address: Annotated[str, Meta(max_length=1000)] = ""
    return_days: Annotated[int, Meta(ge=0, le=3650)] = 30
    demo: bool = True
    operator_email: str = "operator@example.com"
    operator_password: str = ""


class Security(_Section):
    signing_secret: str = ""


class Limits(_Section):
    body_bytes: Positive = 1048576
    sign_in: Limit = "20/minute"
    register: Limit = "20/minute"
    order_lookup: Limit = "20/minute"
    checkout: Limit = "120/minute"
    carts: Limit = "300/minute"


class Telemetry(_Section):
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log_sample: Share = 0.01


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """All sections. Secret fields (`SECRETS`) stand in no file of the project."""

    server: Server = msgspec.field(default_factory=Server)
    data: Data = msgspec.field(default_factory=Data)
    database: DatabaseSettings = msgspec.field(default_factory=DatabaseSettings)
    cache: CacheSettings = msgspec.field(default_factory=CacheSettings)
    edge: EdgeSettings = msgspec.field(default_factory=EdgeSettings)
    search: SearchSettings = msgspec.field(default_factory=SearchSettings)
    payments: PaymentSettings = msgspec.field(default_factory=PaymentSettings)
    mail: MailSettings = msgspec.field(default_factory=MailSettings)
    shop: ShopSettings = msgspec.field(default_factory=ShopSettings)
    security: Security = msgspec.field(default_factory=Security)
    limits: Limits = msgspec.field(default_factory=Limits)
    telemetry: Telemetry = msgspec.field(default_factory=Telemetry)

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return (ROOT / Path(self.data.dir).expanduser()).resolve()

    @property
    def search_dir(self) -> Path:
        """Where the search index lives."""
        return (ROOT / Path(self.search.dir).expanduser()).resolve() if self.search.dir else self.data_dir / "search"

    @property
    def sandbox_port(self) -> int:
        """The port of the embedded sandbox provider."""
        return self.payments.sandbox_port or self.server.port + 1

    @property
    def provider_base(self) -> str:
        """The provider's API address; empty for Stripe's own."""
        if self.payments.api_base:
            return self.payments.api_base.rstrip("/")
        return f"http://127.0.0.1:{self.sandbox_port}" if self.payments.provider == "sandbox" else ""

    @property
    def embedded_sandbox(self) -> bool:
        """Whether run.py starts the sandbox provider itself."""
        return self.payments.provider == "sandbox" and not self.payments.api_base


SETTINGS = web.AppKey("settings", Settings)

SECRETS: dict[tuple[str, str], str] = {
    ("security", "signing_secret"): "",
    ("payments", "api_key"): "sk_test_",
    ("payments", "webhook_secret"): "whsec_",
    ("shop", "operator_password"): "",
    ("mail", "smtp_password"): "",
}
"""Secret settings, with the prefix of a generated value. smtp_password is never generated."""


def load_settings(environ: Mapping[str, str] | None = None, path: Path | None = None) -> Settings:
    """Reads config.toml and the environment. Raises SettingError."""
    environ = os.environ if environ is None else environ
    path = path or ROOT / "config.toml"
    values = _read_toml(path)
    _override(values, environ)
    settings = _convert(values)
    _complete(settings)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name}: {error}. Mend the line, or restore the file.") from error
    for section, key in SECRETS:
        if isinstance(values.get(section), dict) and key in values[section]:
            variable = f"{PREFIX}{section.upper()}__{key.upper()}"
            raise SettingError(f"{section}.{key}: secrets do not stand in {path.name}. Give it as {variable} or {variable}_FILE.")
    return values


@cache
def _fields(section: str) -> dict[str, msgspec.structs.FieldInfo]:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    return {field.name: field for field in msgspec.structs.fields(kinds[section])}


def _known() -> dict[str, tuple[str, str]]:
    names: dict[str, tuple[str, str]] = {}
    for section in msgspec.structs.fields(Settings):
        for key in _fields(section.name):
            names[f"{PREFIX}{section.name.upper()}__{key.upper()}"] = (section.name, key)
    return names


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    known = _known()
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or _SERVICE_LINK.fullmatch(variable):
            continue
        plain = variable.removesuffix("_FILE") if variable not in known else variable
        if plain not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else " See config.toml for the names."
            raise SettingError(f"{variable}: there is no such setting.{hint}")
        section, key = known[plain]
        if plain != variable:
            try:
                text = Path(text).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"{variable}: the file cannot be read ({error}). Name a readable file.") from error
        values.setdefault(section, {})[key] = _from_text(variable, text, _fields(section)[key])


def _from_text(variable: str, text: str, field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return [part.strip() for part in text.split(",") if part.strip()]
    default = field.default
    if isinstance(default, bool):
        if text.lower() in ("true", "1", "yes", "on"):
            return True
        if text.lower() in ("false", "0", "no", "off"):
            return False
        raise SettingError(f"{variable}: {text!r} is neither true nor false. Write true or false.")
    for kind, words in ((int, "a whole number"), (float, "a number")):
        if isinstance(default, kind):
            try:
                return kind(text)
            except ValueError as error:
                raise SettingError(f"{variable}: {text!r} is not {words}. Write {words}, such as {default}.") from error
    return text


def _convert(values: dict[str, Any]) -> Settings:
    for section, fields in values.items():
        kinds = [field.name for field in msgspec.structs.fields(Settings)]
        if section not in kinds:
            near = difflib.get_close_matches(section, kinds, n=1)
            raise SettingError(f"[{section}]: there is no such section.{f' Did you mean [{near[0]}]?' if near else ''}")
        known = _fields(section)
        if not isinstance(fields, dict):
            raise SettingError(f"{section}: must be a section. Write [{section}] above its settings.")
        for key in fields:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {section}.{near[0]}?" if near else " Remove it."
                raise SettingError(f"{section}.{key}: there is no such setting.{hint}")
    for section, fields in values.items():
        for key, value in fields.items():
            try:
                msgspec.convert(value, _fields(section)[key].type)
            except msgspec.ValidationError as error:
                variable = f"{PREFIX}{section.upper()}__{key.upper()}"
                shown = "the value" if (section, key) in SECRETS else repr(value)
                raise SettingError(f"{section}.{key}: {shown} cannot be used ({error}). Change it in config.toml or {variable}.") from error
    return msgspec.convert(values, Settings)


def _complete(settings: Settings) -> None:
    server, shop = settings.server, settings.shop
    if server.public_url and not server.public_url.startswith(("http://", "https://")):
        raise SettingError(f"server.public_url: {server.public_url!r} is not an address. Write https://shop.example.com.")
    server.public_url = server.public_url.rstrip("/") or _own_address(server)
    if shop.currency not in shop.currencies:
        raise SettingError(f"shop.currencies: {shop.currency} is missing. List shop.currency among shop.currencies.")
    if settings.cache.hard_ttl_seconds < settings.cache.soft_ttl_seconds:
        raise SettingError("cache.hard_ttl_seconds: is below cache.soft_ttl_seconds. Make it at least as long.")
    if settings.database.pool_max < settings.database.pool_min:
        raise SettingError("database.pool_max: is below database.pool_min. Make it at least as large.")
    _check_addresses(settings)
    if settings.mail.smtp_user and not settings.mail.smtp_password:
        raise SettingError("mail.smtp_password: is needed with mail.smtp_user. Give it as STOREFRONT_MAIL__SMTP_PASSWORD or …_FILE.")
    if server.environment == "production":
        _check_production(settings)


def _own_address(server: Server) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104
    return f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"


_POSTGRESQL = ("postgresql://", "postgres://")
_REDIS = ("redis://", "rediss://", "unix://")


def _check_addresses(settings: Settings) -> None:
    database, cache = settings.database, settings.cache
    given = [("database.url", database.url), ("database.migrate_url", database.migrate_url)]
    given += [("database.replica_urls", url) for url in database.replica_urls]
    for name, url in given:
        if url and not url.startswith(_POSTGRESQL):
            raise SettingError(f"{name}: is not the address of a PostgreSQL. Write postgresql://user:password@host:5432/database.")
    if database.migrate_url and not database.url:
        raise SettingError("database.url: is needed with database.migrate_url. Set both, or neither for the embedded PostgreSQL.")
    if database.replica_urls and not database.url:
        raise SettingError("database.replica_urls: the embedded PostgreSQL has none. Set database.embedded_replicas, or database.url too.")
    if database.url and database.embedded_replicas:
        raise SettingError("database.embedded_replicas: only the embedded PostgreSQL has them. Set it to 0 and use database.replica_urls.")
    if cache.url not in ("", "none") and not cache.url.startswith(_REDIS):
        raise SettingError('cache.url: is not the address of a Redis or Valkey. Write redis://host:6379/0, or "none".')
    for url in settings.edge.purge_urls:
        if not url.startswith(("http://", "https://")):
            raise SettingError(f"edge.purge_urls: {url!r} is not an address. Write http://10.0.0.5:80/.")
    _check_ports(settings)


def _check_ports(settings: Settings) -> None:
    if not settings.embedded_sandbox or settings.server.port == 0:
        return
    if settings.sandbox_port > 65535 or settings.sandbox_port == settings.server.port:
        raise SettingError(f"payments.sandbox_port: {settings.sandbox_port} cannot be used. Choose a port of its own, up to 65535.")


def _check_production(settings: Settings) -> None:
    for section, key in SECRETS:
        if key == "smtp_password" or getattr(getattr(settings, section), key):
            continue
        variable = f"{PREFIX}{section.upper()}__{key.upper()}"
        raise SettingError(f"{section}.{key}: is needed in production. Give it as {variable} or {variable}_FILE.")
    if not settings.server.public_url.startswith("https://"):
        raise SettingError("server.public_url: production needs the https address of the shop. Write https://shop.example.com.")
    if settings.embedded_sandbox:
        raise SettingError('payments.provider: the sandbox takes no real money. Set "stripe", or payments.api_base for a rehearsal.')


def complete_secrets(settings: Settings) -> bool:
    """Fills in secrets that were not given: made once, kept in <data.dir>/secrets, readable by this user alone.

    Returns whether the operator's password was made now (and should be shown once).
    """
    folder = settings.data_dir / "secrets"
    made_password = False
    for (section, key), prefix in SECRETS.items():
        if key == "smtp_password" or getattr(getattr(settings, section), key):
            continue
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"{section}.{key}"
        if not file.exists():
            made_password = made_password or key == "operator_password"
            _write_secret(file, prefix + secrets.token_urlsafe(12 if key == "operator_password" else 32))
        setattr(getattr(settings, section), key, file.read_text().strip())
    return made_password


def _write_secret(file: Path, value: str) -> None:
    # Whole or not at all: an empty secret left by a crash would sign everything from then on.
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(value)
        handle.flush()
        os.fsync(handle.fileno())
    partial.rename(file)


def use_port(settings: Settings, port: int) -> None:
    """Takes over the port that was really bound when server.port was 0."""
    if settings.server.port == 0:
        derived = settings.server.public_url == _own_address(settings.server)
        settings.server.port = port
        if derived:
            settings.server.public_url = _own_address(settings.server)
