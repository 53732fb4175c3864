"""Tasks without a mouse, on a phone, in Russian, and under axe-core's eyes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from storage.db import now
from tests.browser.chores import day, finds, moves, proof, task, tell_the_time, written
from tests.browser.pages import Desk, MakeProfile, item, panel, press
from tests.browser.server import TOKEN, Okno
from tests.browser.test_access import PHONE, UNGUARDED, WIDE, fits, grave

NAME = "Egon Axe"


@pytest.fixture(scope="module")
def egon(okno: Okno) -> None:
    """A dialog with every kind of task."""
    dialog, (message,) = written(okno, NAME, "call me, see https://example.org and send the act by Friday")
    finds(okno, dialog, "Call", proof(message, "call me, see https://example.org"), due_date=day(-1), priority="high")
    finds(okno, dialog, "Send the act", proof(message, "send the act by Friday"), due_date=day(1), origin="delivery")
    asked = finds(okno, dialog, "Answer", proof(message, "call me"), kind="question", nudged_at=now())
    moves(okno, asked, suggestion={"status": "done", "due": day(2).isoformat()})
    finds(okno, dialog, "Wonder", kind="complaint", status="proposed", confidence=0.3)
    finds(okno, dialog, "Pay", kind="commitment", promised_by="client")
    for status in ("done", "cancelled", "rejected"):
        moves(okno, finds(okno, dialog, f"Was {status}"), status=status)


def beside(page: Page) -> Desk:
    """The dialog with its tasks before everything else."""
    desk = Desk.enter(page)
    desk.open(NAME)
    if panel(desk).is_hidden():
        desk.thread.get_by_role("button", name=re.compile(r"^Tasks \(")).click()
    expect(item(desk, "Pay")).to_be_visible()
    return desk


def full_panel(page: Page) -> None:
    desk = beside(page)
    panel(desk).locator("summary").click()
    # The focus brings the words out.
    item(desk, "Call").locator(".task-title").focus()


def marked_words(page: Page) -> None:
    desk = beside(page)
    item(desk, "Answer").locator(".task-title").click()
    expect(desk.entry("call me").locator("mark.strong").first).to_be_visible()


def forms(page: Page) -> None:
    desk = beside(page)
    press(panel(desk), "Add a task")
    press(item(desk, "Send the act"), "Edit title and kind")
    item(desk, "Pay").locator(".due").click()
    expect(panel(desk).locator("form")).to_have_count(3)


def question(page: Page) -> None:
    desk = beside(page)
    if page.viewport_size == PHONE["viewport"]:
        press(panel(desk), "Close the tasks")
    desk.act("Resolve")
    expect(page.get_by_role("dialog", name="4 tasks are still open")).to_be_visible()


def all_tasks(page: Page) -> None:
    Desk.enter(page)
    page.get_by_role("link", name="Tasks", exact=True).click()
    expect(page.locator(".board-row").filter(has_text="Wonder").first).to_be_visible()


STATES = [full_panel, marked_words, forms, question, all_tasks]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.usefixtures("egon")
def test_axe_finds_nothing_grave_about_tasks(profile: MakeProfile, state: Callable[[Page], None], scheme: str) -> None:
    page = profile(**WIDE, **UNGUARDED, color_scheme=scheme).new_page()
    state(page)
    assert not grave(page)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.usefixtures("egon")
def test_axe_finds_nothing_grave_about_tasks_on_a_phone(profile: MakeProfile, state: Callable[[Page], None]) -> None:
    page = profile(**PHONE, **UNGUARDED).new_page()
    state(page)
    assert not grave(page)
    assert fits(page)


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_grave_in_reminders_and_toasts(
    okno: Okno, profile: MakeProfile, options: dict[str, Any]
) -> None:
    name = f"Elmar {options['viewport']['width']}"
    dialog, _ = written(okno, name, "hello")
    # In the evening what other tests have due today is overdue too.
    tell_the_time(okno)
    page = profile(**options, **UNGUARDED).new_page()
    desk = Desk.enter(page)
    desk.open(name)
    finds(okno, dialog, "A task that has been waiting for a long time already", due_date=day(-1))
    finds(okno, dialog, "Take me")
    tell_the_time(okno)
    expect(page.get_by_role("region", name="Reminders")).to_contain_text("A task that has been waiting")
    if panel(desk).is_hidden():
        press(desk.thread, "Tasks (2)")
    press(item(desk, "Take me"), "Take")
    expect(page.locator(".toasts").get_by_role("button", name="Undo")).to_be_visible()
    assert not grave(page)
    assert fits(page)


def test_tasks_need_no_mouse(okno: Okno, desk: Desk) -> None:
    dialog, (message,) = written(okno, "Emmy Keys", "call me, then write")
    call_her = finds(okno, dialog, "Call her", proof(message, "call me"), due_date=day(0))
    finds(okno, dialog, "Write to her", proof(message, "write"))
    keys = desk.page.keyboard
    desk.row("Emmy Keys").focus()
    keys.press("Enter")
    expect(item(desk, "Write to her")).to_be_visible()
    keys.press("d")
    expect(item(desk, "Call her").locator(".task-title")).to_be_focused()
    expect(desk.entry("call me").locator("mark").first).to_have_class(re.compile("strong"))
    for _ in range(10):
        keys.press("Tab")
        if item(desk, "Call her").locator(".due").evaluate("(due) => due === document.activeElement"):
            break
    keys.press("Enter")
    expect(item(desk, "Call her").get_by_role("button", name="Today", exact=True)).to_be_visible()
    keys.press("Escape")
    expect(item(desk, "Call her").locator(".due")).to_be_focused()
    keys.press("Enter")
    tomorrow = item(desk, "Call her").get_by_role("button", name="Tomorrow")
    tomorrow.focus()
    keys.press("Enter")
    expect(item(desk, "Call her").locator(".due")).to_contain_text("tomorrow")
    expect(item(desk, "Call her").locator(".due")).to_be_focused()
    item(desk, "Call her").get_by_role("button", name="Done").focus()
    keys.press("Enter")
    # The next task has the focus of the one that left.
    expect(item(desk, "Write to her").locator(".task-title")).to_be_focused()
    assert task(okno, call_her)["status"] == "done"
    expect(desk.page.get_by_role("status").filter(has_text=f"Task {call_her} is done.")).to_have_count(1)
    keys.press("u")
    expect(item(desk, "Call her")).to_be_visible()
    assert task(okno, call_her)["status"] == "open"
    keys.press("a")
    expect(desk.page.get_by_role("heading", name="All tasks")).to_be_focused()
    keys.press("/")
    expect(desk.page.get_by_label("Search titles and clients")).to_be_focused()
    keys.type("emmy")
    rows = desk.page.locator(".board-row")
    expect(rows).to_have_count(2)
    rows.first.focus()
    keys.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    keys.press("Enter")
    expect(item(desk, "Write to her").locator(".task-title")).to_be_focused()


def test_a_phone_shows_tasks_over_the_dialog(okno: Okno, profile: MakeProfile) -> None:
    dialog, (message,) = written(okno, "Erika Phone", "call me")
    finds(okno, dialog, "Call her", proof(message, "call me"))
    desk = Desk.enter(profile(**PHONE).new_page())
    desk.row("Erika Phone").tap()
    button = desk.thread.get_by_role("button", name="Tasks (1)")
    expect(button).to_be_visible()
    expect(panel(desk)).to_be_hidden()
    button.tap()
    box = panel(desk).bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(panel(desk).get_by_role("heading", name="Tasks (1)")).to_be_focused()
    item(desk, "Call her").locator(".task-title").tap()
    expect(panel(desk)).to_be_hidden()
    expect(desk.entry("call me").locator("mark")).to_have_class(re.compile("strong"))
    desk.entry("call me").locator("mark").tap()
    expect(item(desk, "Call her").locator(".task-title")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(panel(desk)).to_be_hidden()
    expect(button).to_be_focused()
    assert fits(desk.page)


def test_tasks_speak_russian(okno: Okno, profile: MakeProfile) -> None:
    dialog, (message,) = written(okno, "Ева Русская", "пришлите акт завтра")
    finds(okno, dialog, "Отправить акт", proof(message, "пришлите акт"), due_date=day(1))
    finds(okno, dialog, "Позвонить", kind="commitment", promised_by="operator", due_date=day(-1))
    finds(okno, dialog, "Уточнить", status="proposed", confidence=0.4)
    page = profile(**WIDE, locale="ru-RU").new_page()
    page.goto("/console")
    page.get_by_label("Токен оператора").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("option").filter(has_text="Ева Русская").click()
    tasks = page.get_by_role("complementary", name="Задачи")
    expect(tasks.get_by_role("heading", name="Задачи (2)")).to_be_visible()
    found = tasks.locator("li.task")
    expect(found.filter(has_text="Позвонить")).to_contain_text("Наше обещание")
    expect(found.filter(has_text="Позвонить")).to_contain_text("Просрочена: вчера")
    expect(found.filter(has_text="Отправить акт")).to_contain_text("завтра")
    expect(found.filter(has_text="Уточнить")).to_contain_text(re.compile(r"предложена, 40\s%"))
    expect(page.get_by_role("option").filter(has_text="Ева Русская")).to_contain_text("2 открытые задачи")
    press(found.filter(has_text="Отправить акт"), "Готово")
    press(page.locator(".toasts"), "Отменить")
    expect(found.filter(has_text="Отправить акт")).to_be_visible()
    page.get_by_role("button", name="Решено").click()
    expect(page.get_by_role("dialog", name="Остались 2 открытые задачи")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Задачи", exact=True).click()
    expect(page.get_by_role("heading", name="Все задачи")).to_be_visible()
    page.get_by_role("button", name=re.compile("English")).click()
    expect(page.get_by_role("heading", name="All tasks")).to_be_visible()
    expect(page.locator(".board-row").filter(has_text="Позвонить")).to_contain_text("Overdue: yesterday")
