"""The doors of the house, in the callers' words. A call through a door returns, or raises
`Later` or `Never`; anything else that comes out of one is our own bug and stays loud.
"""

from caseway.ports.channels import Callbacks, Channel, Outgoing, Tried
from caseway.ports.events import Events, KeptEvent, NewEvent
from caseway.ports.failures import (
    FencedOut,
    Later,
    Never,
    NotConfigured,
    Overloaded,
    Refused,
)
from caseway.ports.intake import Inbound, Intake, Kept
from caseway.ports.looks import Adopted, Claimed, JournalLine, Linked, Looks, Opening
from caseway.ports.reads import Happened, Noticed, Overview, Ran, Reads, Said, Story
from caseway.ports.ticketing import CALL_TIMEOUT, Call, CallCounter, Ticketing
from caseway.ports.upkeep import Found, Healing, SweepClaim, Sweeps
from caseway.ports.web import (
    Answered,
    ApiKey,
    ApiKeys,
    Directory,
    KeyHolder,
    Limit,
    Rates,
    RefusalCounts,
    Repeats,
    Reservation,
    Wakes,
)
from caseway.ports.widget import Line, Transcript, Visitor, WidgetSessions

__all__ = [
    "CALL_TIMEOUT",
    "Adopted",
    "Answered",
    "ApiKey",
    "ApiKeys",
    "Call",
    "CallCounter",
    "Callbacks",
    "Channel",
    "Claimed",
    "Directory",
    "Events",
    "FencedOut",
    "Found",
    "Happened",
    "Healing",
    "Inbound",
    "Intake",
    "JournalLine",
    "Kept",
    "KeptEvent",
    "KeyHolder",
    "Later",
    "Limit",
    "Line",
    "Linked",
    "Looks",
    "Never",
    "NewEvent",
    "NotConfigured",
    "Noticed",
    "Opening",
    "Outgoing",
    "Overloaded",
    "Overview",
    "Ran",
    "Rates",
    "Reads",
    "RefusalCounts",
    "Refused",
    "Repeats",
    "Reservation",
    "Said",
    "Story",
    "SweepClaim",
    "Sweeps",
    "Ticketing",
    "Transcript",
    "Tried",
    "Visitor",
    "Wakes",
    "WidgetSessions",
]
