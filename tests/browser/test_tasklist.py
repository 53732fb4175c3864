"""All tasks over all dialogs, reminders, and what stands in the way of resolving a dialog."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from storage.db import now
from tests.browser.chores import day, finds, moves, proof, task, tell_the_time, written
from tests.browser.pages import Desk, MakeProfile, item, panel, press
from tests.browser.server import TOKEN, Okno, call, colleague, guest


@pytest.fixture(autouse=True)
def clean(okno: Okno) -> Iterator[None]:
    """Tasks of other tests are none of these tests' business."""

    def close() -> None:
        for one in call(f"{okno.url}/v1/tasks?limit=200", TOKEN)["items"]:
            call(f"{okno.url}/v1/tasks/{one['number']}", TOKEN, {"status": "cancelled"}, "PATCH")

    close()
    yield
    close()


def board(page: Page) -> Locator:
    """The list of all tasks."""
    return page.get_by_role("main")


def rows(page: Page) -> Locator:
    """The tasks in it."""
    return board(page).locator(".board-row")


def titles(page: Page) -> Locator:
    """Their titles."""
    return board(page).locator(".board-title")


def choose(page: Page, group: str, name: str) -> None:
    """Set one of the filters over the list."""
    board(page).get_by_role("group", name=group).get_by_role("radio", name=name, exact=True).check(force=True)


def test_all_tasks_are_listed_filtered_searched_and_sorted(okno: Okno, desk: Desk) -> None:
    page = desk.page
    carl, _ = written(okno, "Carl Listed", "one")
    cora, _ = written(okno, "Cora Listed", "two")
    me = call(f"{okno.url}/v1/me", TOKEN)["id"]
    finds(okno, carl, "Later", due_date=day(20))
    finds(okno, carl, "No day at all", assignee_id=me)
    finds(okno, cora, "Too late", due_date=day(-3))
    finds(okno, cora, "This week", due_date=day(4), kind="question")
    finds(okno, cora, "Maybe", status="proposed")
    finds(okno, cora, "Just now", due_at=now() + timedelta(minutes=1), due_date=day(0))
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(titles(page)).to_have_text(["Too late", "Just now", "This week", "Later", "No day at all", "Maybe"])
    heads = board(page).get_by_role("heading", level=3)
    expect(heads).to_have_text(["Overdue", "Today", "The next days", "Later", "Without a date"])
    expect(rows(page).first).to_contain_text("Overdue: 3 days ago")
    expect(rows(page).first).to_contain_text("Cora Listed")
    choose(page, "Owner", "Mine")
    expect(titles(page)).to_have_text(["No day at all"])
    choose(page, "Owner", "Unassigned")
    expect(titles(page)).to_have_count(5)
    for name, found in (
        ("Overdue", ["Too late"]),
        ("Today", ["Just now"]),
        ("7 days", ["Just now", "This week"]),
        ("Proposed", ["Maybe"]),
    ):
        choose(page, "Which", name)
        expect(titles(page)).to_have_text(found)
    board(page).get_by_label("Search titles and clients").fill("no such task")
    expect(board(page)).to_contain_text("No task passes these filters.")
    press(board(page), "Clear the filters")
    expect(titles(page)).to_have_count(6)
    board(page).get_by_label("Order").select_option("Newest first")
    expect(titles(page)).to_have_text(["Just now", "Maybe", "This week", "Too late", "No day at all", "Later"])
    board(page).get_by_label("Search titles and clients").fill("carl listed")
    expect(titles(page)).to_have_text(["No day at all", "Later"])
    board(page).get_by_label("Search titles and clients").fill("LATE")
    expect(titles(page)).to_have_text(["Too late", "Later"])


def test_a_row_leads_to_the_task_in_its_dialog_and_the_way_back(okno: Okno, desk: Desk) -> None:
    page = desk.page
    dialog, (message,) = written(okno, "Cleo Row", "send the act")
    finds(okno, dialog, "Other task")
    finds(okno, dialog, "Send the act", proof(message, "send the act"))
    page.get_by_role("link", name="Tasks", exact=True).click()
    rows(page).filter(has_text="Send the act").click()
    expect(desk.thread.get_by_role("heading", name="Cleo Row")).to_be_visible()
    expect(item(desk, "Send the act").locator(".task-title")).to_be_focused()
    expect(desk.entry("send the act").locator("mark")).to_have_class(re.compile("strong"))
    page.go_back()
    expect(titles(page)).to_have_text(["Other task", "Send the act"])
    page.get_by_role("link", name="Dialogs").click()
    expect(desk.thread.get_by_role("heading", name="Cleo Row")).to_be_visible()
    page.go_back()
    page.reload()
    expect(titles(page)).to_have_text(["Other task", "Send the act"])


def test_the_dialog_behind_the_list_waits_untouched(okno: Okno, desk: Desk) -> None:
    page = desk.page
    token = guest(okno, "Curt Behind", [f"line {n}" for n in range(40)])
    desk.open("Curt Behind")
    box = desk.thread.get_by_label("Conversation")
    box.evaluate("(box) => (box.scrollTop = box.scrollHeight)")
    expect(desk.row("Curt Behind").locator(".badge")).to_have_count(0)
    box.evaluate("(box) => (box.scrollTop = 300)")
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(board(page).get_by_role("heading", name="All tasks")).to_be_focused()
    call(f"{okno.url}/chat/site/messages", token, {"id": "more", "text": "while you were away"})
    expect(page.locator("li.entry").filter(has_text="while you were away")).to_have_count(1)
    for key in ("t", "e", "j"):
        page.keyboard.press(key)
    (dialog,) = call(f"{okno.url}/v1/dialogs?q=Curt%20Behind", TOKEN)["items"]
    assert (dialog["unread"], dialog["episode"]["status"], dialog["episode"]["assignee"]) == (1, "open", None)
    page.get_by_role("link", name="Dialogs").click()
    expect(desk.thread.get_by_role("heading", name="Curt Behind")).to_be_visible()
    assert box.evaluate("(box) => box.scrollTop") == 300
    press(desk.thread, "Latest messages")
    expect(desk.row("Curt Behind").locator(".badge")).to_have_count(0)


