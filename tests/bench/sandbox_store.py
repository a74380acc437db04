"""The sandbox with a million cases and ten million activities in its file, and beside a server
that does nothing.
"""

import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from tests.bench.figures import Figure, Report, percentile
from tests.bench.ground import NAME
from tests.bench.processes import running, said
from tests.bench.raw_http import Asking
from tests.bench.sandbox_fill import BEGAN, STEP_S, Filled, fill

SANDBOX: Final = (
    *(sys.executable, "-m", "creatio_sandbox", "--json", "--desk-open"),
    *("--client-id", NAME, "--client-secret", NAME),
)
BARE: Final = (sys.executable, "-m", "tests.bench.bare")
CASES, PER_CASE = 1_000_000, 10
QUICK_CASES: Final = 50_000
BYTES_A_CASE: Final = 20_000  # of disk, with its activities, while the indexes are made
CALLERS: Final = 16
LIMIT_MS: Final = 5.0
SELECT: Final = "$select=Id,Number,Subject,StatusId,ModifiedOn"
Question = Callable[[Filled, random.Random], str]


def _moment(filled: Filled, chance: random.Random) -> str:
    at = datetime.fromtimestamp(BEGAN + STEP_S * chance.randrange(filled.cases), UTC)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _case(filled: Filled, chance: random.Random) -> str:
    return filled.case_id(chance.randrange(filled.cases))


QUESTIONS: Final[Mapping[str, Question]] = {
    "a case by its id": lambda f, c: f"/0/odata/Case({_case(f, c)})?{SELECT}",
    "the activities of a case": lambda f, c: (
        f"/0/odata/Activity?$select=Id,Title,ModifiedOn&$filter=Case/Id eq {_case(f, c)}"
        "&$orderby=CreatedOn"
    ),
    "20 cases from a time of modification on": lambda f, c: (
        f"/0/odata/Case?{SELECT}&$filter=ModifiedOn ge {_moment(f, c)}&$orderby=ModifiedOn&$top=20"
    ),
    "20 activities from a time of modification on": lambda f, c: (
        "/0/odata/Activity?$select=Id,CaseId,Title,ModifiedOn"
        f"&$filter=ModifiedOn ge {_moment(f, c)}&$orderby=ModifiedOn&$top=20"
    ),
}
PAGES: Final[Mapping[str, str]] = {
    "the first 100 of all cases": f"/0/odata/Case?{SELECT}&$top=100",
    "the newest 100 of all cases": f"/0/odata/Case?{SELECT}&$orderby=CreatedOn desc&$top=100",
    "the desk's first page": "/desk",
    "the desk's first page, a search that finds nothing": "/desk?q=nothing+like+it&status=all",
    "the number of all activities": "/0/odata/Activity/$count",
}


async def measure(*, quick: bool) -> Report:
    cases = QUICK_CASES if quick else CASES
    seconds = 2.0 if quick else 5.0
    setup = (
        f"{cases:,} cases and {cases * PER_CASE:,} activities in a file, read one after another; "
        f"then {CALLERS} callers at once for {seconds:.0f} s, the bare server likewise"
    )
    with tempfile.TemporaryDirectory() as folder:
        needed = cases * BYTES_A_CASE
        if shutil.disk_usage(folder).free < needed:
            why = f"{needed / 1e9:.0f} GB of disk are needed in {folder}"
            return Report("sandbox-store", setup, skipped=why, quick=quick)
        figures = await _measured(Path(folder), cases, seconds)
    return Report("sandbox-store", setup, figures, quick=quick)


