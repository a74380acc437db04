"""The command as people run it: a process of its own, in an installation of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line of the result."""
        [line] = self.out.splitlines()
        return line

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder and a configuration folder; nothing else of this machine is read."""

    data: Path
    configuration: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith("CASEWAY_")}
        return {
            **clean,
            "CASEWAY_DATA": str(self.data),
            "CASEWAY_CONFIG": str(self.configuration),
            **self.variables,
            **more,
        }

    def try_(self, *words: str, stdin: str = "", **variables: str) -> Done:
        """Run it, however it ends."""
        found = subprocess.run(
            [sys.executable, "-m", "caseway", *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            env=self.environment(variables),
            check=False,
        )
        return Done(found.returncode, found.stdout, found.stderr)

    def __call__(self, *words: str, stdin: str = "", **variables: str) -> Done:
        """Run it to its good end."""
        done = self.try_(*words, stdin=stdin, **variables)
        assert done.code == 0, done.err
        return done
