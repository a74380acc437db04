"""How a connection fares is said as soon as it is known, in a line or whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from caseway.bootstrap import OpenStore, open_store
from caseway.config import Settings, load
from caseway.domain.connection import Connection
from caseway.house import GAUGES_EVERY, open_house
from caseway.ports import Later
from creatio_sandbox import testing as sandbox
from creatio_sandbox.testing import Sandbox
from tests.cli.commands import Installation

WORDS = "Creatio answered 500: Column by path\n\tFoo not found.\r\n" + "It was never there. " * 9


def settings_of(caseway: Installation) -> Settings:
    return load(
        data=caseway.data,
        secret_key_file=caseway.configuration / "secret.key",
        database_url=None,
        allowed_networks=["127.0.0.0/8"],
    )


@asynccontextmanager
async def opened(
    caseway: Installation, creatio: Sandbox, name: str
) -> AsyncIterator[tuple[Settings, OpenStore, Connection]]:
    caseway(
        *("connection", "add", "--name", name, "--url", creatio.url),
        *("--client-id", creatio.address.client_id, "--client-secret-file", "-"),
        stdin=creatio.address.client_secret,
        CASEWAY_ALLOWED_NETWORKS="127.0.0.0/8",
    )
    settings = settings_of(caseway)
    async with open_store(settings) as store:
        found = await store.registry.connections.named(store.organisation, name)
        assert found is not None
        yield settings, store, found


async def test_the_first_answer_is_noted_before_the_next_round_of_the_gauges(
    caseway: Installation,
) -> None:
    with sandbox.start() as creatio:
        async with (
            opened(caseway, creatio, "first-answer") as (settings, store, connection),
            open_house(store, settings) as house,
            asyncio.timeout(GAUGES_EVERY.total_seconds() - 3),
        ):
            ticketing = house.ticketings.of(connection)  # before the first round, which meets it
            while str(connection.id) not in house.metrics.exposition()[0].decode():
                await asyncio.sleep(0.01)
            await ticketing.time()
            while not await _answered(store, connection):
                await asyncio.sleep(0.05)


async def test_a_call_that_failed_is_no_sign_that_creatio_works(caseway: Installation) -> None:
    with sandbox.start() as creatio:
        async with (
            opened(caseway, creatio, "never-worked") as (settings, store, connection),
            open_house(store, settings) as house,
        ):
            creatio.set_faults(down_for="60s")
            ticketing = house.ticketings.of(connection)
            await store.registry.connections.note_trouble(connection.key, "saved as not working")
            for _ in range(2):  # fewer than open the circuit
                with pytest.raises(Later):
                    await ticketing.time()
                await house.gauge()
            assert not await _answered(store, connection)

            creatio.set_faults()
            await ticketing.time()
            await house.gauge()
            assert await _answered(store, connection)


async def _answered(store: OpenStore, connection: Connection) -> bool:
    all_ = await store.registry.connections.list(store.organisation)
    [found] = [one for one in all_ if one.connection.id == connection.id]
    return found.last_success_at is not None and found.trouble is None


async def test_a_trouble_is_a_line_in_the_list_and_whole_elsewhere(caseway: Installation) -> None:
    with sandbox.start() as creatio:
        async with opened(caseway, creatio, "ill") as (_, store, connection):
            await store.registry.connections.note_trouble(connection.key, WORDS)
        [row] = [
            line.split("\t")
            for line in caseway("connection", "list").out.splitlines()
            if line.startswith("ill\t")
        ]
        assert row[-1].startswith("Creatio answered 500: Column by path Foo not found. It was")
        assert len(row[-1]) <= 80
        assert row[-1].endswith("…")
        listed = caseway("connection", "list", "--json").json
        assert [one["trouble"] for one in listed if one["name"] == "ill"] == [WORDS]
        told = caseway.try_("doctor", CASEWAY_ALLOWED_NETWORKS="127.0.0.0/8").out
        assert "look    ill: trouble: Creatio answered 500" in told
        assert " ".join(WORDS.split()) in " ".join(told.split())
