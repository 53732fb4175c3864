"""A visitor and an operator talk through the pages, and nothing is lost on the way."""

import re

from playwright.sync_api import Route, expect

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import TOKEN, Okno, call


def expect_talk(side: Visitor | Desk, lines: list[str]) -> None:
    """These texts stand there, top to bottom, and no others."""
    rows = side.messages if isinstance(side, Visitor) else side.entries
    expect(rows.locator(".bubble")).to_have_text(lines)


def test_a_message_reaches_the_console_and_the_reply_the_chat(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Berta Talk")
    visitor.send("Is the round window in stock?")
    desk.open("Berta Talk")
    expect(desk.entry("Is the round window in stock?")).to_have_count(1)
    desk.reply("Yes, three of them.")
    expect(visitor.message("Yes, three of them.")).to_be_visible()
    expect(desk.delivered("Yes, three of them.")).to_be_visible()


def test_the_chat_shows_a_reply_with_its_looks(okno: Okno, visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Bella Looks")
    visitor.send("Which one?")
    desk.open("Bella Looks")
    expect(desk.entry("Which one?")).to_have_count(1)
    (dialog,) = call(f"{okno.url}/v1/dialogs?q=Bella%20Looks", TOKEN)["items"]
    words = "The **round** one:\n\n> see [here](https://x.example/a)"
    call(f"{okno.url}/v1/dialogs/{dialog['id']}/messages", TOKEN, {"markdown": words})
    bubble = visitor.message("The round one:")
    expect(bubble.locator("b")).to_have_text("round")
    expect(bubble.locator("blockquote")).to_have_text("see here")
    expect(bubble.get_by_role("link", name="here")).to_have_attribute("href", "https://x.example/a")


def test_history_is_there_after_a_reload(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Carla History")
    visitor.send("First question")
    desk.open("Carla History")
    desk.reply("First answer")
    expect(visitor.message("First answer")).to_be_visible()
    visitor.page.reload()
    expect_talk(visitor, ["First question", "First answer"])


def test_an_answer_that_came_to_a_closed_chat_is_counted(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Cyril Badge")
    visitor.send("I am gone")
    visitor.page.keyboard.press("Escape")
    expect(visitor.panel).to_be_hidden()
    desk.open("Cyril Badge")
    desk.reply("Here is your answer")
    expect(visitor.chat.locator(".badge")).to_have_text("1")
    visitor.launcher.click()
    expect(visitor.message("Here is your answer")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(visitor.chat.locator(".badge")).to_be_hidden()


def test_offline_messages_go_out_in_order_and_once(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Dora Offline")
    visitor.send("before")
    visitor.page.context.set_offline(True)
    lines = [f"offline {n}" for n in range(1, 6)]
    for line in lines:
        visitor.write(line)
    expect(visitor.panel.locator('[data-state="waiting"]')).to_have_count(5)
    expect(visitor.panel.get_by_text("No connection")).to_be_visible()
    visitor.page.context.set_offline(False)
    expect(visitor.panel.locator('[data-state="sent"]')).to_have_count(6)
    desk.open("Dora Offline")
    expect_talk(desk, ["before", *lines])
    expect_talk(visitor, ["before", *lines])


def test_a_reply_given_while_the_visitor_was_offline_arrives(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Doris Away")
    visitor.send("hello")
    desk.open("Doris Away")
    visitor.page.context.set_offline(True)
    expect(visitor.panel.get_by_text("No connection")).to_be_visible()
    desk.reply("you were away")
    visitor.page.context.set_offline(False)
    expect(visitor.message("you were away")).to_have_count(1)


def test_the_queue_outlives_the_page(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Elsa Closed")
    visitor.send("before")
    context = visitor.page.context
    context.set_offline(True)
    visitor.write("written in a tunnel")
    expect(visitor.state("written in a tunnel", "waiting")).to_be_visible()
    visitor.page.close()
    context.set_offline(False)
    again = Visitor(context.new_page())
    again.page.goto("/")
    expect(again.state("written in a tunnel", "sent")).to_be_visible()
    desk.open("Elsa Closed")
    expect_talk(desk, ["before", "written in a tunnel"])


def test_an_answer_lost_on_the_line_doubles_nothing(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Fanny Lost")
    answers = iter([False, False, True])

    def carry(route: Route) -> None:
        # The server has taken the message; the visitor does not hear of it.
        answer = route.fetch()
        if next(answers):
            route.fulfill(response=answer)
        else:
            route.abort()

    visitor.page.route("**/chat/site/messages", carry, times=3)
    visitor.send("only once please")
    desk.open("Fanny Lost")
    expect(desk.entry("only once please")).to_have_count(1)
    # The third try is heard; a page that is left before then takes its answer along.
    expect(visitor.state("only once please", "sent")).to_be_visible(timeout=40_000)
    visitor.page.reload()
    expect(visitor.message("only once please")).to_have_count(1)


def test_a_restart_of_the_server_loses_nothing(okno: Okno, visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Gerda Restart")
    visitor.send("before")
    desk.open("Gerda Restart")
    okno.stop()
    visitor.write("while it was down")
    expect(visitor.state("while it was down", "waiting")).to_be_visible()
    expect(desk.page.locator(".feed-state")).to_have_class(re.compile("lost"))
    okno.start()
    expect(visitor.state("while it was down", "sent")).to_be_visible(timeout=40_000)
    expect(desk.entry("while it was down")).to_have_count(1, timeout=40_000)
    desk.reply("up again")
    expect(visitor.message("up again")).to_have_count(1, timeout=40_000)
    expect_talk(desk, ["before", "while it was down", "up again"])


def test_a_refused_message_says_so_and_can_be_sent_again(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Hanna Refused")
    refusal = '{"type": "about:blank", "title": "Refused", "status": 422, "detail": "the paper is jammed"}'
    visitor.page.route(
        "**/chat/site/messages",
        lambda route: route.fulfill(status=422, body=refusal, content_type="application/problem+json"),
        times=1,
    )
    visitor.write("try me")
    expect(visitor.state("try me", "failed")).to_contain_text("the paper is jammed")
    visitor.send("the next one is not held up")
    visitor.message("try me").get_by_role("button", name="Send again").click()
    expect(visitor.state("try me", "sent")).to_be_visible()
    desk.open("Hanna Refused")
    expect(desk.entry("try me")).to_have_count(1)


def test_a_refused_message_can_be_deleted(visitor: Visitor) -> None:
    visitor.page.route("**/chat/site/messages", lambda route: route.fulfill(status=400, body="{}"), times=1)
    visitor.write("a slip of the pen")
    visitor.message("a slip of the pen").get_by_role("button", name="Delete").click()
    expect(visitor.messages).to_have_count(0)
    visitor.page.reload()
    expect(visitor.panel).to_be_visible()
    expect(visitor.messages).to_have_count(0)


def test_a_refused_token_begins_a_new_session_and_keeps_the_queue(visitor: Visitor, desk: Desk) -> None:
    visitor.send("from the first session")
    visitor.page.context.set_offline(True)
    visitor.write("Ida has a new session")
    visitor.page.evaluate(
        """() => {
            const key = Object.keys(localStorage).find((name) => name.startsWith("okno.session."));
            const session = JSON.parse(localStorage.getItem(key));
            localStorage.setItem(key, JSON.stringify({ ...session, token: "worn-out" }));
        }"""
    )
    visitor.page.context.set_offline(False)
    expect(visitor.state("Ida has a new session", "sent")).to_be_visible()
    expect(desk.row("Ida has a new session")).to_have_count(1)


def test_two_tabs_of_one_visitor_show_the_same(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("Jana Tabs")
    visitor.send("from the first tab")
    other = Visitor(visitor.page.context.new_page())
    other.page.goto("/")
    expect(other.message("from the first tab")).to_be_visible()
    other.send("from the second tab")
    expect(visitor.message("from the second tab")).to_have_count(1)
    desk.open("Jana Tabs")
    expect_talk(desk, ["from the first tab", "from the second tab"])


def test_what_people_write_is_text_and_only_safe_links_are_links(visitor: Visitor, desk: Desk) -> None:
    visitor.introduce("<b>Kitty</b> Markup")
    visitor.send('<img src=x onerror="document.title=1"> see https://example.org/a?b=1. or javascript:alert(1)')
    desk.open("Kitty</b> Markup")
    entry = desk.entry("onerror")
    expect(entry).to_contain_text("javascript:alert(1)")
    expect(entry.locator("img")).to_have_count(0)
    expect(entry.get_by_role("link")).to_have_count(1)
    link = entry.get_by_role("link", name="https://example.org/a?b=1", exact=True)
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    expect(visitor.message("onerror").get_by_role("link")).to_have_count(1)


def test_the_unsent_text_outlives_a_reload(profile: MakeProfile) -> None:
    visitor = Visitor.enter(profile().new_page())
    visitor.text.fill("half a thought")
    visitor.page.reload()
    expect(visitor.text).to_have_value("half a thought")
