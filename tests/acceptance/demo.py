"""`caseway demo` as people start it, and the API that it offers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.desk import Desk
from tests.acceptance.far import Answer, ask, bearer, eventually

STOPPED_WITHIN_S: Final = 90.0  # it gives each of its two children 25 s by itself


def environment(**more: str) -> dict[str, str]:
    """This machine's, without any other installation's settings."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("CASEWAY_")}
    return {**clean, **more}


@dataclass
class Api:
    """A program that speaks for customers."""

    url: str
    key: str
    channel: str

    def ask(self, method: str, path: str, content: object = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        return ask(method, f"{self.url}/api/v1{path}", content, {**bearer(self.key), **sent})

    def good(self, method: str, path: str, content: object = None, **headers: str) -> Any:
        answer = self.ask(method, path, content, **headers)
        assert answer.status < 300, answer
        return answer.json

    def begin(self, who: str, text: str, **more: object) -> str:
        """The conversation's id. The same `who` is the same customer."""
        began = self.good("POST", "/conversations", self.words(who, text, **more))
        conversation: str = began["id"]
        return conversation

    def words(self, who: str, text: str, **more: object) -> dict[str, object]:
        contact = {"external_id": who, "name": who.title(), "email": f"{who}@example.com"}
        return {"channel": self.channel, "contact": contact, "message": {"text": text, **more}}

    def write(self, conversation: str, text: str, **more: object) -> Any:
        words = {"text": text, **more}
        return self.good("POST", f"/conversations/{conversation}/messages", words)

    def seen(self, conversation: str) -> Any:
        return self.good("GET", f"/conversations/{conversation}")

    def messages(self, conversation: str) -> list[Any]:
        found: list[Any] = self.good("GET", f"/conversations/{conversation}/messages")["items"]
        return found

    def case(self, conversation: str) -> str:
        """Its id, once it exists."""
        case: str = eventually(lambda: self.seen(conversation)["case"], what="the case")["id"]
        return case

    def wait_for_state(self, conversation: str, state: str) -> None:
        eventually(
            lambda: self.seen(conversation)["state"] == state,
            what=f"{conversation} as {state}",
        )


@dataclass
class Demo:
    said: Mapping[str, str]  # its one line of JSON
    process: "subprocess.Popen[str]"
    folder: Path
    errors: Path
    api: Api = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        said = self.said
        self.api = Api(said["api_url"], said["api_key"], said["api_channel"])
        self.desk = Desk(
            url=said["sandbox_url"],
            user=said["sandbox_user"],
            password=said["sandbox_password"],
            client_id=said["sandbox_client_id"],
            client_secret=said["sandbox_client_secret"],
        )

    @property
    def log(self) -> str:
        return self.errors.read_text()

    def everything(self) -> list[psutil.Process]:
        """The demo's process and all that came of it, PostgreSQL too, which left its group."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True), *working_below(self.folder)]

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        """As Ctrl-C does it; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(STOPPED_WITHIN_S)


def working_below(folder: Path) -> list[psutil.Process]:
    """Processes whose command names the folder: an embedded PostgreSQL is one."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def words_of(process: psutil.Process) -> list[str]:
    """Its name and its command; none where it has ended meanwhile."""
    try:
        return [process.name(), *process.cmdline()]
    except psutil.NoSuchProcess:
        return []


def folder_of_its_own() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="caseway-acceptance-"))
    folder.chmod(0o711)  # PostgreSQL may run as nobody and has to walk here
    return folder


@contextmanager
def started_demo(callbacks: Callbacks, *, log_level: str = "debug") -> Iterator[Demo]:
    """Everything that it started is gone afterwards."""
    folder = folder_of_its_own()
    errors = folder / "stderr"
    with errors.open("wb") as told:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "caseway", "demo", "--json", "--port", "0"),
                *("--data", str(folder / "data"), "--callback-url", callbacks.url),
            ],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            env=environment(CASEWAY_LOG_LEVEL=log_level),
            start_new_session=True,
        )
    try:
        yield _ready(process, folder, errors, callbacks)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPPED_WITHIN_S)
        finally:
            if process.stdout is not None:
                process.stdout.close()
            for left in working_below(folder):
                left.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _ready(
    process: "subprocess.Popen[str]", folder: Path, errors: Path, callbacks: Callbacks
) -> Demo:
    assert process.stdout is not None
    line = process.stdout.readline()  # it ends of itself where it is not ready in time
    assert line, errors.read_text()
    said = json.loads(line)
    callbacks.secrets.add(said["callback_secret"])
    return Demo(said, process, folder, errors)
