"""Channels, API keys and webhook tokens by the command."""

import json
from datetime import datetime

import pytest

from tests.cli.commands import Installation

CALLBACK = "https://shop.example.com/caseway"


@pytest.mark.usefixtures("north")
def test_an_api_channel_shows_the_secret_of_its_callbacks(caseway: Installation) -> None:
    words = ("channel", "add", "api", "--name", "shop", "--callback-url", CALLBACK)
    first, second = caseway(*words), caseway(*words)
    assert first.line == second.line
    assert first.line.startswith("whsec_")
    assert "created" in first.err
    assert "unchanged" in second.err
    assert "key create shop" in first.err
    assert first.line not in first.err

    changed = caseway("channel", "add", "api", "--name", "shop", "--receiver-may-repeat", "--json")
    assert changed.json["change"] == "changed"
    assert changed.json["settings"]["recognises_repeats"] is False
    assert changed.json["settings"]["callback_url"] == CALLBACK

    assert caseway("channel", "secret", "shop").line == first.line
    while_both_hold = caseway("channel", "secret", "shop", "--new", "--grace-hours", "2")
    assert "The old one holds as well until" in while_both_hold.err
    at_once = caseway("channel", "secret", "shop", "--new", "--now")
    assert at_once.err == ""
    replaced = at_once.line
    assert len({first.line, while_both_hold.line, replaced}) == 3
    assert caseway("channel", "secret", "shop").line == replaced


def test_a_widget_prints_the_line_for_the_page(caseway: Installation, north: str) -> None:
    done = caseway(
        *("channel", "add", "widget", "--name", "site", "--connection", north),
        *("--origin", "https://WWW.example.com/some/page", "--origin", "https://shop.example.com"),
        CASEWAY_BASE_URL="https://support.example.com",
    )
    [found] = [one for one in caseway("channel", "list", "--json").json if one["name"] == "site"]
    assert done.line == (
        '<script src="https://support.example.com/widget.js" '
        f'data-channel="{found["id"]}"></script>'
    )
    assert found["settings"]["origins"] == ["https://www.example.com", "https://shop.example.com"]
    assert found["connection"] == north

    assert caseway.try_("channel", "secret", "site").code == 1
    caseway("channel", "secret", "site", "--new")
    greeted = caseway("channel", "add", "widget", "--name", "site", "--greeting", "Hello")
    assert "Hello" not in greeted.line, "what the settings say does not stand in the page"
    caseway("channel", "add", "widget", "--name", "site", "--cases-a-day", "9")
    [found] = [one for one in caseway("channel", "list", "--json").json if one["name"] == "site"]
    assert found["settings"]["identity_secret_set"] is True
    assert len(found["settings"]["origins"]) == 2
    assert found["settings"]["greeting"] == "Hello"
    assert found["settings"]["limits"]["cases_a_day"] == 9
    assert found["settings"]["limits"]["messages_a_minute"] == 30


@pytest.mark.usefixtures("north")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "widget", "--name", "x"), 1, "--origin"),
        (("add", "widget", "--name", "x", "--origin", "example.com"), 2, "https://www.example"),
        (("add", "api", "--name", "x", "--callback-url", "here"), 2, "https://shop.example"),
        (("add", "api", "--name", "x", "--callback-url", "http://a.b/c"), 1, "ALLOWED_NETWORKS"),
        (("add", "api", "--name", "x", "--connection", "south"), 1, "There are: north"),
        (("add", "fax", "--name", "x"), 2, "fax"),
        (("secret", "nobody"), 1, "no channel nobody"),
        (("remove", "nobody", "--yes"), 1, "no channel nobody"),
        (("remove", "nobody"), 2, "--yes"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said(
    caseway: Installation, words: tuple[str, ...], code: int, said: str
) -> None:
    done = caseway.try_("channel", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_channel_is_removed_before_its_connection(caseway: Installation, north: str) -> None:
    caseway("channel", "add", "api", "--name", "leaving")
    in_use = caseway.try_("connection", "remove", north, "--yes")
    assert in_use.code == 1
    assert "leaving" in in_use.err
    caseway("channel", "remove", "leaving", "--yes")
    assert "leaving" not in caseway("channel", "list").out


def test_a_key_is_shown_once(caseway: Installation) -> None:
    made = caseway("key", "create", "till").line
    assert made.startswith("cwk_")
    again = caseway.try_("key", "create", "till")
    assert (again.code, again.out) == (1, "")
    assert "cannot be shown again" in again.err

    everything = caseway("key", "list").out + caseway("key", "list", "--json").out
    assert made not in everything
    assert made.split("_")[1] in everything
    caseway("key", "revoke", "till")
    assert caseway.try_("key", "revoke", "till").code == 1
    [found] = [one for one in caseway("key", "list", "--json").json if one["name"] == "till"]
    assert found["revoked_at"] is not None
    assert caseway("key", "create", "till", "--json").json["key"] != made


def test_a_key_gets_the_scopes_that_were_said(caseway: Installation) -> None:
    for name, said in (("all", ()), ("report", ("--scope", "read"))):
        assert caseway("key", "create", name, *said).line.startswith("cwk_")
    scopes = {one["name"]: one["scopes"] for one in caseway("key", "list", "--json").json}
    assert (scopes["all"], scopes["report"]) == (["read", "write"], ["read"])
    assert caseway.try_("key", "create", "x", "--scope", "everything").code == 2


def test_a_token_is_replaced_with_grace_or_at_once(caseway: Installation, north: str) -> None:
    first = caseway("token", "show").line
    assert caseway("token", "show", north).line == first
    second = caseway("token", "rotate", north, "--grace-hours", "2")
    assert "works until" in second.err
    third = caseway("token", "rotate", north, "--now", "--json")
    assert third.json["webhook_url"] == caseway("token", "show").line
    assert third.json["reachable_from_cloud"] is False
    assert len({first, second.line, third.json["webhook_url"]}) == 3

    listed = caseway("token", "list", "--json").json
    states = {one["public_name"]: one["revoked_at"] is None for one in listed}
    names = [url.rsplit("/", 1)[1].split("_")[1] for url in (first, second.line)]
    assert [states[name] for name in names] == [False, False]
    whole = third.json["webhook_url"].rsplit("/", 1)[1]
    for line in (caseway("token", "list").out, json.dumps(listed)):
        assert whole not in line
    assert datetime.fromisoformat(listed[0]["created_at"]).tzinfo is not None


def test_a_revoked_token_is_followed_by_a_new_one(caseway: Installation, north: str) -> None:
    url = caseway("token", "show", north).line
    done = caseway("token", "revoke", url)  # whoever has only the URL pastes that
    token = url.rsplit("/", 1)[1]
    assert token.split("_")[1] in done.err
    assert token not in done.err
    assert caseway.try_("token", "revoke", token.split("_")[1]).code == 1
    assert caseway("token", "show", north).line != url
