"""Who is turned away at the busy door, how he is told, and that nothing of his is kept."""

import json
import socket
from datetime import timedelta
from typing import Any

import pytest

from connectors.abilities import Chat
from connectors.signing import key_of, sign
from settings import Settings
from storage.db import now
from tests.api.ledger import said, taken
from tests.api.served import Answer, Okno
from tests.running import eventually

PATH, HOOK = "/chat/site/messages", "/hooks/site"
SECRET = "whsec_" + "c2VjcmV0" * 6
SHOP, OTHER = "https://shop.example.org", "https://other.example.org"
BODY = {"id": "1", "text": "hello"}
ELSEWHERE = {"x-forwarded-for": "203.0.113.9"}


def refused(given: Answer, status: int) -> Answer:
    assert (given.status, given.headers["content-type"]) == (status, "application/problem+json")
    assert given.json["detail"]
    return given


def bytes_of(path: str, token: str, *lines: str, body: bytes) -> bytes:
    """A request that may promise more than it has."""
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


# ---- tokens and signatures ----


def test_only_a_token_that_holds_is_let_in(okno: Okno) -> None:
    token = okno.visitor()
    chat = okno.web.channels["site"]
    assert isinstance(chat, Chat)
    old, foreign = (
        chat.open_session(b"{}", None, key, now() - age).token
        for key, age in ((okno.web.key(), timedelta(days=366)), (b"another key" * 4, timedelta()))
    )
    for wrong in ("", "nonsense", old, foreign, token[:-4] + "AAAA", token + "x"):
        given = refused(okno.ask("POST", PATH, BODY, token=wrong), 401)
        assert given.headers["www-authenticate"].startswith("Bearer")
    assert okno.ask("POST", PATH, BODY, headers={"authorization": f"Basic {token}"}).status == 401
    refused(okno.ask("POST", "/chat/nowhere/messages", BODY, token=token), 404)
    assert okno.ask("POST", PATH, BODY, token=token).status == 202
    assert said(okno) == ["hello"]


