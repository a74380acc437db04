"""The ids of the shipped product that rules and the desk speak of by name."""

from typing import Final

EMPTY: Final = "00000000-0000-0000-0000-000000000000"

STATUS: Final = {
    "New": "ae5f2f10-f46b-1410-fd9a-0050ba5d6c38",
    "In progress": "7e9f1204-f46b-1410-fb9a-0050ba5d6c38",
    "Waiting for response": "3859c6e7-cbcb-486b-ba53-77808fe6e593",
    "Resolved": "ae7f411e-f46b-1410-009b-0050ba5d6c38",
    "Closed": "3e7f420c-f46b-1410-fc9a-0050ba5d6c38",
    "Canceled": "6e5f4218-f46b-1410-fe9a-0050ba5d6c38",
    "Reopened": "f063ebbe-fdc6-4982-8431-d8cfa52fedcf",
}
TASK: Final = "fbe0acdc-cfc0-df11-b00f-001d60e938c6"
EMAIL: Final = "e2831dec-cfc0-df11-b00f-001d60e938c6"
TO_DO: Final = "f51c4643-58e6-df11-971b-001d60e938c6"
EMAIL_CATEGORY: Final = "8038a396-7825-e011-8165-00155d043204"
NOT_STARTED: Final = "384d4b84-58e6-df11-971b-001d60e938c6"
COMPLETED: Final = "4bdbb88f-58e6-df11-971b-001d60e938c6"
INCOMING: Final = "7f9d1f86-f36b-1410-068c-20cf30b39373"
OUTGOING: Final = "7f6d3f94-f36b-1410-068c-20cf30b39373"
SENT: Final = "8074ffc0-6107-e011-a646-16d83cab0980"
NOT_SENT: Final = "20c0c460-6107-e011-a646-16d83cab0980"
FROM: Final = "6a6390c4-a6e1-df11-971b-001d60e938c6"
TO: Final = "3a6893ce-a6e1-df11-971b-001d60e938c6"
NOTIFIED_BY_EMAIL: Final = "d6650c53-bbe4-4ac2-9df8-a1fd23938e83"
NOTIFIED_BY_PORTAL: Final = "0c61da8a-7a29-42c0-9877-08d5fef15f28"
NOTIFIED_BY_FEED: Final = "cbc093f4-ae7b-4ce1-89c9-51c5cddced59"
FILE: Final = "529bc2f8-0ee0-df11-971b-001d60e938c6"
CASE_SCHEMA: Final = "117d32f9-8275-4534-8411-1c66115ce9cd"

SUPERVISOR_USER: Final = "7f3b869f-34f3-4f20-ab4d-7480a5fdf647"
SUPERVISOR: Final = "410006e1-ca4e-4502-a9ec-e54d922d2c00"  # the contact of that user
INTEGRATION_USER: Final = "5a4d0c10-0000-4000-8000-000000000002"
INTEGRATION: Final = "5a4d0c10-0000-4000-8000-000000000001"
EVERYBODY: Final = "a29a3ba5-4b0d-de11-9a51-005056c00008"  # the role All employees
FIRST_LINE: Final = "5a4d0c10-0000-4000-8000-000000000010"
CUSTOMER_TYPE: Final = "806732ee-f36b-1410-a883-16d83cab0980"
OUR_COMPANY: Final = "e308b781-3c5b-4ecb-89ef-5c1ed4da488e"
