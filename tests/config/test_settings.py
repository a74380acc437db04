"""Where settings come from, what they refuse, and what they never show."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from caseway.config import PREFIX, BadSettings, Settings, configuration_file, is_private, load
from caseway.domain.secret import Secret


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting of this machine is seen."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CASEWAY_CONFIG", str(tmp_path))
    return tmp_path


def refusal() -> str:
    with pytest.raises(BadSettings) as refused:
        load()
    return str(refused.value)


def test_options_come_before_the_environment_before_the_file_before_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "caseway.toml").write_text('port = 1\nhost = "h"\nlog_level = "debug"\n')
    monkeypatch.setenv("CASEWAY_PORT", "2")
    monkeypatch.setenv("CASEWAY_HOST", "i")
    found = load(port=3)
    assert (found.port, found.host, found.log_level, found.log_format) == (3, "i", "debug", "auto")
    names = ("port", "host", "log_level", "log_format")
    sources = [found.source(name) for name in names]
    assert sources == ["option", "environment", "file", "default"]


def test_lists_are_written_as_people_write_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEWAY_ALLOWED_NETWORKS", "10.0.0.0/8, 192.168.1.7 fd00::/8")
    monkeypatch.setenv("CASEWAY_SECRET_KEYS", "new,old")
    (folder / "caseway.toml").write_text('allowed_hosts = ["a.example", "b.example"]\n')
    found = load()
    networks = ["10.0.0.0/8", "192.168.1.7/32", "fd00::/8"]
    assert found.allowed_networks == tuple(map(ip_network, networks))
    assert found.secret_keys == (Secret("new"), Secret("old"))
    assert found.allowed_hosts == ("a.example", "b.example")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", "")
    found = load()
    assert found.port == 8080
    assert found.database_url is None
    assert {found.source(name) for name in Settings.model_fields} == {"default"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "integer"),
        ("PORT", "70000", "65535"),
        ("ALLOWED_NETWORKS", "10.0.0.1/8", "host bits"),
        ("BASE_URL", "support.example.com", "https://support.example.com"),
        ("BASE_URL", "https://support.example.com/?x=1", "https://support.example.com"),
        ("BASE_URL", "https://anna:hunter2@support.example.com", "user name and password"),
        ("BASE_URL", "https://support.example.com:99999", "65535"),
        ("DATABASE_URL", "mysql://hunter2", "postgresql://"),
        ("DATABASE_URL", "postgresql://caseway:hunter2#x@db.example/caseway", "# as %23"),
        ("DATABASE_WEB_URL", "postgresql://caseway:hunter2/x@db.example/caseway", "/ as %2F"),
        ("DATABASE_DIRECT_URL", "postgresql://caseway:hunter2@[db.example/caseway", "[ as %5B"),
        ("LOG_LEVEL", "loud", "warning"),
        ("KEEP_EVENTS_DAYS", "0", "greater"),
    ],
)
def test_a_wrong_value_is_said_with_its_place_and_not_repeated(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CASEWAY_{name}", value)
    text = refusal()
    assert f"CASEWAY_{name} in the environment" in text
    assert said in text
    assert "hunter2" not in text


def test_every_fault_is_said_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "caseway.toml").write_text('port = "x"\nprot = 8080\n')
    monkeypatch.setenv("CASEWAY_LOG_LEVEL", "loud")
    text = refusal()
    assert "CASEWAY_LOG_LEVEL in the environment" in text
    assert f"port in {folder / 'caseway.toml'}" in text
    assert f"prot in {folder / 'caseway.toml'} is no setting" in text


def test_a_broken_file_is_named(folder: Path) -> None:
    (folder / "caseway.toml").write_text("port = \n")
    assert str(folder / "caseway.toml") in refusal()


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "caseway.toml").write_bytes(b'base_url = "\xff"\n')
    assert f"{folder / 'caseway.toml'} is not text" in refusal()
    monkeypatch.setenv("CASEWAY_CONFIG", f"/{'deep' * 80}")
    assert "deep/caseway.toml cannot be read (File name too long)" in refusal()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://caseway@/caseway?host=%2Frun%2Fpostgresql",
        "postgres://a,b:5433/caseway?target_session_attrs=primary",
        "postgresql://caseway:p%23%2F@[::1]:5432/caseway",
        "postgresql:///caseway",
    ],
)
def test_a_database_may_be_addressed_in_every_form_of_its_own(address: str) -> None:
    assert load(database_url=address).database_url == Secret(address)


def test_a_file_that_was_named_has_to_be_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEWAY_CONFIG", str(folder / "other.toml"))
    assert "no such file" in refusal()
    (folder / "other.toml").write_text("port = 9\n")
    found = load()
    assert found.port == 9
    assert found.secret_key_file == folder / "secret.key"


def test_root_and_people_have_their_usual_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASEWAY_CONFIG")
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/ones/are/ignored")
    monkeypatch.setenv("XDG_DATA_HOME", "/data/anna")
    found = (configuration_file(), load().data)
    if os.geteuid() == 0:
        assert found == (Path("/etc/caseway/caseway.toml"), Path("/var/lib/caseway"))
    else:
        assert found == (
            Path("/home/anna/.config/caseway/caseway.toml"),
            Path("/data/anna/caseway"),
        )


def test_the_keys_are_not_in_the_data_folder() -> None:
    found = load()
    assert found.data not in found.secret_key_file.parents


def test_no_secret_is_in_the_settings_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEWAY_DATABASE_URL", "postgresql://caseway:hunter2@db/caseway")
    monkeypatch.setenv("CASEWAY_SECRET_KEYS", "hunter3")
    found = load()
    for text in (repr(found), str(found), str(found.model_dump()), found.model_dump_json):
        assert "hunter" not in str(text)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "0.0.0.0", "port": 80}, "http://127.0.0.1:80"),
        ({"host": "::1"}, "http://[::1]:8080"),
        (
            {"base_url": "https://support.example.com/caseway/"},
            "https://support.example.com/caseway",
        ),
    ],
)
def test_the_public_address(options: dict[str, object], url: str) -> None:
    found = load(**options)
    assert found.public_url == url
    assert found.webhook_url("cw_x") == f"{url}/backend/creatio/webhook/cw_x"


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("https://10.1.2.3", True),
        ("http://localhost:8080", True),
        ("https://caseway.internal", True),
        ("https://support.example.com", False),
        ("https://8.8.8.8", False),
    ],
)
def test_what_a_cloud_cannot_reach(address: str, private: bool) -> None:
    assert is_private(address) is private
