"""What cannot be answered is refused in words, whoever asks and whatever was sent."""

import re
from dataclasses import dataclass, replace

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from yarl import URL

from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.ports import Later
from caseway.ports.glance import Glanced
from caseway.web.app import build
from tests.web.conftest import House, serving
from tests.web.dashboard.conftest import SignedIn


@dataclass
class Broken:
    """A store with a bug of ours in it."""

    async def glance(self, organisation: OrganisationId) -> Glanced:
        raise ZeroDivisionError(organisation)


async def test_a_bug_of_ours_is_told_by_a_reference_in_a_page_or_in_json(
    house: House, signed_in: SignedIn, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await signed_in(Role.OWNER)
    parts = replace(house.parts, metrics=CollectorRegistry(), glances=Broken())
    for accept, kind in (("text/html", "text/html"), ("*/*", "application/problem+json")):
        async with (
            serving(build(parts, hosts=["127.0.0.1"])) as base,
            client.get(f"{base}/settings/account", headers={"Accept": accept}) as answer,
        ):
            text = await answer.text()
            assert (answer.status, answer.content_type) == (500, kind)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        found = re.search(r"Nothing was lost\. Reference (\w{6})\.", text)
        assert found is not None, text
        assert "ZeroDivisionError" not in text
        assert capsys.readouterr().out.count(found[1]) == 1, "told in the log once"


@dataclass
class Away:
    """A store that is not there for a while."""

    async def glance(self, organisation: OrganisationId) -> Glanced:
        raise Later(f"nothing is known of {organisation}", maybe_taken=False)


async def test_what_passes_offers_to_try_again_and_what_is_gone_says_so(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    parts = replace(house.parts, metrics=CollectorRegistry(), glances=Away())
    html = {"Accept": "text/html"}
    async with (
        serving(build(parts, hosts=["127.0.0.1"])) as base,
        client.get(f"{base}/settings/account", headers=html) as answer,
    ):
        text = await answer.text()
        assert answer.status == 503
        assert "The database cannot be reached right now. What was acknowledged is kept." in text
        assert '<a href="">Try again</a>' in text
    async with client.get("/nowhere", headers=html) as answer:
        text = await answer.text()
        assert answer.status == 404
        assert "The address may be cut off, or what stood here was removed." in text
        assert "Try again" not in text


async def test_a_nul_is_refused_before_any_page_meets_it(signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    for path in ("/events?q=a%00b", "/inbox?q=%00", "/inbox/%00"):
        async with client.get(URL(path, encoded=True)) as answer:
            assert answer.status == 400, path
            assert "NUL" in await answer.text()
    forms = [
        ("/login", {"email": "a\0@example.com", "password": "seven green bicycles"}),
        ("/settings/channels/new/api", {"name": "a\0b"}),
    ]
    for path, fields in forms:
        parted = aiohttp.FormData(fields, default_to_multipart=True)
        for sent in (fields, parted):
            async with client.post(path, data=sent) as answer:
                assert answer.status == 400, (path, sent)


async def test_no_span_of_events_is_too_long_to_be_drawn(signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    for moment, status in (
        ("0001-01-01", 400),
        ("9999-12-31T23:59:59Z", 400),
        ("2000-01-01", 200),
        ("2199-12-31", 200),
    ):
        for name in ("since", "until"):
            async with client.get(f"/events?{name}={moment}") as answer:
                assert answer.status == status, (name, moment)
                assert len(await answer.read()) < 100_000
