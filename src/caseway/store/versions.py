"""Of two who change one thing at once, the later one is told, and nothing is taken back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from caseway.ports import Overtaken

OVERTAKEN: Final = (
    "{name} was changed since you opened this page{difference}. Nothing was saved, so that the "
    "change is kept."
)


def refuse_if_overtaken(
    name: str,
    *,
    looked_at: int | None,
    there: int,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Under the lock. Raises `Overtaken` unless the version that was looked at, None: any, is the
    one that is there. Before and after hold no secret.
    """
    if looked_at in {None, there}:
        return
    was, wanted = dict(_flat(before)), dict(_flat(after))
    differ = [field for field in wanted if wanted[field] != was.get(field)]
    difference = f": it differs from yours in: {', '.join(differ)}" if differ else ""
    raise Overtaken(OVERTAKEN.format(name=name, difference=difference))


def _flat(told: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
    """Each field by its path, in words."""
    for name, value in msgspec.to_builtins(told, order="deterministic").items():
        words = "" if name == "settings" else name.replace("_", " ")
        if isinstance(value, Mapping):
            for below, each in _flat(value):
                yield f"{words} {below}".strip(), each
        else:
            yield words, value
