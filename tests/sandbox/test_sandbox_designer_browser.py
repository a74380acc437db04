"""The designer in a real browser: it fits, its keys work, nothing typed is lost."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from creatio_sandbox.elements import Condition, Source
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.clicking import a_browser, fits_everywhere
from tests.sandbox.drawings import caseway, drawn, end, gateway, read, tell

SUCCESS = Source(element="e2", column="Success")
CASE = Source(element="e1", column="CaseId")
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True, seed_cases=2)) as sandbox:
        yield sandbox


@pytest.fixture
def process(place: Sandbox) -> Iterator[str]:
    """With a gateway, problems, a run that failed and one that waits for ever."""
    place.keep_service(caseway("http://127.0.0.1:9/hook"))
    branch = gateway(Condition(SUCCESS, "eq", "true"), [tell("again", CASE, "e3"), end()], None)
    kept = place.keep_process(drawn(read(), tell("first", CASE), branch, name=f"Tell {LONG}"))
    place.set_webhook("http://127.0.0.1:9/hook")
    place.write_task(place.create("Case", {"Subject": "a"}), "one")
    place.wait_until_idle()
    yield kept.id
    place.reset()


@pytest.fixture
def page(browser: Browser, place: Sandbox) -> Iterator[Page]:
    context = browser.new_context(base_url=place.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits(page: Page, place: Sandbox, process: str, theme: str) -> None:
    design = f"/desk/processes/{process}/design?element="
    paths = [f"{design}{each}" for each in ("start", "e1", "e2", "e10", "e11", "e99")]
    paths += ["/desk/processes", f"/desk/processes/{process}/run", "/desk/log"]
    paths += [f"/desk/log/{run.id}" for run in place.log()]
    service = "/desk/web-services/UsrCaseway"
    methods = f"{service}/methods"
    paths += ["/desk/web-services", service, f"{methods}/SendEvent", f"{methods}/new"]
    fits_everywhere(page, paths, theme)


def test_keys_move_edit_add_and_remove(page: Page, process: str) -> None:
    page.goto(f"/desk/processes/{process}/design")
    page.locator("#n-start").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#n-e1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Title", exact=True)).to_be_focused()
    page.get_by_role("textbox", name="Title", exact=True).fill("Read the activity")
    page.locator("#n-e1").focus()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Read data", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    added = page.locator(".node[aria-current]")
    expect(added).to_contain_text("Call web service 1")
    expect(added).to_be_focused()
    expect(page.locator("#n-e1")).to_contain_text("Read the activity")
    page.keyboard.press("Delete")
    expect(page.get_by_text("Call web service 1")).to_have_count(0)
    expect(page.locator("#n-e1")).to_be_focused()


def test_a_letter_typed_into_a_field_is_only_a_letter(page: Page, process: str) -> None:
    page.goto(f"/desk/processes/{process}/design?element=e1")
    page.get_by_role("textbox", name="Title", exact=True).fill("")
    page.get_by_role("textbox", name="Title", exact=True).press_sequentially("a task")
    expect(page.get_by_role("textbox", name="Title", exact=True)).to_have_value("a task")
    page.keyboard.press("Enter")
    expect(page.locator("#n-e1")).to_contain_text("a task")


def test_a_problem_is_mended_by_its_button_and_a_mark_put_in(
    page: Page, place: Sandbox, process: str
) -> None:
    page.goto(f"/desk/processes/{process}/design?element=e3")
    page.get_by_role("button", name="Add a default flow").click()
    expect(page.locator("#problems")).to_contain_text("Problems 0")
    page.locator("#n-e3").click()
    page.get_by_label("The short form: an address and a body").check()
    page.get_by_label("URL").fill("http://127.0.0.1:9/short")
    page.get_by_label("Request body").fill('{"caseId": ""}')
    page.get_by_label("Request body").evaluate("area => area.setSelectionRange(12, 12)")
    page.get_by_label("Parameter to insert").select_option("[#Case.Id#]")
    page.get_by_role("button", name="Insert").click()
    expect(page.get_by_label("Request body")).to_have_value('{"caseId": "[#Case.Id#]"}')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Version 2, saved")).to_be_visible()
    (kept,) = (each for each in place.processes() if each.id == process)
    assert kept.version == 2


def test_the_log_is_live(page: Page, place: Sandbox, process: str) -> None:
    page.goto("/desk/log")
    rows = page.locator("#runs tbody tr")
    before = rows.count()
    place.write_task(place.cases()[0]["id"], "another one")
    expect(rows).not_to_have_count(before)
    assert process in {run.process_id for run in place.log()}
