"""The newcomer's way, from an empty database to a conversation that has gone round, by clicks alone."""

import re
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from caseway.domain.guide import CLOSURE, NEW_REPLY
from tests.acceptance.desk import Desk
from tests.acceptance.far import eventually
from tests.acceptance.installation import Installation, creatio, installed
from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.sandbox.clicking import Hand
from tests.sandbox.guide import build_process, register_service

PATIENCE_MS = 60_000
WELCOME = re.compile(r"http://\S+/welcome/\S+")


@pytest.fixture
def caseway() -> Iterator[Installation]:
    """Served, and nobody has ever been there."""
    with installed() as found:
        serving = found.start("serve")
        try:
            found.wait_until_ready(serving)
            yield found
        finally:
            serving.kill()
            serving.wait()


@pytest.fixture
def desk(caseway: Installation) -> Iterator[Desk]:
    with creatio(caseway.folder) as found:
        yield found


@pytest.fixture
def context(browser: Browser, caseway: Installation) -> Iterator[BrowserContext]:  # noqa: F811
    made = browser.new_context(
        viewport={"width": 1500, "height": 900}, locale="en-GB", base_url=caseway.url
    )
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def test_a_newcomer_connects_creatio_and_sees_a_conversation_go_round(
    context: BrowserContext, caseway: Installation, desk: Desk
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    began = time.monotonic()
    link = eventually(lambda: WELCOME.search(caseway.log), what="the owner's link")
    assert link is not None
    office = Hand(context.new_page(), scripted=True)
    office.page.goto(link[0])
    become_owner(office)
    connect(office, desk)
    url = copy_webhook_url(office)

    agent = Hand(context.new_page(), scripted=True)
    agent.page.goto(f"{desk.url}/desk")
    sign_in(agent, desk)
    register_service(agent, url)
    build_process(agent, NEW_REPLY)
    build_process(agent, CLOSURE)

    visitor = add_widget(office, context)
    office.page.goto("/settings/integrations/creatio")
    # Before anybody writes: without the filter on who made it, our own activity is called about too.
    for kind in (NEW_REPLY.event_type, CLOSURE.event_type):
        waits(office.page, kind)
    question = f"Do you sell bells? {uuid4()}"
    write(visitor, question)
    agent.link("Cases")
    agent.click(agent.page.get_by_role("link").filter(has_text=question).first)
    agent.type("Text", "We do.")
    agent.button("Save")
    arrived(visitor.page, "We do.")
    is_lit(office.page, "new_activity")
    waits(office.page, "case_closed")
    agent.button("Resolve")
    expect(visitor.page.get_by_text("resolved", exact=False).first).to_be_visible()
    is_lit(office.page, "case_closed")

    office.link("Inbox")
    office.click(office.page.get_by_role("group", name="State").get_by_text("Resolved"))
    row = office.page.get_by_role("row").filter(has_text="This conversation was resolved.")
    expect(row).to_contain_text("SR00000001")
    office.click(row.get_by_role("link", name="Visitor"))
    expect(office.page.get_by_text("Both sides agree")).to_be_visible()

    hands = (office, agent, visitor)
    print(
        f"\nFrom the link to the end: {sum(each.clicks for each in hands)} clicks, "
        f"{sum(each.fields for each in hands)} typed fields, {time.monotonic() - began:.0f} s"
    )


def become_owner(office: Hand) -> None:
    office.type("Name", "Mara Vogt")
    office.type("Email", "mara@example.com")
    office.type("Password", "a short sentence is good")
    office.button("Create")
    expect(office.page.get_by_role("heading", name="Connect Creatio", exact=True)).to_be_visible()


def connect(office: Hand, desk: Desk) -> None:
    """Wrong at first: nothing is saved, and the check says what to do."""
    office.type("Name", "north")
    office.type("Instance URL", f"{desk.url}/0/Shell/#Desktop")
    office.type("Client ID", desk.client_id)
    office.type("Client secret", f"{desk.client_secret}, mistyped")
    office.button("Test & save")
    trial = office.page.locator("#trial")
    expect(trial.locator("li.failed").first).to_be_visible()
    expect(trial).to_contain_text("Nothing was saved")
    office.type("Client secret", desk.client_secret)
    office.button("Test & save")
    expect(office.page.get_by_role("heading", name="north")).to_be_visible()
    expect(office.page.get_by_role("heading", name="Healthy")).to_be_visible()


def copy_webhook_url(office: Hand) -> str:
    office.click(office.page.get_by_role("link", name="Let Creatio call Caseway"))
    make = office.page.get_by_role("button", name="Make the URL")
    copy = office.page.get_by_role("button", name="Copy URL").first
    expect(make.or_(copy).first).to_be_visible()
    if make.count():
        office.click(make)
    office.click(copy)
    expect(office.page.locator("#said")).to_contain_text("Copied")  # the browser takes its time
    url: str = office.page.evaluate("navigator.clipboard.readText()")
    assert "/backend/creatio/webhook/cw_" in url
    return url


def sign_in(agent: Hand, desk: Desk) -> None:
    agent.type("User name", desk.user)
    agent.type("Password", desk.password)
    agent.button("Sign in")
    expect(agent.page.get_by_role("link", name="Web services")).to_be_visible()


def add_widget(office: Hand, context: BrowserContext) -> Hand:
    """And the page on which one may try it, as a customer sees it."""
    office.click(office.page.get_by_role("link", name="Open a channel"))
    office.click(office.page.get_by_role("link", name="Connect").first)
    office.type("Name", "shop")
    office.page.get_by_label("Sites that may show it").fill("https://www.example.com")
    office.fields += 1
    office.button("Add channel")
    visitor = Hand(context.new_page(), scripted=True)
    visitor.page.goto(office.page.url.partition("?")[0])
    visitor.click(visitor.page.get_by_role("link", name="Try it").first)
    return visitor


def write(visitor: Hand, text: str) -> None:
    field = visitor.page.get_by_role("textbox", name="Write a message")
    field.fill(text)
    visitor.fields += 1
    field.press("Enter")
    expect(visitor.page.get_by_text(re.compile(r"^\s*Sent"))).to_be_visible()


def arrived(page: Page, text: str) -> None:
    expect(page.locator(".bubble .words").get_by_text(text, exact=True)).to_have_count(1)


def waits(page: Page, kind: str) -> None:
    expect(page.locator(f"#light-{kind}")).to_contain_text("Waiting")


def is_lit(page: Page, kind: str) -> None:
    """It turns green by itself: nobody loads the page again."""
    expect(page.locator(f"#light-{kind}")).to_contain_text("Arriving")
