"""What messengers tell of a message and its writer, as the console shows it."""

import re
from datetime import UTC, datetime

from playwright.sync_api import expect

from connectors.base import Message, Reach, Reaction, Sender
from tests.browser.pages import Desk, MakeProfile
from tests.browser.seed import said, take_in
from tests.browser.server import Okno
from tests.browser.test_access import PHONE, UNGUARDED, WIDE, fits, grave

LONG = "\n".join(f"line {n}" for n in range(60))
EVIL = (
    '<b onclick="document.title=1">bold</b> <i>slanted</i><br><u>under</u> <s>gone</s> <code>x = 1</code>'
    '<pre>a\n  b</pre><blockquote>said before</blockquote><a href="https://example.org/a">a page</a> '
    '<a href="javascript:alert(1)">a trap</a><img src="x" onerror="document.title=2"><script>document.title=3</script>'
    '<font size="7">loud</font>'
)


def told(text: str, who: Sender) -> Message:
    """A message with all that a channel may tell."""
    data = {
        "forwarded_from": "Window News",
        "quote": "the words that are answered",
        "link": "https://example.org/wall/1",
        "location": {"latitude": 55.75, "longitude": 37.62},
    }
    return said(who, text, data=data, author="Anton of the group")


def test_a_message_shows_what_its_channel_told(okno: Okno, desk: Desk) -> None:
    group = Sender("told-1", "Glaziers")
    first, second = told("from the group", group), said(group, "by another one", author="Boris of the group")
    like = [Reaction(first.external_id, who, emoji) for who, emoji in (("7", "👍"), ("8", "👍"), ("9", "🔥"))]
    take_in(okno, [first, second, *like])
    desk.open("Glaziers")
    expect(desk.row("Glaziers")).to_contain_text("Boris of the group: by another one")
    entry = desk.entry("from the group")
    expect(entry.locator(".author")).to_have_text("Anton of the group")
    expect(desk.entry("by another one").locator(".author")).to_have_text("Boris of the group")
    expect(entry.get_by_text("Forwarded from Window News")).to_be_visible()
    expect(entry.locator(".quoted")).to_have_text("the words that are answered")
    expect(entry.get_by_role("link", name="https://example.org/wall/1")).to_have_attribute("target", "_blank")
    place = entry.get_by_role("link", name="55.75, 37.62")
    expect(place).to_have_attribute("href", re.compile(r"^https://www\.openstreetmap\.org/\?mlat=55\.75&mlon=37\.62"))
    expect(entry.get_by_role("list", name="Reactions").get_by_role("listitem")).to_have_text(["👍 2", "🔥"])
    take_in(okno, [Reaction(first.external_id, "9", "")])
    expect(entry.get_by_role("list", name="Reactions").get_by_role("listitem")).to_have_text(["👍 2"])


def test_a_link_that_leads_nowhere_good_is_no_link(okno: Okno, desk: Desk) -> None:
    data = {"link": "javascript:alert(1)", "location": {"latitude": "north", "longitude": None}}
    take_in(okno, [said(Sender("bad-1", "Mallory Link"), "look here", data=data)])
    desk.open("Mallory Link")
    expect(desk.entry("look here")).to_be_visible()
    expect(desk.entry("look here").get_by_role("link")).to_have_count(0)


def test_looks_are_shown_and_nothing_else_of_the_markup(okno: Okno, profile: MakeProfile) -> None:
    # Without the page's security policy, which alone would stop what must not get in.
    desk = Desk.enter(profile(**WIDE, **UNGUARDED).new_page())
    take_in(okno, [said(Sender("rich-1", "Rita Rich"), "bold slanted", html=EVIL)])
    desk.open("Rita Rich")
    words = desk.entries.first.locator(".text")
    for tag in ("b", "i", "u", "s", "code", "pre", "blockquote", "br"):
        expect(words.locator(tag)).to_have_count(1)
    expect(words.locator("pre")).to_have_text("a\n  b", use_inner_text=True)
    expect(words.locator("script, img, font, [onclick], [size]")).to_have_count(0)
    links = words.get_by_role("link")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("rel", re.compile("noopener"))
    expect(links).to_have_attribute("target", "_blank")
    expect(words).to_contain_text("a traploud")
    words.locator("b").click()
    assert "Okno" in desk.page.title()


def test_a_long_message_with_looks_is_folded(okno: Okno, desk: Desk) -> None:
    html = "<b>long</b><br>" + LONG.replace("\n", "<br>")
    take_in(okno, [said(Sender("long-1", "Lola Long"), "long\n" + LONG, html=html)])
    desk.open("Lola Long")
    words = desk.entries.first.locator(".text")
    folded = words.bounding_box()
    desk.thread.get_by_role("button", name="Show all").click()
    unfolded = words.bounding_box()
    assert folded is not None
    assert unfolded is not None
    assert unfolded["height"] > 2 * folded["height"]
    expect(words.locator("b")).to_have_text("long")


def test_the_card_says_how_a_client_is_found_and_whether_he_is_there(okno: Okno, desk: Desk) -> None:
    who = Sender("card-1", "Klara Card", profile={"username": "klara", "url": "https://example.org/klara"})
    take_in(okno, [said(who, "hello")])
    desk.open("Klara Card")
    desk.thread.get_by_role("button", name="Client", exact=True).click()
    card = desk.page.get_by_role("complementary", name="Client")
    expect(card.get_by_role("link", name="@klara")).to_have_attribute("href", "https://example.org/klara")
    card.get_by_label("Phone").fill("half a num")
    take_in(okno, [Reach(who, False, datetime.now(UTC))])
    expect(card.get_by_text("cannot be reached")).to_be_visible()
    expect(card.get_by_label("Phone")).to_have_value("half a num")
    take_in(okno, [Reach(who, True, datetime.now(UTC))])
    expect(card.get_by_text("cannot be reached")).to_have_count(0)


def test_messages_from_messengers_fit_a_phone_and_axe_finds_nothing_grave(okno: Okno, profile: MakeProfile) -> None:
    first = told("seen on a phone " + "w" * 60, Sender("phone-1", "Paula Phone"))
    rich = said(first.sender, "rich", html=EVIL)
    take_in(okno, [first, rich, Reaction(first.external_id, "1", "👍")])
    desk = Desk.enter(profile(**PHONE, **UNGUARDED).new_page())
    desk.open("Paula Phone")
    expect(desk.entry("seen on a phone")).to_be_visible()
    assert not grave(desk.page)
    assert fits(desk.page)
