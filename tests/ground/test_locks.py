"""The lock files say what pyproject.toml asks for, exactly, and from nowhere in particular."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import build_frontend

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def asked(group: str) -> list[Requirement]:
    if group == "runtime":
        return [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    lines = PROJECT["dependency-groups"][group]
    own = [Requirement(line) for line in lines if isinstance(line, str)]
    included = [line["include-group"] for line in lines if isinstance(line, dict)]
    return own + [requirement for name in included for requirement in asked(name)]


def pins(lock: Path) -> Iterator[tuple[str, Version, int]]:
    """Name, version and number of hashes, in the order of the file."""
    name, version, hashes = "", Version("0"), 0
    for line in lock.read_text().splitlines():
        if line.startswith("#"):
            continue
        if pin := PIN.match(line):
            if name:
                yield name, version, hashes
            name, version, hashes = canonicalize_name(pin["name"]), Version(pin["version"]), 0
        else:
            assert HASH.match(line), f"{lock.name} has a line that is neither pin nor hash: {line}"
            hashes += 1
    yield name, version, hashes


def test_each_group_of_the_project_has_a_lock_and_each_lock_a_group() -> None:
    groups = {"runtime", "uv", *PROJECT["dependency-groups"]}
    assert {lock.stem for lock in LOCKS} == groups


@pytest.mark.parametrize("group", ["runtime", *PROJECT["dependency-groups"]])
def test_what_the_project_asks_for_is_locked_within_its_range(group: str) -> None:
    locked: dict[str, list[Version]] = {}
    for name, version, _ in pins(ROOT / "requirements" / f"{group}.txt"):
        locked.setdefault(name, []).append(version)
    for requirement in asked(group):
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement} is not in {group}.txt: run `./dev lock`"
        outside = [v for v in versions if v not in requirement.specifier]
        assert not outside, f"{requirement} is locked as {outside}: run `./dev lock`"


def test_no_two_locks_disagree_on_a_version() -> None:
    chosen: dict[str, set[Version]] = {}
    for lock in LOCKS:
        found: dict[str, set[Version]] = {}
        for name, version, _ in pins(lock):
            found.setdefault(name, set()).add(version)
        for name, versions in found.items():
            assert chosen.setdefault(name, versions) == versions, f"{name} differs in {lock.name}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_each_pin_carries_a_hash_and_no_file_names_a_host(lock: Path) -> None:
    assert not [name for name, _, hashes in pins(lock) if not hashes]
    assert not re.findall(r"://|@ |--(?:index|extra|find)|\.(?:org|com|io|net)\b", lock.read_text())


def test_nothing_takes_the_place_of_urllib3() -> None:
    """niquests brings a fork of urllib3 under its name, which breaks every call of schemathesis."""
    names = {name for lock in LOCKS for name, _, _ in pins(lock)}
    assert not names & {"niquests", "urllib3-future"}


@pytest.mark.parametrize("folder", build_frontend.SOURCES)
def test_the_browser_codes_lock_names_no_host_either(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    outside = {name: entry for name, entry in packages.items() if name.startswith("node_modules/")}
    assert outside
    assert not [name for name, entry in outside.items() if "resolved" in entry]
    assert not [name for name, entry in outside.items() if "integrity" not in entry]
