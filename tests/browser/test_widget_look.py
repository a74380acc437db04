"""The chat widget as it is seen, heard and reached: themes, phones, directions, strict pages."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.late import TWO_FRAMES
from tests.browser.shop import Shop, state, write


def test_assistive_technology_finds_its_way(shop: Shop, page: Page) -> None:
    shop.open(page)
    write(page, "Hello")
    expect(state(page, "Sent")).to_be_visible()
    shop.far.say("ai", "Which bike?", at="2026-03-03T13:54:00Z")
    expect(page.get_by_text("Which bike?")).to_be_visible()
    expect(page.get_by_role("dialog", name="Chat")).to_match_aria_snapshot(
        """
        - dialog "Chat":
          - banner:
            - heading "Chat" [level=2]
            - button "Close chat"
          - log "Messages":
            - text: /You. Hello/
            - time
            - text: /AI. Which bike/
            - time
          - textbox "Write a message"
          - button "Send" [disabled]
        """
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(shop: Shop, page: Page, scheme: str) -> None:
    shop.tag(f'data-theme="{scheme}" data-open="true"')
    shop.visit(page)
    write(page, "Hello")
    expect(state(page, "Sent")).to_be_visible()
    shop.far.say("agent", "Good day", name="Clara")
    expect(page.get_by_text("Good day")).to_be_visible()
    for where in (".bubble.mine", ".bubble:not(.mine)"):
        colours = page.locator(where).evaluate(
            "b => [getComputedStyle(b).color, getComputedStyle(b).backgroundColor]"
        )
        assert contrast(*colours) >= 4.5, (where, colours)
    panel, note = page.locator(".panel"), page.locator(".under").last
    ground = panel.evaluate("p => getComputedStyle(p).backgroundColor")
    assert contrast(note.evaluate("n => getComputedStyle(n).color"), ground) >= 4.5
    assert (luminance(ground) < 0.1) == (scheme == "dark")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_on_a_phone_it_fills_the_screen(shop: Shop, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 760})
    shop.open(page)
    panel = page.get_by_role("dialog", name="Chat")
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 760}
    page.keyboard.type("Hello")
    for _ in range(8):
        page.keyboard.press("Tab")
        inside = page.evaluate("document.activeElement.localName")
        assert inside == "caseway-chat", "the page below does not take the focus"


def test_a_right_to_left_page_gets_a_mirrored_widget(shop: Shop, page: Page) -> None:
    shop.tag(html='lang="ar" dir="rtl"')
    shop.visit(page)
    button = page.get_by_role("button", name="افتح الدردشة")
    box = button.bounding_box()
    assert box is not None
    assert box["x"] < 100
    button.click()
    page.get_by_role("textbox").fill("مرحبا")
    page.get_by_role("textbox").press("Enter")
    expect(state(page, "أُرسلت")).to_be_visible()
    mine, log = page.locator(".bubble.mine").bounding_box(), page.get_by_role("log").bounding_box()
    assert mine is not None
    assert log is not None
    assert mine["x"] - log["x"] < 20


def test_a_language_we_do_not_speak_keeps_its_own_sides(shop: Shop, page: Page) -> None:
    shop.tag(html='lang="he" dir="rtl"')
    shop.visit(page)
    box = page.get_by_role("button", name="Open chat").bounding_box()
    assert box is not None
    assert box["x"] < 100


def test_the_shortcuts_of_the_page_do_not_hear_what_is_typed(shop: Shop, page: Page) -> None:
    shop.open(page)
    page.evaluate("document.addEventListener('keydown', () => { window.heard = true })")
    page.keyboard.type("/search")
    expect(page.get_by_role("textbox")).to_have_value("/search")
    assert page.evaluate("window.heard") is None


def test_the_element_fills_its_parent_when_a_page_places_it_itself(shop: Shop, page: Page) -> None:
    chat = f'<caseway-chat channel="shop" base="{shop.base}/" lang="de" inline open></caseway-chat>'
    shop.show(
        f"<!doctype html><html lang=en><head></head><body style='margin:0'>"
        f"<div style='width:500px;height:420px'>{chat}</div>"
        f"<script src='{shop.base}/widget.js'></script>"
    )
    shop.visit(page)
    panel = page.get_by_role("region", name="Chat")
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 500, "height": 420}
    expect(page.get_by_role("button", name="Chat schließen")).to_have_count(0)
    expect(page.locator("body")).to_be_focused()
    page.get_by_role("textbox").fill("Guten Tag")
    page.get_by_role("textbox").press("Enter")
    expect(state(page, "Gesendet")).to_be_visible()


def test_a_strict_page_and_a_browser_without_storage_still_have_a_chat(
    shop: Shop, page: Page
) -> None:
    policy = f"default-src 'none'; script-src {shop.base}; connect-src {shop.base}"
    shop.show(
        "<!doctype html><html lang=en><head>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<script src="{shop.base}/widget.js" data-channel="shop" async></script></head><body>'
    )
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked') } })"
    )
    shop.open(page)
    write(page, "Hello")
    expect(state(page, "Sent")).to_be_visible()
    box = page.get_by_role("dialog", name="Chat").bounding_box()
    assert box is not None
    assert box["width"] == 376


def test_enter_sends_and_shift_enter_begins_a_line(shop: Shop, page: Page) -> None:
    shop.open(page)
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Two")
    expect(page.get_by_role("textbox")).to_have_value("One\nTwo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox")).to_have_value("")
    expect(state(page, "Sent")).to_be_visible()
    assert shop.far.texts() == ["One\nTwo"]


def test_the_limit_is_told_before_it_is_reached(shop: Shop, page: Page) -> None:
    shop.open(page)
    field, send = page.get_by_role("textbox"), page.get_by_role("button", name="Send")
    field.fill("\N{BICYCLE}" * 7_400)
    expect(page.get_by_text("characters")).to_have_count(0)
    field.fill("\N{BICYCLE}" * 7_990)
    expect(page.get_by_text("10 characters left")).to_be_visible()
    field.fill("x" * 8_003)
    expect(page.get_by_text("3 characters too many. Shorten it to send.")).to_be_visible()
    expect(send).to_be_disabled()
    field.press("Enter")
    field.fill("\N{BICYCLE}" * 8_000)
    send.click()
    expect(state(page, "Sent")).to_be_visible()
    assert [len(post["text"]) for post in shop.far.posts] == [8_000]


def test_greeting_and_limit_are_the_servers_and_a_page_may_greet_by_itself(
    shop: Shop, page: Page
) -> None:
    shop.far.greeting, shop.far.characters = "Moin!\nAsk about bikes.", 12
    shop.open(page)
    expect(page.get_by_text("Ask about bikes.")).to_be_visible()
    page.get_by_role("textbox").fill("Is it open now?")
    expect(page.get_by_text("3 characters too many. Shorten it to send.")).to_be_visible()
    shop.far.greeting = "Back on Monday."
    shop.open(page)
    expect(page.get_by_text("Back on Monday.")).to_be_visible()
    shop.tag('data-greeting="Only here."')
    shop.open(page)
    expect(page.get_by_text("Only here.")).to_be_visible()
    shop.tag()
    shop.far.channel_refused = True
    shop.open(page)
    expect(page.get_by_text("Hello. Write to us and we answer here.")).to_be_visible()
    assert shop.far.talks == {}, "a visitor who only looks leaves no trace"


def test_a_new_message_does_not_move_what_is_being_read(shop: Shop, page: Page) -> None:
    shop.open(page)
    write(page, "One")
    expect(state(page, "Sent")).to_be_visible()
    for number in range(30):
        shop.far.say("agent", f"Reply {number}", name="Clara")
    expect(page.get_by_text("Reply 29")).to_be_in_viewport()
    log = page.get_by_role("log")
    log.evaluate("log => { log.scrollTop = 40 }")
    page.evaluate(TWO_FRAMES)  # until the page has heard that it was scrolled
    assert log.evaluate("log => log.scrollTop") == 40
    shop.far.say("agent", "The newest", name="Clara")
    jump = page.get_by_role("button", name="1 new message")
    expect(jump).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 40
    jump.click()
    expect(page.get_by_text("The newest")).to_be_in_viewport()
    expect(jump).to_have_count(0)
