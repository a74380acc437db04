"""The settings of an installation, and where each of them came from.

An option of the command comes before the environment, the environment before the file
`caseway.toml`, the file before the default. Others get values from here, not these settings.
"""

import os
import tomllib
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from caseway.domain.secret import Secret

PREFIX: Final = "CASEWAY_"
FILE: Final = "caseway.toml"
KEY_FILE: Final = "secret.key"
Network = IPv4Network | IPv6Network
Source = Literal["option", "environment", "file", "default"]


class BadSettings(Exception):
    """The settings cannot be used; the text names each fault, its place and what was expected."""


def configuration_file() -> Path:
    """What CASEWAY_CONFIG names, a file or a folder that holds caseway.toml; else the usual place.

    Raises `BadSettings` where it names a file that is not there.
    """
    named = os.environ.get(f"{PREFIX}CONFIG", "")
    if not named:
        return _folder("XDG_CONFIG_HOME", ".config", "/etc/caseway") / FILE
    path = Path(named).expanduser().absolute()
    if path.suffix != ".toml":
        return path / FILE
    if not path.is_file():
        raise BadSettings(f"CASEWAY_CONFIG names {path}, and there is no such file.")
    return path


def _folder(variable: str, below_home: str, of_root: str) -> Path:
    if os.geteuid() == 0:
        return Path(of_root)
    named = os.environ.get(variable, "")  # relative ones are to be ignored (XDG base directories)
    return (Path(named) if named.startswith("/") else Path.home() / below_home) / "caseway"


def _data_folder() -> Path:
    return _folder("XDG_DATA_HOME", ".local/share", "/var/lib/caseway")


def _key_file() -> Path:
    return configuration_file().parent / KEY_FILE


def _words(value: object) -> object:
    """A list in an environment variable: separated by commas or blanks."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


def _secrets(value: object) -> object:
    words = _words(value)
    return tuple(map(_secret, words)) if isinstance(words, list) else words


def _database_url(value: object) -> object:
    if isinstance(value, str):
        if not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("a database's address begins with postgresql://")
        if not _names_hosts(value):
            raise ValueError(
                "expected an address such as postgresql://caseway:PASSWORD@db.internal:5432/caseway"
                "; in the password, write # as %23, / as %2F, ? as %3F, [ as %5B, % as %25"
            )
    return _secret(value)


def _names_hosts(address: str) -> bool:
    """Whether hosts and ports can be told apart; there may be several, separated by commas.

    Judged here, as whoever reads the address later repeats a piece of its password.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    places = parts.netloc.rpartition("@")[2].split(",")
    ports = [place.rpartition("]")[2].partition(":")[2] for place in places]
    return not parts.fragment and all(not port or port.isdecimal() for port in ports)


def _networks(value: object) -> object:
    words = _words(value)
    return tuple(ip_network(str(word)) for word in words) if isinstance(words, list) else words


def _path(value: object) -> object:
    return Path(value).expanduser().absolute() if isinstance(value, str | Path) else value


