"""Homes for clients that others wrote: made once from their locks, kept in .cache, never shared
with the project's own environment, whose versions they could not agree with.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_frontend import npm_command

ROOT = Path(__file__).resolve().parents[2]
STORIES = Path(__file__).parent / "foreign"
HOMES = ROOT / ".cache" / "foreign"
LOCK = STORIES / "requirements.txt"
BUILD_SECONDS = 150
STORY_SECONDS = 60


def home(name: str, sources: tuple[Path, ...], build: Callable[[Path], None]) -> Path:
    """Built beside its place and moved there whole: two workers may both build, one is kept."""
    mark = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    place = HOMES / f"{name}-{mark}"
    if place.exists():
        return place
    HOMES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOMES) as folder:
        made = Path(folder) / "home"
        build(made)
        try:
            made.rename(place)
        except OSError:
            assert place.exists()  # another worker was faster
    return place


def build_python(place: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", place)
    uv = Path(sys.executable).with_name("uv")
    # Copies: links into uv's own cache would not outlive it.
    install = ("pip", "install", "--quiet", "--require-hashes", "--link-mode", "copy")
    run(uv, *install, "--python", place / "bin" / "python", "--requirement", LOCK)


def build_node(place: Path) -> None:
    place.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(STORIES / name, place)
    npm, environment = npm_command()
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    run(*npm, "ci", *quiet, cwd=place, env=environment)


def run(*command: str | Path, **options: Any) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, **options
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"


def tell_in_python(story: str, *arguments: str, folder: Path, **environment: str) -> dict[str, Any]:
    place = home("python", (LOCK,), build_python)
    return _tell([place / "bin" / "python", STORIES / story, *arguments], folder, environment)


def tell_in_node(story: str, *arguments: str, folder: Path) -> dict[str, Any]:
    place = home("node", (STORIES / "package-lock.json",), build_node)
    _, environment = npm_command()
    path = {"NODE_PATH": str(place / "node_modules"), "PATH": environment["PATH"]}
    return _tell(["node", STORIES / story, *arguments], folder, path)


def _tell(command: list[str | Path], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What the story saw: its last line."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=STORY_SECONDS,
        check=False,
        cwd=folder,
        env={**os.environ, "NO_PROXY": "*", **environment},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    saw: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return saw
