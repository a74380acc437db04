"""From nothing to a closed case by the command alone, and what a person finds out by it."""

import shutil
import stat

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api
from tests.acceptance.far import ask, eventually
from tests.acceptance.installation import installed
from tests.acceptance.place import Place


def test_what_was_configured_by_the_command_works(place: Place, callbacks: Callbacks) -> None:
    conversation = place.api.begin("anna", "A spoke broke.")
    case = place.api.case(conversation)
    place.desk.wait_until_said(case, "A spoke broke.")
    place.desk.task(case, "Bring it in.")
    callbacks.wait_for(conversation, "Bring it in.")
    place.desk.set_status(case, "Closed")
    callbacks.wait_for_the_closure(conversation)
    place.api.wait_for_state(conversation, "resolved")


def test_connections_are_listed_and_tested(place: Place) -> None:
    [north] = place.caseway("connection", "list", "--json").json
    assert (north["name"], north["base_url"]) == ("north", place.desk.url)
    tested = place.caseway("connection", "test", "north", "--json")
    marks = {check["check"]: check["mark"] for check in tested.lines}
    assert len(marks) >= 5
    assert "failed" not in marks.values(), tested.out
    unknown = place.caseway.run("connection", "test", "south")
    assert unknown.code == 1
    assert "north" in unknown.err


def test_a_wrong_secret_is_found_with_its_remedy(place: Place) -> None:
    place.caseway(
        *("connection", "add", "--name", "wrong", "--url", place.desk.url, "--no-sweep"),
        *("--client-id", place.desk.client_id, "--client-secret-file", "-"),
        stdin="not the secret",
    )
    try:
        tested = place.caseway.run("connection", "test", "wrong", "--json")
        assert tested.code == 1
        [failed] = [check for check in tested.lines if check["mark"] == "failed"][:1]
        assert failed["remedy"]
        assert "not the secret" not in tested.out + tested.err
        assert place.caseway.run("doctor").code == 1
    finally:
        place.caseway("connection", "remove", "wrong", "--yes")


def test_the_doctor_finds_nothing_and_explains_a_conversation(
    place: Place, callbacks: Callbacks
) -> None:
    well = place.caseway("doctor", "--json")
    assert {check["connection"] for check in well.lines} == {"north"}
    assert "asked for changes" in {c["check"]: c["detail"] for c in well.lines}["sweep"]
    assert "not a stolen machine" in well.err
    conversation = place.api.begin("bert", "Why did he not get it?")
    case = place.api.case(conversation)
    place.desk.task(case, "He did.")
    callbacks.wait_for(conversation, "He did.")
    number = place.desk.seen(case)["case"]["Number"]
    figures = ask("GET", f"{place.caseway.url}/metrics").body.decode()
    assert 'caseway_creatio_calls_total{kind="create_case"}' in figures

    told = eventually(
        lambda: (
            (found := place.caseway("doctor", "--plan", number, "--json").json)["owed"]
            == ["nothing"]
            and found
        )
    )
    assert told["conversation"] == conversation
    assert told["case"] == number
    assert [step for run in told["journal"] for step in run["steps"]]
    people = place.caseway("doctor", "--plan", conversation)
    assert number in people.out
    assert place.caseway.run("doctor", "--plan", "SR99999999").code == 1


def test_a_token_is_shown_rotated_and_revoked(place: Place, callbacks: Callbacks) -> None:
    caseway, desk = place.caseway, place.desk
    shown = caseway("token", "show", "--json").json["webhook_url"]
    assert shown == place.webhook_url
    rotated = caseway("token", "rotate", "north", "--json").json["webhook_url"]
    assert rotated != shown
    nothing = {"event_type": "case_updated", "caseId": ""}
    eventually(lambda: ask("POST", rotated, nothing).status == 200, what="the new URL")
    assert ask("POST", shown, nothing).status == 200, "the old one has its days of grace"
    caseway("token", "revoke", shown)
    eventually(lambda: ask("POST", shown, nothing).status == 401, what="the end of the old URL")
    assert ask("POST", rotated, nothing).status == 200

    desk.call(rotated)
    conversation = place.api.begin("cleo", "By the new way?")
    case = place.api.case(conversation)
    desk.wait_until_said(case, "By the new way?")
    desk.task(case, "Yes.")
    callbacks.wait_for(conversation, "Yes.")
    by_name = {one["public_name"]: one for one in caseway("token", "list", "--json").json}
    assert by_name[shown.split("_")[1]]["revoked_at"]
    assert not by_name[rotated.split("_")[1]]["revoked_at"]
    place.webhook_url = rotated


def test_a_revoked_key_opens_nothing(place: Place) -> None:
    key = place.caseway("key", "create", "guest", "--json").json["key"]
    guest = Api(place.api.url, key, "shop")
    assert guest.ask("GET", "/events").status == 200
    place.caseway("key", "revoke", "guest")
    eventually(lambda: guest.ask("GET", "/events").status == 401, what="the end of the key")


def test_a_lost_webhook_is_found_at_once_by_a_sweep_on_request(
    place: Place, callbacks: Callbacks
) -> None:
    caseway, desk = place.caseway, place.desk
    desk.weather(dropped=1.0)
    caseway("connection", "add", "--name", "north", "--sweep-seconds", "3600")
    try:
        conversation = place.api.begin("dirk", "Lost?")
        case = place.api.case(conversation)
        desk.wait_until_said(case, "Lost?")
        desk.task(case, "Found.")
        assert caseway("sweep", "--json").json == ["north"]
        callbacks.wait_for(conversation, "Found.")
    finally:
        caseway("connection", "add", "--name", "north", "--sweep-seconds", "1")
        desk.weather()


def test_nothing_is_replayed_where_nothing_failed(place: Place) -> None:
    assert place.caseway("replay", "--json").json == []
    assert "Nothing failed for good" in place.caseway("replay", "--all").err
    assert place.caseway.run("replay", "--id", "1f3a90c2").code == 1


def test_wrong_usage_ends_with_two_and_what_cannot_be_done_with_one(place: Place) -> None:
    caseway = place.caseway
    assert caseway.run("conection", "list").code == 2
    assert caseway.run("connection", "add").code == 2
    unsaid = caseway.run("connection", "add", "--name", "x", "--url", "https://x.creatio.com")
    for done in (unsaid, caseway.run("key", "revoke", "nobody")):
        assert (done.code, done.out) == (1, "")
        assert "Traceback" not in done.err


def test_a_backup_is_restored_elsewhere(place: Place) -> None:
    """Written while everything runs; read with the key, which is not in it."""
    file = place.caseway.folder / "monday.dump"
    report = place.caseway("backup", str(file), "--json").json
    assert report["size_bytes"] == file.stat().st_size > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert place.caseway.run("backup", str(file)).code == 1, "it writes over nothing"
    with installed() as elsewhere:
        key = "config/secret.key"
        shutil.copy(place.caseway.folder / key, elsewhere.folder / key)
        elsewhere("restore", str(file))
        assert elsewhere.run("restore", str(file)).code == 1, "it replaces nothing unasked"
        [north] = elsewhere("connection", "list", "--json").json
        assert (north["name"], north["base_url"]) == ("north", place.desk.url)
        token = place.webhook_url.rsplit("/", 1)[1]
        assert token in elsewhere("token", "show", "--json").out
