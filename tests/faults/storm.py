"""One run: people write, the weather is bad, processes die; then it clears, and all is compared."""

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import aiohttp

from tests.faults.comparing import Compared, compare
from tests.faults.people import People, Talk, paced, talks
from tests.faults.processes import Installation, Program, installed
from tests.faults.receiver import Receiver, receiving

LOOK_EVERY_S: Final = 0.5
SERVE_DIES_AT: Final = (2, 8)  # of the kills


@dataclass(frozen=True, slots=True)
class Plan:
    conversations: int = 500
    messages: int = 4
    replies: int = 4
    errors: float = 0.2  # of Creatio's answers, and of the receiver's
    dropped: float = 0.1  # webhooks
    doubled: float = 0.1
    kill_every: float = 4.0  # seconds between kills of workers; 0: none
    workers: int = 2
    seed: int = 1
    bare: bool = False  # half of the conversations on a channel that shows repeats
    sweep: float = 5.0  # seconds
    pace: float = 0.0  # replies a second, once every case is there; 0: as cases appear
    outage: float = 0.0  # seconds in which Creatio and the receiver answer 503
    one_kill: bool = False  # of `serve`, in the middle of the replies
    within: float = 480.0  # seconds for all of it


@dataclass
class Outcome:
    plan: Plan
    compared: Compared
    seconds: dict[str, float]
    kills: dict[str, int]
    repeated: int  # requests that customers' programs sent again
    refused: int  # callbacks answered 503
    given_up: list[str]  # what failed for good: nothing may, as all of it can be done
    bugs: list[str]
    is_settled: bool

    @property
    def is_kept(self) -> bool:
        return self.is_settled and self.compared.is_kept and not (self.bugs or self.given_up)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Storm:
    def __init__(
        self, plan: Plan, installation: Installation, people: People, receiver: Receiver
    ) -> None:
        self._plan = plan
        self._installation = installation
        self._people = people
        self._receiver = receiver
        self._dice = random.Random(plan.seed)
        self.talks = talks(plan.conversations, bare=plan.bare)

    async def rage(self) -> None:
        """Until everything is written on both sides."""
        plan = self._plan
        if plan.pace:
            await self._customers_write()
            await self._all_cases()
            await self._agents_answer_at_pace()
            return
        await self._people.weather(
            errors=plan.errors * 0.6,
            after_commit=plan.errors * 0.2,
            answers_lost=plan.errors * 0.1,
            cut=plan.errors * 0.1,
            dropped=plan.dropped,
            doubled=plan.doubled,
            seed=plan.seed,
        )
        async with _background(self._kill_now_and_then):
            await asyncio.gather(self._customers_write(), self._agents_answer())

    async def clear_up(self) -> None:
        self._receiver.trouble = 0
        await self._people.weather()

    async def _customers_write(self) -> None:
        plan = self._plan
        for n in range(plan.messages):
            order = self._dice.sample(self.talks, len(self.talks))
            await paced([partial(self._people.write, talk, n) for talk in order], 0)
            say(f"  {sum(len(t.messages) for t in self.talks)} messages written")

    async def _agents_answer(self) -> None:
        owed = {talk.name: self._plan.replies for talk in self.talks}
        while owed:
            await self._people.find_cases(self.talks)
            seen = [talk for talk in self.talks if talk.case and talk.name in owed]
            chosen = self._dice.sample(seen, len(seen) - len(seen) // 3)
            await paced(
                [partial(self._people.answer, talk, len(talk.replies)) for talk in chosen], 0
            )
            for talk in chosen:
                owed[talk.name] -= 1
                if not owed[talk.name]:
                    del owed[talk.name]
            await asyncio.sleep(LOOK_EVERY_S)
        say(f"  {sum(len(t.replies) for t in self.talks)} replies written")

    async def _all_cases(self) -> None:
        while not all(talk.case for talk in self.talks):
            await self._people.find_cases(self.talks)
            await asyncio.sleep(LOOK_EVERY_S)
        await settle(self._people, self.talks)
        say("  every case is there")

    async def _agents_answer_at_pace(self) -> None:
        plan = self._plan
        work = [
            partial(self._people.answer, talk, n)
            for n in range(plan.replies)
            for talk in self.talks
        ]
        if plan.outage:
            await self._people.weather(down_for_s=plan.outage, doubled=plan.doubled)
            self._receiver.down_until = time.monotonic() + plan.outage
        elif plan.doubled:
            await self._people.weather(doubled=plan.doubled)
        async with _background(partial(self._kill_once, len(work) / plan.pace / 2)):
            await paced(work, plan.pace)
        if plan.outage:
            await asyncio.sleep(max(0.0, self._receiver.down_until - time.monotonic()))

    async def _kill_now_and_then(self, over: asyncio.Event) -> None:
        """The worker that has been at work longest; and twice `serve`."""
        plan, installation = self._plan, self._installation
        turn = 0
        while plan.kill_every and not await _comes(over, within=plan.kill_every):
            turn += 1
            if turn in SERVE_DIES_AT:
                await self._kill(installation.serving)
            elif ready := [one for one in installation.workers if one.is_at_work]:
                await self._kill(min(ready, key=lambda one: one.kills))

    async def _kill_once(self, after: float, over: asyncio.Event) -> None:
        if self._plan.one_kill and not await _comes(over, within=after):
            await self._kill(self._installation.serving)

    async def _kill(self, program: Program) -> None:
        await program.kill(self._installation.environment)
        say(f"  killed {program.log.stem} and began it again")


@asynccontextmanager
async def _background(work: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """`work` is told when it is over. It is not broken off: whom it killed it also begins again."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_of(work, over))
        try:
            yield
        finally:
            over.set()


async def _of(work: Callable[[asyncio.Event], Awaitable[None]], over: asyncio.Event) -> None:
    await work(over)


async def _comes(event: asyncio.Event, *, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


async def settle(people: People, every: list[Talk]) -> None:
    """Until Caseway's own ledger says that nothing is owed."""
    left, said = list(every), 0
    while left:
        if len(left) != said:
            say(f"  {len(left)} conversations are not settled yet")
        said = len(left)
        left = [talk for talk in left if not await _is_settled(people, talk)]
        if left:
            await asyncio.sleep(LOOK_EVERY_S)


async def _is_settled(people: People, talk: Talk) -> bool:
    try:
        said, case = await people.ledger(talk)
    except (aiohttp.ClientError, TimeoutError):
        return False  # it is being begun again
    return bool(case) and _nothing_is_owed(talk, said)


def _nothing_is_owed(talk: Talk, said: list[Any]) -> bool:
    agents = [one for one in said if one["author"] == "agent"]
    ours = [one for one in said if one["author"] != "agent"]
    return (
        len(agents) >= len(talk.replies)
        and all(one["delivery"]["state"] in {"sent", "delivered", "read"} for one in agents)
        and all(one["activity_id"] for one in ours)
    )


async def run(plan: Plan) -> Outcome:
    began = time.monotonic()
    receiver = Receiver(0.0 if plan.pace else plan.errors, random.Random(plan.seed))
    options = ("--sweep-seconds", str(plan.sweep), "--calls-a-day", "0")
    async with (
        receiving(receiver),
        installed(plan.workers, receiver.url, options) as installation,
    ):
        receiver.secrets = installation.signing_secrets
        people = People(installation, random.Random(plan.seed))
        try:
            up = time.monotonic()
            say(f"  everything is up after {up - began:.1f} s")
            storm = Storm(plan, installation, people, receiver)
            is_settled, written = True, up
            try:
                async with asyncio.timeout(plan.within - (up - began)):
                    await storm.rage()
                    await storm.clear_up()
                    written = time.monotonic()
                    say(f"  all is written after {written - up:.1f} s; the weather clears")
                    await settle(people, storm.talks)
            except TimeoutError:
                is_settled = False
                await storm.clear_up()
            end = time.monotonic()
            compared = compare(storm.talks, await people.activities(), receiver)
            letters = json.loads(await installation.command("replay", "--json"))
        finally:
            await people.close()
        return Outcome(
            plan=replace(plan),
            compared=compared,
            seconds={
                "start": round(up - began, 1),
                "writing": round(written - up, 1),
                "settling": round(end - written, 1),
            },
            kills={one.log.stem: one.kills for one in installation.programs},
            repeated=people.repeated,
            refused=receiver.refused,
            given_up=[f"{letter['kind']}: {letter['reason']}" for letter in letters],
            bugs=installation.bugs(),
            is_settled=is_settled,
        )
