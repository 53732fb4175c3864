"""Files travel both ways, and wait for the network like any message."""

import base64
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.pages import Desk, Visitor

# One red pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def plan(name: str = "план окна.txt", content: bytes = "ширина 120\n".encode()) -> FilePayload:
    """A small text file with a name that is not ASCII."""
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def saved(page: Page, name: str) -> bytes:
    """What the browser saves when the file's button is pressed."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    assert waiting.value.suggested_filename == name
    return Path(waiting.value.path()).read_bytes()


def test_a_visitors_file_reaches_the_operator(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Lena File")
    visitor.panel.locator("input[type=file]").set_input_files([plan()])
    visitor.send("the plan")
    desk.open("Lena File")
    expect(desk.entry("the plan").get_by_text("план окна.txt")).to_be_visible()
    assert saved(desk.page, "план окна.txt") == "ширина 120\n".encode()


def test_an_operators_file_reaches_the_visitor(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Mona File")
    visitor.send("please send the offer")
    desk.open("Mona File")
    desk.thread.locator("input[type=file]").set_input_files([plan("offer.txt", b"12 500\n")])
    expect(desk.thread.get_by_role("button", name="Remove offer.txt")).to_be_visible()
    desk.reply("here it is")
    expect(visitor.message("here it is").get_by_text("offer.txt")).to_be_visible()
    assert saved(visitor.page, "offer.txt") == b"12 500\n"


def test_a_picture_is_shown_on_both_sides(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Nora Picture")
    picture: FilePayload = {"name": "wall.png", "mimeType": "image/png", "buffer": PIXEL}
    visitor.panel.locator("input[type=file]").set_input_files([picture])
    visitor.send("my wall")
    expect(visitor.message("my wall").locator("img")).to_have_js_property("naturalWidth", 1)
    desk.open("Nora Picture")
    expect(desk.entry("my wall").locator("img")).to_have_js_property("naturalWidth", 1)


def test_a_file_alone_is_a_message(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Olga Wordless")
    visitor.panel.locator("input[type=file]").set_input_files([plan("only.txt")])
    visitor.panel.get_by_role("button", name="Send", exact=True).click()
    expect(visitor.panel.locator('[data-state="sent"]')).to_have_count(1)
    desk.open("Olga Wordless")
    expect(desk.entry("only.txt")).to_have_count(1)


def test_files_chosen_offline_outlive_the_page(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Paula Tunnel")
    visitor.send("before")
    context = visitor.page.context
    context.set_offline(True)
    visitor.panel.locator("input[type=file]").set_input_files([plan("tunnel.txt", b"dark\n")])
    visitor.write("with a file")
    expect(visitor.state("with a file", "waiting")).to_be_visible()
    visitor.page.close()
    context.set_offline(False)
    again = Visitor(context.new_page())
    again.page.goto("/")
    expect(again.state("with a file", "sent")).to_be_visible()
    desk.open("Paula Tunnel")
    assert saved(desk.page, "tunnel.txt") == b"dark\n"


def test_a_file_can_be_taken_back_before_sending(visitor: Visitor) -> None:
    visitor.panel.locator("input[type=file]").set_input_files([plan("wrong.txt")])
    visitor.panel.get_by_role("button", name="Remove wrong.txt").click()
    expect(visitor.panel.get_by_text("wrong.txt")).to_have_count(0)
    expect(visitor.panel.get_by_role("button", name="Send", exact=True)).to_be_disabled()