def _web_address(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://support.example.com")
    if "@" in parts.netloc:
        raise ValueError("leave user name and password out of the address: many people see it")
    if parts.port == 0:  # and where it is no number, or too large a one, asking raises
        raise ValueError("Port out of range 0-65535")
    return value.rstrip("/")


DatabaseUrl = Annotated[Secret, BeforeValidator(_database_url)]
Folder = Annotated[Path, BeforeValidator(_path)]
Days = Annotated[int, Field(ge=1, le=3650)]


class Settings(BaseSettings):
    """Frozen; `load` makes them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )

    data: Folder = Field(
        default_factory=_data_folder,
        description="The data folder: the embedded PostgreSQL lives there.",
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        description="PostgreSQL 14 or later, as the owner of the tables. "
        "Not set: an embedded PostgreSQL in the data folder.",
    )
    database_direct_url: DatabaseUrl | None = Field(
        default=None,
        description="The same database past the pooler, for LISTEN and migrations.",
    )
    database_sync_url: DatabaseUrl | None = Field(
        default=None,
        description="Behind a pooler: a login whose role is caseway_sync.",
    )
    database_web_url: DatabaseUrl | None = Field(
        default=None,
        description="Behind a pooler: a login whose role is caseway_web.",
    )
    secret_keys: Annotated[tuple[Secret, ...], NoDecode, BeforeValidator(_secrets)] = Field(
        default=(),
        description="The keys that encrypt secrets at rest, newest first. "
        "Not set: those in the secret key file.",
    )
    secret_key_file: Folder = Field(
        default_factory=_key_file,
        description="Where the keys are while CASEWAY_SECRET_KEYS is not set; "
        "made at the first start.",
    )
    host: str = Field(default="127.0.0.1", description="The address that `serve` listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port that `serve` listens on.")
    base_url: Annotated[str, BeforeValidator(_web_address)] = Field(
        default="",
        description="The public address, as Creatio and browsers reach it. "
        "Not set: made of host and port.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(),
        description="Host names that requests may carry besides those of the public address, "
        "the listening address and localhost.",
    )
    allowed_networks: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(),
        description="Private networks (CIDR) that Creatio and callbacks may be in; "
        "plain http is spoken only there.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Networks (CIDR) of your reverse proxies: from them alone X-Forwarded-For says "
        "who calls. Limits and the event log go by that address.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important lines that are logged."
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        default="auto", description="auto: pretty on a terminal, JSON lines elsewhere."
    )
    calls_in_flight: int = Field(
        default=8, ge=1, le=64, description="Calls at once to one Creatio, per process."
    )
    worker_concurrency: int = Field(
        default=32, ge=1, le=256, description="Conversations that one worker looks at at once."
    )
    sweep: bool = Field(
        default=True,
        description="Whether workers ask Creatio for changes now and then. "
        "Off: webhooks only, and a missed one is not healed.",
    )
    keep_events_days: Days = Field(default=30, description="How long webhook events are kept.")
    keep_ignored_days: Days = Field(
        default=3, description="How long ignored and malformed events are kept."
    )
    keep_runs_days: Days = Field(
        default=30, description="How long the journal of each look at a conversation is kept."
    )
    oidc_issuer: Annotated[str, BeforeValidator(_web_address)] = Field(
        default="",
        description="The identity provider for single sign-on (OpenID Connect), as it calls "
        "itself. Not set: people sign in with passwords only.",
    )
    oidc_client_id: str = Field(default="", description="Our client id at the identity provider.")
    oidc_client_secret: Annotated[Secret, BeforeValidator(_secret)] | None = Field(
        default=None, description="Our client secret there; a public client has none."
    )
    oidc_client_secret_file: Folder | None = Field(
        default=None, description="A file that holds the client secret, in its place."
    )
    oidc_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(),
        description="Domains whose people may join by single sign-on without an invitation.",
    )
    oidc_role: Literal["admin", "agent", "viewer"] = Field(
        default="viewer", description="As what people of those domains join."
    )
    shutdown_seconds: int = Field(
        default=20, ge=1, le=600, description="How long a stopping process finishes its work."
    )

    _sources: dict[str, Source] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files here
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, configuration_file())
        return init_settings, env_settings, file

    @property
    def public_url(self) -> str:
        """Without a trailing slash."""
        if self.base_url:
            return self.base_url
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def has_public_url(self) -> bool:
        """False: the port is not known before somebody listens."""
        return bool(self.base_url or self.port)

    def webhook_url(self, token: str) -> str:
        """A secret as well: the token is in it."""
        return f"{self.public_url}/backend/creatio/webhook/{token}"

    def read_oidc_secret(self) -> Secret | None:
        """Raises `BadSettings` where the file cannot be read."""
        file = self.oidc_client_secret_file
        if file is None:
            return self.oidc_client_secret
        try:
            return Secret(file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as failure:
            raise BadSettings(
                f"CASEWAY_OIDC_CLIENT_SECRET_FILE names {file}, which cannot be read "
                f"({type(failure).__name__})."
            ) from failure

    @property
    def shutdown(self) -> timedelta:
        return timedelta(seconds=self.shutdown_seconds)

    def source(self, name: str) -> Source:
        return self._sources.get(name, "default")


def load(**options: object) -> Settings:
    """`options` are the command's own. Raises `BadSettings`."""
    try:
        found = Settings(**options)  # type: ignore[arg-type] # pydantic judges the types
        sources = _sources(options)
    except ValidationError as faults:
        raise BadSettings(_told(faults, options)) from None
    except tomllib.TOMLDecodeError as fault:
        raise BadSettings(f"{configuration_file()} is not TOML: {fault}.") from None
    except UnicodeDecodeError:
        raise BadSettings(
            f"{configuration_file()} is not text in UTF-8: save it as that."
        ) from None
    except OSError as fault:
        raise BadSettings(
            f"{fault.filename} cannot be read ({fault.strerror}): let the account that runs "
            "Caseway read it, or name another file in CASEWAY_CONFIG."
        ) from None
    found._sources.update(sources)  # noqa: SLF001 - just made
    return found


def _sources(options: dict[str, Any]) -> dict[str, Source]:
    layers: tuple[tuple[Source, dict[str, Any]], ...] = (
        ("file", TomlConfigSettingsSource(Settings, configuration_file())()),
        ("environment", EnvSettingsSource(Settings)()),
        ("option", options),
    )
    return {name: source for source, values in layers for name in values}


def _told(faults: ValidationError, options: dict[str, Any]) -> str:
    sources = _sources(options)
    places = {"environment": "the environment", "file": str(configuration_file())}
    lines = []
    for fault in faults.errors(include_url=False, include_input=False, include_context=False):
        name = str(fault["loc"][0])
        variable = f"{PREFIX}{name.upper()}"
        place = places.get(sources.get(name, "option"), "the command's options")
        if fault["type"] == "extra_forbidden":
            lines.append(f"{name} in {place} is no setting: look for the name it should have.")
        else:
            why = fault["msg"].removeprefix("Value error, ")
            lines.append(f"{name if place == places['file'] else variable} in {place}: {why}.")
    return "\n".join(
        [
            "The settings cannot be used:",
            *dict.fromkeys(lines),
            "Every setting is described in docs/reference/settings.md.",
        ]
    )


def is_private(address: str) -> bool:
    """Whether a cloud's Creatio could surely not reach this address."""
    host = urlsplit(address).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
