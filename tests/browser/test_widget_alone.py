"""The chat widget against the far side of its own contract: what is said arrives, once."""

import gzip
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.serving import serving
from tests.browser.shop import WITHIN_SECONDS, Shop, bubbles, eventually, state, stop_time, write
from tests.browser.widget_server import FarSide, Refusal
from tests.ports import free_port

LIMIT_BYTES = 30 * 1024


def test_the_script_is_small_and_alone(built_widget: Path) -> None:
    assert len(gzip.compress(built_widget.read_bytes(), 9)) <= LIMIT_BYTES
    assert "sourceMappingURL" not in built_widget.read_text()


def test_words_go_both_ways(shop: Shop, page: Page) -> None:
    shop.open(page)
    expect(page.get_by_role("log")).to_contain_text("Hello. Write to us and we answer here.")
    assert shop.far.talks == {}, "a visitor who only looks leaves no trace"
    write(page, "My brakes squeak.\nBadly.")
    expect(state(page, "Sent")).to_be_visible()
    assert shop.far.texts() == ["My brakes squeak.\nBadly."]
    shop.far.turn("ai")
    shop.far.say("ai", "Which bike is it?")
    shop.far.say("agent", "I order the pads today.", name="Clara")
    shop.far.mark_read()
    expect(page.get_by_role("log")).to_contain_text("Clara: I order the pads today.")
    expect(state(page, "Read")).to_be_visible()
    expect(page.locator(".tag")).to_have_text("AI")
    expect(page.get_by_text("AI answers")).to_be_visible()
    assert bubbles(page) == [
        "My brakes squeak.\nBadly.",
        "Which bike is it?",
        "I order the pads today.",
    ]


def test_a_reload_keeps_the_history_and_what_was_read(shop: Shop, page: Page) -> None:
    shop.open(page)
    write(page, "One")
    expect(state(page, "Sent")).to_be_visible()
    shop.far.say("agent", "Two", name="Clara")
    expect(page.get_by_text("Two")).to_be_visible()
    page.reload()
    button = page.get_by_role("button", name="Open chat", exact=True)
    button.click()
    expect(page.get_by_text("Two")).to_be_visible()
    assert bubbles(page) == ["One", "Two"]
    assert len(shop.far.talks) == 1


def test_what_is_written_without_a_network_is_sent_once(
    shop: Shop, page: Page, context: BrowserContext
) -> None:
    shop.open(page)
    write(page, "Before")
    expect(state(page, "Sent")).to_be_visible()
    context.set_offline(True)
    # The page hears of it by an event; what it tries before may have arrived, for all it knows.
    expect(page.get_by_text("No network. We'll send when it's back.")).to_be_visible()
    for text in ("First", "Second", "Third"):
        write(page, text)
    expect(page.get_by_text("Waits for the network")).to_have_count(3)
    page.get_by_role("button", name="Take back").nth(1).click()
    expect(page.get_by_role("textbox")).to_have_value("Second")
    expect(page.get_by_text("Waits for the network")).to_have_count(2)
    context.set_offline(False)
    expect(page.get_by_text("Waits for the network")).to_have_count(0)
    eventually(page, lambda: shop.far.texts() == ["Before", "First", "Third"])
    expect(page.get_by_text("No network")).to_have_count(0)
    assert len(shop.far.posts) == 3
    eventually(page, lambda: bubbles(page) == ["Before", "First", "Third"])


def test_a_waiting_message_outlives_its_page(
    shop: Shop, page: Page, context: BrowserContext
) -> None:
    shop.open(page)
    context.set_offline(True)
    write(page, "Later")
    expect(page.get_by_text("Waits for the network")).to_be_visible()
    page.close()
    context.set_offline(False)
    again = context.new_page()
    shop.visit(again)
    eventually(again, lambda: bool(shop.far.talks) and shop.far.texts() == ["Later"])
    assert len(shop.far.posts) == 1


