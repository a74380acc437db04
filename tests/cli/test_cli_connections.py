"""Adding, seeing, checking and removing connections by the command."""

from pathlib import Path
from uuid import uuid4

import pytest

from creatio_sandbox import testing as sandbox
from tests.cli.commands import Done, Installation

OAUTH = ("--client-id", "1BA1", "--client-secret-file", "-")


def add(caseway: Installation, name: str, *words: str) -> Done:
    return caseway.try_(
        *("connection", "add", "--name", name, "--url", f"https://{name}.creatio.com"),
        *(*OAUTH, *words),
        stdin="hunter2\n",
    )


def listed(caseway: Installation, name: str) -> dict[str, object]:
    [found] = [one for one in caseway("connection", "list", "--json").json if one["name"] == name]
    assert isinstance(found, dict)
    return found


def test_adding_prints_the_webhook_url_and_nothing_else_to_stdout(caseway: Installation) -> None:
    done = add(caseway, "first")
    assert done.code == 0
    assert done.line.startswith("http://127.0.0.1:8080/backend/creatio/webhook/cw_")
    assert "created" in done.err
    assert "CASEWAY_BASE_URL" in done.err  # nobody outside can reach a loopback address
    assert "hunter2" not in done.out + done.err


def test_the_public_address_is_in_the_webhook_url(caseway: Installation) -> None:
    done = add(caseway, "public")
    assert done.code == 0
    shown = caseway("token", "show", "public", CASEWAY_BASE_URL="https://support.example.com/")
    assert shown.line.startswith("https://support.example.com/backend/creatio/webhook/cw_")
    assert shown.err == ""


def test_adding_twice_changes_nothing(caseway: Installation) -> None:
    first, second = add(caseway, "twice"), add(caseway, "twice")
    assert first.line == second.line
    assert "unchanged" in second.err
    assert listed(caseway, "twice")["version"] == 1


def test_what_is_not_said_stays(caseway: Installation, tmp_path: Path) -> None:
    status = str(uuid4())
    add(caseway, "kept", "--resolved-status", status, "--calls-a-day", "0", "--time-zone", "lisbon")
    caseway("connection", "add", "--name", "kept", "--opening", "handoff", "--no-sweep")
    found = listed(caseway, "kept")
    settings = found["settings"]
    assert isinstance(settings, dict)
    assert settings["resolved_status"] == status
    assert settings["opening"] == "handoff"
    assert settings["calls_a_day"] is None
    assert settings["time_zone"] == "Europe/Lisbon"
    [row] = [line for line in caseway("connection", "list").out.splitlines() if "kept" in line]
    assert "\tEurope/Lisbon\ten\t" in row
    caseway("connection", "add", "--name", "kept", "--language", "uk")
    assert "\tEurope/Lisbon\tuk\t" in caseway("connection", "list").out
    odd = caseway.try_("connection", "add", "--name", "kept", "--language", "Klingon")
    assert (odd.code, "uk" in odd.err) == (2, True)
    wrong = caseway.try_("connection", "add", "--name", "kept", "--time-zone", "Lissabon")
    assert wrong.code == 2
    assert "for example Europe/Lisbon" in " ".join(wrong.err.replace("│", "").split())
    assert settings["sweeping"] == {"enabled": False, "interval": None}
    assert found["login"] == "1BA1"
    file = tmp_path / "password"
    file.write_text("secret of another kind\n")
    caseway(
        *("connection", "add", "--name", "kept", "--user", "Supervisor"),
        *("--password-file", str(file)),
    )
    assert listed(caseway, "kept")["auth"] == "forms"


def test_the_reply_rule_is_said_in_whole(caseway: Installation) -> None:
    type_, category, author = (str(uuid4()) for _ in range(3))
    add(
        caseway,
        "ruled",
        *("--reply-type", type_, "--reply-category", category, "--leave-out", author),
        *("--reply-field", "notes", "--ready", "finished", "--internal-column", "UsrIsInternal"),
    )
    settings = listed(caseway, "ruled")["settings"]
    assert isinstance(settings, dict)
    assert settings["reply_rule"] == {
        "types": [type_],
        "ready": "finished",
        "categories": [category],
        "internal_marker": "#internal",
        "internal_column": "UsrIsInternal",
        "field": "notes",
        "authors_left_out": [author],
    }
    wrong = add(caseway, "ruled", "--internal-column", "Id,Body")
    assert (wrong.code, "--internal-column" in wrong.err) == (2, True)


