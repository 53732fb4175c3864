"""Tasks beside their dialog: what an operator does to them, by mouse, and what others see of it."""

import re
from datetime import time

import pytest
from playwright.sync_api import expect

from tests.browser.chores import day, finds, moves, proof, task, written
from tests.browser.pages import Desk, MakeProfile, closed, item, panel, press
from tests.browser.server import TOKEN, Okno, call, colleague

NOON = time(12)


def undo(desk: Desk) -> None:
    """Take back what was done last."""
    press(desk.page.locator(".toasts"), "Undo")


def test_a_task_shows_what_it_is_and_when_it_is_due(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Abel Shown", "I promise to pay, and want to know")
    promise = {"kind": "commitment", "promised_by": "client", "due_date": day(1), "due_time": NOON}
    finds(okno, dialog, "Wait for the money", **promise, due_phrase="tomorrow by noon")
    finds(okno, dialog, "Look into it", kind="complaint", due_date=day(-1), priority="high", origin="delivery")
    finds(okno, dialog, "Perhaps answer", kind="question", status="proposed", confidence=0.4)
    desk.open("Abel Shown")
    expect(panel(desk).get_by_role("heading", name="Tasks (2)")).to_be_visible()
    expect(panel(desk).locator(".task-title")).to_have_text(["Look into it", "Wait for the money", "Perhaps answer"])
    promised = item(desk, "Wait for the money")
    expect(promised).to_contain_text("Client’s promise")
    expect(promised.locator(".due")).to_contain_text("tomorrow by 12:00")
    expect(promised.locator(".due")).to_have_attribute("title", re.compile("12:00.*«tomorrow by noon»"))
    expect(promised).not_to_contain_text("sure")
    late = item(desk, "Look into it")
    expect(late.locator(".due")).to_contain_text("Overdue: yesterday")
    expect(late).to_contain_text("important")
    expect(late).to_contain_text("a reply did not arrive")
    expect(item(desk, "Perhaps answer")).to_contain_text("proposed, 40% sure")
    expect(desk.row("Abel Shown").locator(".row-tasks")).to_contain_text("2 open tasks")


def test_a_proposed_task_is_accepted_and_that_is_undone(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Abigail Accept", "maybe")
    number = finds(okno, dialog, "Maybe call", status="proposed", confidence=0.3)
    desk.open("Abigail Accept")
    press(item(desk, "Maybe call"), "Accept")
    expect(item(desk, "Maybe call")).not_to_contain_text("proposed")
    expect(desk.row("Abigail Accept").locator(".row-tasks")).to_contain_text("1 open task")
    assert task(okno, number)["status"] == "open"
    undo(desk)
    expect(item(desk, "Maybe call")).to_contain_text("proposed")
    # What had the focus is gone.
    expect(item(desk, "Maybe call")).to_be_focused()
    assert task(okno, number)["status"] == "proposed"


@pytest.mark.parametrize(
    ("button", "word", "status"),
    [("Done", "done", "done"), ("Cancel it", "cancelled", "cancelled"), ("Not a task", "not a task", "rejected")],
)
def test_a_task_is_closed_by_one_click_and_comes_back(
    okno: Okno, desk: Desk, button: str, word: str, status: str
) -> None:
    name = f"Ada {status}"
    dialog, _ = written(okno, name, "please")
    number = finds(okno, dialog, "Send it")
    finds(okno, dialog, "Another one")
    desk.open(name)
    press(item(desk, "Send it"), button)
    expect(panel(desk).locator("summary")).to_have_text("Closed (1)")
    assert task(okno, number)["status"] == status
    expect(closed(desk, "Send it")).to_contain_text(word)
    undo(desk)
    expect(panel(desk).locator("details")).to_be_hidden()
    assert task(okno, number)["status"] == "open"
    press(item(desk, "Send it"), button)
    press(closed(desk, "Send it"), "Reopen")
    expect(panel(desk).locator("details")).to_be_hidden()
    assert task(okno, number)["status"] == "open"


def test_the_date_is_changed_by_hand_by_one_click_and_taken_away(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Agnes Date", "please")
    number = finds(okno, dialog, "Come by", due_date=day(5))
    desk.open("Agnes Date")
    come = item(desk, "Come by")
    come.locator(".due").click()
    expect(come.get_by_label("Date")).to_have_value(day(5).isoformat())
    press(come, "Tomorrow")
    expect(come.locator(".due")).to_contain_text("tomorrow")
    expect(come.locator("form")).to_have_count(0)
    assert task(okno, number)["due"] == day(1).isoformat()
    come.locator(".due").click()
    come.get_by_label("Date").fill(day(2).isoformat())
    come.get_by_label("Time").fill("09:30")
    press(come, "Save")
    expect(come.locator(".due")).to_contain_text("in 2 days by 09:30")
    come.locator(".due").click()
    press(come, "Today")
    expect(come.locator(".due")).to_contain_text(re.compile("today by 09:30"))
    come.locator(".due").click()
    press(come, "No date")
    expect(come.locator(".due")).to_contain_text("Set a date")
    undo(desk)
    expect(come.locator(".due")).to_contain_text("today by 09:30")


def test_title_and_kind_are_put_right_and_the_last_change_is_undone(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Aida Edit", "please")
    number = finds(okno, dialog, "Sned it")
    desk.open("Aida Edit")
    expect(item(desk, "Sned it").get_by_role("button", name="Undo the last change")).to_have_count(0)
    press(item(desk, "Sned it"), "Edit title and kind")
    form = panel(desk).locator("form")
    form.get_by_label("What is to be done").fill("Send it")
    form.get_by_label("Kind").select_option("Our promise")
    press(form, "Save")
    expect(item(desk, "Send it")).to_contain_text("Our promise")
    changed = task(okno, number)
    assert (changed["kind"], changed["promised_by"]) == ("commitment", "operator")
    press(item(desk, "Send it"), "Undo the last change")
    expect(item(desk, "Sned it")).to_contain_text("Request")


def test_a_task_is_taken_given_back_and_taken_over(okno: Okno, desk: Desk, profile: MakeProfile) -> None:
    dialog, _ = written(okno, "Alban Owner", "please")
    number = finds(okno, dialog, "Do it")
    other = Desk.enter(profile().new_page(), colleague(okno, "Bodo", "operator")[0])
    other.open("Alban Owner")
    press(item(other, "Do it"), "Take")
    desk.open("Alban Owner")
    expect(item(desk, "Do it").locator(".owner")).to_have_text("Bodo")
    press(item(desk, "Do it"), "Take over")
    expect(item(desk, "Do it").locator(".owner")).to_have_text("you")
    expect(item(other, "Do it").locator(".owner")).to_have_text("admin")
    undo(desk)
    expect(item(desk, "Do it").locator(".owner")).to_have_text("Bodo")
    press(item(other, "Do it"), "Give back")
    expect(item(desk, "Do it").locator(".owner")).to_have_count(0)
    assert task(okno, number)["assignee"] is None


def test_a_task_is_added_by_hand(okno: Okno, desk: Desk) -> None:
    written(okno, "Alice Hand", "hello")
    desk.open("Alice Hand")
    expect(panel(desk)).to_contain_text("No tasks here yet.")
    press(panel(desk), "Add a task")
    form = panel(desk).locator("form")
    press(form, "Add a task")
    expect(form).to_be_visible()
    form.get_by_label("What is to be done").fill("Order the glass")
    form.get_by_label("Kind").select_option("Our promise")
    press(form, "Tomorrow")
    expect(form.get_by_label("Date")).to_have_value(day(1).isoformat())
    press(form, "Add a task")
    expect(form).to_have_count(0)
    expect(item(desk, "Order the glass")).to_contain_text("Our promise")
    expect(item(desk, "Order the glass").locator(".due")).to_contain_text("tomorrow")
    undo(desk)
    expect(closed(desk, "Order the glass")).to_contain_text("cancelled")


def test_what_is_suggested_is_asked_and_answered(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Alma Asked", "please", "it came")
    first, second = finds(okno, dialog, "Send the act"), finds(okno, dialog, "Send the bill", due_date=day(0))
    moves(okno, first, suggestion={"status": "done", "confidence": 0.5})
    moves(okno, second, suggestion={"due": day(3).isoformat(), "due_time": "15:00"})
    desk.open("Alma Asked")
    expect(item(desk, "Send the act").get_by_role("group", name="A suggested change")).to_contain_text("Done already?")
    expect(item(desk, "Send the bill")).to_contain_text(re.compile(r"Move to \w+, .* by 15:00\?"))
    press(item(desk, "Send the bill"), "No")
    expect(item(desk, "Send the bill")).not_to_contain_text("Move to")
    assert task(okno, second)["due"] == day(0).isoformat()
    press(item(desk, "Send the act"), "Yes")
    expect(closed(desk, "Send the act")).to_contain_text("done")
    undo(desk)
    expect(item(desk, "Send the act")).to_contain_text("Done already?")


def test_who_is_late_is_told_and_changes_nothing(okno: Okno, desk: Desk) -> None:
    dialog, _ = written(okno, "Alois Late", "please")
    number = finds(okno, dialog, "Weigh it")
    desk.open("Alois Late")
    expect(item(desk, "Weigh it")).to_be_visible()
    # The console does not hear of what a colleague did.
    desk.page.route(re.compile("/v1/tasks\\?"), lambda route: route.abort())
    call(f"{okno.url}/v1/tasks/{number}", TOKEN, {"title": "Weigh it twice"}, "PATCH")
    press(item(desk, "Weigh it"), "Done")
    expect(desk.page.get_by_role("alert")).to_contain_text("Somebody has changed the task meanwhile")
    assert task(okno, number)["status"] == "open"
    desk.page.unroute(re.compile("/v1/tasks\\?"))
    expect(item(desk, "Weigh it twice")).to_be_visible()
    press(item(desk, "Weigh it twice"), "Done")
    expect(closed(desk, "Weigh it twice")).to_contain_text("done")


def test_news_come_by_themselves_and_leave_forms_and_focus_alone(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Alva Live", "please call me, and write")
    first = finds(okno, dialog, "Write", proof(message, "write"))
    desk.open("Alva Live")
    press(item(desk, "Write"), "Edit title and kind")
    title = panel(desk).get_by_label("What is to be done")
    title.fill("Write a lett")
    desk.page.evaluate("() => (window.known = document.querySelector('li.entry .bubble'))")
    finds(okno, dialog, "Call", proof(message, "call me"), due_date=day(0))
    expect(item(desk, "Call")).to_be_visible()
    expect(panel(desk).locator(".task-title").first).to_have_text("Call")
    moves(okno, first, nudged_at="2026-01-01T10:00:00Z")
    expect(item(desk, "Write")).to_contain_text("The client asked again")
    expect(title).to_be_focused()
    expect(title).to_have_value("Write a lett")
    expect(desk.entry("please call me").locator("mark")).to_have_text(["call me", "write"])
    assert desk.page.evaluate("() => window.known.isConnected")
    title.press_sequentially("er")
    press(panel(desk), "Save")
    expect(item(desk, "Write a letter")).to_be_visible()


def test_who_may_only_read_sees_tasks_and_no_buttons(okno: Okno, profile: MakeProfile) -> None:
    dialog, (message,) = written(okno, "Amalie Read", "please send it")
    number = finds(okno, dialog, "Send it", proof(message, "send it"), due_date=day(-1))
    finds(okno, dialog, "Propose it", status="proposed")
    moves(okno, number, suggestion={"status": "done"})
    page = profile(viewport={"width": 1360, "height": 860}).new_page()
    desk = Desk.enter(page, colleague(okno, "Reader", "read-only")[0])
    desk.open("Amalie Read")
    expect(item(desk, "Send it")).to_contain_text("Overdue: yesterday")
    expect(item(desk, "Send it")).to_contain_text("Done already?")
    expect(panel(desk).get_by_role("button", name="Add a task")).to_be_hidden()
    # What leads to the words changes nothing.
    expect(panel(desk).locator("li.task button:not(.task-title)")).to_have_count(0)
