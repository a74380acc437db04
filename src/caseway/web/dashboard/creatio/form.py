"""What somebody has typed into the form of a connection: judged, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from starlette.datastructures import FormData

from caseway.domain import zones
from caseway.domain.connection import (
    Auth,
    Connection,
    ConnectionSettings,
    Opening,
    Platform,
    Returning,
    Sweeping,
)
from caseway.domain.ids import NOBODY, ConnectionId, OrganisationId, StatusId
from caseway.domain.instance_url import instance_url
from caseway.domain.secret import Secret
from caseway.domain.words import Language
from caseway.ports import Wanted
from caseway.web.dashboard.versions import opened_with

Word = TypeVar("Word", bound=StrEnum)
NAME_LENGTH: Final = 60
KINDS: Final = {"widget": "Widget", "api": "API"}
PICKS: Final = ("owner", "group", "resolved_status", "reopen_status", "priority")
NO_TLS: Final = (
    "Without TLS the secret would be readable on its way: use https. Plain http is spoken only"
    " inside the private networks that the operator allows (CASEWAY_ALLOWED_NETWORKS)."
)
GIVE_AGAIN: Final = (
    "The stored one was given for {place}. Enter it again for the new address, so that it never"
    " goes anywhere by mistake."
)
NO_GUID: Final = "An id of Creatio's is a GUID, for example 7f3b869f-34f3-4f20-ab4d-7480a5fdf647."


@dataclass(frozen=True, slots=True)
class Typed:
    """`values` as they are shown again (never a secret), `faults` by field, `told` what was
    corrected. `wanted` is there if there is no fault.
    """

    before: Connection | None
    values: Mapping[str, str]
    resolved_statuses: frozenset[str]
    faults: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    wanted: Wanted | None = None

    @property
    def keeps_secret(self) -> bool:
        """The stored secret may serve again."""
        return self.before is not None and self.values["auth"] == self.before.auth

    def connection(self, organisation: OrganisationId) -> Connection:
        """To be looked at before it is saved. There is no fault."""
        wanted = self.wanted
        if wanted is None:
            raise ValueError("a form with faults is no connection")
        return Connection(
            organisation=organisation,
            id=self.before.id if self.before else ConnectionId(NOBODY),
            name=wanted.name,
            base_url=wanted.base_url,
            identity_url=wanted.identity_url,
            platform=wanted.platform,
            auth=wanted.auth,
            login=wanted.login,
            secret=wanted.secret,
            settings=wanted.settings,
            version=self.before.version if self.before else 0,
        )

    def reaches_the_same(self, organisation: OrganisationId) -> bool:
        """The Creatio that is saved, by the same login: what was read from it is remembered."""
        if self.before is None or self.wanted is None:
            return False
        after, before = self.connection(organisation), self.before
        return after == replace(before, name=after.name, settings=after.settings)

    def changes_nothing(self, organisation: OrganisationId) -> bool:
        return self.wanted is not None and self.connection(organisation) == self.before


def shown(before: Connection | None) -> Typed:
    """The form of a connection as it is; of a new one, None."""
    settings = before.settings if before else ConnectionSettings()
    oauth = before is None or before.auth is Auth.OAUTH
    login = before.login if before else ""
    interval = settings.sweeping.interval
    values = {
        "connection": before.name if before else "",
        "version": str(before.version if before else 0),
        "name": before.name if before else "creatio",
        "url": before.base_url if before else "",
        "identity_url": before.identity_url if before else "",
        "platform": before.platform if before else Platform.DETECT,
        "auth": before.auth if before else Auth.OAUTH,
        "client_id": login if oauth else "",
        "user": "" if oauth else login,
        "time_zone": settings.time_zone,
        "language": settings.language,
        "opening": settings.opening,
        "returning": settings.returning,
        "returning_hours": _plain(settings.returning_within / timedelta(hours=1)),
        "sweep": "yes" if settings.sweeping.enabled else "no",
        "sweep_seconds": "" if interval is None else _plain(interval.total_seconds()),
        "calls_a_day": "" if settings.calls_a_day is None else str(settings.calls_a_day),
        "webhooks_a_minute": (
            "" if settings.webhooks_a_minute is None else str(settings.webhooks_a_minute)
        ),
        **{name: _id_text(getattr(settings, name)) for name in PICKS},
        **{f"origin_{kind}": _id_text(settings.origins.get(kind)) for kind in KINDS},
        **{f"priority_{kind}": _id_text(settings.priorities.get(kind)) for kind in KINDS},
    }
    return Typed(before, values, frozenset(map(str, settings.resolved_statuses)))


def read(form: FormData, before: Connection | None, *, others: Sequence[str], plain: bool) -> Typed:
    """`others`: names that are taken; `plain`: http is spoken inside allowed networks."""
    return _Reading(form, before, others=others, plain=plain).typed()


class _Reading:
    def __init__(
        self, form: FormData, before: Connection | None, *, others: Sequence[str], plain: bool
    ) -> None:
        self._form = form
        self._before = before
        self._others = others
        self._plain = plain
        self._faults: dict[str, str] = {}
        self._told: dict[str, str] = {}
        blank = shown(before)
        self._values = {name: self._text(name, value) for name, value in blank.values.items()}
        self._secret = Secret("")

    def _text(self, name: str, default: str) -> str:
        """A pasted id goes before the one that was picked."""
        pasted = str(self._form.get(f"{name}_id", "")).strip()
        given = self._form.get(name)
        return pasted or (default if given is None else str(given).strip())

    def typed(self) -> Typed:
        name = self._name()
        url = self._address("url", required=True)
        identity = self._address("identity_url", required=False)
        auth, login = self._sign_in(url, identity)
        platform = self._one_of("platform", Platform, Platform.DETECT)
        settings = self._settings()
        wanted = None
        if not self._faults:
            wanted = Wanted(
                name=name,
                base_url=url,
                auth=auth,
                login=login,
                secret=self._secret,
                identity_url=identity,
                platform=platform,
                settings=settings,
                version=opened_with(self._values, there=0),
            )
        marked = frozenset(map(str, settings.resolved_statuses))
        return Typed(self._before, self._values, marked, self._faults, self._told, wanted)

    def _name(self) -> str:
        if self._before is not None:
            return self._before.name
        name = self._values["name"]
        if not name:
            self._faults["name"] = "A connection has a name, for example north."
        elif len(name) > NAME_LENGTH:
            self._faults["name"] = f"A name has at most {NAME_LENGTH} characters."
        elif name in self._others:
            self._faults["name"] = f"There is a connection {name} already: choose another name."
        return name

    def _address(self, name: str, *, required: bool) -> str:
        text = self._values[name]
        if not text:
            if required:
                self._faults[name] = (
                    "A Creatio address begins with https://, for example https://acme.creatio.com."
                )
            return ""
        try:
            found = instance_url(text)
        except ValueError as fault:
            self._faults[name] = f"{str(fault)[:1].upper()}{str(fault)[1:]}."
            return ""
        if found.is_plain and not self._plain:
            self._faults[name] = NO_TLS
        if found.cut:
            self._told[name] = f"We kept the instance and left out {found.cut}"
        self._values[name] = found.url
        return found.url

    def _sign_in(self, url: str, identity: str) -> tuple[Auth, str]:
        auth = self._one_of("auth", Auth, Auth.OAUTH)
        login_field, secret_field = (
            ("client_id", "client_secret") if auth is Auth.OAUTH else ("user", "password")
        )
        login = self._values[login_field]
        if not login:
            what = "client ID of the OAuth application" if auth is Auth.OAUTH else "user's name"
            self._faults[login_field] = f"Enter the {what} in Creatio."
        text = str(self._form.get(secret_field, ""))
        before = self._before
        if text:
            self._secret = Secret(text.strip() if auth is Auth.OAUTH else text)
        elif before is None or before.auth is not auth:
            what = "client secret" if auth is Auth.OAUTH else "password"
            self._faults[secret_field] = f"Enter the {what}. It is kept encrypted."
        elif (url and url != before.base_url) or identity != before.identity_url:
            self._faults[secret_field] = GIVE_AGAIN.format(place=before.base_url)
        else:
            self._secret = before.secret
        return auth, login

    def _settings(self) -> ConnectionSettings:
        there = self._before.settings if self._before else ConnectionSettings()
        picked = {name: self._id(name) for name in PICKS}
        status = {
            name: None if picked[name] is None else StatusId(UUID(str(picked[name])))
            for name in ("resolved_status", "reopen_status")
        }
        every_seconds = self._number("sweep_seconds", least=1, most=3600)
        hours = self._number("returning_hours", least=0, most=24 * 365)
        calls = self._number("calls_a_day", least=1, most=10**9)
        webhooks = self._number("webhooks_a_minute", least=1, most=10**9)
        return replace(
            there,
            time_zone=self._zone(there),
            language=self._one_of("language", Language, there.language),
            opening=self._one_of("opening", Opening, there.opening),
            returning=self._one_of("returning", Returning, there.returning),
            returning_within=there.returning_within if hours is None else timedelta(hours=hours),
            resolved_status=status["resolved_status"],
            reopen_status=status["reopen_status"],
            resolved_statuses=self._statuses(there),
            owner=picked["owner"],
            group=picked["group"],
            priority=picked["priority"],
            origins=self._by_kind("origin", there.origins),
            priorities=self._by_kind("priority", there.priorities),
            sweeping=Sweeping(
                enabled=self._values["sweep"] != "no",
                interval=None if every_seconds is None else timedelta(seconds=every_seconds),
            ),
            calls_a_day=None if calls is None else int(calls),
            webhooks_a_minute=None if webhooks is None else int(webhooks),
        )

    def _zone(self, there: ConnectionSettings) -> str:
        text = self._values["time_zone"]
        try:
            name = zones.zone_name(text)
        except ValueError as fault:
            self._faults["time_zone"] = f"{fault}."
            return there.time_zone
        if name != text:
            self._told["time_zone"] = f"Kept as {name}"
        self._values["time_zone"] = name
        return name

    def _statuses(self, there: ConnectionSettings) -> frozenset[StatusId]:
        if "resolved_statuses" not in self._form and "resolved_statuses_ids" not in self._form:
            return there.resolved_statuses
        texts = [str(text) for text in self._form.getlist("resolved_statuses")]
        texts += str(self._form.get("resolved_statuses_ids", "")).split()
        found = set()
        for text in filter(None, texts):
            one = _guid(text)
            if one is None:
                self._faults["resolved_statuses_ids"] = NO_GUID
            else:
                found.add(StatusId(one))
        return frozenset(found)

    def _by_kind(self, name: str, there: Mapping[str, UUID]) -> dict[str, UUID]:
        """Kinds of channels that this form does not know keep theirs."""
        kept = {kind: one for kind, one in there.items() if kind not in KINDS}
        found = {kind: self._id(f"{name}_{kind}") for kind in KINDS}
        return kept | {kind: one for kind, one in found.items() if one is not None}

    def _id(self, name: str) -> UUID | None:
        text = self._values[name]
        if not text:
            return None
        one = _guid(text)
        if one is None:
            self._faults[name] = NO_GUID
        return one

    def _number(self, name: str, *, least: float, most: float) -> float | None:
        text = self._values[name].replace(",", "")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not least <= number <= most:
            self._faults[name] = f"Expected a number from {_plain(least)} to {_plain(most)}."
            return None
        return number

    def _one_of(self, name: str, kind: type[Word], otherwise: Word) -> Word:
        try:
            return kind(self._values[name])
        except ValueError:
            self._values[name] = otherwise
            return otherwise


def _guid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return None if found == NOBODY else found


def _id_text(one: UUID | None) -> str:
    return "" if one is None else str(one)


def _plain(number: float) -> str:
    return f"{number:g}" if number < 1e6 else f"{number:,.0f}"