def test_a_pasted_page_is_cut_and_said(caseway: Installation) -> None:
    done = caseway(
        *("connection", "add", "--name", "pasted"),
        *("--url", "https://pasted.creatio.com/0/Nui/ViewModule.aspx#Home", *OAUTH),
        stdin="hunter2",
    )
    assert "/0/Nui/ViewModule.aspx#Home belongs to a page" in done.err
    assert listed(caseway, "pasted")["base_url"] == "https://pasted.creatio.com"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--url", "https://a.example.com"), 1, "--client-id"),
        (OAUTH, 1, "--url"),
        (("--url", "http://a.example.com", *OAUTH), 1, "CASEWAY_ALLOWED_NETWORKS"),
        (("--url", "ftp://a.example.com", *OAUTH), 2, "https://"),
        (("--url", "https://me:pw@a.example.com", *OAUTH), 2, "given apart"),
        (("--url", "https://a.example.com", "--client-id", "1BA1"), 1, "--client-secret-file"),
        (("--url", "https://a.example.com", *OAUTH, "--user", "x"), 2, "either"),
        (("--url", "https://a.example.com", *OAUTH, "--owner", "Bob"), 2, "GUID"),
        (("--url", "https://a.example.com", *OAUTH, "--origin", "fax=1"), 2, "widget=ID"),
        (("--client-id", "1", "--client-secret-file", "/nowhere/x"), 2, "No such file"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(
    caseway: Installation, words: tuple[str, ...], code: int, said: str
) -> None:
    done = caseway.try_("connection", "add", "--name", "wrong", *words, stdin="hunter2\n")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert "hunter2" not in done.err


@pytest.mark.parametrize("text", ["", "\n", "one\ntwo\n"])
def test_a_secret_is_one_line(caseway: Installation, text: str) -> None:
    done = caseway.try_("connection", "add", "--name", "wrong", *OAUTH, stdin=text)
    assert done.code == 2


def test_a_secret_does_not_follow_to_another_address_by_itself(caseway: Installation) -> None:
    add(caseway, "moved")
    done = caseway.try_(
        "connection", "add", "--name", "moved", "--url", "https://elsewhere.example.com"
    )
    assert done.code == 1
    assert "again" in done.err
    assert listed(caseway, "moved")["base_url"] == "https://moved.creatio.com"


def test_the_list_is_for_people_and_programs(caseway: Installation) -> None:
    add(caseway, "listed")
    lines = caseway("connection", "list").out.splitlines()
    assert lines[0].split("\t")[:2] == ["NAME", "ADDRESS"]
    assert ["listed", "https://listed.creatio.com"] in [line.split("\t")[:2] for line in lines]
    assert "hunter2" not in caseway("connection", "list", "--json").out


def test_a_connection_is_removed_by_a_script_that_says_yes(caseway: Installation) -> None:
    add(caseway, "gone")
    refused = caseway.try_("connection", "remove", "gone")
    assert refused.code == 2
    assert "--yes" in refused.err
    caseway("connection", "remove", "gone", "--yes")
    missing = caseway.try_("connection", "remove", "gone", "--yes")
    assert (missing.code, missing.out) == (1, "")
    assert "no connection gone" in missing.err


def test_a_connection_that_works_passes_its_checks(caseway: Installation) -> None:
    with sandbox.start() as creatio:
        local = {"CASEWAY_ALLOWED_NETWORKS": "127.0.0.0/8"}
        caseway(
            *("connection", "add", "--name", "sandbox", "--url", creatio.url),
            *("--client-id", creatio.address.client_id, "--client-secret-file", "-"),
            stdin=creatio.address.client_secret,
            **local,
        )
        people = caseway("connection", "test", "sandbox", **local)
        lines = caseway("connection", "test", "sandbox", "--json", **local).out.splitlines()
        outside = caseway.try_("connection", "test", "sandbox")
    assert "read activities" in people.out
    assert len(lines) == len([line for line in people.out.splitlines() if line[0] != " "])
    assert not any('"mark":"failed"' in line for line in lines)
    assert outside.code == 1  # the private network was allowed to those commands alone
    assert "CASEWAY_ALLOWED_NETWORKS" in outside.out


def test_a_connection_that_fails_says_how_to_mend_it(caseway: Installation) -> None:
    with sandbox.start() as creatio:
        local = {"CASEWAY_ALLOWED_NETWORKS": "127.0.0.0/8"}
        caseway(
            *("connection", "add", "--name", "refused", "--url", creatio.url),
            *("--client-id", creatio.address.client_id, "--client-secret-file", "-"),
            stdin="not the secret",
            **local,
        )
        done = caseway.try_("connection", "test", "refused", **local)
    assert done.code == 1
    assert "failed  token" in done.out
    assert "secret" in done.out
    assert "not the secret" not in done.out + done.err
    missing = caseway.try_("connection", "test", "nowhere")
    assert missing.code == 1
    assert "There is no connection nowhere" in missing.err
