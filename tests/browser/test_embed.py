"""The chat on somebody else's page: another origin, one script tag, and visitors the site knows."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import IDENTITY_SECRET, Okno


@pytest.fixture
def shop(okno: Okno) -> Iterator[str]:
    """The address of a foreign page with the script tag and hostile styles; `?identity=` is who is signed in there."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            channel, identity = ("shop", asked["identity"][0]) if "identity" in asked else ("site", "")
            page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
                <style>button {{ display: none !important }} * {{ color: red; font-size: 40px }}</style>
                <h1>A shop elsewhere</h1>
                <script src="{okno.url}/chat/{channel}/widget.js" data-identity="{identity}" async></script>"""
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


def identity(name: str, seconds: int = 3600) -> str:
    """What the shop's back end says of a customer who has signed in, and how long it holds."""
    claims = {"sub": f"customer-{name}", "name": name, "exp": int(time.time()) + seconds}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims)]
    signature = hmac.digest(IDENTITY_SECRET.encode(), b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


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


def test_who_signs_in_on_the_site_sees_his_own_conversation_only(shop: str, profile: MakeProfile, desk: Desk) -> None:
    shared = profile().new_page()
    visitor = Visitor.enter(shared, f"{shop}?identity={identity('Kuno')}")
    visitor.send("this is private")
    expect(desk.row("Kuno")).to_contain_text("this is private")
    visitor.text.fill("half a secret")
    visitor = Visitor.enter(shared, f"{shop}?identity={identity('Lotte')}")
    expect(visitor.text).to_have_value("")
    visitor.send("somebody else")
    expect(desk.row("Lotte")).to_contain_text("somebody else")
    expect(visitor.messages).to_have_count(1)
    # The same customer on another device.
    elsewhere = Visitor.enter(profile().new_page(), f"{shop}?identity={identity('Kuno')}")
    elsewhere.send("it is me again")
    expect(elsewhere.message("this is private")).to_have_count(1)


def test_an_identity_that_does_not_hold_still_lets_the_visitor_write(
    shop: str, profile: MakeProfile, desk: Desk
) -> None:
    visitor = Visitor.enter(profile().new_page(), f"{shop}?identity={identity('Mallory')}-forged")
    visitor.send("I am not who I say")
    expect(desk.row("I am not who I say")).to_have_count(1)
    expect(desk.row("Mallory")).to_have_count(0)


def a_day_later(visitor: Visitor, name: str) -> None:
    """The page stayed open: neither the session nor what the site said of its visitor holds any longer."""
    visitor.page.evaluate(
        """(identity) => {
            document.querySelector("script[data-identity]").dataset.identity = identity;
            const key = Object.keys(localStorage).find((name) => name.startsWith("okno.session."));
            const session = JSON.parse(localStorage.getItem(key));
            localStorage.setItem(key, JSON.stringify({ ...session, token: "worn-out" }));
        }""",
        identity(name, seconds=-1),
    )


def test_when_the_sites_word_has_run_out_the_visitor_is_told_and_his_words_wait(
    shop: str, profile: MakeProfile, desk: Desk
) -> None:
    visitor = Visitor.enter(profile().new_page(), f"{shop}?identity={identity('Moritz')}")
    visitor.send("while I am known")
    a_day_later(visitor, "Moritz")
    visitor.write("after a long while")
    expect(visitor.state("after a long while", "ended")).to_contain_text("once you reload the page")
    expect(visitor.panel.get_by_text("Your session has ended")).to_be_visible()
    visitor.text.fill("half a thought")
    visitor.page.goto(f"{shop}?identity={identity('Moritz')}")
    expect(visitor.state("after a long while", "sent")).to_be_visible()
    expect(visitor.text).to_have_value("half a thought")
    desk.open("Moritz")
    expect(desk.entries.locator(".bubble")).to_have_text(["while I am known", "after a long while"])


def test_the_page_is_asked_for_a_new_word_and_the_chat_goes_on(shop: str, profile: MakeProfile, desk: Desk) -> None:
    visitor = Visitor.enter(profile().new_page(), f"{shop}?identity={identity('Nele')}")
    visitor.send("while I am known")
    visitor.page.evaluate(
        """(identity) => document.addEventListener("okno-identity", (event) => {
            event.target.dataset.identity = identity;
        })""",
        identity("Nele"),
    )
    a_day_later(visitor, "Nele")
    visitor.send("after a long while")
    expect(visitor.panel.get_by_text("We read everything you write")).to_be_visible()
    desk.open("Nele")
    expect(desk.entries.locator(".bubble")).to_have_text(["while I am known", "after a long while"])
