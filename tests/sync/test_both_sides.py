"""Whatever both sides do and whatever fails: in the end they agree, and nothing is lost.

The real store and the real reconciler, driven at random; far sides that fail on request.
CASEWAY_TEST_EXAMPLES raises the number of examples, and lets chance choose them.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from caseway.domain.connection import ChannelSettings, ConnectionSettings, Opening, Returning
from caseway.domain.ids import ActivityId, CaseId, ConversationKey
from caseway.store.roles import Role
from tests.database import Database
from tests.far_side import CLOSED, IN_PROGRESS, REOPENED, RESOLVED, FarCreatio, Postbox
from tests.stories import Story, begin_story
from tests.sync.settled import assert_settled, assert_unmarked_copies_are_first
from tests.sync.weather import FAULTS, Fault, Weather, died, fragile

T = TypeVar("T")
EXAMPLES = os.environ.get("CASEWAY_TEST_EXAMPLES")
TAKEOVER = timedelta(seconds=15)  # after which PgQueuer gives a dead worker's job away
OVERLAP = timedelta(minutes=5)


@dataclass
class Ground:
    """A private loop with its pools: a state machine is synchronous."""

    loop: asyncio.AbstractEventLoop
    owner: "asyncpg.Pool[asyncpg.Record]"
    sync: "asyncpg.Pool[asyncpg.Record]"
    web: "asyncpg.Pool[asyncpg.Record]"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)


@dataclass
class Stalled:
    task: "asyncio.Task[None]"
    wake: asyncio.Event
    key: ConversationKey


@dataclass
class Told:
    """What people did, to be compared with what the other side has in the end."""

    written: list[tuple[ConversationKey, str, str]] = field(default_factory=list)  # peer, text
    replies: dict[ActivityId, tuple[CaseId, str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)  # messages that a resolution here has ended
    failed: bool = False  # anything did: only then may a channel see a copy


class BothSides(RuleBasedStateMachine):
    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        self.run = self.ground.run
        self.told = Told()
        self.hooks: list[tuple[CaseId, str]] = []
        self.stalled: Stalled | None = None
        self.hidden_for = timedelta(0)

    @initialize(
        recognises=st.booleans(),
        returning=st.sampled_from(Returning),
        opening=st.sampled_from(Opening),
        writes_status=st.booleans(),
    )
    def begin(
        self, *, recognises: bool, returning: Returning, opening: Opening, writes_status: bool
    ) -> None:
        self.weather = Weather()
        chosen = ConnectionSettings(
            returning=returning,
            opening=opening,
            resolved_status=RESOLVED if writes_status else None,
        )
        self.story: Story = self.run(
            begin_story(
                self.ground.owner,
                self.ground.sync,
                self.ground.web,
                settings=chosen,
                channel=ChannelSettings(recognises_repeats=recognises),
            )
        )
        self.story.creatio = FarCreatio(fate=self.weather.fate, gate=self.weather.gate)
        self.story.postbox = Postbox(
            repeats_recognised=recognises,
            fate=lambda: self.weather.fate("send"),
            gate=self.weather.gate,
        )
        self.story.looks = fragile(self.story.looks, self.weather)
        self.story.renew_every = timedelta(hours=1)  # a stalled worker renews nothing
        self.as_ai = opening is Opening.HANDOFF
        self.run(self.story.sweeper.pass_over())  # the first watermark
        self.customer_writes("p1", calm=True)

    # people

    @rule(peer=st.sampled_from(("p1", "p1", "p2")), calm=st.booleans())
    def customer_writes(self, peer: str, *, calm: bool) -> None:
        text = f"m{len(self.told.written)}"
        kept = self.run(
            self.story.customer_writes(text, peer=peer, provider_id=text, starts_as_ai=self.as_ai)
        )
        assert kept.new_message
        self.told.written.append((kept.key, peer, text))
        self._calm_down(calm=calm)

    @precondition(lambda self: self.told.written)
    @rule(data=st.data())
    def customer_writes_is_repeated(self, data: st.DataObject) -> None:
        key, peer, text = data.draw(st.sampled_from(self.told.written))
        kept = self.run(self.story.customer_writes(text, peer=peer, provider_id=text))
        assert (kept.key, kept.new_message) == (key, False)

    @precondition(lambda self: self.told.written)
    @rule(data=st.data())
    def is_handed_off(self, data: st.DataObject) -> None:
        key, _, _ = data.draw(st.sampled_from(self.told.written))
        self.run(self.story.intake.hand_off(key, "a person is asked for"))

    @precondition(lambda self: self.told.written)
    @rule(data=st.data())
    def is_resolved_here(self, data: st.DataObject) -> None:
        key, _, _ = data.draw(st.sampled_from(self.told.written))
        if self.run(self.story.row(key))["state"] != "resolved":
            self.told.ended |= {text for kept, _, text in self.told.written if kept == key}
        self.run(self.story.intake.resolve(key))

    @precondition(lambda self: self.story.creatio.cases)
    @rule(
        data=st.data(),
        when=st.sampled_from(("now", "now", "equal", "future", "late")),
        calm=st.booleans(),
    )
    def agent_replies(self, data: st.DataObject, when: str, *, calm: bool) -> None:
        creatio = self.story.creatio
        case = data.draw(st.sampled_from(list(creatio.cases)))
        at = creatio.now()
        if when == "future":
            at += timedelta(hours=2)
        if when == "equal" and self.told.replies:
            at = creatio.activities[list(self.told.replies)[-1]].created_on
        text = f"r{len(self.told.replies)}"
        activity = creatio.agent_replies(case, text, at=at, visible=when != "late")
        self.told.replies[activity] = (case, text)
        if when != "late":
            self.hooks.append((case, "new_activity"))
        self._calm_down(calm=calm)

    @precondition(lambda self: self.story.creatio.hidden)
    @rule()
    def late_replies_appear(self) -> None:
        self.hidden_for = timedelta(0)
        for activity in sorted(self.story.creatio.hidden):
            self.story.creatio.appears(activity)
            self.hooks.append((self.told.replies[activity][0], "new_activity"))

    @precondition(lambda self: self.story.creatio.cases)
    @rule(
        data=st.data(),
        status=st.sampled_from((RESOLVED, RESOLVED, CLOSED, IN_PROGRESS, REOPENED)),
        calm=st.booleans(),
    )
    def agent_sets_the_status(self, data: st.DataObject, status: Any, *, calm: bool) -> None:
        case = data.draw(st.sampled_from(list(self.story.creatio.cases)))
        if self.story.creatio.cases[case].status == status:
            return
        self.story.creatio.set_status(case, status)
        if status in {RESOLVED, CLOSED}:
            self.hooks.append((case, "case_closed"))
        self._calm_down(calm=calm)

    # the network

    @precondition(lambda self: self.hooks)
    @rule(data=st.data(), fate=st.sampled_from(("delivered", "delivered", "doubled", "lost")))
    def webhook(self, data: st.DataObject, fate: str) -> None:
        number = data.draw(st.integers(0, len(self.hooks) - 1))  # in any order
        case, kind = self.hooks[number]
        if fate != "doubled":
            del self.hooks[number]
        if fate != "lost":
            self.run(self.story.webhook(case, kind))

    @rule(span=st.sampled_from((1, 13, 16, 70, 200)))
    def time_passes(self, span: int) -> None:
        self._pass(timedelta(seconds=span))

    def _pass(self, ahead: timedelta) -> None:
        if self.story.creatio.hidden:
            self.hidden_for += ahead
            if self.hidden_for >= OVERLAP:  # what comes later than that, the proof alone finds
                self.late_replies_appear()
        self.run(self.story.pass_time(ahead))

    # workers

    @rule(fault=st.one_of(st.none(), st.sampled_from(FAULTS)), stays=st.booleans())
    def a_worker_takes_a_job(self, fault: Fault | None, *, stays: bool) -> None:
        jobs = self.run(self.story.jobs(most=1))
        if not jobs:
            return
        [key] = jobs
        if self.run(self.story.row(key))["starts"] >= 3 or (
            self.stalled and fault and fault.how.startswith("stall")
        ):
            fault = None
        self.weather.fault = fault
        if not self._look(key) and stays:
            self.run(self._give_back(key))
        self.weather.fault = None

    @rule()
    def all_is_told_and_done(self) -> None:
        self._calm_down(calm=True)

    @precondition(lambda self: self.stalled is not None)
    @rule()
    def the_stalled_worker_wakes_up(self) -> None:
        assert self.stalled is not None
        stalled, self.stalled = self.stalled, None
        stalled.wake.set()
        self._ended(stalled.task)

    @rule()
    def a_job_is_lost(self) -> None:
        self.run(self.story.jobs(most=1))

    @rule(fault=st.sampled_from((None, None, "busy", "lost after", "die before", "die after")))
    def a_sweep_is_due(self, fault: str | None) -> None:
        self._pass(timedelta(minutes=1))
        self.weather.fault = Fault("sweep", fault) if fault else None
        try:
            self.run(self.story.sweeper.pass_over())
        except BaseException as failure:
            if not died(failure):
                raise
        self.weather.fault = None

    @rule()
    def the_healer_comes(self) -> None:
        self.run(self.story.healing.heal(older_than=timedelta(minutes=1)))

    def _calm_down(self, *, calm: bool) -> None:
        """Sometimes nothing is in the way: every webhook arrives, a sweep runs, all is done."""
        if not calm:
            return
        for case, kind in self.hooks:
            self.run(self.story.webhook(case, kind))
        self.hooks.clear()
        self._pass(timedelta(minutes=1))
        self.run(self.story.sweeper.pass_over())
        self.run(self.story.work())

    def _look(self, key: ConversationKey) -> bool:
        """Whether the run ended by itself; otherwise it died, or is stalled."""
        stalled, wake = asyncio.Event(), asyncio.Event()
        self.weather.stalled, self.weather.wake = stalled, wake

        async def look() -> "asyncio.Task[None]":
            run = asyncio.create_task(self.story.reconciler().look(key))
            stall = asyncio.create_task(stalled.wait())
            await asyncio.wait({run, stall}, return_when=asyncio.FIRST_COMPLETED)
            stall.cancel()
            return run

        task = self.run(look())
        if stalled.is_set() and not task.done():
            self.told.failed = True
            self.stalled = Stalled(task, wake, key)
            return False
        return self._ended(task)

    def _ended(self, task: "asyncio.Task[None]") -> bool:
        self.run(asyncio.wait({task}))
        self.told.failed |= self.weather.struck
        failure = task.exception()
        if failure is None:
            return True
        if not died(failure):
            raise failure
        self.told.failed = True
        return False

    async def _give_back(self, key: ConversationKey) -> None:
        """A dead or stalled worker's job is taken over."""
        await self.story.owe_look(key, after=TAKEOVER)

    @invariant()
    def every_copy_after_the_first_is_marked(self) -> None:
        if hasattr(self, "story"):
            assert_unmarked_copies_are_first(self.story.postbox)

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        try:
            self._clear_up()
            self.run(assert_settled(self.story, self.told))
        finally:
            self.run(self.story.leave())

    def _clear_up(self) -> None:
        """The weather clears; time passes, sweeps and healing go on."""
        self.weather.fault = None
        if self.stalled:
            self.the_stalled_worker_wakes_up()
        for activity in sorted(self.story.creatio.hidden):
            self.story.creatio.appears(activity)
        for _ in range(6):
            self.run(self.story.pass_time(timedelta(minutes=3)))
            self.run(self.story.sweeper.pass_over())
            self.run(self.story.healing.heal(older_than=timedelta(minutes=1)))
            self.run(self.story.work())


@pytest.fixture
def ground(database: Database) -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        def pool(role: Role | None) -> "asyncpg.Pool[asyncpg.Record]":
            parameters = {} if role is None else {"role": str(role)}
            made = asyncpg.create_pool(
                database.dsn, min_size=1, max_size=4, server_settings=parameters, loop=loop
            )
            return loop.run_until_complete(_opened(made))

        pools = [pool(role) for role in (None, Role.SYNC, Role.WEB)]
        yield Ground(loop, *pools)
        for one in pools:
            loop.run_until_complete(one.close())


async def _opened(pool: "asyncpg.Pool[asyncpg.Record]") -> "asyncpg.Pool[asyncpg.Record]":
    return await pool


def test_in_the_end_both_sides_agree_and_nothing_is_lost(ground: Ground) -> None:
    here = ground

    class Here(BothSides):
        ground = here

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(EXAMPLES or 25),
            stateful_step_count=30,
            derandomize=EXAMPLES is None,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
