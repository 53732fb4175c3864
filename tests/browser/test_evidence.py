"""The words that prove tasks, marked in the messages they stand in."""

import re

from playwright.sync_api import Locator, expect

from connectors.base import Sender
from tests.browser.chores import finds, moves, proof, written
from tests.browser.pages import Desk, item, panel
from tests.browser.seed import said, take_in
from tests.browser.server import TOKEN, Okno, call, guest

STRONG = re.compile(r"\bstrong\b")


def marks(desk: Desk, text: str) -> Locator:
    """The marked words in the message with this text."""
    return desk.entry(text).locator("mark")


def messages(okno: Okno, desk: Desk) -> list[dict[str, object]]:
    """The messages of the dialog that is open."""
    dialog = desk.page.url.rpartition("#/")[2]
    found: list[dict[str, object]] = call(f"{okno.url}/v1/dialogs/{dialog}/messages", TOKEN)["items"]
    return found


def test_words_are_marked_where_they_stand_emoji_or_not(okno: Okno, desk: Desk) -> None:
    text = "👋🏽 Привет 🙂, пришлите акт 👨‍👩‍👧 до пятницы 🎉 и перезвоните"
    dialog, (message,) = written(okno, "Beata Emoji", text)
    finds(okno, dialog, "Отправить акт", proof(message, "пришлите акт 👨‍👩‍👧 до пятницы 🎉"))
    finds(okno, dialog, "Перезвонить", proof(message, "перезвоните"))
    desk.open("Beata Emoji")
    expect(marks(desk, "пришлите")).to_have_text(["пришлите акт 👨‍👩‍👧 до пятницы 🎉", "перезвоните"])
    expect(desk.entry("пришлите").locator(".text")).to_have_text(text)