def hook(okno: Okno, body: Any, **changed: str | None) -> Answer:
    """What the site's server posts, its signature changed in some way; a header that is None is left out."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**sign(key_of(SECRET), "msg_1", now(), data), **{k.replace("_", "-"): v for k, v in changed.items()}}
    return okno.ask("POST", HOOK, data, headers={name: value for name, value in headers.items() if value is not None})


@pytest.mark.parametrize("channel", [{"secret": SECRET}])
def test_only_a_signature_that_fits_is_let_in(okno: Okno) -> None:
    body = {"id": "1", "visitor": "anna", "text": "signed"}
    data = json.dumps(body).encode()
    stale = [sign(key_of(SECRET), "msg_1", now() + timedelta(minutes=minutes), data) for minutes in (-6, 6)]
    wrong: list[dict[str, Any]] = [
        *({name: None} for name in ("webhook_id", "webhook_timestamp", "webhook_signature")),
        {"webhook_id": "msg_2"},
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": ""},
        {"webhook_timestamp": "yesterday"},
        {"webhook_timestamp": str(int(now().timestamp()) - 1)},
        sign(b"another key", "msg_1", now(), data),
        *stale,
    ]
    for headers in wrong:
        refused(hook(okno, body, **headers), 401)
    # Signed, and no message all the same.
    for status, nothing in ((400, b"{"), (422, {**body, "id": ""}), (422, {**body, "visitor": ""}), (422, {"id": "1"})):
        refused(hook(okno, nothing), status)
    assert taken(okno) == []
    for _ in range(2):
        assert hook(okno, body).status == 202
    assert said(okno) == ["signed"]


@pytest.mark.parametrize("channel", [{"secret": SECRET}])
def test_whoever_watches_is_told_that_calls_are_turned_away(okno: Okno, anna: str) -> None:
    body = {"id": "1", "visitor": "anna", "text": "signed"}
    # No proof is missing here: what is no message is the caller's own affair.
    refused(hook(okno, b"{"), 400)
    for _ in range(20):
        refused(hook(okno, body, **sign(b"another key", "msg_1", now(), json.dumps(body).encode())), 401)
    eventually(lambda: events(okno, anna))
    reason = "no signature fits: calls are signed with the channel's secret"
    assert events(okno, anna) == [{"channel": "site", "reason": reason}]
    (shown,) = okno.ask("GET", "/v1/channels", token=anna).json["items"]
    assert (shown["halt"], shown["refused"]["reason"]) == (None, reason)
    assert hook(okno, body).status == 202


def events(okno: Okno, token: str) -> list[Any]:
    """What the feed tells of it."""
    items = okno.ask("GET", "/v1/events?limit=200", token=token).json["items"]
    return [each["data"] for each in items if each["type"] == "channel.refused"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_channel_without_a_secret_takes_no_webhooks(okno: Okno) -> None:
    refused(hook(okno, {"id": "1", "visitor": "anna", "text": "x"}), 404)
    refused(okno.ask("POST", "/hooks/nowhere", b"{}"), 404)
    assert taken(okno) == []


# ---- how much, how fast, how often ----


@pytest.mark.parametrize("web", [{"max_body": 2000}])
@pytest.mark.parametrize("channel", [{"secret": SECRET}])
def test_a_body_over_the_cap_is_refused_however_it_is_sent(okno: Okno) -> None:
    token = okno.visitor()
    chunk = b"7d0\r\n" + b" " * 2000 + b"\r\n"
    for path in (PATH, HOOK):
        # Refused by what it promises, before a byte of it has come; else by the first byte too many.
        refused(okno.knock(bytes_of(path, token, "Content-Length: 2001", body=b"")), 413)
        refused(okno.knock(bytes_of(path, token, "Transfer-Encoding: chunked", body=chunk + b"1\r\n \r\n")), 413)
    assert taken(okno) == []
    whole = json.dumps(BODY).encode().ljust(2000)
    assert okno.knock(bytes_of(PATH, token, "Content-Length: 2000", body=whole)).status == 202
    assert said(okno) == ["hello"]


@pytest.mark.parametrize("channel", [{"secret": SECRET}])
def test_a_body_that_never_ends_is_given_up(okno: Okno, monkeypatch: pytest.MonkeyPatch) -> None:
    token = okno.visitor()
    monkeypatch.setattr("api.door._BODY_TIME", 0.2)
    body = json.dumps(BODY).encode()
    for path in (PATH, HOOK):
        refused(okno.knock(bytes_of(path, token, "Content-Length: 1000", body=body)), 408)
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        refused(okno.knock(bytes_of(path, token, "Transfer-Encoding: chunked", body=chunk)), 408)
    assert taken(okno) == []


def test_who_hangs_up_in_the_middle_has_said_nothing(okno: Okno) -> None:
    token = okno.visitor()
    with socket.create_connection(("127.0.0.1", okno.port)) as line:
        line.sendall(bytes_of(PATH, token, "Content-Length: 1000", body=b'{"id": "1", "text": "half"}'))
    assert okno.ask("POST", PATH, BODY, token=token).status == 202
    assert said(okno) == ["hello"]


@pytest.mark.parametrize("channel", [{"messages_per_minute": 3, "sessions_per_minute": 3}])
def test_who_asks_too_often_is_told_when_to_come_back(okno: Okno) -> None:
    token = okno.visitor()
    # A minute may turn in between: then there are twice as many.
    answers = [
        okno.ask("POST", PATH, {"id": f"m{n}", "text": f"text {n}"}, token=token, headers=ELSEWHERE) for n in range(8)
    ]
    late = [one for one in answers if one.status != 202]
    assert late
    for given in late:
        assert 1 <= int(refused(given, 429).headers["retry-after"]) <= 60
    assert taken(okno) == [f"m{n}" for n, one in enumerate(answers) if one.status == 202]
    opened = [okno.ask("POST", "/chat/site/sessions", {}, headers=ELSEWHERE).status for _ in range(8)]
    assert {*opened} == {201, 429}
    # Others have minutes of their own, and who sits on this machine has no limit.
    for headers in ({"x-forwarded-for": "203.0.113.10"}, {}):
        assert okno.ask("POST", PATH, {"id": "other", "text": "x"}, token=token, headers=headers).status == 202


# ---- pages of other sites ----


@pytest.mark.parametrize("channel", [{"allowed_origins": [SHOP]}])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_of_named_sites_may_and_others_may_not(okno: Okno) -> None:
    token = okno.visitor()
    own = f"http://127.0.0.1:{okno.port}"
    for number, origin in enumerate((SHOP, own)):
        given = okno.ask("POST", PATH, {"id": f"m{number}", "text": "x"}, token=token, headers={"origin": origin})
        assert (given.status, given.headers["access-control-allow-origin"]) == (202, origin)
        assert given.headers["vary"] == "origin"
    for origin in (OTHER, "null", "http://localhost:3000", f"{SHOP}.example.com", "http://shop.example.org"):
        headers = {"origin": origin}
        for path in (PATH, "/chat/site/sessions"):
            refused(okno.ask("POST", path, {"id": "no", "text": "x"}, token=token, headers=headers), 403)
        refused(okno.ask("OPTIONS", PATH, headers={**headers, "access-control-request-method": "POST"}), 403)
    assert taken(okno) == ["m0", "m1"]


@pytest.mark.parametrize("channel", [{"allowed_origins": [SHOP]}])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_may_ask_first_and_read_why_it_was_refused(okno: Okno) -> None:
    asked = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for path in (PATH, "/chat/site/sessions", "/chat/site/events", "/chat/site/files"):
        allowed = okno.ask("OPTIONS", path, headers=asked)
        assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (204, SHOP)
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert {"authorization", "content-type"} <= {
            name.strip() for name in allowed.headers["access-control-allow-headers"].split(",")
        }
    told = refused(okno.ask("POST", PATH, BODY, token="nonsense", headers={"origin": SHOP}), 401)
    assert told.headers["access-control-allow-origin"] == SHOP
    assert "retry-after" in told.headers["access-control-expose-headers"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_list_pages_of_this_machine_may(okno: Okno) -> None:
    token = okno.visitor()
    for number, (origin, status) in enumerate(
        {"http://localhost:3000": 202, "http://[::1]:8": 202, OTHER: 403}.items()
    ):
        given = okno.ask("POST", PATH, {"id": f"m{number}", "text": "x"}, token=token, headers={"origin": origin})
        assert given.status == status
    assert taken(okno) == ["m0", "m1"]


# ---- no database at all ----


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("channel", [{"secret": SECRET}])
def test_where_no_database_listens_the_door_says_so(settings: Settings) -> None:
    with socket.socket() as taken_by_nobody:
        taken_by_nobody.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://127.0.0.1:{taken_by_nobody.getsockname()[1]}/okno"
        nowhere = settings.model_copy(update={"database": settings.database.model_copy(update={"url": url})})
        with Okno(nowhere) as okno:
            answers = [
                hook(okno, {"id": "1", "visitor": "anna", "text": "x"}),
                okno.ask("POST", "/chat/site/sessions", {}),
                okno.ask("POST", PATH, BODY, token="any"),
            ]
    for given in answers:
        assert int(refused(given, 503).headers["retry-after"]) > 0
