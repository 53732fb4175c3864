"""The chat on somebody else's page: another origin, one script tag."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import Okno


@pytest.fixture
def shop(okno: Okno) -> Iterator[str]:
    """The address of a foreign page with the script tag and hostile styles of its own."""
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
        <style>button {{ display: none !important }} * {{ color: red; font-size: 40px }}</style>
        <h1>A shop elsewhere</h1><script src="{okno.url}/chat/site/widget.js" async></script>"""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_chat_works_on_another_origin(shop: str, profile: MakeProfile, desk: Desk) -> None:
    visitor = Visitor.enter(profile().new_page(), shop)
    visitor.introduce("Ilse Elsewhere")
    visitor.send("from another site")
    desk.open("Ilse Elsewhere")
    desk.reply("to another site")
    expect(visitor.message("to another site")).to_be_visible()
    visitor.page.reload()
    expect(visitor.messages).to_have_count(2)
    assert visitor.page.context.cookies() == []
