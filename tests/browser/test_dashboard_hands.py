"""The page under the hand: lists that stay where they are, keys, and what is said of a lost stream."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.late import LateAnswers
from tests.browser.list_page import ListPage
from tests.browser.serving import serving
from tests.browser.shop import eventually

SOON_MS = 20_000
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def listed() -> ListPage:
    return ListPage({name: f"Event {name}" for name in ("c", "b", "a")})


@pytest.fixture
def opened(listed: ListPage, page: Page) -> Iterator[Page]:
    page.context.set_default_timeout(SOON_MS)
    expect.set_options(timeout=SOON_MS)
    with serving(listed.app()) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        yield page


def shown(page: Page) -> list[str]:
    return page.locator("[data-row]").all_inner_texts()


def test_new_rows_come_by_themselves_while_nobody_uses_the_list(
    opened: Page, listed: ListPage
) -> None:
    listed.add("d", "e")
    expect(opened.locator("#row-e")).to_be_visible()
    assert shown(opened) == ["Event e", "Event d", "Event c", "Event b", "Event a"]
    expect(opened.get_by_role("status").last).to_have_text("2 new events")


def test_new_rows_wait_while_the_list_has_the_focus_and_known_ones_change_in_place(
    opened: Page, listed: ListPage
) -> None:
    opened.get_by_text("Event b").focus()
    before = opened.locator("#row-b").bounding_box()
    listed.add("d")
    listed.rows["a"] = "Event a, delivered"

    offer = opened.get_by_role("button", name="Show 1 new event", exact=True)
    expect(offer).to_be_visible()
    expect(opened.locator("#row-a")).to_have_text("Event a, delivered")
    assert shown(opened)[0] == "Event c"
    assert opened.locator("#row-b").bounding_box() == before
    expect(opened.locator("#row-b a")).to_be_focused()

    opened.keyboard.press(".")
    expect(opened.locator("#row-d a")).to_be_focused()
    expect(offer).to_be_hidden()
    assert shown(opened)[0] == "Event d"


def test_new_rows_wait_while_words_are_selected(opened: Page, listed: ListPage) -> None:
    opened.evaluate("getSelection().selectAllChildren(document.querySelector('#row-b'))")
    listed.add("d", "e")
    expect(opened.get_by_role("button", name="Show 2 new events")).to_be_visible()
    assert opened.evaluate("getSelection().toString()") == "Event b"
    assert len(shown(opened)) == 3


def test_what_is_picked_stays_picked_when_rows_change_and_come(
    opened: Page, listed: ListPage
) -> None:
    picked = opened.get_by_label("Pick b")
    picked.check()
    opened.locator("#row-a a").focus()
    for text in ("Event b, delivered", "Event b, read"):
        listed.rows["b"] = text
        expect(opened.locator("#row-b")).to_have_text(text)
        expect(picked).to_be_checked()
        listed.add(f"d{len(listed.rows)}")
        expect(opened.get_by_role("button", name="Show")).to_be_visible()
    listed.rows["b"] = "Event b, answered"  # changed in place, beside what waits
    expect(opened.locator("#row-b")).to_have_text("Event b, answered")
    expect(picked).to_be_checked()
    opened.get_by_role("button", name="Show 2 new events").click()
    expect(opened.locator("[data-row]")).to_have_count(5)
    expect(picked).to_be_checked()
    assert opened.locator("input:checked").count() == 1


def test_what_was_asked_before_the_list_was_filtered_does_not_come_back(
    opened: Page, listed: ListPage
) -> None:
    late = LateAnswers(opened, "**/")
    listed.add("d")
    late.wait()
    opened.evaluate(
        "document.querySelector('#rows').replaceChildren(document.querySelector('#row-b'));"
        "history.pushState(null, '', '/?q=b')"
    )
    late.let_go()
    expect(opened.locator("[data-row]")).to_have_text(["Event b"])
    listed.rows["b"] = "Event b, delivered"
    expect(opened.locator("[data-row]")).to_have_text(["Event b, delivered"])


def test_an_open_question_stays_while_the_list_changes_and_then_it_is_drawn(
    opened: Page, listed: ListPage
) -> None:
    opened.get_by_text("Ask").click()
    heading = opened.get_by_text("Sure?")
    expect(heading).to_be_focused()
    listed.drop("b")
    listed.rows["a"] = "Event a, delivered"
    expect(opened.locator("#row-a")).to_have_text("Event a, delivered")
    expect(heading).to_be_focused()
    assert shown(opened) == ["Event c", "Event b", "Event a, delivered"]
    listed.add("d")
    expect(opened.get_by_role("button", name="Show 1 new event")).to_be_visible()
    expect(heading).to_be_focused()

    opened.keyboard.press("Escape")
    expect(heading).to_be_hidden()
    expect(opened.get_by_text("Ask")).to_be_focused()
    opened.get_by_role("button", name="Show 1 new event").click()
    expect(opened.locator("[data-row]")).to_have_text(["Event d", "Event c", "Event a, delivered"])


def test_what_an_open_question_held_back_is_drawn_when_it_is_shut(
    opened: Page, listed: ListPage
) -> None:
    opened.get_by_text("Ask").click()
    expect(opened.get_by_text("Sure?")).to_be_focused()
    with opened.expect_response(opened.url):
        listed.drop("b")
    opened.keyboard.press("Escape")
    expect(opened.locator("[data-row]")).to_have_text(["Event c", "Event a"])


def test_a_click_reaches_what_was_pressed_though_the_list_changed_meanwhile(
    opened: Page, listed: ListPage
) -> None:
    opened.get_by_role("button", name="Order here").hover()
    opened.mouse.down()
    late = LateAnswers(opened, "**/")
    listed.drop("b")
    late.wait()
    late.let_go()
    assert shown(opened) == ["Event c", "Event b", "Event a"]
    opened.mouse.up()
    expect(opened.get_by_text("Order 1")).to_be_visible()


def test_a_row_brings_the_icons_that_the_page_had_no_use_for(
    opened: Page, listed: ListPage
) -> None:
    assert opened.locator("#i-bandage").count() == 0
    listed.icons = ["bandage"]
    listed.add("d")
    expect(opened.locator("#row-d")).to_be_visible()
    expect(opened.locator("#sprite #i-bandage path")).to_have_count(1)


def test_a_broken_stream_says_when_it_tries_again_and_catches_up(
    opened: Page, listed: ListPage
) -> None:
    state = opened.locator("[data-live-state]")
    listed.is_down = True
    listed.cut()
    expect(state).to_have_text(re.compile(r"Live paused, trying again in \d+ s"))
    listed.add("d")
    listed.is_down = False
    expect(opened.locator("#row-d")).to_be_visible()
    expect(state).to_have_text("Live")


def test_a_page_that_cannot_be_drawn_does_not_pass_for_live(opened: Page, listed: ListPage) -> None:
    state = opened.locator("[data-live-state]")
    listed.is_broken = True
    listed.add("d")
    expect(state).to_have_text(re.compile(r"Live paused, trying again in \d+ s"))
    listed.is_broken = False
    expect(opened.locator("#row-d")).to_be_visible()
    expect(state).to_have_text("Live")


def test_a_sign_in_that_ended_while_nothing_happened_is_said(
    opened: Page, listed: ListPage
) -> None:
    listed.is_over = True
    listed.cut()
    expect(opened.locator("#said")).to_contain_text("You are signed out.")
    expect(opened.locator("[data-live-state]")).to_have_text("Signed out")


def test_a_lost_sign_in_is_said(opened: Page, listed: ListPage) -> None:
    expect(opened.locator("#row-c")).to_be_visible()
    listed.is_over = True
    listed.add("d")
    expect(opened.locator("#said")).to_contain_text("You are signed out.")
    assert opened.locator("#said").get_attribute("aria-live") == "assertive"


def test_a_second_click_while_the_answer_is_on_its_way_orders_nothing(
    opened: Page, listed: ListPage
) -> None:
    opened.clock.install(time=NOON)
    opened.reload()
    opened.clock.pause_at(NOON.replace(hour=13))  # later it would be another order
    listed.is_slow = True
    place = opened.get_by_role("button", name="Order", exact=True).bounding_box()
    assert place is not None
    for _ in range(2):
        opened.mouse.click(place["x"] + 5, place["y"] + 5)
        eventually(opened, lambda: listed.orders > 0)
    listed.is_slow = False
    expect(opened.get_by_text("Order 1")).to_be_visible()


def test_keys_walk_the_rows_find_and_go(opened: Page) -> None:
    opened.keyboard.press("j")
    expect(opened.locator("#row-c a")).to_be_focused()
    opened.keyboard.press("j")
    expect(opened.locator("#row-b a")).to_be_focused()
    opened.keyboard.press("k")
    expect(opened.locator("#row-c a")).to_be_focused()

    opened.keyboard.press("/")
    field = opened.get_by_label("Find")
    expect(field).to_be_focused()
    opened.keyboard.type("jkg?i")  # letters in a field are letters
    expect(field).to_have_value("jkg?i")
    opened.keyboard.press("Escape")  # back to the row, and what was typed stays
    expect(opened.locator("#row-c a")).to_be_focused()
    expect(field).to_have_value("jkg?i")

    opened.locator("#row-a a").focus()
    opened.keyboard.press("?")
    expect(opened.get_by_role("dialog")).to_be_visible()
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_be_hidden()
    expect(opened.locator("#row-a a")).to_be_focused()

    opened.clock.set_fixed_time(NOON)  # two keys long after each other are no word
    opened.keyboard.press("g")
    opened.keyboard.press("i")
    expect(opened.get_by_text("This is /inbox")).to_be_visible()


def test_single_keys_can_be_switched_off_and_stay_off(opened: Page) -> None:
    opened.keyboard.press("?")
    opened.get_by_label("Off").check()
    opened.keyboard.press("Escape")
    for _ in range(2):
        opened.keyboard.press("j")
        assert (
            opened.evaluate("document.activeElement === document.querySelector('#row-c a')")
            is False
        )
        opened.reload()
    opened.evaluate("document.querySelector('#keys').showModal()")
    expect(opened.get_by_label("Off")).to_be_checked()
