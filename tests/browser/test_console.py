"""The operator's page: dialogs, filters, notes, taking and resolving, and what happens on a bad line."""

import json
import re

from playwright.sync_api import Page, Route, expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import TOKEN, Okno, call, colleague, guest, hook


def choose(desk: Desk, *names: str) -> None:
    """Switch filters on by their names."""
    for name in names:
        desk.page.get_by_label(name, exact=True).check(force=True)


def test_a_wrong_token_is_refused_and_a_right_one_stays_in_the_tab(blank: Page) -> None:
    blank.goto("/console")
    field = blank.get_by_label("Operator token")
    field.fill("nobody's token")
    blank.keyboard.press("Enter")
    expect(blank.get_by_role("alert")).to_have_text("This token is not accepted.")
    field.fill(TOKEN)
    blank.keyboard.press("Enter")
    expect(blank.get_by_role("listbox").or_(blank.get_by_text("Nothing here."))).to_be_visible()
    assert TOKEN not in json.dumps(blank.evaluate("() => ({ ...localStorage })"))
    blank.reload()
    expect(blank.get_by_text("Live", exact=True)).to_be_visible()
    blank.get_by_role("button", name="Sign out").click()
    expect(field).to_be_visible()
    assert blank.evaluate("() => sessionStorage.length") == 0


def test_a_revoked_token_leads_to_the_door_and_keeps_the_draft(okno: Okno, blank: Page) -> None:
    guest(okno, "Agathe Draft", ["hello"])
    token, revocation = colleague(okno, "Leaver", "operator")
    desk = Desk.enter(blank, token)
    desk.open("Agathe Draft")
    desk.text.fill("half an answer")
    call(revocation, TOKEN, method="DELETE")
    expect(blank.get_by_role("alert")).to_have_text("This token is not accepted.")
    desk = Desk.enter(blank)
    desk.open("Agathe Draft")
    expect(desk.text).to_have_value("half an answer")


