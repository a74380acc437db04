"""Settings, migration, backup, keys and help by the command."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caseway.store.embedded import start
from caseway.store.secrets import fingerprint, new_key
from tests.cli.commands import Installation
from tests.database import FORGETFUL, Database, data_folder


def setting(caseway: Installation, name: str, **variables: str) -> tuple[object, str]:
    [found] = [
        one for one in caseway("config", "show", "--json", **variables).json if one["name"] == name
    ]
    return found["value"], found["source"]


@pytest.fixture
def bare(tmp_path: Path) -> Installation:
    """Folders with nothing in them, and no database that could be opened."""
    return Installation(
        tmp_path / "data", tmp_path, {"CASEWAY_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    )


def test_each_setting_names_its_source(bare: Installation) -> None:
    (bare.configuration / "caseway.toml").write_text('port = 9000\nhost = "0.0.0.0"\n')
    assert setting(bare, "CASEWAY_PORT") == (9000, "file")
    assert setting(bare, "CASEWAY_PORT", CASEWAY_PORT="9001") == (9001, "environment")
    assert setting(bare, "CASEWAY_LOG_LEVEL") == ("info", "default")
    people = bare("config", "show")
    assert "CASEWAY_PORT\t9000\tfile\t" in people.out
    assert str(bare.configuration / "caseway.toml") in people.err


def test_no_secret_is_shown(bare: Installation) -> None:
    key = new_key()
    secrets = {
        "CASEWAY_DATABASE_URL": "postgresql://caseway:hunter2@db.example.com/caseway?password=hid",
        "CASEWAY_SECRET_KEYS": key,
    }
    for words in (("config", "show"), ("config", "show", "--json")):
        done = bare(*words, **secrets)
        for secret in ("hunter2", "hid", key):
            assert secret not in done.out + done.err
    assert setting(bare, "CASEWAY_DATABASE_URL", **secrets)[0] == (
        "postgresql://caseway:***@db.example.com/caseway?***"
    )


def test_a_misspelt_variable_is_said(bare: Installation) -> None:
    assert "CASEWAY_PROT" in bare("config", "show", CASEWAY_PROT="1").err


def test_wrong_settings_end_every_command_with_a_sentence(bare: Installation) -> None:
    for words in (("config", "show"), ("key", "list"), ("migrate",)):
        done = bare.try_(*words, CASEWAY_PORT="many")
        assert (done.code, done.out) == (1, "")
        assert "CASEWAY_PORT in the environment" in done.err
        assert "Traceback" not in done.err


def test_a_database_that_cannot_be_reached_ends_with_a_sentence(bare: Installation) -> None:
    done = bare.try_("key", "list", CASEWAY_DATABASE_URL="postgresql://a:hunter2@127.0.0.1:1/x")
    assert (done.code, done.out) == (1, "")
    assert "The database at 127.0.0.1 cannot be used" in done.err
    assert "CASEWAY_DATABASE_URL" in done.err
    assert "Traceback" not in done.err
    assert "hunter2" not in done.err


def test_the_first_command_makes_all_that_is_needed(
    bare: Installation, empty_database: Database
) -> None:
    here = {"CASEWAY_DATABASE_URL": empty_database.dsn}
    assert bare("key", "create", "first", **here).line.startswith("cwk_")
    assert (bare.configuration / "secret.key").stat().st_mode & 0o777 == 0o600
    done = bare("migrate", **here)
    assert "already" in done.err
    assert done.out == ""


def test_another_key_is_refused_before_anything_is_written(
    bare: Installation, database: Database
) -> None:
    here = {"CASEWAY_DATABASE_URL": database.dsn}
    old, new = new_key(), new_key()
    bare("key", "create", "first", CASEWAY_SECRET_KEYS=old, **here)
    done = bare.try_("key", "create", "second", CASEWAY_SECRET_KEYS=new, **here)
    assert (done.code, done.out) == (1, "")
    assert fingerprint(old) in done.err
    assert old not in done.err
    bare("key", "create", "second", CASEWAY_SECRET_KEYS=f"{new},{old}", **here)


def test_keys_are_changed_without_a_moment_in_which_nothing_is_readable(
    bare: Installation, database: Database
) -> None:
    here = {"CASEWAY_DATABASE_URL": database.dsn}
    file = bare.configuration / "secret.key"
    bare(
        *("connection", "add", "--name", "north", "--url", "https://north.creatio.com"),
        *("--client-id", "1BA1", "--client-secret-file", "-"),
        stdin="hunter2",
        **here,
    )
    url = bare("token", "show", **here).line
    [old] = file.read_text().split()
    only = bare("secrets", "rotate", **here)
    assert "--new-key" in only.err

    bare("secrets", "rotate", "--new-key", **here)
    newest, former = file.read_text().split()
    assert former == old != newest
    assert file.stat().st_mode & 0o777 == 0o600
    assert bare("token", "show", **here).line == url
    done = bare("secrets", "rotate", **here)
    assert "2 secrets" in done.err
    assert fingerprint(old) in done.err

    file.write_text(f"{newest}\n")
    assert bare("token", "show", **here).line == url
    file.write_text(f"{old}\n")
    assert bare.try_("token", "show", **here).code == 1
    assert [path.name for path in bare.configuration.iterdir()] == ["secret.key"]


def test_keys_of_the_environment_are_changed_there(bare: Installation) -> None:
    done = bare.try_("secrets", "rotate", "--new-key", CASEWAY_SECRET_KEYS=new_key())
    assert done.code == 1
    assert "CASEWAY_SECRET_KEYS" in done.err


@pytest.fixture(scope="module")
def second() -> Iterator[Path]:
    with data_folder() as folder, start(folder, FORGETFUL):
        yield folder


def test_a_backup_comes_back_elsewhere(
    caseway: Installation, north: str, second: Path, tmp_path: Path
) -> None:
    url = caseway("token", "show", north).line
    file = tmp_path / "caseway.dump"
    report = caseway("backup", str(file), "--json").json
    assert report["size_bytes"] == file.stat().st_size
    assert caseway.try_("backup", str(file)).code == 1

    elsewhere = Installation(second, caseway.configuration)
    done = elsewhere("restore", str(file))
    assert "secret.key" in done.err
    assert elsewhere("token", "show", north).line == url
    full = elsewhere.try_("restore", str(file))
    assert full.code == 1
    assert "not empty" in full.err
    assert elsewhere.try_("restore", str(file), "--replace").code == 2
    elsewhere("restore", str(file), "--replace", "--yes")
    assert elsewhere("token", "show", north).line == url


def test_the_version_is_told(bare: Installation) -> None:
    assert re.fullmatch(r"caseway \d+\.\d+\.\d+", bare("version").line)
    assert bare("version", "--json").json["schema"] == "0001"


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    """By the processor's clock, as the machine may be busy; it may be a slow one as well, so the
    library that draws the help is the measure: with our commands it takes twice as long.
    """
    helps = (
        "import sys\n"
        "sys.argv = ['caseway', '--help']\n"
        "from caseway.cli import main\n"
        "try:\n main()\n"
        "except SystemExit:\n pass\n"
    )
    heavy = {"asyncpg", "pydantic", "aiohttp", "fastapi", "rich", "alembic", "cryptography"}
    ours, bare = [], []
    for _ in range(5):
        bare.append(spent_on("import typer\n")[0])
        seconds, modules = spent_on(helps)
        ours.append(seconds)
        assert heavy.isdisjoint(modules)
    assert min(ours) < 4 * min(bare)


def spent_on(program: str) -> tuple[float, list[str]]:
    """Seconds of the processor, and the modules that were loaded."""
    told = "import sys, time\nprint(time.process_time(), *sys.modules, file=sys.stderr)\n"
    done = subprocess.run(
        [sys.executable, "-c", program + told],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seconds, *modules = done.stderr.split()
    return float(seconds), modules


@pytest.mark.parametrize("words", [("nothing",), ("key", "create"), ("token", "show", "--loud")])
def test_wrong_usage_ends_with_2(bare: Installation, words: tuple[str, ...]) -> None:
    done = bare.try_(*words)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err
