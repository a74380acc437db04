"""Processes and web services as one JSON text, to carry them from one sandbox to another."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from creatio_sandbox.elements import CallWebService, all_elements
from creatio_sandbox.failures import Malformed
from creatio_sandbox.library import Library
from creatio_sandbox.processes import Process
from creatio_sandbox.services import ServiceBook, WebService


class Bundle(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    processes: list[Process] = []
    services: list[WebService] = []


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import brought, by name, and what it left because it was here."""

    processes: tuple[str, ...]
    services: tuple[str, ...]
    kept: tuple[str, ...]


def bundle_of(processes: Sequence[Process], services: ServiceBook) -> bytes:
    """With the web services that they call."""
    codes = {
        element.service
        for process in processes
        for element in all_elements(process.elements)
        if isinstance(element, CallWebService) and element.service
    }
    known = [service for service in services.all() if service.code in codes]
    return text_of(Bundle(list(processes), known))


def text_of(bundle: Bundle) -> bytes:
    return msgspec.json.format(msgspec.json.encode(bundle), indent=2)


def take_in(text: bytes, library: Library, services: ServiceBook) -> Taken:
    """Processes come as new ones. A web service that is known here already stays as it is."""
    try:
        bundle = msgspec.json.decode(text, type=Bundle)
    except (msgspec.ValidationError, msgspec.DecodeError) as failure:
        raise Malformed(f"This is no export of a sandbox: {failure}.") from None
    if not bundle.processes and not bundle.services:
        raise Malformed("There is neither a process nor a web service in it.")
    kept = tuple(s.code for s in bundle.services if services.one(s.code) is not None)
    fresh = [service for service in bundle.services if service.code not in kept]
    with library.database.transaction():
        for service in fresh:
            services.keep(service)
        for process in bundle.processes:
            library.keep(msgspec.structs.replace(process, id=""))
    return Taken(
        tuple(process.name for process in bundle.processes),
        tuple(service.code for service in fresh),
        kept,
    )
