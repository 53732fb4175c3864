"""The pages without a mouse, on a phone, in both languages, and under axe-core's eyes."""

import re
import secrets
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import TOKEN, Okno, call, guest

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AXE = files("axe_playwright_python").joinpath("axe.min.js")
WIDE: dict[str, Any] = {"viewport": {"width": 1360, "height": 860}}
# axe-core itself sets inline styles.
UNGUARDED: dict[str, Any] = {"bypass_csp": True}
GRAVE = {"serious", "critical"}


def grave(page: Page) -> list[str]:
    """What axe-core finds on the page that is serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def closed_chat(page: Page) -> None:
    page.goto("/")
    expect(page.locator("okno-chat .launcher")).to_be_visible()


def empty_chat(page: Page) -> None:
    visitor = Visitor.enter(page)
    visitor.panel.get_by_role("button", name="About you").click()


def busy_chat(page: Page) -> None:
    visitor = Visitor.enter(page)
    visitor.send("with a link: https://example.org")
    page.context.set_offline(True)
    visitor.write("waiting for the network")
    expect(visitor.state("waiting for the network", "waiting")).to_be_visible()


def door(page: Page) -> None:
    page.goto("/console")
    page.get_by_label("Operator token").fill("nobody's token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This token is not accepted.")


def empty_list(page: Page) -> None:
    desk = Desk.enter(page)
    page.get_by_label("Search names and messages").fill("no such words anywhere")
    expect(page.get_by_text("No dialog passes these filters.")).to_be_visible()
    expect(desk.list).to_be_hidden()


def full_list(page: Page) -> None:
    desk = Desk.enter(page)
    expect(desk.row("Axel Dialog")).to_be_visible()


def open_dialog(page: Page) -> None:
    desk = Desk.enter(page)
    desk.open("Axel Dialog")
    stamp = secrets.token_hex(4)
    desk.note(f"note {stamp}")
    desk.reply(f"reply {stamp}")
    expect(desk.delivered(f"reply {stamp}")).to_be_visible()
    desk.thread.get_by_role("button", name="Client", exact=True).click()
    expect(page.get_by_role("complementary", name="Client").get_by_label("Name")).to_have_value("Axel Dialog")


def help_dialog(page: Page) -> None:
    Desk.enter(page)
    page.get_by_role("button", name="Help and shortcuts").click()
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()


@pytest.fixture(scope="module")
def axel(okno: Okno) -> None:
    """The dialog that the states below look at."""
    guest(okno, "Axel Dialog", ["a question with https://example.org"])


STATES = [closed_chat, empty_chat, busy_chat, door, empty_list, full_list, open_dialog, help_dialog]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.usefixtures("axel")
def test_axe_finds_nothing_grave(profile: MakeProfile, state: Callable[[Page], None], scheme: str) -> None:
    page = profile(**WIDE, **UNGUARDED, color_scheme=scheme).new_page()
    state(page)
    assert not grave(page)


@pytest.mark.parametrize("state", [busy_chat, full_list, open_dialog])
@pytest.mark.usefixtures("axel")
def test_axe_finds_nothing_grave_on_a_phone(profile: MakeProfile, state: Callable[[Page], None]) -> None:
    page = profile(**PHONE, **UNGUARDED).new_page()
    state(page)
    assert not grave(page)
    assert fits(page)


def test_the_chat_needs_no_mouse(blank: Page) -> None:
    closed_chat(blank)
    visitor = Visitor(blank)
    for _ in range(20):
        blank.keyboard.press("Tab")
        if blank.evaluate("() => document.activeElement.localName") == "okno-chat":
            break
    expect(visitor.launcher).to_be_focused()
    blank.keyboard.press("Enter")
    expect(visitor.text).to_be_focused()
    blank.keyboard.type("typed blind")
    blank.keyboard.press("Shift+Enter")
    blank.keyboard.type("in two lines")
    blank.keyboard.press("Enter")
    expect(visitor.state("typed blind", "sent")).to_be_visible()
    blank.keyboard.press("Shift+Tab")
    expect(visitor.panel.get_by_role("button", name="Attach files")).to_be_focused()
    blank.keyboard.press("Shift+Tab")
    expect(visitor.panel.get_by_label("Conversation")).to_be_focused()
    blank.keyboard.press("Escape")
    expect(visitor.panel).to_be_hidden()
    expect(visitor.launcher).to_be_focused()


def test_the_console_needs_no_mouse(okno: Okno, blank: Page) -> None:
    guest(okno, "Edda Keys", ["can you hear me"])
    blank.goto("/console")
    keys = blank.keyboard
    keys.type(TOKEN)
    keys.press("Enter")
    desk = Desk(blank)
    expect(desk.row("Edda Keys")).to_be_visible()
    keys.press("/")
    expect(blank.get_by_label("Search names and messages")).to_be_focused()
    keys.type("Edda Keys")
    expect(desk.list.get_by_role("option")).to_have_count(1)
    for _ in range(5):
        keys.press("Tab")
    expect(desk.row("Edda Keys")).to_be_focused()
    keys.press("Enter")
    expect(desk.thread.get_by_role("heading", name="Edda Keys")).to_be_visible()
    keys.press("t")
    expect(desk.row("Edda Keys")).to_contain_text("you")
    keys.press("n")
    expect(desk.text).to_be_focused()
    keys.type("noted")
    keys.press("Control+Enter")
    expect(desk.entry("noted")).to_contain_text("Note, staff only")
    keys.press("Escape")
    expect(desk.row("Edda Keys")).to_be_focused()
    keys.press("r")
    keys.type("loud and clear")
    keys.press("Control+Enter")
    expect(desk.delivered("loud and clear")).to_be_visible()
    keys.press("Escape")
    keys.press("e")
    expect(desk.thread.get_by_role("button", name="Reopen")).to_be_visible()
    keys.press("Shift+?")
    expect(blank.get_by_role("dialog", name="Help")).to_be_visible()
    keys.press("Escape")
    expect(blank.get_by_role("dialog", name="Help")).to_be_hidden()


def test_arrow_keys_walk_the_list(okno: Okno, desk: Desk) -> None:
    for number in range(1, 4):
        guest(okno, f"Walker {number}", ["hello"])
    expect(desk.row("Walker")).to_have_count(3)
    rows = desk.list.get_by_role("option")
    rows.first.focus()
    desk.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(desk.list.locator('[tabindex="0"]')).to_have_count(1)
    desk.page.keyboard.press("ArrowUp")
    expect(rows.first).to_be_focused()
    desk.page.keyboard.press("j")
    expect(rows.first).to_have_attribute("aria-selected", "true")
    desk.page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")


def test_the_focus_stays_on_its_row_when_the_list_moves(okno: Okno, desk: Desk) -> None:
    token = guest(okno, "Mover lower", ["hello"])
    expect(desk.list.get_by_role("option").first).to_contain_text("Mover lower")
    guest(okno, "Mover upper", ["hello"])
    expect(desk.list.get_by_role("option").first).to_contain_text("Mover upper")
    desk.row("Mover lower").focus()
    call(f"{okno.url}/chat/site/messages", token, {"id": "again", "text": "up we go"})
    expect(desk.list.get_by_role("option").first).to_contain_text("up we go")
    expect(desk.row("Mover lower")).to_be_focused()


def test_shortcuts_can_be_switched_off(okno: Okno, desk: Desk) -> None:
    guest(okno, "Frida Typing", ["hello"])
    desk.open("Frida Typing")
    desk.page.get_by_role("button", name="Help and shortcuts").click()
    desk.page.get_by_label("Single-key shortcuts").uncheck()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("t")
    desk.page.keyboard.press("r")
    expect(desk.text).not_to_be_focused()
    expect(desk.row("Frida Typing")).to_contain_text("nobody’s")


def test_new_messages_are_announced(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Greta Voice")
    visitor.send("hello")
    desk.open("Greta Voice")
    visitor.send("are you there?")
    expect(desk.page.get_by_role("status").filter(has_text="are you there?")).to_have_count(1)
    desk.reply("I am")
    expect(visitor.chat.get_by_role("status").filter(has_text="I am")).to_have_count(1)


def test_the_chat_fills_a_phone(profile: MakeProfile) -> None:
    page = profile(**PHONE).new_page()
    closed_chat(page)
    visitor = Visitor(page)
    visitor.launcher.tap()
    box = visitor.panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    visitor.text.fill("from a phone")
    visitor.panel.get_by_role("button", name="Send", exact=True).tap()
    expect(visitor.state("from a phone", "sent")).to_be_visible()
    assert fits(page)
    visitor.panel.get_by_role("button", name="Close chat").tap()
    expect(visitor.launcher).to_be_visible()


def test_the_console_on_a_phone_shows_list_and_dialog_in_turn(okno: Okno, profile: MakeProfile) -> None:
    guest(okno, "Hedda Phone", ["hello"])
    desk = Desk.enter(profile(**PHONE).new_page())
    desk.row("Hedda Phone").tap()
    expect(desk.thread.get_by_role("heading", name="Hedda Phone")).to_be_visible()
    expect(desk.list).to_be_hidden()
    assert fits(desk.page)
    desk.thread.get_by_role("button", name="Back to the list").tap()
    expect(desk.row("Hedda Phone")).to_be_visible()
    expect(desk.thread).to_be_hidden()
    assert fits(desk.page)


def test_both_pages_speak_the_browsers_language_and_switch(profile: MakeProfile) -> None:
    page = profile(locale="ru-RU").new_page()
    page.goto("/")
    chat = page.locator("okno-chat")
    chat.get_by_role("button", name="Открыть чат").click()
    expect(chat.get_by_role("heading", name="Напишите нам")).to_be_visible()
    chat.get_by_role("button", name=re.compile("English")).click()
    expect(chat.get_by_role("heading", name="Write to us")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/console")
    expect(page.get_by_label("Operator token")).to_be_visible()
    page.get_by_role("button", name=re.compile("Русский")).click()
    page.get_by_label("Токен оператора").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("На связи")).to_be_visible()
    expect(page.get_by_placeholder("Имя или текст")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
