"""Which business processes Creatio's library lists, where it lets us read that.

`VwProcessLib` is the view behind the process library: Caption is the title that people see,
Enabled whether the process is switched on. Many instances hide system tables from OData.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from caseway.creatio.odata import Rows
from caseway.domain.guide import TITLES

_BEGIN: Final = "Caseway"
_FILTER: Final = quote(f"startswith(Caption,'{_BEGIN}') and IsActiveVersion eq true", safe="(),'")
LISTED: Final = f"/odata/VwProcessLib?$select=Id,Caption,Enabled&$filter={_FILTER}&$top=50"


class ProcessRow(msgspec.Struct, rename="pascal"):
    caption: str | None = None
    enabled: bool | None = None


PROCESSES: Final = msgspec.json.Decoder(Rows[ProcessRow])


def listed(rows: Sequence[ProcessRow]) -> Mapping[str, bool]:
    """Of the titles that our guide gives: whether each that is there is active. No other title
    leaves this function, since it would be a foreign text.
    """
    known = {title.lower(): title for title in TITLES.values()}
    found: dict[str, bool] = {}
    for row in rows:
        title = known.get((row.caption or "").strip().lower())
        if title is not None:
            found[title] = found.get(title, False) or bool(row.enabled)
    return found