def test_a_lost_answer_does_not_double_the_message(shop: Shop, page: Page) -> None:
    shop.far.answers_get_lost = 1
    shop.open(page)
    write(page, "Once")
    # The server has it, its answer broke: nobody may offer to take it back now.
    eventually(page, lambda: len(shop.far.posts) >= 1)
    expect(state(page, "Sent")).to_be_visible()
    eventually(page, lambda: len(shop.far.posts) == 2 or not shop.far.answers_get_lost)
    assert shop.far.texts() == ["Once"]
    assert len({post["client_id"] for post in shop.far.posts}) == 1
    assert bubbles(page) == ["Once"]


def test_after_an_outage_both_sides_hear_what_was_said_in_it(far: FarSide, page: Page) -> None:
    port = free_port()  # nobody else is given it meanwhile
    with serving(far.app(), port):
        shop = Shop(far, port)
        shop.open(page)
        write(page, "One")
        expect(state(page, "Sent")).to_be_visible()
        eventually(page, lambda: far.streams == 1)
    write(page, "Three")
    far.say("agent", "Two", name="Clara")
    expect(page.get_by_text("Connection lost, trying again.")).to_be_visible()
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)
    with serving(far.app(), port):
        expect(page.get_by_text("Two")).to_be_visible(timeout=WITHIN_SECONDS * 1_000)
        eventually(page, lambda: far.texts() == ["One", "Two", "Three"])
        expect(page.get_by_text("Connection lost")).to_have_count(0)
        eventually(page, lambda: bubbles(page) == ["One", "Two", "Three"])


def test_a_cut_stream_goes_on_where_it_ended(shop: Shop, page: Page) -> None:
    shop.open(page)
    write(page, "One")
    eventually(page, lambda: shop.far.streams == 1)
    shop.far.streams_held = True  # the one that ends does not bring it any more
    shop.far.cut_streams()
    shop.far.say("agent", "Said meanwhile", name="Clara")
    eventually(page, lambda: shop.far.streams_opened == 2)
    shop.far.streams_held = False
    expect(page.get_by_text("Said meanwhile")).to_be_visible()
    assert bubbles(page) == ["One", "Said meanwhile"]


def test_a_connection_that_fell_silent_is_opened_again(shop: Shop, page: Page) -> None:
    stop_time(page)
    shop.open(page)
    write(page, "One")
    eventually(page, lambda: shop.far.streams == 1)
    for text in ("Here", "Here after 39 s"):
        shop.far.say("agent", text, name="Clara")
        expect(page.get_by_text(text, exact=True)).to_be_visible()
        assert shop.far.streams_opened == 1
        page.clock.fast_forward(39_000)
    page.clock.fast_forward(2_000)
    page.clock.resume()
    eventually(page, lambda: shop.far.streams_opened == 2)
    shop.far.say("agent", "Still here", name="Clara")
    expect(page.get_by_text("Still here")).to_be_visible()


def test_a_refusal_is_told_and_can_be_tried_again(shop: Shop, page: Page) -> None:
    told = "You sent 30 messages within a minute. Wait half a minute."
    shop.far.refusals.append(Refusal(429, "Too many", told, retry_after=30))
    shop.open(page)
    write(page, "Hello")
    expect(page.get_by_text(f"Not sent: {told}")).to_be_visible()
    write(page, "The next one passes")
    expect(state(page, "Sent")).to_be_visible()
    assert shop.far.texts() == ["The next one passes"]
    page.get_by_role("button", name="Try again").click()
    expect(state(page, "Not sent")).to_have_count(0)
    eventually(page, lambda: shop.far.texts() == ["The next one passes", "Hello"])
    assert shop.far.posts[0]["client_id"] == shop.far.posts[-1]["client_id"]


