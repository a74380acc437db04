"""Ids of Creatio's shipped records. Case statuses are customised everywhere: use their flags."""

from typing import Final
from uuid import UUID

TASK: Final = UUID("fbe0acdc-cfc0-df11-b00f-001d60e938c6")
EMAIL: Final = UUID("e2831dec-cfc0-df11-b00f-001d60e938c6")
TO_DO: Final = UUID("f51c4643-58e6-df11-971b-001d60e938c6")
COMPLETED: Final = UUID("4bdbb88f-58e6-df11-971b-001d60e938c6")
CANCELED: Final = UUID("201cfba8-58e6-df11-971b-001d60e938c6")
INCOMING: Final = UUID("7f9d1f86-f36b-1410-068c-20cf30b39373")
OUTGOING: Final = UUID("7f6d3f94-f36b-1410-068c-20cf30b39373")
SENT: Final = UUID("8074ffc0-6107-e011-a646-16d83cab0980")
NOT_SENT: Final = UUID("20c0c460-6107-e011-a646-16d83cab0980")
ORIGIN_CHAT: Final = UUID("019259af-ec9c-4c87-9565-3c00700c7875")
ORIGIN_SITE: Final = UUID("d38a1692-5a83-4253-a592-7d19fe00593c")
STATUS_RESOLVED: Final = UUID("ae7f411e-f46b-1410-009b-0050ba5d6c38")
STATUS_REOPENED: Final = UUID("f063ebbe-fdc6-4982-8431-d8cfa52fedcf")

TYPE_NAMES: Final = {
    TASK: "Task",
    EMAIL: "Email",
    UUID("e1831dec-cfc0-df11-b00f-001d60e938c6"): "Call",
    UUID("e3831dec-cfc0-df11-b00f-001d60e938c6"): "Visit",
}
