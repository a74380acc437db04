"""Coming in, as somebody sees it who has only a link."""

from playwright.sync_api import Browser, expect

from tests.browser.looking import browsing
from tests.browser.scene import Scene

JOIN = "/welcome/{invitation}"


def test_a_password_is_judged_in_words_while_it_is_typed(browser: Browser, scene: Scene) -> None:
    with browsing(browser, scene, None) as context:
        page = context.new_page()
        page.goto(scene.address(JOIN))
        expect(page.get_by_label("Name")).to_be_focused()
        expect(page.get_by_label("Email")).to_have_value("noor.haddad@nordlicht.example")
        page.get_by_label("Name").fill("Noor Haddad")
        password, words = page.get_by_label("Password"), page.get_by_role("status")
        for typed, said in (
            ("seven", "Too short: 7 more characters."),
            ("aaaaaaaaaaaaaaa", "Easily guessed: choose something that is yours alone."),
            ("noor has a bicycle", "It contains your name or address: leave them out."),
            ("seven bicycle", "Good. A longer one is stronger."),
            ("seven green bicycles", "Strong."),
        ):
            password.fill(typed)
            expect(words).to_have_text(said)


def test_without_scripts_the_form_says_what_is_wrong_and_leads_to_it(
    browser: Browser, scene: Scene
) -> None:
    with browsing(browser, scene, None, scripted=False) as context:
        page = context.new_page()
        page.goto(scene.address(JOIN))
        page.get_by_label("Name").fill("Noor Haddad")
        page.get_by_label("Password").fill("seven")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_text("Too short: 7 more characters.")).to_be_visible()
        expect(page.get_by_label("Name")).to_have_value("Noor Haddad")
        expect(page.get_by_label("Password")).to_have_value("")
        expect(page.get_by_label("Password")).to_be_focused()


def test_the_demo_opens_its_dashboard_in_one_click(browser: Browser, scene: Scene) -> None:
    with browsing(browser, scene, None) as context:
        page = context.new_page()
        page.goto(f"{scene.url}/demo")
        with context.expect_page() as opened:
            page.get_by_role("link", name="Open the dashboard").click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text("Inbox")
        expect(opened.value.get_by_text("Demo owner")).to_be_visible()
