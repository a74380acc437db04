"""Secrets are unreadable at rest, readable after a rotation, and never shown."""

import logging
import pickle
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.secret import Secret
from caseway.store.secrets import KeyTrouble, Secrets, fingerprint, new_key, open_secrets


@given(text=st.text())
def test_a_secret_comes_back(text: str) -> None:
    secrets = Secrets([new_key()])
    token = secrets.encrypt(text)

    assert secrets.decrypt(token).reveal() == text
    assert secrets.encrypt(text) != token  # equal secrets do not look equal


def test_rotation_keeps_old_secrets_readable_until_the_old_key_goes() -> None:
    old, new = new_key(), new_key()
    token = Secrets([old]).encrypt("hunter2")
    both = Secrets([new, old])

    assert both.decrypt(token) == Secret("hunter2")
    moved = both.rotate(token)
    assert Secrets([new]).decrypt(moved) == Secret("hunter2")
    with pytest.raises(KeyTrouble, match=fingerprint(new)):
        Secrets([new]).decrypt(token)
    with pytest.raises(KeyTrouble):
        Secrets([new]).rotate(token)


def test_an_altered_secret_is_refused() -> None:
    secrets = Secrets([new_key()])
    token = bytearray(secrets.encrypt("hunter2"))
    token[20] ^= 1
    with pytest.raises(KeyTrouble):
        secrets.decrypt(bytes(token))


def test_the_key_file_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    made: list[Secrets] = []
    starts = [
        threading.Thread(target=lambda: made.append(open_secrets([], tmp_path))) for _ in range(8)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()

    file = tmp_path / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {secrets.fingerprints for secrets in made} == {(fingerprint(file.read_text()),)}
    assert len(made) == 8
    assert list(tmp_path.iterdir()) == [file]


def test_configured_keys_come_before_the_file(tmp_path: Path) -> None:
    key = new_key()
    assert open_secrets([key], tmp_path).fingerprints == (fingerprint(key),)
    assert list(tmp_path.iterdir()) == []


def test_the_file_may_hold_former_keys(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    file = tmp_path / "secret.key"
    file.write_text(f"{new}\n{old}\n")
    file.chmod(0o600)
    assert open_secrets([], tmp_path).decrypt(Secrets([old]).encrypt("x")) == Secret("x")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_secrets([], tmp_path)
    (tmp_path / "secret.key").chmod(0o640)
    with pytest.raises(KeyTrouble, match="chmod 600"):
        open_secrets([], tmp_path)


def test_an_emptied_key_file_is_not_filled_with_another_key(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    with pytest.raises(KeyTrouble, match="is empty"):
        open_secrets([], tmp_path)
    assert file.read_bytes() == b""


def test_a_bad_key_is_refused_by_its_position_and_not_shown() -> None:
    with pytest.raises(KeyTrouble, match="key 2 of 2") as refusal:
        Secrets([new_key(), "not-a-key-but-secret"])
    assert "not-a-key-but-secret" not in str(refusal.value)
    command = str(refusal.value).partition("printed by: ")[2]
    made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    Secrets([made.stdout])
    with pytest.raises(KeyTrouble):
        Secrets([])


def test_a_secret_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("test").warning("connecting with %s and %r", secret, {"password": secret})

    assert caplog.messages == ["connecting with *** and {'password': ***}"]
    assert f"{secret} {secret!r} {secret:>9}" == "*** *** ***"
    assert "hunter2" not in repr([secret])
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")


def test_secrets_compare_by_their_text() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")


def test_the_keys_do_not_show() -> None:
    key = new_key()
    assert key not in repr(Secrets([key]))
