"""An installation of its own: the command in a data folder and a configuration of its own."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.acceptance.demo import environment, working_below
from tests.acceptance.desk import Desk
from tests.acceptance.far import ask, eventually
from tests.ports import free_port

# The first one makes the database: more than 90 s on a machine with ten others at work.
COMMAND_WITHIN_S: Final = 180.0
READY_WITHIN_S: Final = 180.0
STOPPED_WITHIN_S: Final = 90.0  # work in hand has 20 s to end, then its PostgreSQL has 60


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Installation:
    folder: Path
    port: int
    said: list[str]  # all that its commands and processes ever printed to people
    more: Mapping[str, str] = field(default_factory=dict)  # settings of its own

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            CASEWAY_DATA=str(self.folder / "data"),
            CASEWAY_CONFIG=str(self.folder / "config"),
            CASEWAY_PORT=str(self.port),
            CASEWAY_ALLOWED_NETWORKS="127.0.0.0/8",
            CASEWAY_LOG_LEVEL="debug",
            **self.more,
        )

    def run(self, *words: str, stdin: str = "") -> Done:
        """However it ends."""
        done = subprocess.run(
            [sys.executable, "-m", "caseway", *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            env=self.environment,
            check=False,
        )
        self.said.append(done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str, stdin: str = "") -> Done:
        done = self.run(*words, stdin=stdin)
        assert done.code == 0, done
        return done

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """A verb that runs until it is stopped; what it says is kept."""
        with (self.folder / "log").open("ab") as told:
            return subprocess.Popen(
                [sys.executable, "-m", "caseway", *words],
                stdout=subprocess.DEVNULL,
                stderr=told,
                env=self.environment,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def is_ready(self) -> bool:
        return ask("GET", f"{self.url}/readyz").status == 200

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        def ready() -> bool:
            assert process.poll() is None, self.log
            return self.is_ready()

        eventually(ready, within=READY_WITHIN_S, what="readiness")


@contextmanager
def installed(**more: str) -> Iterator[Installation]:
    """Nothing is in it yet, and nothing is left of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="caseway-acceptance-"))
    folder.chmod(0o711)  # PostgreSQL may run as nobody and has to walk here
    (folder / "config").mkdir()
    try:
        yield Installation(folder, free_port(), [], more)
    finally:
        end(*working_below(folder))
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def creatio(folder: Path, *options: str) -> Iterator[Desk]:
    """`caseway sandbox` as a program of its own."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "caseway", "sandbox", "--json", "--port", "0"),
            *("--data", str(folder / "sandbox.sqlite"), *options),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield Desk(
            url=said["url"],
            user=said["user"],
            password=said["password"],
            client_id=said["client_id"],
            client_secret=said["client_secret"],
        )
    finally:
        process.terminate()
        process.communicate(timeout=STOPPED_WITHIN_S)


def end(*processes: psutil.Process) -> None:
    for process in processes:
        try:
            process.kill()
            process.wait(STOPPED_WITHIN_S)
        except psutil.NoSuchProcess:
            continue


def alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if _lives(one)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # between the two questions
        return False
