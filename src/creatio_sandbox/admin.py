"""/sandbox/*: the sandbox's own JSON, for tests and scripts. Faults of the weather spare it."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from creatio_sandbox.acts import Desk
from creatio_sandbox.casebook import NOBODY, case_list, whole_case
from creatio_sandbox.failures import Malformed, Missing, Refused
from creatio_sandbox.faults import BadFault, Faults, read_faults, read_spec
from creatio_sandbox.instance import Instance
from creatio_sandbox.process_scripts import ProcessScripts
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Author
from creatio_sandbox.rights import BadRights, read_rights

Endpoint = Callable[[Request], Awaitable[Response]]
CALM: Final = Faults()


class NewText(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    to: str | None = None
    title: str | None = None
    finished: bool = True
    sent: bool = True
    incoming: bool = False


class NewStatus(msgspec.Struct, forbid_unknown_fields=True):
    status: str


class NewOwner(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None  # nobody


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    url: str | None = None
    not_created_by: str | None = None  # a contact whose own records call nobody


def reply(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def trouble(status: int, detail: str) -> Response:
    return reply({"error": detail}, status)


def limit_of(request: Request, usual: int, *, at_most: int) -> int:
    text = request.query_params.get("limit", str(usual))
    if not text.isdecimal():
        raise Malformed(f"A limit is a number from 0 to {at_most}, not '{text}'.")
    return min(int(text), at_most)


class Admin:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def is_known(self, headers: Mapping[str, str]) -> bool:
        identity = self.instance.identity
        key = headers.get("x-sandbox-key")
        if key is not None:
            return compare_digest(key.encode(), identity.credentials.client_secret.encode())
        kind, _, coded = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(coded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return identity.recognises_user(user, password)

    def desk(self, request: Request) -> Desk:
        """`?as=NAME` acts as one of the people at the desk; without it the desk's user does."""
        name = request.query_params.get("as")
        return Desk(self.instance.records, self._person(name) if name else self.instance.author)

    def _person(self, name: str) -> Author:
        person = self.instance.people.named(name)
        if person is None:
            raise Missing(f"There is nobody called '{name}'.")
        return person.author

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if not self.is_known(request.headers):
                refused = trouble(401, "HTTP basic with the sandbox's user, or X-Sandbox-Key.")
                refused.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
                return refused
            try:
                return await endpoint(request)
            except Missing as failure:
                return trouble(404, str(failure))
            except (
                Refused,
                BadFault,
                BadRights,
                msgspec.ValidationError,
                msgspec.DecodeError,
            ) as failure:
                return trouble(400, str(failure))

        return answer

    def routes(self) -> list[Route]:
        def route(path: str, endpoint: Endpoint, *methods: str) -> Route:
            return Route(f"/sandbox/{path}", self.guarded(endpoint), methods=list(methods))

        return [
            Route("/sandbox/faults/page", self.faults_page),  # nothing to guard
            route("faults", self.faults, "GET", "PUT", "PATCH"),
            route("rights", self.rights, "GET", "PUT"),
            route("webhook", self.webhook, "PUT"),
            route("processes", self.processes, "GET", "POST"),
            route("processes/{id}", self.process, "GET", "PUT", "DELETE"),
            *ProcessScripts(self.instance).routes(route),
            route("log", self.log, "GET", "DELETE"),
            route("reset", self.reset, "POST"),
            route("desk/cases", self.cases, "GET"),
            route("desk/cases/{id}", self.case, "GET"),
            route("desk/cases/{id}/task", self.task, "POST"),
            route("desk/cases/{id}/email", self.email, "POST"),
            route("desk/cases/{id}/note", self.note, "POST"),
            route("desk/cases/{id}/status", self.status, "POST"),
            route("desk/cases/{id}/owner", self.owner, "POST"),
            route("desk/records/{entity}", self.create_record, "POST"),
            route("desk/records/{entity}/{id}", self.record, "GET", "PATCH", "DELETE"),
        ]

    async def faults(self, request: Request) -> Response:
        """PUT replaces all, PATCH some. Text is read as on the command line."""
        if request.method != "GET":
            body = await request.body()
            if "json" in request.headers.get("content-type", "json"):
                given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
                onto = CALM if request.method == "PUT" else self.instance.weather.faults
                self.instance.change_faults(read_faults(given, onto))
            else:
                self.instance.change_faults(read_spec(body.decode()))
        return reply(self.instance.weather.faults)

    async def faults_page(self, request: Request) -> Response:
        """Where people look for it; it is one of the desk's pages."""
        del request
        return RedirectResponse("/desk/faults", 303)

    async def rights(self, request: Request) -> Response:
        """PUT replaces all; {} allows everybody everything."""
        if request.method == "PUT":
            body = await request.body()
            instance = self.instance
            users = instance.people.users()
            instance.change_rights(read_rights(body, instance.records.known, users))
        return reply(self.instance.gate.rights)

    async def webhook(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=NewWebhook)
        if asked.url and not asked.url.startswith(("http://", "https://")):
            raise Malformed("A webhook URL begins with http:// or https://.")
        self.instance.set_webhook(asked.url, not_created_by=asked.not_created_by)
        return reply(self.instance.library.all())

    async def processes(self, request: Request) -> Response:
        if request.method == "GET":
            return reply(self.instance.library.all())
        process = msgspec.json.decode(await request.body(), type=Process)
        return reply(self.instance.library.keep(process), 201)

    async def process(self, request: Request) -> Response:
        process_id = request.path_params["id"]
        library = self.instance.library
        known = library.one(process_id)
        if known is None:
            raise Missing(f"There is no process '{process_id}'.")
        if request.method == "DELETE":
            library.remove(process_id)
            return Response(status_code=204)
        if request.method == "PUT":
            given = msgspec.json.decode(await request.body(), type=dict[str, Any])
            whole = msgspec.to_builtins(known) | given | {"id": process_id}
            known = library.keep(msgspec.convert(whole, Process))
        return reply(known)

    async def log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.instance.log.clear()
            return Response(status_code=204)
        limit = limit_of(request, 100, at_most=10_000)
        return reply(self.instance.log.newest(limit, case=request.query_params.get("case")))

    async def reset(self, request: Request) -> Response:
        del request
        self.instance.reset()
        return Response(status_code=204)

    async def cases(self, request: Request) -> Response:
        asked = request.query_params
        return reply(
            case_list(
                self.instance.records,
                search=asked.get("search", ""),
                status=self._status(asked.get("status", "")),
                owner=self._owner(asked.get("owner", "")),
                limit=limit_of(request, 200, at_most=20_000),
            )
        )

    def _status(self, name: str) -> str:
        sql = 'SELECT 1 FROM "CaseStatus" WHERE "Name" = ?'
        if name not in {"", "open"} and self.instance.database.one(sql, (name,)) is None:
            raise Missing(f"There is no case status '{name}'.")
        return name

    def _owner(self, name: str) -> str:
        return name if name in {"", NOBODY} else self._person(name).contact

    async def case(self, request: Request) -> Response:
        return reply(whole_case(self.instance.records, request.path_params["id"].lower()))

    async def task(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=NewText)
        case = request.path_params["id"]
        made = self.desk(request).write_task(
            case, asked.text, title=asked.title, finished=asked.finished
        )
        return reply({"id": made}, 201)

    async def email(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=NewText)
        case = request.path_params["id"]
        if asked.incoming:
            return reply({"id": self.desk(request).receive_email(case, asked.text)}, 201)
        made = self.desk(request).write_email(
            case, asked.text, to=asked.to, title=asked.title, sent=asked.sent
        )
        return reply({"id": made}, 201)

    async def note(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=NewText)
        return reply({"id": self.desk(request).note(request.path_params["id"], asked.text)}, 201)

    async def status(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=NewStatus)
        self.desk(request).set_status(request.path_params["id"], asked.status)
        return Response(status_code=204)

    async def owner(self, request: Request) -> Response:
        """Without a body: whoever asks. A name, or null for nobody."""
        body = await request.body()
        case, desk = request.path_params["id"], self.desk(request)
        if body:
            name = msgspec.json.decode(body, type=NewOwner).name
            desk.assign(case, self._person(name).contact if name else None)
        else:
            desk.take_over(case)
        return Response(status_code=204)

    async def create_record(self, request: Request) -> Response:
        columns = msgspec.json.decode(await request.body(), type=dict[str, Any])
        return reply({"id": self.desk(request).create(request.path_params["entity"], columns)}, 201)

    async def record(self, request: Request) -> Response:
        entity, key = request.path_params["entity"], request.path_params["id"].lower()
        if entity not in self.instance.records.known:
            raise Missing(f"There is no entity '{entity}'.")
        if request.method == "DELETE":
            self.desk(request).delete(entity, key)
            return Response(status_code=204)
        if request.method == "PATCH":
            columns = msgspec.json.decode(await request.body(), type=dict[str, Any])
            self.desk(request).change(entity, key, columns)
        row = self.instance.records.row(entity, key)
        if row is None:
            raise Missing(f"{entity}({key})")
        return reply(row)
