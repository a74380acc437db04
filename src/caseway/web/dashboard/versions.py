"""Which version of a thing a form was opened with: of two who change it, the later one is told."""

from collections.abc import Mapping


def opened_with(form: Mapping[str, object], there: int) -> int:
    """However often the form came back with faults. One that does not say: what is there."""
    try:
        return int(str(form.get("version", there)))
    except ValueError:
        return 0