def test_the_list_and_the_count_in_the_head_follow_the_feed(okno: Okno, desk: Desk) -> None:
    page = desk.page
    dialog, _ = written(okno, "Conny Head", "hello")
    number = finds(okno, dialog, "Late already", due_date=day(-1))
    late = page.get_by_role("link", name="1 task overdue")
    late.click()
    expect(titles(page)).to_have_text(["Late already"])
    rows(page).first.focus()
    other = finds(okno, dialog, "Later still", due_date=day(-2))
    expect(titles(page)).to_have_text(["Later still", "Late already"])
    expect(rows(page).nth(1)).to_be_focused()
    expect(page.get_by_role("link", name="2 tasks overdue")).to_have_text("2")
    moves(okno, other, status="done")
    expect(titles(page)).to_have_text(["Late already"])
    call(f"{okno.url}/v1/tasks/{number}", TOKEN, {"due": day(1).isoformat()}, "PATCH")
    expect(titles(page)).to_have_count(0)
    expect(late).to_be_hidden()


def test_what_falls_due_is_told_to_its_owner_and_what_nobody_owns_to_all(
    okno: Okno, desk: Desk, profile: MakeProfile
) -> None:
    other = Desk.enter(profile().new_page(), colleague(okno, "Clemens", "operator")[0])
    me = call(f"{okno.url}/v1/me", TOKEN)["id"]
    dialog, _ = written(okno, "Cyrus Due", "hello")
    mine = finds(okno, dialog, "Mine is late", due_date=day(-1), assignee_id=me)
    finds(okno, dialog, "Everybody's", due_date=day(0), due_at=now() + timedelta(hours=2))
    tell_the_time(okno)
    told, theirs = (each.page.get_by_role("region", name="Reminders") for each in (desk, other))
    expect(told).to_contain_text("and 1 more")
    expect(theirs).to_contain_text("Due soon: Everybody's (today)")
    expect(theirs).not_to_contain_text("more")
    press(theirs, "Close the reminder")
    expect(theirs).to_be_hidden()
    expect(told).to_contain_text("Due soon: Everybody's (today)")
    told.get_by_role("button", name="Due soon").click()
    expect(desk.thread.get_by_role("heading", name="Cyrus Due")).to_be_visible()
    expect(item(desk, "Everybody's")).to_be_focused()
    expect(told).to_contain_text("Overdue: Mine is late (yesterday)")
    call(f"{okno.url}/v1/tasks/{mine}", TOKEN, {"status": "done"}, "PATCH")
    expect(told).to_be_hidden()


# ---- resolving ----


def resolving(okno: Okno, desk: Desk, name: str) -> tuple[list[int], Locator]:
    """A dialog with two open tasks and a proposed one that is to be resolved: their numbers, and the question."""
    dialog, _ = written(okno, name, "please")
    numbers = [finds(okno, dialog, "First"), finds(okno, dialog, "Second"), finds(okno, dialog, "P", status="proposed")]
    desk.open(name)
    expect(panel(desk).locator("li.task")).to_have_count(3)
    desk.act("Resolve")
    question = desk.page.get_by_role("dialog", name="2 tasks are still open")
    expect(question).to_be_visible()
    expect(question.get_by_role("listitem")).to_have_text(["First", "Second"])
    return numbers, question


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        ("All done", ["done", "done", "cancelled"]),
        ("Cancel them", ["cancelled", "cancelled", "cancelled"]),
        ("Keep them open", ["open", "open", "proposed"]),
    ],
)
def test_resolving_asks_what_becomes_of_open_tasks(okno: Okno, desk: Desk, answer: str, states: list[str]) -> None:
    numbers, question = resolving(okno, desk, f"Dana {answer}")
    press(question, answer)
    expect(question).to_be_hidden()
    expect(desk.thread.get_by_role("button", name="Reopen", exact=True)).to_be_visible()
    assert [task(okno, number)["status"] for number in numbers] == states


def test_the_question_is_answered_by_keyboard_and_can_be_left(okno: Okno, desk: Desk) -> None:
    numbers, question = resolving(okno, desk, "Dora Keyboard")
    keys = desk.page.keyboard
    expect(question.get_by_role("button", name="Do not resolve")).to_be_focused()
    # Single keys mean nothing to what lies below.
    keys.press("t")
    keys.press("Escape")
    expect(question).to_be_hidden()
    expect(desk.thread.get_by_role("button", name="Resolve", exact=True)).to_be_focused()
    expect(desk.thread.get_by_role("button", name="Take", exact=True)).to_be_visible()
    assert [task(okno, number)["status"] for number in numbers] == ["open", "open", "proposed"]
    keys.press("e")
    expect(question).to_be_visible()
    for _ in range(3):
        keys.press("Shift+Tab")
    expect(question.get_by_role("button", name="All done")).to_be_focused()
    keys.press("Enter")
    expect(desk.thread.get_by_role("button", name="Reopen", exact=True)).to_be_visible()
    assert [task(okno, number)["status"] for number in numbers] == ["done", "done", "cancelled"]
