"""What an operator gets wrong ends with a sentence that holds the remedy, and leaves nothing."""

from pathlib import Path

import pytest

from tests.cli.commands import Done, Installation
from tests.database import Database


@pytest.fixture
def bare(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data", tmp_path / "configuration")


def refused(done: Done, *said: str) -> None:
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    for words in said:
        assert words in done.err


def test_a_folder_that_cannot_be_made_names_the_setting(bare: Installation, tmp_path: Path) -> None:
    """Below a file not even root can make one."""
    file = tmp_path / "file"
    file.touch()
    refused(bare.try_("key", "list", CASEWAY_DATA=str(file / "x")), str(file), "CASEWAY_DATA,")
    refused(
        bare.try_("key", "list", CASEWAY_SECRET_KEY_FILE=str(file / "x" / "secret.key")),
        f"{file}/x/secret.key cannot be used (Not a directory)",
        "CASEWAY_SECRET_KEYS",
    )
    refused(bare.try_("demo", "--port", "0", "--data", str(file)), str(file), "--data")


def test_a_key_file_without_a_key_is_not_replaced(bare: Installation) -> None:
    bare.configuration.mkdir()
    file = bare.configuration / "secret.key"
    file.write_bytes(b"\xf9\x00")
    file.chmod(0o600)
    refused(bare.try_("key", "list"), f"{file} holds no key", "put the key back")
    assert file.read_bytes() == b"\xf9\x00"
    file.unlink()
    file.mkdir(mode=0o700)
    refused(bare.try_("key", "list"), f"{file} cannot be used", "CASEWAY_SECRET_KEY_FILE")


def test_an_address_that_is_not_ours_is_no_question_of_the_port(bare: Installation) -> None:
    done = bare.try_("serve", CASEWAY_HOST="192.0.2.1")
    refused(done, "192.0.2.1:8080 cannot be listened on", "CASEWAY_HOST")
    assert "CASEWAY_PORT" not in done.err


def test_a_port_that_is_none_is_wrong_usage(bare: Installation) -> None:
    for verb in ("demo", "serve"):
        done = bare.try_(verb, "--port", "99999")
        assert (done.code, done.out) == (2, "")
        assert "65535" in done.err


def test_what_fails_after_the_start_has_begun_is_said_as_well(
    bare: Installation, database: Database
) -> None:
    here = {"CASEWAY_DATABASE_URL": database.dsn, "CASEWAY_PORT": "0"}
    refused(
        bare.try_("serve", CASEWAY_OIDC_ISSUER="https://id.example", **here),
        "CASEWAY_OIDC_CLIENT_ID",
    )
    nobody = database.dsn.replace("caseway@", "nobody_there@")
    for role in ("WEB", "SYNC"):
        name = f"CASEWAY_DATABASE_{role}_URL"
        refused(bare.try_("serve", **{name: nobody}, **here), "nobody_there", f"Check {name}")
    refused(
        bare.try_("serve", CASEWAY_DATABASE_WEB_URL=database.dsn, **here),
        "caseway_web is not in force",
        "ALTER ROLE",
    )


def test_a_backup_that_cannot_be_written_says_so(
    bare: Installation, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "missing" / "caseway.dump"
    done = bare.try_("backup", str(file), CASEWAY_DATABASE_URL=database.dsn)
    refused(done, f"{file} cannot be written (No such file or directory)")
