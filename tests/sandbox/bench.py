"""How fast the sandbox is with a large file: `python -m tests.sandbox.bench [--quick]`.

Fills a database file (a million cases and ten million activities; --quick: 20,000 and 200,000),
serves it as a program of its own, and asks over loopback for some seconds. Beside it a bare server
with the same framework does nothing but read JSON and answer: the ratio is what Creatio costs.
Bounded in everything; exit code 1 when an indexed read takes more than 5 ms at the median.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlencode, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creatio_sandbox import ids
from creatio_sandbox.database import Database
from creatio_sandbox.instance import Instance, Plan

CASES = 1_000_000
QUICK_CASES = 20_000
ACTIVITIES_EACH = 10
CONTACTS = 10_000
CONNECTIONS = 8
LIMIT_MS = 5.0
SECRET = "bench"
PREFIX = {"Contact": "c0", "Case": "ca", "Activity": "ac"}
STAMP = "strftime('%Y-%m-%dT%H:%M:%S', 1700000000 + {}, 'unixepoch') || '.000000'"


def key(entity: str, number: int) -> str:
    return f"{number % 2**24:06x}{PREFIX[entity]}-0000-4000-8000-{number:012x}"


def key_sql(entity: str, number: str) -> str:
    return f"printf('%06x{PREFIX[entity]}-0000-4000-8000-%012x', ({number}) % 16777216, ({number}))"


def filled(database: Database, entity: str, rows: int, **columns: str) -> None:
    """In one statement; each column an SQL expression over `i`."""
    names = ", ".join(f'"{name}"' for name in ("Id", *columns))
    values = ", ".join((key_sql(entity, "i"), *columns.values()))
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)"
    database.run(f'{numbers} INSERT INTO "{entity}" ({names}) SELECT {values} FROM n', (rows,))


def fill(file: Path, cases: int) -> None:
    instance = Instance(Plan(data=str(file), client_secret=SECRET))
    database = instance.database
    for pragma in ("journal_mode = OFF", "synchronous = OFF"):  # it is thrown away if this dies
        database.connection.execute(f"PRAGMA {pragma}")
    at, person = STAMP.format("i"), f"'{ids.SUPERVISOR}'"
    stamps = {
        "CreatedOn": at,
        "ModifiedOn": at,
        "CreatedById": person,
        "ModifiedById": person,
    }
    statuses = " ".join(f"WHEN {n} THEN '{s}'" for n, s in enumerate(ids.STATUS.values()))
    with database.unchecked(), database.transaction():
        filled(database, "Contact", CONTACTS, Name="'Customer ' || i", **stamps)
        filled(
            database,
            "Case",
            cases,
            Subject="'Rear brake squeals, ' || i",
            Number="printf('SR%08d', i)",
            ContactId=key_sql("Contact", f"(i * 7919) % {CONTACTS}"),
            StatusId=f"CASE i % {len(ids.STATUS)} {statuses} END",
            **stamps,
        )
        filled(
            database,
            "Activity",
            cases * ACTIVITIES_EACH,
            Title="'An answer, ' || i",
            DetailedResult="'The pads are on their way.'",
            TypeId=f"'{ids.TASK}'",
            StatusId=f"'{ids.COMPLETED}'",
            ActivityCategoryId=f"'{ids.TO_DO}'",
            CaseId=key_sql("Case", f"i / {ACTIVITIES_EACH}"),
            **stamps,
        )
    instance.close()


def bare() -> None:
    """The same framework and server, nothing behind them."""

    async def answer(request: Request) -> Response:
        return JSONResponse(json.loads(await request.body() or b"{}"), 201)

    app = Starlette(routes=[Route("/0/odata/{path:path}", answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))

    async def serve() -> None:
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
        await serving

    asyncio.run(serve())


@contextmanager
def program(*command: str) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())["url"]
        finally:
            running.kill()


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, method: str, path: str, body: bytes, headers: str) -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-le"))
        content = await self.reader.readexactly(length)
        assert lines[0].split()[1].startswith(b"20"), content
        return content


Call = Callable[[int], tuple[str, str, bytes]]  # the number of the call: method, path, body


async def measured(
    url: str, call: Call, headers: str, connections: int, seconds: float
) -> tuple[float, float]:
    """Calls in a second, and the median time of one in ms."""
    place = urlsplit(url)
    times: list[float] = []
    until = time.perf_counter() + seconds

    async def one(offset: int) -> None:
        connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        number = offset
        while (started := time.perf_counter()) < until:
            await connection.ask(*call(number), headers)
            times.append(time.perf_counter() - started)
            number += connections
        connection.writer.close()

    started = time.perf_counter()
    async with asyncio.timeout(seconds + 60), asyncio.TaskGroup() as group:
        for offset in range(connections):
            group.create_task(one(offset))
    return len(times) / (time.perf_counter() - started), median(times) * 1000


async def token(url: str) -> str:
    place = urlsplit(url)
    connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
    grant = {"client_id": "sandbox", "client_secret": SECRET, "grant_type": "client_credentials"}
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    content = await connection.ask("POST", "/connect/token", urlencode(grant).encode(), kind)
    connection.writer.close()
    return f"Authorization: Bearer {json.loads(content)['access_token']}\r\n"


def reads(cases: int) -> dict[str, Call]:
    def asked(entity: str, **options: str) -> str:
        pairs = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        return f"/0/odata/{entity}?{pairs}"

    def at(number: int) -> str:
        moment = time.gmtime(1_700_000_000 + number)
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)

    def by_key(number: int) -> tuple[str, str, bytes]:
        chosen = key("Case", number * 7919 % cases)
        return "GET", f"/0/odata/Case({chosen})?$select=Id,Number,StatusId", b""

    def by_case(number: int) -> tuple[str, str, bytes]:
        chosen = key("Case", number * 7919 % cases)
        condition = f"Case/Id eq {chosen}"
        return "GET", asked("Activity", filter=condition, select="Id,Title,ModifiedOn"), b""

    def by_time(number: int) -> tuple[str, str, bytes]:
        since = at(number * 7919 % (cases * ACTIVITIES_EACH))
        options = {"orderby": "ModifiedOn", "top": "20", "select": "Id,CaseId,ModifiedOn"}
        return "GET", asked("Activity", filter=f"ModifiedOn ge {since}", **options), b""

    def first_page(number: int) -> tuple[str, str, bytes]:
        del number
        options = {"orderby": "ModifiedOn desc", "top": "50", "select": "Id,Number,Subject"}
        return "GET", asked("Case", **options, expand="Status($select=Name)"), b""

    return {
        "case by key": by_key,
        "activities of a case": by_case,
        "activities since a time": by_time,
        "first page of all cases": first_page,
    }


def create(number: int) -> tuple[str, str, bytes]:
    body = {"Subject": f"Bench {number}", "Notes": "x" * 200}
    return "POST", "/0/odata/Case", json.dumps(body).encode()


async def run(url: str, cases: int, seconds: float) -> bool:
    headers = await token(url)
    in_time = True
    for name, call in reads(cases).items():
        _, one = await measured(url, call, headers, 1, seconds)
        rate, _ = await measured(url, call, headers, CONNECTIONS, seconds)
        in_time = in_time and one <= LIMIT_MS
        print(f"{name:26} {one:8.2f} ms at the median {rate:9,.0f} a second")
    counted = time.perf_counter()
    whole = "/0/odata/Case?$select=Id&$top=50&$count=true"
    await measured(url, lambda _: ("GET", whole, b""), headers, 1, 0.001)
    print(f"{'a page with $count=true':26} {(time.perf_counter() - counted) * 1000:8.2f} ms")
    rate, one = await measured(url, create, headers, CONNECTIONS, seconds)
    print(f"{'create a case':26} {one:8.2f} ms at the median {rate:9,.0f} a second")
    with program("tests.sandbox.bench", "--bare") as other:
        ceiling, _ = await measured(other, create, "", CONNECTIONS, seconds)
    print(f"{'a bare server':26} {'':8}                  {ceiling:9,.0f} a second")
    print(f"{'ratio of creates':26} {ceiling / rate:8.1f} times slower than the bare server")
    return in_time


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.sandbox.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 cases, a second a measure")
    parser.add_argument("--cases", type=int, default=None, help="how many cases")
    parser.add_argument("--data", default=None, help="keep the file here, and use it again")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        bare()
        return 0
    cases = asked.cases or (QUICK_CASES if asked.quick else CASES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(asked.data or Path(folder, "bench.db"))
        if not file.exists():
            started = time.perf_counter()
            fill(file, cases)
            print(f"{cases:,} cases filled in {time.perf_counter() - started:.0f} s", end=", ")
        print(f"{file.stat().st_size / 2**20:,.0f} MiB")
        started = time.perf_counter()
        command = ("creatio_sandbox", "--json", "--data", str(file), "--client-secret", SECRET)
        with program(*command) as url:
            print(f"started in {time.perf_counter() - started:.1f} s")
            in_time = asyncio.run(run(url, cases, 1.0 if asked.quick else 3.0))
    return 0 if in_time else 1


if __name__ == "__main__":
    sys.exit(main())
