"""Creatio's side at the least cost, a program of its own: `python -m tests.bench.thin_creatio`.

Fixed answers and no database: each look at a case's activities finds one new reply. Prints its
address; `/counts` tells how many requests of each kind it answered.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import uvloop

from tests.bench.raw_http import listen

OPEN: Final = "ae5f2f10-f46b-1410-fd9a-0050ba5d6c38"
RESOLVED: Final = "ae7f411e-f46b-1410-009b-0050ba5d6c38"
TASK: Final = "fbe0acdc-cfc0-df11-b00f-001d60e938c6"
COMPLETED: Final = "4bdbb88f-58e6-df11-971b-001d60e938c6"
AGENT: Final = "5f1c2f66-7c1e-4e0c-9d0f-4c8a2b1f7e11"
CASE_FILTER: Final = "Case/Id%20eq%20"

TOKEN: Final = b'{"access_token": "bench", "token_type": "Bearer", "expires_in": 3600}'
NOTHING: Final = b'{"value": []}'
STATUSES: Final = json.dumps(
    {
        "value": [
            {"Id": OPEN, "Name": "In progress", "IsResolved": False, "IsFinal": False},
            {"Id": RESOLVED, "Name": "Resolved", "IsResolved": True, "IsFinal": False},
        ]
    }
).encode()
ONE_CASE: Final = json.dumps(
    {"value": [{"Id": OPEN, "StatusId": OPEN, "Number": "SR00000001"}]}
).encode()
REPLY: Final = (
    '{{"value":[{{"Id":"{id}","CaseId":"{case}","CreatedOn":"{now}Z","ModifiedOn":"{now}Z",'
    f'"TypeId":"{TASK}","StatusId":"{COMPLETED}","AuthorId":"{AGENT}","OwnerId":"{AGENT}",'
    f'"CreatedById":"{AGENT}","Title":"Reply","Body":"","DetailedResult":'
    '"The pads are on their way. They should be with you on Thursday.","Notes":"","Sender":"",'
    '"IsHtmlBody":false,"IsAutoSubmitted":false,"Author":{{"Name":"Clara Brandt"}},'
    f'"Case":{{{{"StatusId":"{OPEN}","Number":"SR00000001"}}}}}}}}]}}}}'
)


class ThinCreatio:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        if target == "/counts":
            return 200, json.dumps(self.counts).encode()
        kind, content = self._found(method, target, body)
        self.counts[kind] += 1
        return (404 if kind == "unknown" else 200), content

    def _found(self, method: str, target: str, body: bytes) -> tuple[str, bytes]:
        route = target.partition("/odata/")[2]
        if CASE_FILTER in target and route.startswith("Activity?"):
            case = target.partition(CASE_FILTER)[2][:36]
            return "look", _reply(case)
        if route.startswith("CaseStatus?"):
            return "statuses", STATUSES
        if route.startswith("Case?") and "ModifiedOn%20ge" not in route:
            return "case", ONE_CASE
        if route.startswith(("Activity?", "Case?")):
            return "sweep", NOTHING
        if route.startswith("$batch") and method == "POST":
            return "batch", self._batch(json.loads(body))
        if target.endswith("/connect/token"):
            return "token", TOKEN
        return "unknown", b"{}"

    def _batch(self, asked: dict[str, Any]) -> bytes:
        """Every part costs a call: creates succeed, and the case is open."""
        parts = asked["requests"]
        self.counts["batch_parts"] += len(parts)
        responses = []
        for part in parts:
            made = part["method"] == "POST"
            row: dict[str, Any] = {"Id": OPEN, "StatusId": OPEN, "Number": "SR00000001"}
            self.counts["created"] += made
            if made:
                row = {"Id": part["body"]["Id"], "CreatedOn": _now() + "Z"}
            told = row if made else {"value": [row]}
            responses.append({"id": part["id"], "status": 201 if made else 200, "body": told})
        return json.dumps({"responses": responses}).encode()


def _now() -> str:
    return datetime.now(tz=UTC).replace(tzinfo=None).isoformat()


def _reply(case: str) -> bytes:
    raw = os.urandom(16).hex()
    activity = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:]}"
    return REPLY.format(id=activity, case=case, now=_now()).encode()


async def _serve() -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    server, address = await listen(ThinCreatio().answer)
    print(address, flush=True)
    async with server:
        await stopping.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
    sys.exit(0)
