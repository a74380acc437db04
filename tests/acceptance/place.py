"""An installation made by the command, served, with a Creatio and a program that writes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api
from tests.acceptance.desk import Desk
from tests.acceptance.installation import STOPPED_WITHIN_S, Installation, creatio, installed


@dataclass
class Place:
    caseway: Installation
    desk: Desk
    api: Api
    webhook_url: str
    serving: "subprocess.Popen[bytes]"

    @property
    def log(self) -> str:
        return self.caseway.log

    def kill(self) -> None:
        """As the kernel does where memory is short: nobody is asked."""
        self.serving.kill()
        self.serving.wait()

    def begin_again(self) -> None:
        self.serving = self.caseway.start("serve")
        self.caseway.wait_until_ready(self.serving)

    def interrupt(self) -> int:
        """Ctrl-C: the terminal tells every process of the group."""
        os.killpg(self.serving.pid, signal.SIGINT)
        return self.serving.wait(STOPPED_WITHIN_S)


@contextmanager
def place_with(callbacks: Callbacks) -> Iterator[Place]:
    with installed() as caseway, creatio(caseway.folder) as desk:
        added = caseway(
            *("connection", "add", "--name", "north", "--url", desk.url, "--json"),
            *("--client-id", desk.client_id, "--client-secret-file", "-"),
            *("--sweep-seconds", "1", "--calls-a-day", "0"),
            stdin=desk.client_secret,
        )
        serving = caseway.start("serve")
        try:
            made = caseway(
                *("channel", "add", "api", "--name", "shop", "--json"),
                *("--callback-url", callbacks.url),
            )
            callbacks.secrets.add(made.json["signing_secret"])
            key = caseway("key", "create", "shop", "--json").json["key"]
            webhook_url = added.json["webhook_url"]
            desk.call(webhook_url)
            caseway.wait_until_ready(serving)
            api = Api(caseway.url, key, "shop")
            place = Place(caseway, desk, api, webhook_url, serving)
            yield place
            serving = place.serving
            place.interrupt()
        finally:
            serving.kill()
            serving.wait()
