"""Operators change and take back what they sent, and clients see that they type."""

import re
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import Okno, colleague, guest
from tests.browser.test_access import PHONE, UNGUARDED, WIDE, fits, grave


def test_a_reply_is_edited_by_keyboard_and_the_draft_waits(okno: Okno, desk: Desk) -> None:
    guest(okno, "Ines Edit", ["when do you open?"])
    desk.open("Ines Edit")
    desk.reply("At tne o'clock")
    expect(desk.delivered("At tne o'clock")).to_be_visible()
    desk.text.fill("half a thought")
    desk.entry("At tne").get_by_role("button", name="Edit the reply").focus()
    desk.page.keyboard.press("Enter")
    expect(desk.text).to_be_focused()
    expect(desk.text).to_have_value("At tne o'clock")
    expect(desk.thread.get_by_text("Editing: At tne o'clock")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.text).to_have_value("half a thought")
    expect(desk.thread.get_by_text("Editing:")).to_be_hidden()
    expect(desk.text).to_be_focused()
    desk.entry("At tne").get_by_role("button", name="Edit the reply").click()
    desk.text.fill("At nine o'clock")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.entry("At nine o'clock")).to_contain_text("edited")
    expect(desk.entry("At tne")).to_have_count(0)
    expect(desk.text).to_have_value("half a thought")


def test_an_edit_reaches_a_colleague_and_outlives_a_reload(okno: Okno, profile: MakeProfile, desk: Desk) -> None:
    guest(okno, "Ilse Edit", ["hello"])
    other = Desk.enter(profile().new_page(), colleague(okno, "Watcher", "read-only")[0])
    desk.open("Ilse Edit")
    desk.reply("first words")
    other.open("Ilse Edit")
    expect(other.entry("first words")).to_be_visible()
    expect(other.entry("first words").get_by_role("button")).to_have_count(0)
    desk.entry("first words").get_by_role("button", name="Edit the reply").click()
    desk.text.fill("second words")
    desk.page.reload()
    expect(desk.text).to_have_value("second words")
    desk.thread.get_by_role("button", name="Save", exact=True).click()
    expect(other.entry("second words")).to_contain_text("edited")
    desk.entry("second words").get_by_role("button", name="Delete the reply").click()
    desk.thread.get_by_role("button", name="Delete", exact=True).click()
    expect(other.entry("Message deleted")).to_be_visible()


def test_a_reply_is_deleted_after_one_question(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Dina Delete")
    visitor.send("hello")
    desk.open("Dina Delete")
    desk.reply("not for you")
    expect(visitor.message("not for you")).to_be_visible()
    expect(desk.delivered("not for you")).to_be_visible()
    entry = desk.entry("not for you")
    entry.get_by_role("button", name="Delete the reply").focus()
    desk.page.keyboard.press("Enter")
    expect(entry.get_by_text("Delete it for the client too?")).to_be_visible()
    expect(entry.get_by_role("button", name="Keep")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(entry.get_by_role("button", name="Delete the reply")).to_be_focused()
    desk.page.keyboard.press("Enter")
    entry.get_by_role("button", name="Delete", exact=True).click()
    expect(desk.entry("Message deleted")).to_have_count(1)
    expect(desk.entries.get_by_role("button")).to_have_count(0)
    expect(desk.thread.get_by_label("Conversation")).to_be_focused()
    visitor.page.reload()
    expect(visitor.message("hello")).to_be_visible()
    expect(visitor.message("not for you")).to_have_count(0)


def test_what_can_not_be_changed_says_why_and_keeps_the_words(okno: Okno, desk: Desk) -> None:
    guest(okno, "Nora Never", ["hello"])
    desk.open("Nora Never")
    desk.reply("as it is")
    way = re.compile(r"/v1/dialogs/\d+/messages/\d+$")
    detail = '{"detail": "The channel has no way to edit what was sent."}'
    desk.page.route(way, lambda route: route.fulfill(status=422, body=detail), times=2)
    desk.entry("as it is").get_by_role("button", name="Edit the reply").click()
    desk.text.fill("as it was")
    desk.text.press("Control+Enter")
    expect(desk.thread.get_by_role("alert")).to_contain_text("no way to edit")
    expect(desk.text).to_have_value("as it was")
    desk.page.keyboard.press("Escape")
    desk.entry("as it is").get_by_role("button", name="Delete the reply").click()
    desk.thread.get_by_role("button", name="Delete", exact=True).click()
    expect(desk.page.locator(".toast.failed")).to_contain_text("no way to edit")
    expect(desk.entry("as it is")).to_be_visible()


def test_only_replies_have_actions(okno: Okno, desk: Desk) -> None:
    guest(okno, "Olga Only", ["a question"])
    desk.open("Olga Only")
    desk.note("a note")
    expect(desk.entry("a note").get_by_role("button")).to_have_count(0)
    expect(desk.entry("a question").get_by_role("button")).to_have_count(0)


def test_typing_is_told_now_and_then_and_never_of_a_note(okno: Okno, desk: Desk) -> None:
    guest(okno, "Tamara Types", ["hello"])
    told: list[Request] = []
    desk.page.on("request", lambda request: told.append(request) if request.url.endswith("/typing") else None)
    desk.page.clock.install()
    desk.open("Tamara Types")
    desk.thread.get_by_role("radio", name="Note").check(force=True)
    desk.text.press_sequentially("note")
    desk.text.fill("")
    desk.thread.get_by_role("radio", name="Reply").check(force=True)
    assert not told
    with desk.page.expect_response(re.compile(r"/v1/dialogs/\d+/typing$")) as answer:
        desk.text.press_sequentially("a reply")
    assert answer.value.status == 204
    assert len(told) == 1
    desk.page.clock.fast_forward(5_100)
    with desk.page.expect_response(re.compile(r"/typing$")):
        desk.text.press_sequentially(" and more")
    assert len(told) == 2


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_grave_in_what_edits_and_deletes(
    okno: Okno, profile: MakeProfile, options: dict[str, Any]
) -> None:
    name = f"Arne {options['viewport']['width']}"
    guest(okno, name, ["hello"])
    desk = Desk.enter(profile(**options, **UNGUARDED).new_page())
    desk.open(name)
    desk.reply("a reply that was sent, " + "and is longer than one line " * 5)
    expect(desk.delivered("a reply that was sent")).to_be_visible()
    entry = desk.entry("a reply that was sent")
    entry.get_by_role("button", name="Edit the reply").click()
    entry.get_by_role("button", name="Delete the reply").click()
    for button in ("Cancel", "Save", "Delete", "Keep"):
        expect(desk.thread.get_by_role("button", name=button, exact=True)).to_be_in_viewport(ratio=1)
    assert not grave(desk.page)
    assert fits(desk.page)


def test_the_question_stays_while_the_row_changes(okno: Okno, desk: Desk) -> None:
    guest(okno, "Asta Asked", ["hello"])
    desk.open("Asta Asked")
    desk.reply("never mind")
    expect(desk.delivered("never mind")).to_be_visible()
    entry = desk.entry("never mind")
    entry.get_by_role("button", name="Delete the reply").click()
    expect(entry.get_by_role("button", name="Keep")).to_be_focused()
    # Another language builds every row anew, as news of the delivery do.
    desk.page.evaluate("() => document.querySelector('.bar button').click()")
    keep = entry.get_by_role("button", name="Оставить")
    expect(keep).to_be_focused()
    keep.press("Enter")
    expect(entry.get_by_role("button", name="Удалить ответ")).to_be_focused()
