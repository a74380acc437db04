"""Who writes: a peer of a channel, and the contact behind it."""

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from caseway.domain.finding import folded, later_words
from caseway.domain.ids import ContactId
from caseway.ports import Inbound
from caseway.store.queries import load

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("peers")


async def contact_of(link: "Link", inbound: Inbound) -> ContactId:
    """The lock for intake; a peer seen for the first time gets its contact."""
    found = await SQL["lock_peer"].fetchval(link, **peer_of(inbound))
    if found is None:
        contact = await _contact(link, inbound)
        made = await SQL["new_peer"].fetchval(link, **peer_of(inbound), contact=contact)
        if made is not None:
            return contact
        found = await SQL["lock_peer"].fetchval(link, **peer_of(inbound))
    contact = ContactId(found)
    if inbound.verified and (inbound.name or inbound.email or inbound.phone):
        await SQL["enrich_contact"].execute(
            link,
            organisation=inbound.organisation,
            contact=contact,
            name=inbound.name,
            email=inbound.email,
            phone=inbound.phone,
            **_keys_of(inbound.name),
        )
    return contact


async def _contact(link: "Link", inbound: Inbound) -> ContactId:
    if inbound.verified and (inbound.email or inbound.phone):
        known = await SQL["find_contact"].fetchval(
            link,
            organisation=inbound.organisation,
            email=inbound.email,
            phone=inbound.phone,
        )
        if known is not None:
            return ContactId(known)
    contact = ContactId(uuid4())
    await SQL["new_contact"].execute(
        link,
        organisation=inbound.organisation,
        contact=contact,
        name=inbound.name,
        email=inbound.email,
        phone=inbound.phone,
        verified=inbound.verified,
        **_keys_of(inbound.name),
    )
    return contact


def _keys_of(name: str) -> dict[str, object]:
    return {"name_key": folded(name), "words": later_words(name)}


def peer_of(inbound: Inbound) -> dict[str, object]:
    return {
        "organisation": inbound.organisation,
        "channel": inbound.channel,
        "peer": inbound.peer,
    }