def test_tasks_of_one_sentence_share_its_words(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Benno Shared", "send the act and the bill by Friday")
    finds(okno, dialog, "Send the act", proof(message, "send the act"), proof(message, "by Friday"))
    finds(okno, dialog, "Send the bill", proof(message, "send the act and the bill by Friday"))
    desk.open("Benno Shared")
    found = marks(desk, "send the act")
    expect(found).to_have_text(["send the act", " and the bill ", "by Friday"])
    item(desk, "Send the act").hover()
    expect(found.nth(0)).to_have_class(STRONG)
    expect(found.nth(1)).not_to_have_class(STRONG)
    expect(found.nth(2)).to_have_class(STRONG)
    item(desk, "Send the bill").hover()
    expect(found.nth(1)).to_have_class(STRONG)
    # The first click on shared words leads to one task, the next to the other.
    desk.entries.first.hover()
    found.nth(0).click()
    expect(item(desk, "Send the act").locator(".task-title")).to_be_focused()
    found.nth(0).click()
    expect(item(desk, "Send the bill").locator(".task-title")).to_be_focused()
    expect(found.nth(1)).to_have_class(STRONG)


def test_a_link_among_the_words_stays_a_link(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Berit Link", "look at https://example.org/a today")
    finds(okno, dialog, "Look at it", proof(message, "look at https://example.org/a today"))
    desk.open("Berit Link")
    expect(marks(desk, "look at")).to_have_text(["look at ", "https://example.org/a", " today"])
    expect(desk.entry("look at").get_by_role("link")).to_have_attribute("href", "https://example.org/a")
    expect(marks(desk, "look at").and_(desk.page.locator("[tabindex]"))).to_have_count(1)
    with desk.page.context.expect_page() as opened:
        desk.entry("look at").get_by_role("link").click()
    opened.value.close()
    expect(item(desk, "Look at it").locator(".task-title")).not_to_be_focused()


def test_looks_that_leave_the_letters_where_they_are_are_marked_too(okno: Okno, desk: Desk) -> None:
    hana = Sender("hana", "Hana Looks")
    take_in(okno, [said(hana, "call me\nback soon", html="call <b>me<br>back</b> soon")])
    take_in(okno, [said(hana, "one\ntwo three", html="<blockquote>one</blockquote>two three")])
    desk.open("Hana Looks")
    expect(desk.entries).to_have_count(2)
    dialog = int(desk.page.url.rpartition("#/")[2])
    plain, moved = messages(okno, desk)
    finds(okno, dialog, "Call her", proof(plain, "me\nback soon"))
    number = finds(okno, dialog, "Quote her", proof(moved, "two"))
    expect(marks(desk, "call me")).to_have_text(["me", "back", " soon"])
    # A quote ends its line by itself: the message as a whole is marked.
    bubble = desk.entry("two three").locator(".bubble")
    expect(bubble).to_have_class(re.compile("evidence-whole"))
    expect(marks(desk, "two three")).to_have_count(0)
    desk.entry("two three").get_by_role("button", name=f"Task № {number}").click()
    expect(item(desk, "Quote her").locator(".task-title")).to_be_focused()
    expect(bubble).to_have_class(STRONG)


def test_of_a_mail_its_own_words_are_marked(okno: Okno, desk: Desk) -> None:
    whole = {"text": "call me\n> call me before", "cuts": [[7, 24]]}
    take_in(okno, [said(Sender("mia@example.org", "Mia Mail"), "call me", data={"subject": "call me", "whole": whole})])
    desk.open("Mia Mail")
    (message,) = messages(okno, desk)
    finds(okno, int(desk.page.url.rpartition("#/")[2]), "Call her", proof(message, "call me"))
    expect(marks(desk, "call me")).to_have_count(1)
    expect(desk.entry("call me").locator(".bubble > .text mark")).to_have_text("call me")


def test_words_that_were_changed_since_are_not_marked_wrongly(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Bibi Changed", "the blue one please")
    evidence = {**proof(message, "blue one"), "text": "red one"}
    finds(okno, dialog, "Send the red one", evidence)
    desk.open("Bibi Changed")
    expect(desk.entry("the blue one").locator(".evidence-whole")).to_be_visible()
    expect(marks(desk, "the blue one")).to_have_count(0)


def test_a_closed_task_leaves_the_words(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Bilal Done", "please call and write")
    first = finds(okno, dialog, "Call", proof(message, "call"))
    finds(okno, dialog, "Write", proof(message, "write"))
    desk.open("Bilal Done")
    expect(marks(desk, "please call")).to_have_text(["call", "write"])
    moves(okno, first, status="done")
    expect(marks(desk, "please call")).to_have_text(["write"])
    expect(desk.entry("please call").locator(".text")).to_have_text("please call and write")


def test_the_title_leads_to_words_among_older_messages_and_long_ones(okno: Okno, desk: Desk) -> None:
    lines = [f"line {n:03}" for n in range(1, 71)]
    lines[0] = "a long story " * 200 + "and at last: call me"
    dialog, all_of_it = written(okno, "Birk Older", *lines)
    finds(okno, dialog, "Call him", proof(all_of_it[0], "call me"))
    desk.open("Birk Older")
    expect(desk.entry("a long story")).to_have_count(0)
    item(desk, "Call him").locator(".task-title").click()
    expect(marks(desk, "a long story")).to_be_in_viewport()
    expect(marks(desk, "a long story")).to_have_class(STRONG)
    expect(desk.entry("a long story").locator(".folded")).to_have_count(0)
    expect(item(desk, "Call him").locator(".task-title")).to_be_focused()


def test_words_lead_to_their_task_by_keyboard(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Birte Keys", "call me, and write me")
    finds(okno, dialog, "Call", proof(message, "call me"))
    finds(okno, dialog, "Write", proof(message, "write me"))
    desk.open("Birte Keys")
    desk.thread.get_by_label("Conversation").focus()
    desk.page.keyboard.press("Tab")
    expect(marks(desk, "call me").first).to_be_focused()
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    expect(item(desk, "Write").locator(".task-title")).to_be_focused()


def test_a_message_that_arrives_keeps_the_marks(okno: Okno, desk: Desk) -> None:
    token = guest(okno, "Bodil More", ["call me"])
    desk.open("Bodil More")
    (message,) = messages(okno, desk)
    finds(okno, int(desk.page.url.rpartition("#/")[2]), "Call her", proof(message, "call me"))
    expect(marks(desk, "call me")).to_have_text(["call me"])
    call(f"{okno.url}/chat/site/messages", token, {"id": "again", "text": "today"})
    expect(desk.entry("today")).to_be_visible()
    # Another language builds every row anew.
    desk.page.locator(".bar button").first.click()
    expect(panel(desk)).to_have_count(0)
    expect(marks(desk, "call me")).to_have_attribute("title", re.compile("Задача"))
    expect(marks(desk, "call me")).to_have_text(["call me"])