def test_a_note_never_reaches_the_visitor(okno: Okno, visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Petra Note")
    visitor.send("good morning")
    desk.open("Petra Note")
    desk.note("she is in the blacklist of the warehouse")
    expect(desk.entry("blacklist")).to_contain_text("Note, staff only")
    desk.reply("good morning to you")
    expect(visitor.message("good morning to you")).to_be_visible()
    visitor.page.reload()
    expect(visitor.messages).to_have_count(2)
    expect(visitor.page.get_by_text("blacklist")).to_have_count(0)
    token = visitor.page.evaluate(
        """() => {
            const key = Object.keys(localStorage).find((name) => name.startsWith("okno.session."));
            return JSON.parse(localStorage.getItem(key)).token;
        }"""
    )
    assert "blacklist" not in json.dumps(call(f"{okno.url}/chat/site/messages", token))


def test_take_give_back_resolve_and_reopen(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Quirin Work")
    visitor.send("please help")
    desk.open("Quirin Work")
    expect(desk.row("Quirin Work")).to_contain_text("nobody’s")
    desk.act("Take")
    expect(desk.row("Quirin Work")).to_contain_text("you")
    desk.act("Give back")
    expect(desk.row("Quirin Work")).to_contain_text("nobody’s")
    desk.act("Take")
    desk.act("Resolve")
    expect(desk.row("Quirin Work")).to_have_count(0)
    choose(desk, "Resolved")
    expect(desk.row("Quirin Work")).to_have_count(1)
    desk.act("Reopen")
    expect(desk.row("Quirin Work")).to_have_count(0)
    choose(desk, "Open")
    expect(desk.row("Quirin Work")).to_have_count(1)


def test_a_new_message_reopens_a_resolved_dialog(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Rosa Again")
    visitor.send("one thing")
    desk.open("Rosa Again")
    desk.act("Resolve")
    expect(desk.row("Rosa Again")).to_have_count(0)
    visitor.send("and another thing")
    expect(desk.row("Rosa Again")).to_contain_text("and another thing")


def test_filters_narrow_the_list(okno: Okno, desk: Desk) -> None:
    guest(okno, "Selma Filter", ["a purple curtain"])
    guest(okno, "Tilda Filter", ["a yellow curtain"])
    desk.open("Selma Filter")
    desk.act("Take")
    expect(desk.row("Selma Filter")).to_contain_text("you")
    choose(desk, "Mine")
    expect(desk.row("Tilda Filter")).to_have_count(0)
    expect(desk.row("Selma Filter")).to_have_count(1)
    choose(desk, "Unassigned")
    expect(desk.row("Selma Filter")).to_have_count(0)
    expect(desk.row("Tilda Filter")).to_have_count(1)
    choose(desk, "All")
    desk.page.get_by_label("Search names and messages").fill("purple")
    expect(desk.row("Tilda Filter")).to_have_count(0)
    expect(desk.row("Selma Filter")).to_have_count(1)
    desk.page.get_by_label("Search names and messages").fill("no such words anywhere")
    desk.page.get_by_role("button", name="Clear the filters").click()
    expect(desk.row("Tilda Filter")).to_have_count(1)


def test_a_channel_narrows_the_list(okno: Okno, desk: Desk) -> None:
    guest(okno, "Ursa Site", ["hello"])
    hook(okno, "Ursa Shop", "hello")
    expect(desk.row("Ursa Shop")).to_have_count(1)
    desk.page.get_by_label("Channel", exact=True).select_option("shop")
    expect(desk.row("Ursa Site")).to_have_count(0)
    expect(desk.row("Ursa Shop")).to_have_count(1)


def test_unread_counts_come_and_go(okno: Okno, desk: Desk) -> None:
    guest(okno, "Ulla Unread", ["one", "two", "three"])
    row = desk.row("Ulla Unread")
    expect(row.locator(".badge")).to_contain_text("3")
    expect(desk.page).to_have_title(re.compile(r"^\(\d+\) Okno$"))
    desk.page.get_by_label(re.compile("^Unread")).check(force=True)
    expect(row).to_have_count(1)
    desk.open("Ulla Unread")
    expect(desk.thread.get_by_text("New", exact=True)).to_be_visible()
    expect(row).to_have_count(0)
    desk.page.get_by_label(re.compile("^Unread")).uncheck(force=True)
    expect(row).to_have_count(1)
    expect(row.locator(".badge")).to_have_count(0)


def test_a_reply_stops_when_the_client_has_written_meanwhile(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Vera Meanwhile")
    visitor.send("blue or green?")
    desk.open("Vera Meanwhile")
    # The console does not hear of the second message before the reply is sent.
    desk.page.route(re.compile("/v1/dialogs/.*sort="), lambda route: route.abort())
    visitor.send("no, red!")
    expect(desk.row("Vera Meanwhile")).to_contain_text("no, red!")
    desk.text.fill("blue")
    desk.text.press("Control+Enter")
    expect(desk.thread.get_by_role("alert")).to_contain_text("has written while you were answering")
    desk.page.unroute(re.compile("/v1/dialogs/.*sort="))
    expect(desk.entry("no, red!")).to_have_count(1)
    expect(desk.text).to_have_value("blue")
    expect(visitor.message("blue")).to_have_count(1)
    desk.text.fill("red it is")
    desk.text.press("Control+Enter")
    expect(visitor.message("red it is")).to_have_count(1)


def test_a_reply_whose_answer_was_lost_is_said_once(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Wanda Once")
    visitor.send("hello?")
    desk.open("Wanda Once")
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    sending = re.compile("/v1/dialogs/[^/]*/messages$")
    desk.page.route(sending, lose, times=2)
    desk.text.fill("said once")
    desk.text.press("Control+Enter")
    expect(visitor.message("said once")).to_have_count(1)
    expect(desk.text).to_have_value("")
    expect(desk.entry("said once")).to_have_count(1)
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_reply_that_fails_keeps_its_text(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Xenia Kept")
    visitor.send("hello?")
    desk.open("Xenia Kept")
    sending = re.compile("/v1/dialogs/[^/]*/messages$")
    desk.page.route(sending, lambda route: route.fulfill(status=422, body='{"detail": "no ink"}'), times=1)
    desk.text.fill("kept text")
    desk.text.press("Control+Enter")
    expect(desk.thread.get_by_role("alert")).to_contain_text("no ink")
    expect(desk.text).to_have_value("kept text")
    desk.thread.get_by_role("button", name="Try again").click()
    expect(visitor.message("kept text")).to_have_count(1)


def test_drafts_wait_in_their_dialogs(okno: Okno, desk: Desk) -> None:
    guest(okno, "Yana Draft", ["first"])
    guest(okno, "Zora Draft", ["second"])
    desk.open("Yana Draft")
    desk.text.fill("for Yana")
    desk.open("Zora Draft")
    expect(desk.text).to_have_value("")
    desk.page.reload()
    desk.open("Yana Draft")
    expect(desk.text).to_have_value("for Yana")


def test_older_messages_are_loaded_on_demand(okno: Okno, desk: Desk) -> None:
    guest(okno, "Alma Long", [f"line {n:03}" for n in range(1, 71)])
    expect(desk.row("Alma Long")).to_contain_text("line 070")
    desk.open("Alma Long")
    expect(desk.entry("line 070")).to_have_count(1)
    expect(desk.entry("line 001")).to_have_count(0)
    desk.thread.get_by_role("button", name="Show earlier messages").click()
    expect(desk.entries).to_have_count(70)
    numbers = [text[-3:] for text in desk.entries.locator(".text").all_inner_texts()]
    assert numbers == [f"{n:03}" for n in range(1, 71)]


def test_the_clients_card_renames_him(okno: Okno, desk: Desk) -> None:
    guest(okno, "Bella Oldname", ["hello"])
    desk.open("Bella Oldname")
    desk.thread.get_by_role("button", name="Client", exact=True).click()
    card = desk.page.get_by_role("complementary", name="Client")
    expect(card.get_by_label("Name")).to_have_value("Bella Oldname")
    card.get_by_label("Name").fill("Bella Newname")
    card.get_by_label("Phone").fill("+7 900 000-00-00")
    card.get_by_role("button", name="Save").click()
    expect(desk.row("Bella Newname")).to_have_count(1)
    expect(desk.thread.get_by_role("heading", name="Bella Newname")).to_be_visible()


def test_an_open_dialog_survives_a_reload_and_the_back_button(okno: Okno, desk: Desk) -> None:
    guest(okno, "Clara Address", ["hello"])
    guest(okno, "Daria Address", ["hello"])
    desk.open("Clara Address")
    desk.open("Daria Address")
    desk.page.reload()
    expect(desk.thread.get_by_role("heading", name="Daria Address")).to_be_visible()
    desk.page.go_back()
    expect(desk.thread.get_by_role("heading", name="Clara Address")).to_be_visible()


def test_a_reply_that_can_not_leave_says_why_and_is_tried_again(okno: Okno, desk: Desk) -> None:
    hook(okno, "Elfi Unreached", "can you answer me?")
    desk.open("Elfi Unreached")
    desk.reply("I would if I could")
    failed = desk.entry("I would if I could").locator(".delivery.failed")
    expect(failed).to_contain_text("Not delivered: ")
    with desk.page.expect_response(re.compile(r"/v1/outbox/\d+/retry$")) as answer:
        failed.get_by_role("button", name="Send again").click()
    assert answer.value.ok
    expect(failed).to_be_visible()


def test_a_colleagues_dialog_can_be_taken_over(okno: Okno, profile: MakeProfile, desk: Desk) -> None:
    guest(okno, "Fenja Shared", ["hello"])
    other = Desk.enter(profile().new_page(), colleague(okno, "Bruno", "operator")[0])
    other.open("Fenja Shared")
    other.act("Take")
    expect(desk.row("Fenja Shared")).to_contain_text("Bruno")
    desk.open("Fenja Shared")
    desk.act("Take over")
    expect(desk.row("Fenja Shared")).to_contain_text("you")
    expect(other.thread.get_by_role("button", name="Take over")).to_be_visible()


def test_who_may_only_read_is_offered_nothing_else(okno: Okno, profile: MakeProfile) -> None:
    guest(okno, "Gitta Watched", ["hello"])
    desk = Desk.enter(profile().new_page(), colleague(okno, "Auditor", "read-only")[0])
    desk.open("Gitta Watched")
    expect(desk.entry("hello")).to_be_visible()
    expect(desk.text).to_be_hidden()
    expect(desk.thread.get_by_role("button", name="Take")).to_be_hidden()
    expect(desk.thread.get_by_role("button", name="Resolve")).to_be_hidden()
    expect(desk.row("Gitta Watched").locator(".badge")).to_be_visible()
