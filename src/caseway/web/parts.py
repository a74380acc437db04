"""What the web needs from the rest of the house. `bootstrap` fills it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry

from caseway.domain.adoption import Reply
from caseway.ports import (
    ApiKeys,
    Callbacks,
    ChannelBook,
    Directory,
    EventLog,
    Events,
    Intake,
    People,
    PickLists,
    Rates,
    Reads,
    RefusalCounts,
    Repeats,
    Replays,
    ReplyRules,
    Samples,
    SettingUp,
    Wakes,
    WidgetSessions,
)
from caseway.ports.conversations import Conversations
from caseway.ports.glance import Glances
from caseway.ports.inbox import Inbox
from caseway.ports.retries import Retries, Standings
from caseway.web.dashboard.provider import SignOn
from caseway.web.demo.facts import DemoFacts

Check = Callable[[], Awaitable[str]]  # what is wrong, in words; empty: nothing


@dataclass(frozen=True, slots=True)
class Parts:
    events: Events
    event_log: EventLog
    replays: Replays
    directory: Directory
    refusals: RefusalCounts
    intake: Intake
    keys: ApiKeys
    reads: Reads
    repeats: Repeats
    rates: Rates
    sessions: WidgetSessions
    wakes: Wakes
    people: People
    rules: ReplyRules
    samples: Samples
    pick_lists: PickLists
    words: Callable[[Reply], str]  # a reply as the customer reads it
    channel_book: ChannelBook
    callbacks: Callbacks
    public_url: str  # as browsers and Creatio reach us, without a trailing slash
    glances: Glances
    inbox: Inbox
    conversations: Conversations
    retries: Retries
    standings: Standings
    creatio: SettingUp
    now: Callable[[], datetime]
    metrics: CollectorRegistry
    sign_on: SignOn | None = None  # single sign-on, where the operator configured it
    demo: DemoFacts | None = None  # `caseway demo` alone has a demo page
    checks: Mapping[str, Check] = field(default_factory=dict)  # /readyz, by what they look at
