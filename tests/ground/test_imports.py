"""Who may import whom, as far as import-linter cannot say it (the rest is in pyproject.toml)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

SEAMS = {
    "alembic": "caseway/store",
    "asyncpg": "caseway/store",
    "odata_query": "creatio_sandbox",
    "pgqueuer": "caseway/store",
    "sqlalchemy": "caseway/store",
}
WIRING = {
    SOURCE / f"caseway/{name}.py" for name in ("bootstrap", "house", "serve")
}  # may know everything


def imported(file: Path, *, at_run_time: bool = False) -> Iterator[str]:
    """`at_run_time`: leaving out what only the type checker reads."""
    tree = ast.parse(file.read_text())
    if at_run_time:
        tree = _AtRunTime().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports relatively: name the package"
            yield node.module or ""


class _AtRunTime(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    files = list((SOURCE / "caseway/domain").rglob("*.py"))
    assert files
    for file in files:
        foreign = [
            name
            for name in imported(file)
            if name.partition(".")[0] not in sys.stdlib_module_names
            and not f"{name}.".startswith("caseway.domain.")
        ]
        assert not foreign, f"{file.name} imports {foreign}"


@pytest.mark.parametrize(("package", "room"), SEAMS.items())
def test_a_replaceable_package_is_known_in_one_room_only(package: str, room: str) -> None:
    for file in set(SOURCE.rglob("*.py")) - WIRING:
        if not file.is_relative_to(SOURCE / room):
            assert package not in {
                name.partition(".")[0] for name in imported(file, at_run_time=True)
            }, file
