"""The forms of a channel: what was typed, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData

from caseway.domain.connection import ChannelSettings
from caseway.ports import Callbacks, Refused

WIDGET: Final = "widget"
API: Final = "api"
KINDS: Final = (WIDGET, API)
LONGEST_NAME: Final = 100
LONGEST_GREETING: Final = 500
MOST_ORIGINS: Final = 50
NO_NAME: Final = "Say what you call it, for example “Shop”."
LONG_NAME: Final = f"A name has at most {LONGEST_NAME} characters."
NO_ORIGIN: Final = "Say which site may show the widget, for example https://www.example.com"
BAD_ORIGIN: Final = (
    "{text} is no site: one begins with https://, for example https://www.example.com"
)
MANY_ORIGINS: Final = f"At most {MOST_ORIGINS} sites may show one widget."
LONG_GREETING: Final = f"A greeting has at most {LONGEST_GREETING} characters."


@dataclass(frozen=True, slots=True)
class Typed:
    """As it was typed, to be shown again; `settings` is what it means where `faults` is empty."""

    name: str
    origins: str
    settings: ChannelSettings
    version: int = 0  # of the account that the form was opened with
    faults: Mapping[str, str] = field(default_factory=dict)
    told: str = ""  # what was understood rather than refused
    overtaken: str = ""  # what somebody else changed since


def shown(name: str, settings: ChannelSettings, version: int = 0) -> Typed:
    return Typed(name, "\n".join(settings.origins), settings, version)


async def read(
    kind: str, form: FormData, before: ChannelSettings, callbacks: Callbacks, *, is_new: bool
) -> Typed:
    name = " ".join(str(form.get("name", "")).split())
    faults: dict[str, str] = {}
    if is_new and not 0 < len(name) <= LONGEST_NAME:
        faults["name"] = LONG_NAME if name else NO_NAME
    if kind == WIDGET:
        typed = _widget(form, before, faults)
    else:
        typed = await _api(form, before, faults, callbacks)
    return replace(typed, name=name, faults=faults)


def _widget(form: FormData, before: ChannelSettings, faults: dict[str, str]) -> Typed:
    text = str(form.get("origins", ""))
    greeting = str(form.get("greeting", "")).strip()
    origins: list[str] = []
    cut = ""
    for line in text.split():
        origin = origin_of(line)
        if origin is None:
            faults["origins"] = BAD_ORIGIN.format(text=line[:100])
        elif origin not in origins:
            origins.append(origin)
            cut = cut or (f"We kept {origin} and left out the rest." if line != origin else "")
    if not text.split():
        faults["origins"] = NO_ORIGIN
    if len(origins) > MOST_ORIGINS:
        faults["origins"] = MANY_ORIGINS
    if len(greeting) > LONGEST_GREETING:
        faults["greeting"] = LONG_GREETING
    settings = replace(before, origins=tuple(origins), greeting=greeting)
    return Typed("", text, settings, told=cut)


async def _api(
    form: FormData, before: ChannelSettings, faults: dict[str, str], callbacks: Callbacks
) -> Typed:
    url = str(form.get("callback_url", "")).strip()
    if url:
        try:
            await callbacks.admit(url)
        except Refused as refusal:
            faults["callback_url"] = str(refusal)
    settings = replace(
        before,
        callback_url=url,
        recognises_repeats="remembers" in form,
        starts_as_ai="starts_as_ai" in form,
    )
    return Typed("", "", settings)


def origin_of(text: str) -> str | None:
    """Scheme, name and port of a pasted address; None for what is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    name = parts.hostname.lower()
    name = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in {None, usual} else "")
