"""From the chat to the tasks beside the dialog: found, shown with their words, closed by what is written."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Desk, Visitor, closed, item, panel
from tests.browser.server import Okno

FIRST = (
    "Василий, через неделю мы участвуем на конференции, подготовьте с ребятами стенд и выступление. "
    "Детали отправлю на почту."
)
SECOND = "И кстати, в конце недели жду консолидированный отчёт за третий квартал по маркетингу."
STAND, DETAILS = "Подготовить с ребятами стенд и выступление", "детали отправлю на почту"
REPORT = "консолидированный отчёт"


@pytest.fixture(scope="module")
def okno(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Okno]:
    """An Okno that hears what is written."""
    server = Okno(tmp_path_factory.mktemp("hearing"), hears=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_what_a_customer_writes_becomes_tasks_and_what_he_takes_back_none(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Nikolai Petrovich")
    visitor.send(FIRST)
    desk.open("Nikolai Petrovich")
    expect(item(desk, STAND)).to_be_visible()
    expect(item(desk, DETAILS)).to_be_visible()
    desk.reply("Хорошо, Николай Петрович, сделаем.")
    visitor.send(SECOND)
    expect(item(desk, REPORT)).to_be_visible()
    expect(panel(desk).locator("li.task")).to_have_count(3)
    expect(desk.entry(FIRST).locator("mark").first).to_contain_text("подготовьте с ребятами стенд и выступление")
    visitor.send("Отчёт уже не нужен")
    expect(closed(desk, REPORT)).to_contain_text("cancelled")
    expect(item(desk, STAND)).to_be_visible()
    expect(item(desk, DETAILS)).to_be_visible()
