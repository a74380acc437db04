"""The reference says what the code says, and all of it."""

import re
from pathlib import Path

import pytest

from caseway import config
from caseway.config import PREFIX, Settings
from caseway.telemetry import METRICS
from tests.config import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_says_what_there_is(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), (
        f"docs/reference/{name} is out of date: .venv/bin/python -m tests.config.reference"
    )


def test_every_setting_says_what_it_is() -> None:
    page = reference.settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"| `{PREFIX}{name.upper()}` |" in page


def test_every_setting_that_a_text_names_exists() -> None:
    source = Path(config.__file__).parent
    texts = [path for ending in ("py", "html") for path in source.rglob(f"*.{ending}")]
    assert len(texts) > 200
    named = {
        name: path
        for path in texts
        for name in re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    assert {name: path for name, path in named.items() if name not in known} == {}


def test_every_command_says_what_it_does_and_gives_an_example() -> None:
    found = dict(reference.commands())
    assert {"caseway connection add", "caseway channel add widget", "caseway token rotate"} <= set(
        found
    )
    for path, text in found.items():
        assert f"Usage: {path}" in text
        assert not re.search(r"\.\.\.$", text.partition("Commands:")[2], re.MULTILINE), path
        if "Commands:" not in text:
            assert "Examples:" in text, path
            assert path in text.partition("Examples:")[2], path


def test_every_metric_is_ours_by_its_name() -> None:
    page = reference.metrics_page()
    for metric in METRICS.values():
        assert metric.name.startswith("caseway_")
        assert f"| `{metric.exposed_name}` |" in page
