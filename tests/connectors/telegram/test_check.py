"""`check` says in one line who the bot is, how its updates come, and what is wrong."""

from typing import Any

import pytest

from connectors.base import ConnectorError, Denied, Unavailable
from pipeline.loop import LoopThread
from tests.connectors.telegram.kit import SECRET, TOKEN, Says, Server, refused

HOOK = "https://help.example.org/hooks/tg"
WEBHOOK = {"mode": "webhook", "webhook_secret": SECRET, "webhook_url": HOOK}


@pytest.fixture
def check(server: Server, loop: LoopThread) -> Any:
    def check(**section: Any) -> str:
        bot = server.bot(**section)
        try:
            return loop.run(bot.check(), 20)
        finally:
            loop.run(bot.close(), 20)

    return check


def test_a_sound_bot_is_told_in_a_line(check: Any) -> None:
    assert check() == "@shop_bot (id 123); mode polling; no webhook; 0 updates wait at Telegram"


def test_a_webhook_in_the_way_of_polling_is_told(server: Server, check: Any) -> None:
    server.answer("getWebhookInfo", {"url": HOOK, "pending_update_count": 12})
    said = check()
    assert "a webhook is set (to help.example.org): the receiver takes it down" in said
    assert "12 updates wait" in said


def test_a_webhook_that_stands_is_told_with_its_last_error(server: Server, check: Any) -> None:
    error = {"last_error_date": 1764072000, "last_error_message": "Connection refused"}
    server.answer("getWebhookInfo", {"url": HOOK, **error})
    said = check(**WEBHOOK)
    assert "the webhook is set to help.example.org" in said
    assert "its last error: Connection refused (2025-11-25 12:00 UTC)" in said


@pytest.mark.parametrize(("found", "state"), [("", "not set"), ("https://elsewhere.org/x", "set to elsewhere.org")])
def test_a_webhook_that_is_not_ours_is_told(server: Server, check: Any, found: str, state: str) -> None:
    server.answer("getWebhookInfo", {"url": found})
    assert f"the webhook is {state}: the receiver sets it to help.example.org" in check(**WEBHOOK)


def test_where_nothing_can_come_in_it_fails(check: Any) -> None:
    with pytest.raises(ConnectorError, match="set webhook_url"):
        check(**{**WEBHOOK, "webhook_url": ""})


def test_privacy_mode_is_told(server: Server, check: Any) -> None:
    server.answer("getMe", {"id": 123, "username": "shop_bot", "can_read_all_group_messages": False})
    assert "privacy mode" in check()


def test_a_revoked_token_is_told_with_how_to_mend_it(server: Server, check: Any) -> None:
    server.answer("getMe", refused("Unauthorized", 401))
    with pytest.raises(Denied, match="@BotFather"):
        check()


def test_a_token_of_no_bot_is_told(check: Any) -> None:
    with pytest.raises(Denied):
        check(token="123:wrong")


def test_what_is_not_telegram_is_told(server: Server, check: Any) -> None:
    server.answer("getMe", Says(403, b"<html>blocked</html>", "text/html"))
    with pytest.raises(Unavailable, match="api_base"):
        check()


def test_where_nobody_listens_it_is_told_without_the_token(server: Server, check: Any) -> None:
    server.stop()
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        check()
    assert TOKEN not in str(caught.value)
