"""What mails tell, as the console shows it: doubtful senders, the original, and answers from elsewhere."""

import re

from playwright.sync_api import Route, expect

from connectors.base import Sender
from tests.browser.pages import Desk
from tests.browser.seed import said, take_in
from tests.browser.server import Okno, guest


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
    nora = Sender("nora@example.org", "Nora")
    take_in(okno, [said(nora, "is it"), said(nora, "on its way", direction="out", author="Olga of the shop")])
    desk.open("Nora")
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
