"""What OData tells of the process library: titles, and which of them are active."""

from creatio_sandbox.testing import Rights, Sandbox
from tests.sandbox.caller import Caller

ASKED = "VwProcessLib?$select=Caption,Enabled,IsActiveVersion&$filter=startswith(Caption,'Webhook')"


def test_a_process_that_is_switched_off_is_listed_as_such(caller: Caller, sandbox: Sandbox) -> None:
    assert caller.get(ASKED).rows == []
    sandbox.set_webhook("http://127.0.0.1:9/hook")
    first, second = sandbox.processes()
    first.active = False
    sandbox.keep_process(first)
    found = {row["Caption"]: row["Enabled"] for row in caller.get(ASKED).rows}
    assert found == {first.name: False, second.name: True}
    assert all(row["IsActiveVersion"] for row in caller.get(ASKED).rows)


def test_nobody_writes_there_and_a_missing_right_hides_it(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_webhook("http://127.0.0.1:9/hook")
    known = sandbox.processes()[0].id
    assert caller.post("VwProcessLib", {"Caption": "mine"}).status == 403
    assert caller.patch(f"VwProcessLib({known})", {"Enabled": False}).status == 403
    assert caller.delete(f"VwProcessLib({known})").status == 403
    sandbox.set_rights(Rights(users={"Integration user": {"VwProcessLib": frozenset()}}))
    assert caller.get(ASKED).status == 403