async def _measured(folder: Path, cases: int, seconds: float) -> list[Figure]:
    file = folder / "sandbox.db"
    began = time.perf_counter()
    filled = await asyncio.to_thread(fill, file, cases, cases * PER_CASE)
    figures = [
        Figure("filling it", time.perf_counter() - began, "s"),
        Figure("the file", file.stat().st_size / 1e9, "GB"),
    ]
    command = (*SANDBOX, "--data", str(file))
    began = time.perf_counter()
    async with running(command, folder / "sandbox.log") as sandbox:
        url = str(json.loads((await said(sandbox, r"\{.*\}\n"))[0])["url"])
        figures.append(Figure("from the command to its address", time.perf_counter() - began, "s"))
        headers = {"Authorization": f"Bearer {await _token(url)}"}
        async with aiohttp.ClientSession(url, headers=headers) as client:
            for name, question in QUESTIONS.items():
                figures += await _asked(client, name, question, filled)
            for name, path in PAGES.items():
                figures.append(Figure(name, min([await _took(client, path) for _ in "123"]), "ms"))
        figures += await _compared(folder, url, headers, filled, seconds)
        figures.append(Figure("the sandbox's memory at the end", sandbox.resident_mib, "MiB"))
    return figures


async def _asked(
    client: aiohttp.ClientSession, name: str, question: Question, filled: Filled
) -> list[Figure]:
    chance = random.Random(name)
    took = [await _took(client, question(filled, chance)) for _ in range(300)]
    return [
        Figure(f"{name}, median", percentile(took, 0.5), "ms", "at most", LIMIT_MS),
        Figure(f"{name}, 99th", percentile(took, 0.99), "ms"),
    ]


async def _took(client: aiohttp.ClientSession, path: str) -> float:
    began = time.perf_counter()
    async with client.get(path) as answer:
        await answer.read()
        answer.raise_for_status()
    return 1000 * (time.perf_counter() - began)


async def _token(url: str) -> str:
    form = {"client_id": NAME, "client_secret": NAME, "grant_type": "client_credentials"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/connect/token", data=form) as answer,
    ):
        return str((await answer.json())["access_token"])


async def _compared(
    folder: Path, url: str, headers: Mapping[str, str], filled: Filled, seconds: float
) -> list[Figure]:
    """Both in turn, so that a busy neighbour strikes both."""
    chance = random.Random(1)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def read() -> bytes:
        path = f"/0/odata/Case({_case(filled, chance)})?$select=Id,Number,Subject"
        return f"GET {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode()

    def create() -> bytes:
        body = json.dumps({"Subject": "Rear brake squeals", "Symptoms": "Since last week."})
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST /0/odata/Case HTTP/1.1\r\nHost: x\r\n{head}{length}\r\n{body}".encode()

    figures = []
    async with running(BARE, folder / "bare.log") as process:
        bare = (await said(process, r"http://\S+\n"))[0].strip()
        for name, ask in (("reads by key", read), ("creates of a case", create)):
            ours, theirs = 0.0, 0.0
            for _ in range(3):
                ours = max(ours, await _rate(url, ask, seconds / 3))
                theirs = max(theirs, await _rate(bare, ask, seconds / 3))
            figures += [
                Figure(f"{name} a second", ours, "/s"),
                Figure(f"{name}, the bare server", theirs, "/s"),
                Figure(f"{name}, ratio to the bare server", ours / theirs),
            ]
    return figures


async def _rate(address: str, ask: Callable[[], bytes], seconds: float) -> float:
    """Answers a second; each caller asks again as soon as it is answered."""
    answered = 0
    until = time.perf_counter() + seconds

    def again(caller: Asking, status: int) -> None:
        nonlocal answered
        if status not in {200, 201}:
            raise RuntimeError(f"{address} answered {status}")
        answered += 1
        if time.perf_counter() < until:
            caller.ask(ask())

    async with _callers(address, again) as callers:
        began = time.perf_counter()
        for caller in callers:
            caller.ask(ask())
        await asyncio.sleep(seconds)
        return answered / (time.perf_counter() - began)


@asynccontextmanager
async def _callers(
    address: str, answered: Callable[[Asking, int], None]
) -> AsyncIterator[list[Asking]]:
    parts = urlsplit(address)
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(CALLERS):
        _, caller = await loop.create_connection(
            lambda: Asking(answered), parts.hostname or "", parts.port or 80
        )
        made.append(caller)
    try:
        yield made
    finally:
        for caller in made:
            caller.close()
