"""A setting is changed in one process, and the others obey it without a restart."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api
from tests.acceptance.desk import Desk
from tests.acceptance.far import ask, eventually
from tests.acceptance.installation import Installation, creatio, installed
from tests.acceptance.office import Office
from tests.database import Database, Server

SHOP: Final = "https://shop.example.com"
OLD_SHOP: Final = "https://old.example.com"
REMEMBERED_S: Final = 5.0  # a channel's settings, by a process that hears of no change
HELD: Final = "owed"
NEWS: Final = {"event_type": "new_activity", "caseId": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}
ADDRESS: Final = "Caseway answers at "
WELCOME: Final = re.compile(r"http://\S+/welcome/\S+")
# All three hear over a connection of their own; fewer, and the story would prove less.
CUT: Final = """
DO $do$
DECLARE
    ears integer[];
BEGIN
    FOR turn IN 1 .. 3000 LOOP
        PERFORM pg_stat_clear_snapshot();
        ears := ARRAY(SELECT pid FROM pg_stat_activity
                       WHERE datname = '{name}' AND query LIKE 'LISTEN %caseway_settings%');
        EXIT WHEN cardinality(ears) = 3;
        PERFORM pg_sleep(0.02);  -- one that has just begun, or begins again
    END LOOP;
    IF cardinality(ears) <> 3 THEN RAISE 'not every process was listening'; END IF;
    PERFORM pg_terminate_backend(ear) FROM unnest(ears) AS ear;
END $do$
"""


@dataclass
class Three:
    """Two processes that answer, and a worker, over one database."""

    office: Office  # at the one
    other: str
    api: Api  # of the other
    desk: Desk
    webhook: str  # its path
    names: Iterator[int] = field(default_factory=lambda: count(1))

    def admits(self, widget: str) -> bool:
        """Whether the other process lets the shop's page use it."""
        asked = ask(
            "OPTIONS", f"{self.other}/widget/v1/{widget}/messages", None, {"Origin": SHOP}
        ).status
        assert asked in {204, 403}
        return asked == 204

    def notify(self, path: str) -> int:
        return ask("POST", self.other + path, NEWS).status

    def hears_at_once(self) -> bool:
        """A change arrives sooner than what the other process remembers ends by itself."""
        widget = self.office.add_widget(f"shop {next(self.names)}", OLD_SHOP)
        asked = time.monotonic()
        assert not self.admits(widget)  # from now on it remembers
        self.office.admit(widget, SHOP)
        eventually(lambda: self.admits(widget), what="the new origin")
        return time.monotonic() - asked < REMEMBERED_S


@pytest.fixture
def three(database: Database, callbacks: Callbacks) -> Iterator[Three]:
    with (
        installed(CASEWAY_DATABASE_URL=database.dsn) as caseway,
        creatio(caseway.folder) as desk,
        ExitStack() as running,
    ):
        for words in (("serve", "--no-worker", "--port", "0"),) * 2 + (("worker",),):
            process = running.enter_context(caseway.start(*words))
            running.callback(process.kill)
        added = caseway(
            *("connection", "add", "--name", "north", "--url", desk.url, "--json"),
            *("--client-id", desk.client_id, "--client-secret-file", "-", "--calls-a-day", "0"),
            stdin=desk.client_secret,
        )
        channel = caseway(
            *("channel", "add", "api", "--name", "shop", "--callback-url", callbacks.url, "--json")
        )
        callbacks.secrets.add(channel.json["signing_secret"])
        key = caseway("key", "create", "shop", "--json").json["key"]
        one, other = eventually(lambda: _addresses(caseway), what="two processes that answer")
        welcome = eventually(lambda: WELCOME.findall(caseway.log), what="the owner's link")[0]
        webhook = urlsplit(added.json["webhook_url"]).path
        desk.call(other + webhook)
        yield Three(Office.entered(one, welcome), other, Api(other, key, "shop"), desk, webhook)


def _addresses(caseway: Installation) -> list[str]:
    said = [line.partition(ADDRESS)[2] for line in caseway.log.splitlines() if ADDRESS in line]
    return said if len(said) == 2 else []


def test_what_is_changed_in_one_process_is_obeyed_by_the_others(
    three: Three, callbacks: Callbacks, server: Server, database: Database
) -> None:
    office, desk, api = three.office, three.desk, three.api
    eventually(three.hears_at_once, what="a change that is heard")

    conversation = api.begin("nora", "Do you sell bells?")
    case = api.case(conversation)
    desk.task(case, "We do.")
    callbacks.wait_for(conversation, "We do.")

    channel = api.seen(conversation)["channel"]["id"]
    arrived = ["We do."]

    def is_held_back() -> bool:
        """A reply, by a worker that may not have heard yet."""
        text = f"Reply {len(arrived)}"
        desk.task(case, text)
        arrived.append(text)
        return eventually(lambda: _fate(api, conversation, text), what=f"a fate of {text}") == HELD

    office.submit(f"/settings/channels/{channel}/pause")
    eventually(is_held_back, what="a reply that is held back")
    assert callbacks.texts(conversation) == arrived[:-1]
    office.submit(f"/settings/channels/{channel}/resume")
    callbacks.wait_for(conversation, *arrived)

    def goes_by_mail_alone() -> bool:
        text = f"By mail {len(arrived)}"
        desk.task(case, f"For colleagues {len(arrived)}")
        desk.email(case, text)
        eventually(lambda: text in callbacks.texts(conversation), what=text)
        before, arrived[:] = [*arrived], callbacks.texts(conversation)
        return arrived == [*before, text]

    office.send_only("Email")
    eventually(goes_by_mail_alone, what="a task that stays in Creatio")

    server.execute(CUT.format(name=database.name))
    widget = office.add_widget("cut", OLD_SHOP)
    assert not three.admits(widget)
    office.admit(widget, SHOP)
    eventually(lambda: three.admits(widget), what="a change that nobody could hear of")
    eventually(three.hears_at_once, what="a change that is heard again")

    assert three.notify(three.webhook) == 200
    replaced = office.replace_webhook_url()
    assert three.notify(three.webhook) == 401, "at once, whoever has heard of it"
    assert three.notify(replaced) == 200


def _fate(api: Api, conversation: str, text: str) -> str:
    """Of a reply, once it was tried: delivered, or owed still."""
    last = api.messages(conversation)[-1]
    delivery = last["delivery"] if last["text"] == text else None
    if not delivery or not delivery["attempts"] or delivery["state"] == "sending":
        return ""
    state: str = delivery["state"]
    return state