def test_markup_stays_text_and_only_web_addresses_become_links(shop: Shop, page: Page) -> None:
    hostile = (
        '<img src=x onerror="window.broken=1"><script>window.broken=1</script>\n'
        'javascript:window.broken=1 https://a.example/"onmouseover="window.broken=1'
    )
    shop.open(page)
    write(page, hostile)
    expect(state(page, "Sent")).to_be_visible()
    shop.far.say("agent", hostile, name="<b>Clara</b>")
    shop.far.say("system", hostile)
    eventually(page, lambda: page.locator(".words").count() == 3)
    assert bubbles(page) == [hostile, hostile]
    expect(page.get_by_text("<b>Clara</b>", exact=True)).to_be_visible()
    log = page.get_by_role("log")
    assert log.locator("img, script, b").count() == 0
    links = log.locator("a").evaluate_all("all => all.map(a => [a.href, a.rel, a.target])")
    assert links == [["https://a.example/", "noopener noreferrer nofollow", "_blank"]] * 3
    assert page.evaluate("window.broken") is None


def test_unread_replies_are_counted_until_they_are_seen(shop: Shop, page: Page) -> None:
    shop.open(page)
    write(page, "One")
    expect(state(page, "Sent")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_focused()
    shop.far.say("agent", "Two", name="Clara")
    shop.far.say("agent", "Three", name="Clara")
    expect(page.get_by_role("button", name="Open chat, 2 unread messages")).to_be_visible()
    page.reload()
    badge = page.get_by_role("button", name="Open chat, 2 unread messages")
    expect(badge).to_be_visible()
    assert shop.far.acknowledged == [], "nobody has seen them"
    page.get_by_role("button", name="Put away").click()
    badge.press("Enter")
    expect(page.get_by_text("Three")).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_focused()
    eventually(page, lambda: set(shop.far.acknowledged) == {"c3"})
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()


def test_a_forgotten_session_is_made_anew_at_once(shop: Shop, page: Page) -> None:
    stop_time(page)  # no wait ends now: nothing may need one
    shop.open(page)
    write(page, "One")
    expect(state(page, "Sent")).to_be_visible()
    shop.far.forget_sessions()
    write(page, "Two")
    eventually(page, lambda: bool(shop.far.talks) and shop.far.texts() == ["Two"])
    page.clock.resume()
    shop.far.say("agent", "Three", name="Clara")
    expect(page.get_by_text("Three")).to_be_visible()
    assert bubbles(page) == ["Two", "Three"]


def test_a_site_that_is_not_allowed_learns_why(shop: Shop, page: Page) -> None:
    told: list[str] = []
    page.on("console", lambda line: told.append(line.text))
    shop.far.channel_refused = True
    shop.open(page)
    write(page, "Hello")
    expect(page.get_by_role("status").get_by_text("The chat is not available")).to_be_visible()
    expect(page.get_by_text("Hello", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_disabled()
    (owner,) = [line for line in told if line.startswith("Caseway chat:")]
    assert f"may not be used from http://localhost:{shop.port} (403: This site" in owner


def test_two_tabs_are_one_customer(shop: Shop, page: Page, context: BrowserContext) -> None:
    shop.open(page)
    other = context.new_page()
    shop.open(other)
    write(page, "From the first")
    expect(other.get_by_text("From the first")).to_be_visible()
    write(other, "From the second")
    expect(state(other, "Sent")).to_be_visible()
    eventually(page, lambda: shop.far.texts() == ["From the first", "From the second"])
    eventually(page, lambda: bubbles(page) == bubbles(other) == shop.far.texts())
    context.set_offline(True)
    write(page, "Queued")
    expect(other.get_by_text("Queued")).to_be_visible()
    context.set_offline(False)
    eventually(page, lambda: shop.far.texts()[2:] == ["Queued"])
    eventually(page, lambda: bubbles(page) == bubbles(other) == shop.far.texts())
    # A tab may hear late that another one has sent: it repeats, and the server knows the message.
    assert len({post["client_id"] for post in shop.far.posts}) == 3


def test_what_one_tab_sent_stays_in_the_other_while_its_stream_is_late(
    shop: Shop, page: Page, context: BrowserContext
) -> None:
    shop.open(page)
    other = context.new_page()
    shop.open(other)
    write(page, "From the first")
    expect(state(other, "Sent")).to_be_visible()
    shop.far.streams_held = True
    write(other, "From the second")
    expect(page.locator(".bubble[data-id^=m]")).to_have_count(2)
    assert bubbles(page) == bubbles(other) == ["From the first", "From the second"]
    shop.far.streams_held = False
    shop.far.say("agent", "We read both", name="Clara")
    expect(page.get_by_text("We read both")).to_be_visible()
    assert bubbles(page) == ["From the first", "From the second", "We read both"]


def test_a_resolved_conversation_says_so_until_a_new_one_begins(shop: Shop, page: Page) -> None:
    line = "This conversation was resolved. Write again to start a new one."
    shop.open(page)
    write(page, "One")
    expect(state(page, "Sent")).to_be_visible()
    shop.far.turn("resolved")
    expect(page.get_by_text(line)).to_be_visible()
    shop.far.turn("waiting")
    expect(page.get_by_text(line)).to_have_count(0)
    expect(page.get_by_text("Waiting for a person")).to_be_visible()


def test_another_person_at_the_same_browser_sees_nothing_of_it(shop: Shop, page: Page) -> None:
    ines, joao = "h.eyJzdWIiOiJpbmVzIn0.s", "h.eyJzdWIiOiJqb2FvIn0.s"
    shop.tag(f'data-identity="{ines}"')
    shop.open(page)
    eventually(page, lambda: shop.far.identities == [ines])
    write(page, "Private")
    expect(state(page, "Sent")).to_be_visible()
    shop.tag(f'data-identity="{joao}"')
    shop.open(page)
    eventually(page, lambda: shop.far.identities == [ines, joao])
    expect(page.get_by_role("log")).not_to_have_attribute("aria-busy", "true")
    assert bubbles(page)[1:] == []
    expect(page.get_by_text("Private")).to_have_count(0)


def test_a_page_of_who_left_lends_its_session_to_nobody(
    shop: Shop, page: Page, context: BrowserContext
) -> None:
    ines = "h.eyJzdWIiOiJpbmVzIn0.s"
    shop.tag(f'data-identity="{ines}"')
    shop.open(page)
    write(page, "Private")
    expect(state(page, "Sent")).to_be_visible()
    shop.tag()  # she signs out in another tab, and the first one stays open
    other = context.new_page()
    shop.open(other)
    eventually(page, lambda: shop.far.identities == [ines, ines])
    eventually(page, lambda: shop.far.streams == 1)
    write(other, "Who was here?")
    expect(state(other, "Sent")).to_be_visible()
    assert shop.far.identities == [ines, ines, None]
    assert "Who was here?" not in bubbles(page)
    shop.open(other)
    expect(other.get_by_text("Who was here?")).to_be_visible()
    assert shop.far.identities.count(None) == 1, "hers may begin anew once more"


def test_a_tab_opened_in_the_background_connects_once_it_is_shown(
    shop: Shop, page: Page, context: BrowserContext
) -> None:
    shop.open(page)
    write(page, "One")
    eventually(page, lambda: shop.far.streams == 1)
    behind = context.new_page()
    # Under Playwright every page is visible.
    behind.add_init_script(
        "let shown = false;"
        "Object.defineProperty(document, 'visibilityState', "
        "  { get: () => (shown ? 'visible' : 'hidden') });"
        "addEventListener('show', () => {"
        "  shown = true;"
        "  document.dispatchEvent(new Event('visibilitychange'));"
        "});"
    )
    behind.goto(f"http://localhost:{shop.port}/", wait_until="networkidle")
    assert shop.far.streams_opened == 1, "of one server's six connections it takes none"
    behind.evaluate("dispatchEvent(new Event('show'))")
    eventually(page, lambda: shop.far.streams == 2)
    shop.far.say("agent", "Two", name="Clara")
    behind.get_by_role("button", name="Open chat").click()
    expect(behind.get_by_text("Two")).to_be_visible()
    assert shop.far.streams_opened == 2
