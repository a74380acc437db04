"""The desk in a real browser: it fits, it is live, and it works without a script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.clicking import a_browser, fits_everywhere

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
ARABIC = "السلام عليكم، دراجتي تصدر صوتا"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def desk() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True, seed_cases=6)) as sandbox:
        yield sandbox


@pytest.fixture
def case(desk: Sandbox) -> Iterator[str]:
    """A case with an entry of every kind, and names that are hard to fit."""
    contact = desk.create("Contact", {"Name": LONG, "Email": f"{'a' * 60}@customer.example"})
    case = desk.create("Case", {"Subject": f"{ARABIC} {LONG}", "ContactId": contact})
    desk.write_task(case, "The pads are on their way. " * 12)
    desk.write_email(case, f"Hello,\n\n{LONG}\n{ARABIC}")
    desk.receive_email(case, "And when will they be here?")
    desk.note(case, "Check the warranty.")
    desk.attach(case, f"{LONG}.pdf", b"x" * 48_211)
    desk.set_webhook("http://127.0.0.1:9/hook")
    desk.set_status(case, "Resolved")
    desk.wait_until_idle()
    yield case
    desk.reset()


@pytest.fixture
def page(browser: Browser, desk: Sandbox) -> Iterator[Page]:
    context = browser.new_context(base_url=desk.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def test_a_case_that_comes_while_the_page_is_on_its_way_is_seen(page: Page, desk: Sandbox) -> None:
    def just_before(route: Route) -> None:
        desk.create("Case", {"Subject": "Between the page and its stream"})
        route.continue_()

    page.route("**/desk/stream", just_before)
    page.goto("/desk")
    expect(page.get_by_role("link", name="Between the page and its stream")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")  # the stream may just be opening anew


@pytest.mark.parametrize("kind", ["CasePage", "ActivityPageV2", "ContactPageV2"])
def test_an_address_of_creatios_own_leads_to_the_record(
    page: Page, desk: Sandbox, case: str, kind: str
) -> None:
    row = desk.row("Case", case)
    assert row is not None
    activity = desk.create("Activity", {"Title": "Call back", "CaseId": case})
    record = {"CasePage": case, "ActivityPageV2": activity}.get(kind, row["ContactId"])
    page.goto(f"/0/Nui/ViewModule.aspx#CardModuleV2/{kind}/edit/{record}")
    where = "/desk/contacts" if kind == "ContactPageV2" else f"/desk/cases/{case}"
    expect(page).to_have_url(re.compile(re.escape(where)))
    expect(page.get_by_role("main")).to_contain_text(LONG)


def test_an_address_of_a_section_leads_to_what_is_here_of_it(page: Page) -> None:
    page.goto("/0/Nui/ViewModule.aspx#SectionModuleV2/VwProcessLibSection")
    expect(page).to_have_url(re.compile("/desk/processes$"))
    page.goto("/Nui/ViewModule.aspx#SectionModuleV2/UsersSectionV2")
    expect(page).to_have_url(re.compile("/desk/system-designer#users$"))
    expect(page.locator("#users")).to_contain_text("Supervisor")
    page.goto("/0/Nui/ViewModule.aspx#IntroPage/SystemDesigner")
    expect(page.get_by_role("heading", level=1)).to_have_text("System designer")
    page.goto("/")
    expect(page.get_by_role("link", name="Cases", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits(page: Page, desk: Sandbox, case: str, theme: str) -> None:
    run = desk.log()[0].id
    paths = ["/desk", f"/desk/cases/{case}", f"/desk/cases/{case}?embed=1", "/desk/contacts"]
    paths += ["/desk/faults", "/desk/processes", "/desk/log", f"/desk/log/{run}"]
    paths += ["/desk/system-designer"]
    fits_everywhere(page, paths, theme)


def test_what_others_write_appears_and_what_i_type_stays(
    page: Page, desk: Sandbox, case: str
) -> None:
    page.goto(f"/desk/cases/{case}")
    page.get_by_label("Text", exact=True).fill("half a sent")
    desk.receive_email(case, "One more thing.")
    expect(page.get_by_text("One more thing.")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("half a sent")
    expect(page.locator("#bar")).to_contain_text("Reopened")
    fresh = desk.create("Case", {"Subject": "A case that just came in"})
    expect(page.locator(f"#case-{fresh}")).to_be_visible()
    desk.set_faults(errors=0.5)
    desk.note(case, "so that the page looks again")
    expect(page.locator("#banner")).to_contain_text("errors 50%")


def test_an_entry_is_written_by_keyboard(page: Page, desk: Sandbox, case: str) -> None:
    page.goto(f"/desk/cases/{case}")
    before = len(desk.case(case)["activities"])
    page.get_by_label("Email", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("textbox", name="To", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="To", exact=True).fill("ines@customer.example")
    page.get_by_label("Text", exact=True).fill("Sent by keyboard.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline").get_by_text("Sent by keyboard.")).to_be_visible()
    assert len(desk.case(case)["activities"]) == before + 1
    assert desk.case(case)["activities"][-1]["Recepient"] == "ines@customer.example"


def test_a_menu_closes_by_escape_and_by_a_click_elsewhere(page: Page, case: str) -> None:
    page.goto(f"/desk/cases/{case}")
    menu, choice = page.locator("#bar summary"), page.get_by_role("button", name="Nobody")
    menu.focus()
    page.keyboard.press("Enter")
    expect(choice).to_be_visible()
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    expect(choice).to_be_visible()
    page.locator("h1").click()
    expect(choice).to_be_hidden()


def test_it_works_without_a_script(browser: Browser, desk: Sandbox, case: str) -> None:
    context = browser.new_context(base_url=desk.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/desk?status=Resolved")
    page.locator(f"#case-{case}").click()
    page.get_by_label("Text", exact=True).fill("No script was needed.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No script was needed.")).to_be_visible()
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator("#bar").get_by_role("button", name="Resolve", exact=True)).to_be_visible()
    page.get_by_role("button", name="Closed").click()
    assert desk.case(case)["case"]["Status"] == "Closed"
    context.close()


def test_two_people_work_on_one_case_at_once(browser: Browser) -> None:
    with start(Plan(desk_open=True, agents=["Clara Brandt", "Ben Osei"])) as office:
        case = office.create("Case", {"Subject": "Rear brake squeals"})
        seats: dict[str, Page] = {}
        for name, width in (("Clara Brandt", 1280), ("Ben Osei", 390)):
            context = browser.new_context(
                base_url=office.url, viewport={"width": width, "height": 800}
            )
            page = seats[name] = context.new_page()
            page.goto(f"/desk/cases/{case}")
            page.locator(".me summary").click()
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.locator(".me summary")).to_have_text(re.compile(name))
            expect(page).to_have_url(re.compile(f"/desk/cases/{case}"))
        clara, ben = seats["Clara Brandt"], seats["Ben Osei"]
        ben.get_by_label("Text", exact=True).fill("half a sent")
        clara.get_by_label("Text", exact=True).fill("See the drawing.")
        clara.get_by_label("Files", exact=True).set_input_files(
            {"name": "drawing.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
        )
        clara.get_by_role("button", name="Save").click()
        timeline = ben.locator("#timeline")
        expect(timeline).to_contain_text("See the drawing.")
        expect(timeline).to_contain_text("Clara Brandt")
        expect(ben.get_by_label("Text", exact=True)).to_have_value("half a sent")
        with ben.expect_download() as download:
            timeline.get_by_role("link", name="drawing.pdf").click()
        assert download.value.path().read_bytes() == b"%PDF"
        ben.locator("#bar summary").click()
        ben.get_by_role("button", name="Ben Osei (me)").click()
        expect(clara.locator("#side")).to_contain_text("Ben Osei")
        for page in seats.values():
            page.context.close()


def test_the_script_says_when_the_stream_is_gone(page: Page) -> None:
    with start(Plan(desk_open=True)) as short_lived:
        page.goto(f"{short_lived.url}/desk")
        expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("Live paused, trying again.")
