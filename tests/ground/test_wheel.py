"""The wheel holds everything that Caseway needs, and works where no checkout is."""

import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from build_frontend import BUILT
from tests.database import data_folder

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.prefix, "bin/uv")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("caseway-*.whl")
    return built


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert wanted
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_built_browser_code_is_in_the_wheel(wheel: Path) -> None:
    inside = BUILT.removeprefix("src/") + "/"
    held = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(inside)]
    for name in ("widget.js", "tabler.min.css", "htmx.min.js", "icons.json"):
        assert f"{inside}{name}" in held


def test_the_wheel_holds_nothing_but_the_packages_and_their_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    (notes,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    assert {name.partition("/")[0] for name in names} == {"caseway", "creatio_sandbox", notes}
    assert f"{notes}/licenses/LICENSE" in names


def test_the_wheel_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    python = place / "bin/python"
    run(sys.executable, "-m", "venv", "--without-pip", place, cwd=tmp_path)
    install = (UV, "pip", "install", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements/runtime.txt", cwd=tmp_path)
    run(*install, "--no-deps", wheel, cwd=tmp_path)
    assert "serve" in run(place / "bin/caseway", "--help", cwd=tmp_path)
    found = run(python, "-c", "import caseway; print(caseway.__file__)", cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(place)
    with data_folder() as data:
        demo = subprocess.Popen(
            [place / "bin/caseway", "demo", "--json", "--port", "0", "--data", data],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert demo.stdout is not None
        try:
            said = json.loads(demo.stdout.readline())
            for address in (said["widget_url"], f"{said['api_url']}/demo", said["agent_desk_url"]):
                with urlopen(address, timeout=30) as answer:
                    assert answer.status == 200
            with urlopen(f"{said['api_url']}/widget.js", timeout=30) as answer:
                assert b"caseway-chat" in answer.read()
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) == 0
            demo.stdout.close()
