"""No secret in any log line, error, page or row, whatever happened."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api, Demo
from tests.acceptance.far import Answer, ask, eventually
from tests.acceptance.place import Place

PAGES = ("/demo", "/demo/widget", "/widget.js", "/api/v1", "/api/v1/openapi.json", "/metrics")


def test_no_secret_is_told(demo: Demo, place: Place, callbacks: Callbacks) -> None:
    """The demo's own standard output shows them, as it has to; nothing else does."""
    secrets = {
        *(place.desk.client_secret, place.api.key, place.webhook_url.rsplit("/", 1)[1]),
        *(demo.said["sandbox_client_secret"], demo.said["api_key"]),
        demo.said["webhook_url"].rsplit("/", 1)[1],
        *callbacks.secrets,
    }
    assert len(secrets) >= 8
    hidden = {_hidden_part(secret) for secret in secrets}
    assert sum(secret in str(demo.said) for secret in hidden) == 4, "they are found where they are"

    answers = [
        *_mishaps(demo.api, demo.said["webhook_url"]),
        *_mishaps(place.api, place.webhook_url),
    ]
    answers += [ask("GET", demo.api.url + page) for page in PAGES]
    _something_happens(place, callbacks)
    answers += [
        api.ask("GET", path)
        for api in (demo.api, place.api)
        for path in ("/events", "/conversations/no-id")
    ]

    told = {f"answer {n}": answer.body for n, answer in enumerate(answers)}
    told["the log"] = place.caseway.log.encode()
    told["the commands"] = "".join(place.caseway.said).encode()
    told["the demo's errors"] = demo.errors.read_bytes()
    assert len(told["the log"]) > 1000
    for name, text in (*told.items(), *_rows(place.caseway.folder), *_rows(demo.folder)):
        for secret in hidden:
            assert secret.encode() not in text, f"a secret in {name}"


def _hidden_part(secret: str) -> str:
    """A token and a key have a public name; what follows it is what nobody may read."""
    return secret.split("_", 2)[2] if secret.startswith("cw") else secret.removeprefix("whsec_")


def _mishaps(api: Api, webhook_url: str) -> Iterator[Answer]:
    """Each carries something secret to a place that refuses it."""
    yield ask("POST", webhook_url, {"event_type": "new_activity", "caseId": "[#Case.Id#]"})
    yield ask("POST", webhook_url, b"{")
    yield ask("GET", webhook_url)
    yield ask("POST", webhook_url[:-1], {})
    yield ask("POST", webhook_url + "/more", {"event_type": "new_activity", "caseId": str(uuid4())})
    yield Api(api.url, api.key[:-1], api.channel).ask("GET", "/events")
    yield api.ask("POST", "/conversations", {"channel": api.key, "message": {"text": ""}})
    yield api.ask("GET", f"/conversations/{api.key}")
    yield ask("GET", f"{api.url}/{api.key}")


def _something_happens(place: Place, callbacks: Callbacks) -> None:
    """Creatio refuses us, forgets us and falls silent; so does the receiver."""
    place.desk.weather(errors=1.0)
    assert place.caseway.run("connection", "test", "north").code == 1
    place.desk.weather(errors=0.1, token_rejected=0.1, answers_lost=0.1, seed=3)
    conversation = place.api.begin("tom", "Hello")
    case = eventually(lambda: (found := place.api.seen(conversation)["case"]) and found["id"])
    callbacks.answers[:] = [503, 401]
    place.desk.task(case, "Hello, Tom")
    place.desk.weather()
    callbacks.wait_for(conversation, "Hello, Tom")
    place.caseway.run("doctor", "--plan", conversation)
    place.caseway("channel", "list")
    place.caseway("token", "list")
    place.caseway("key", "list")


def _rows(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What a stolen disk would show: the database's own files, its write-ahead log among them."""
    found = [*(folder / "data" / "postgresql" / "cluster").rglob("*")]
    assert found
    for file in found:
        with suppress(FileNotFoundError):  # PostgreSQL is at work
            if file.is_file():
                yield str(file), file.read_bytes()
