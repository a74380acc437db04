"""What `caseway connection add` was told, and the connection that follows from it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from caseway.cli.opening import Failed
from caseway.cli.reading import read_secret
from caseway.cli.screen import say, without_none
from caseway.domain import zones
from caseway.domain.connection import (
    Auth,
    Connection,
    ConnectionSettings,
    Platform,
)
from caseway.domain.instance_url import instance_url
from caseway.domain.reply_rule import COLUMN
from caseway.domain.secret import Secret

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.ports import Wanted

SecretFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="A file with the secret; - is standard input.")
]


@dataclass(frozen=True, slots=True)
class Said:
    """None: not said."""

    name: str
    url: str | None
    client_id: str | None
    user: str | None
    secret: Secret | None
    platform: Platform | None
    identity_url: str | None
    settings: "SettingsSaid"


@dataclass(frozen=True, slots=True)
class SettingsSaid:
    """By the names of the domain's records; only what was said is in here."""

    plain: dict[str, Any]
    rule: dict[str, Any]
    sweeping: dict[str, Any]
    origins: dict[str, UUID]
    priorities: dict[str, UUID]

    def over(self, settings: ConnectionSettings) -> ConnectionSettings:
        return replace(
            settings,
            **self.plain,
            reply_rule=replace(settings.reply_rule, **self.rule),
            sweeping=replace(settings.sweeping, **self.sweeping),
            origins={**settings.origins, **self.origins},
            priorities={**settings.priorities, **self.priorities},
        )


IDS = ("resolved_status", "reopen_status", "owner", "group", "priority", "activity_type")


RULE_IDS = (
    ("reply_types", "types", "--reply-type"),
    ("reply_categories", "categories", "--reply-category"),
    ("leave_out", "authors_left_out", "--leave-out"),
)


def settings_said(**said: Any) -> SettingsSaid:
    """Ends with 2 where an id is none."""
    given = without_none(said)
    plain: dict[str, Any] = {
        name: given[name] for name in ("opening", "returning", "language") if name in given
    }
    for name in IDS:
        if name in given:
            plain[name] = _id(given[name], f"--{name.replace('_', '-')}")
    if given.get("resolved_statuses"):
        plain["resolved_statuses"] = frozenset(
            _id(text, "--means-resolved") for text in given["resolved_statuses"]
        )
    if "time_zone" in given:
        plain["time_zone"] = _zone(given["time_zone"])
    if "returning_hours" in given:
        plain["returning_within"] = timedelta(hours=given["returning_hours"])
    for name in ("calls_a_day", "webhooks_a_minute"):
        if name in given:
            plain[name] = given[name] or None
    sweeping: dict[str, Any] = {}
    if "sweep" in given:
        sweeping["enabled"] = given["sweep"]
    if "sweep_seconds" in given:
        seconds = given["sweep_seconds"]
        sweeping["interval"] = timedelta(seconds=seconds) if seconds else None
    rule: dict[str, Any] = {
        name: given[name] for name in ("ready", "internal_marker", "field") if name in given
    }
    if "internal_column" in given:
        rule["internal_column"] = _column(given["internal_column"])
    for said_as, name, option in RULE_IDS:
        if given.get(said_as):
            rule[name] = frozenset(_id(text, option) for text in given[said_as])
    origins = dict(_by_kind(text, "--origin") for text in given.get("origins") or ())
    priorities = dict(
        _by_kind(text, "--channel-priority") for text in given.get("channel_priorities") or ()
    )
    return SettingsSaid(plain, rule, sweeping, origins, priorities)


def _zone(text: str) -> str:
    try:
        return zones.zone_name(text)
    except ValueError as fault:
        raise typer.BadParameter(f"{text} is none. {fault}", param_hint="--time-zone") from None


def _id(text: str, option: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text} is no id of Creatio's: expected a GUID", param_hint=option
        ) from None


def _column(text: str) -> str:
    if text and COLUMN.fullmatch(text) is None:
        raise typer.BadParameter(
            f"{text} is no name of a column: expected one such as UsrIsInternal",
            param_hint="--internal-column",
        )
    return text


def _by_kind(text: str, option: str) -> tuple[str, UUID]:
    kind, _, id_ = text.partition("=")
    if kind not in {"api", "widget"}:
        raise typer.BadParameter("expected api=ID or widget=ID", param_hint=option)
    return kind, _id(id_, option)


def secret(
    client_id: str | None,
    client_secret_file: str | None,
    user: str | None,
    password_file: str | None,
) -> Secret | None:
    """Ends with 2 where both ways of signing in are mixed."""
    if (client_id or client_secret_file) and (user or password_file):
        raise typer.BadParameter(
            "either a client id and its secret, or a user and a password",
            param_hint="--client-id, --user",
        )
    if client_secret_file:
        return read_secret(client_secret_file, "--client-secret-file")
    if password_file:
        return read_secret(password_file, "--password-file")
    return None


def wanted(said: Said, before: Connection | None, installation: "Settings") -> "Wanted":
    """Raises `Failed` where something is missing in a new one, or the address is not allowed."""
    from caseway.ports import Wanted

    url = _url(said, before, installation)
    auth, login = _sign_in(said, before)
    kept = None if before is None or before.auth is not auth else before.secret
    proof = said.secret or kept
    if proof is None:
        option = "--client-secret-file" if auth is Auth.OAUTH else "--password-file"
        raise Failed(f"Say where the secret is: {option} FILE, or {option} - for standard input.")
    if before is not None and said.url and url != before.base_url and said.secret is None:
        raise Failed(
            f"The secret of {said.name} was given for {before.base_url}. Give it again for the "
            "new address (--client-secret-file or --password-file), so that it never goes "
            "anywhere by mistake."
        )
    return Wanted(
        name=said.name,
        base_url=url,
        auth=auth,
        login=login,
        secret=proof,
        identity_url=_either(
            _identity(said.identity_url, installation), before and before.identity_url, ""
        ),
        platform=_either(said.platform, before and before.platform, Platform.DETECT),
        settings=said.settings.over(before.settings if before else ConnectionSettings()),
    )


def _either(said: Any, there: Any, default: Any) -> Any:
    if said is not None:
        return said
    return default if there is None else there


def _sign_in(said: Said, before: Connection | None) -> tuple[Auth, str]:
    if said.client_id:
        return Auth.OAUTH, said.client_id
    if said.user:
        return Auth.FORMS, said.user
    if before is not None:
        return before.auth, before.login
    raise Failed(
        f"There is no connection {said.name} yet: say how to sign in, by --client-id and "
        "--client-secret-file, or by --user and --password-file."
    )


def _url(said: Said, before: Connection | None, installation: "Settings") -> str:
    if said.url is None:
        if before is None:
            raise Failed(f"There is no connection {said.name} yet: say its address with --url.")
        return before.base_url
    return _allowed(said.url, "--url", installation)


def _identity(text: str | None, installation: "Settings") -> str | None:
    return _allowed(text, "--identity-url", installation) if text else text


def _allowed(text: str, option: str, installation: "Settings") -> str:
    try:
        found = instance_url(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint=option) from None
    if found.is_plain and not installation.allowed_networks:
        raise Failed(
            f"{found.url} has no TLS, so the secret would be readable on its way. Use https, or "
            "let the operator allow the private network that it is in: CASEWAY_ALLOWED_NETWORKS."
        )
    if found.cut:
        say(f"The address is {found.url}; {found.cut} belongs to a page and was left out.")
    return found.url
