"""The build hook: puts the built browser code into the wheel."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import build_frontend  # beside this file, which the line above makes findable


class BrowserCode(BuildHookInterface[BuilderConfig]):
    def needs_building(self, version: str) -> bool:
        """An editable install serves the checkout's own files: `./dev` builds those."""
        return version != "editable" and not build_frontend.is_current(Path(self.root))

    def dependencies(self) -> list[str]:
        if build_frontend.is_current(Path(self.root)) or build_frontend.node_on_path():
            return []
        return [build_frontend.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if self.needs_building(version):
            build_frontend.build(Path(self.root))
