"""What mails tell, as the console shows it: doubtful senders, the original, the page, and answers from elsewhere."""

import re
import struct
import zlib
from datetime import UTC, datetime
from email.message import EmailMessage

from playwright.sync_api import Request, Route, expect

from connectors.base import Sender
from connectors.email.envelopes import envelopes_of
from connectors.email.raws import Known
from connectors.email.reading import reading_of
from connectors.email.settings import EmailSettings
from pipeline.attach import Shelf
from storage.files import FileStore
from tests.browser.pages import Desk
from tests.browser.seed import said, take_in
from tests.browser.server import Okno, guest

MAILBOX = EmailSettings(kind="email", address="shop@example.org")
REMOTE = "https://pictures.example/seen.png"


def test_who_may_be_forged_is_held_apart_and_let_in_by_one_click(okno: Okno, desk: Desk) -> None:
    victim = Sender("vera@example.org", "Vera Victim")
    take_in(okno, [said(victim, "where is it", aliases=("<v@x>",))])
    forger = Sender("vera@example.org (unproven)", "Vera Forged")
    take_in(okno, [said(forger, "pay me", claimed="vera@example.org")])
    desk.open("Vera Forged")
    doubt = desk.entry("pay me").locator(".doubt")
    expect(doubt).to_contain_text("The sender may be forged")
    expect(doubt.get_by_role("link", name=re.compile("Names dialog"))).to_be_visible()
    doubt.get_by_role("button", name="Admit the sender").click()
    expect(desk.entry("pay me").get_by_text("The sender was admitted")).to_be_visible()
    take_in(okno, [said(forger, "pay me again", claimed="vera@example.org")])
    desk.open("Vera Victim")
    expect(desk.entry("pay me again")).to_be_visible()


def test_what_our_side_wrote_elsewhere_bears_its_author(okno: Okno, desk: Desk) -> None:
    selma = Sender("selma@example.org", "Selma Elsewhere")
    take_in(okno, [said(selma, "is it"), said(selma, "on its way", direction="out", author="Olga of the shop")])
    desk.open("Selma Elsewhere")
    expect(desk.entry("on its way").locator(".author")).to_have_text("Olga of the shop")


def test_what_cannot_be_done_to_a_reply_is_not_offered(okno: Okno, desk: Desk) -> None:
    guest(okno, "Olaf Offer", ["hello"])

    def nothing(route: Route) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "items": [{**each, "can": []} for each in told["items"]]})

    desk.page.route("**/v1/channels", nothing)
    desk.page.reload()
    desk.open("Olaf Offer")
    desk.reply("good morning")
    expect(desk.delivered("good morning")).to_be_visible()
    expect(desk.entry("good morning").get_by_role("button", name="Edit the reply")).to_have_count(0)
    expect(desk.entry("good morning").get_by_role("button", name="Delete the reply")).to_have_count(0)


def test_the_page_of_a_mail_shows_its_own_images_and_others_when_asked(okno: Okno, desk: Desk) -> None:
    asked: list[Request] = []

    def serve(route: Route) -> None:
        asked.append(route.request)
        route.fulfill(
            body=png(30, 20, b"\x20\x80\x40"), headers={"content-type": "image/png", "cache-control": "no-store"}
        )

    desk.page.context.route("**://pictures.example/**", serve)
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "Petra Page <petra@example.org>", "A page"
    letter.set_content(
        '<h2>Two parcels</h2><p style="color: #b00020">One is <b>broken</b>:</p><img src="cid:i1%40x" alt="own">'
        '<p><a href="https://example.org/">all</a></p>'
        f'<img src="{REMOTE}" alt="remote"><img src="cid:lost" alt="lost">',
        subtype="html",
    )
    letter.add_related(png(40, 25, b"\xc0\x30\x20"), "image", "png", cid="<i1@x>")
    take_in_mail(okno, letter)
    desk.open("Petra Page")
    entry = desk.entry("Two parcels")
    entry.get_by_text("The whole mail").click()
    page = entry.frame_locator("iframe")
    expect(page.get_by_alt_text("own")).to_have_js_property("naturalWidth", 40)
    expect(page.get_by_text("One is")).to_have_css("color", "rgb(176, 0, 32)")
    expect(page.get_by_alt_text("lost")).not_to_have_attribute("src", re.compile(""))
    # Else who wrote would learn that his mail was opened.
    expect(page.get_by_alt_text("remote")).to_have_js_property("currentSrc", "")
    assert not asked
    entry.get_by_role("button", name="Show remote images").click()
    expect(page.get_by_alt_text("remote")).to_have_js_property("naturalWidth", 30)
    expect(page.get_by_alt_text("own")).to_have_js_property("naturalWidth", 40)
    expect(entry.get_by_role("button", name="Show remote images")).to_have_count(0)
    assert [(request.url, request.headers.get("referer")) for request in asked] == [(REMOTE, None)]


def test_nothing_runs_on_the_page_of_a_mail(okno: Okno, desk: Desk) -> None:
    runs = "document.body.append('it ran')"
    html = f"<p>still here</p><script>{runs}</script><p>to the end</p>"
    take_in(okno, [said(Sender("eve@example.org", "Eve Evil"), "look", data={"whole": {"text": "look", "html": html}})])
    desk.open("Eve Evil")
    desk.entry("look").get_by_text("The whole mail").click()
    page = desk.entry("look").frame_locator("iframe")
    expect(page.get_by_text("to the end")).to_be_visible()
    expect(page.get_by_text("it ran")).to_have_count(0)
    sandbox = desk.entry("look").locator("iframe").get_attribute("sandbox") or ""
    assert not {"allow-scripts", "allow-same-origin"} & {*sandbox.split()}


def test_a_mail_without_a_page_is_shown_whole_where_something_was_cut(okno: Okno, desk: Desk) -> None:
    tom = Sender("tom@example.org", "Tom Text")
    cut = {"text": "short\n> quoted before", "cuts": [[5, 21]]}
    take_in(okno, [said(tom, "short", data={"whole": cut}), said(tom, "nothing cut", data={"subject": "s"})])
    desk.open("Tom Text")
    entry = desk.entry("short")
    entry.get_by_text("The whole mail").click()
    expect(entry.locator(".whole .text")).to_have_text("short\n> quoted before")
    expect(desk.entry("nothing cut").get_by_text("The whole mail")).to_have_count(0)


def take_in_mail(okno: Okno, letter: EmailMessage) -> None:
    """Have a mail taken in with its files."""
    known = Known(at=int(datetime.now(UTC).timestamp()))
    found = envelopes_of("INBOX:7:1", known, reading_of(letter.as_bytes()), MAILBOX)
    take_in(okno, Shelf(FileStore(okno.folder / "var" / "files")).keep(found))


def png(width: int, height: int, colour: bytes) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compress((b"\0" + colour * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
