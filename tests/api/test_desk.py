"""The desk over HTTP: the contract's answers, and its errors."""

import itertools
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from api import schemas
from storage.db import now
from tests.api.served import Okno
from tests.dialogs.scene import Scene


def test_a_dialog_from_the_first_word_to_the_end(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("anon:v1", "Здравствуйте", name="Вера")
    path = f"/v1/dialogs/{dialog}"
    page = okno.ask("GET", "/v1/dialogs?status=open&assignee=none&unread=true&q=вера", token=anna)
    assert page.status == 200
    listed = schemas.Page[schemas.Dialog].model_validate_json(page.body)
    assert [item.id for item in listed.items] == [dialog]
    me = okno.ask("GET", "/v1/me", token=anna).json
    who = schemas.Me.model_validate(me)
    assert (who.name, who.timezone) == ("Anna", "Europe/Moscow")
    taken = okno.ask("PATCH", path, {"assignee": "me", "read_up_to": 1}, token=anna)
    assert taken.status == 200
    assert taken.json["episode"]["assignee"] == {"id": me["id"], "name": "Anna"}
    assert taken.json["unread"] == 0
    replied = okno.ask("POST", f"{path}/messages", {"text": "Добрый день", "seen_up_to": 1}, token=anna)
    assert replied.status == 202
    message = schemas.Message.model_validate_json(replied.body)
    assert message.delivery is not None
    assert message.delivery.state == "queued"
    noted = okno.ask("POST", f"{path}/notes", {"text": "постоянная клиентка"}, token=anna)
    assert noted.status == 201
    assert schemas.Message.model_validate_json(noted.body).delivery is None
    messages = okno.ask("GET", f"{path}/messages?limit=2", token=anna).json
    assert [one["direction"] for one in messages["items"]] == ["in", "out"]
    rest = okno.ask("GET", f"{path}/messages?limit=2&cursor={messages['next']}", token=anna).json
    assert [one["direction"] for one in rest["items"]] == ["note"]
    assert rest["next"] is None
    resolved = okno.ask("PATCH", path, {"status": "resolved"}, token=anna)
    assert resolved.json["episode"]["status"] == "resolved"
    client = resolved.json["client"]["id"]
    begun = okno.ask("POST", "/v1/dialogs", {"client": client, "text": "ещё одно"}, token=anna)
    assert begun.status == 201
    shown = schemas.Begun.model_validate_json(begun.body)
    assert (shown.id, shown.message.text) == (dialog, "ещё одно")
    assert shown.episode is not None
    assert (shown.episode.number, shown.episode.status) == (2, "open")
    assert schemas.Dialog.model_validate_json(okno.ask("GET", path, token=anna).body).id == dialog


def test_times_are_rfc_3339_in_utc(okno: Okno, scene: Scene, anna: str) -> None:
    scene.says("v1")
    (shown,) = okno.ask("GET", "/v1/dialogs", token=anna).json["items"]
    for at in (shown["last_at"], shown["episode"]["opened_at"], shown["last_message"]["sent_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", at)


def test_the_bell_is_rung_for_a_reply_and_not_for_a_note(
    okno: Okno, scene: Scene, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(okno.web.bells, "ring", lambda which, names: rung.append((which, set(names))))
    dialog = scene.says("v1")
    okno.ask("POST", f"/v1/dialogs/{dialog}/notes", {"text": "a"}, token=anna)
    assert rung == []
    okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": "a"}, token=anna)
    # Delivery, and whoever reads messages for tasks.
    assert rung == [("deliver", {"site"}), ("pipeline", {"inbox"})]


def test_a_reply_past_what_the_client_just_wrote(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    scene.says("v1")
    refused = okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": "a", "seen_up_to": 1}, token=anna)
    assert refused.status == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json["type"] == "urn:okno:problem:stale-view"
    assert refused.json["last_seq"] == 2


def test_a_dialog_somebody_else_took(okno: Okno, scene: Scene, anna: str, admin: str) -> None:
    dialog = scene.says("v1")
    assert okno.ask("PATCH", f"/v1/dialogs/{dialog}", {"assignee": "me"}, token=admin).status == 200
    refused = okno.ask("PATCH", f"/v1/dialogs/{dialog}", {"assignee": "me"}, token=anna)
    assert refused.status == 409
    assert refused.json["assignee"] == okno.ask("GET", "/v1/me", token=admin).json["id"]


def test_a_resolved_dialog_is_given_to_nobody(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}"
    assert okno.ask("PATCH", path, {"status": "resolved"}, token=anna).status == 200
    refused = okno.ask("PATCH", path, {"assignee": "me"}, token=anna)
    assert (refused.status, refused.json["status"], refused.json["state"]) == (409, 409, "resolved")


def test_send_at(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    path = f"/v1/dialogs/{dialog}/messages"
    at = now() + timedelta(hours=2)
    given = at.astimezone(tz=None).isoformat()
    assert okno.ask("POST", path, {"text": "later", "send_at": given}, token=anna).status == 202
    wrong: list[Any] = [
        "2999-01-01T00:00:00",
        "tomorrow",
        1e10,
        "2020-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "",
    ]
    for value in wrong:
        assert okno.ask("POST", path, {"text": "later", "send_at": value}, token=anna).status == 422, value


def test_a_channel_that_is_not_open(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("b1", channel="shop")
    refused = okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": "a"}, token=anna)
    assert refused.status == 422
    assert refused.json["field"] == "channel"


UNKNOWN = [
        "sort=text", "sort=-last_at;drop+table+messages", "sort=", "status=all", "assignee=you", "assignee=-1",
        "limit=0", "limit=201", "limit=x", "cursor=x", "department=1", "unread=maybe", "cursor=%00",
]  # fmt: skip


def test_what_a_list_does_not_know_is_refused(okno: Okno, anna: str) -> None:
    for query in UNKNOWN:
        refused = okno.ask("GET", f"/v1/dialogs?{query}", token=anna)
        assert refused.status == 422, query
        assert refused.headers["content-type"] == "application/problem+json"


INJECTIONS = [
    "' OR 1=1 --",
    "'; DROP TABLE messages; --",
    '"',
    "%",
    "_",
    "\\",
    "%00",
    "1) UNION SELECT 1",
    "{}",
    "$1",
    ":q",
]


def test_sql_in_a_search_or_filter_is_only_text(okno: Okno, scene: Scene, anna: str) -> None:
    scene.says("v1", "plain words")
    for text in INJECTIONS:
        for name in ("q", "channel"):
            found = okno.ask("GET", f"/v1/dialogs?{name}={quote(text)}", token=anna)
            assert (found.status, found.json["items"]) == (200, []), text
        assert okno.ask("GET", f"/v1/clients?q={quote(text)}", token=anna).json["items"] == []
    assert len(okno.ask("GET", "/v1/dialogs", token=anna).json["items"]) == 1


DIRTY = ['"a\\u0000b"', '"a\\ud800b"', '"\\udfff"', '"\\u202eabc"', '"a\\u200bb"']


def test_what_cannot_be_stored_is_cleaned_or_refused_in_every_text(okno: Okno, scene: Scene, admin: str) -> None:
    dialog = scene.says("v1")
    client = okno.ask("GET", f"/v1/dialogs/{dialog}", token=admin).json["client"]["id"]
    shapes = {
        f"POST /v1/dialogs/{dialog}/messages": (
            '"text": %s', '"text": "a", "channel": %s', '"text": "a", "files": [%s]', '"text": "a", "send_at": %s',
            '"text": "a", %s: 1',
        ),
        f"POST /v1/dialogs/{dialog}/notes": ('"text": %s', '"text": "a", "files": [%s]'),
        "POST /v1/dialogs": (f'"client": {client}, "text": %s', f'"client": {client}, "text": "a", "channel": %s'),
        f"PATCH /v1/dialogs/{dialog}": ('"assignee": %s', '"status": %s', '"read_up_to": %s'),
        f"PATCH /v1/clients/{client}": ('"name": %s', '"email": %s', '"phone": %s', '"note": %s', '"updated_at": %s'),
        "POST /v1/departments": ('"name": %s', '"name": "a", "signature": %s'),
        "POST /v1/operators": ('"name": %s', '"name": "a", "role": %s'),
    }  # fmt: skip
    for target, bodies in shapes.items():
        method, path = target.split()
        for body, text in itertools.product(bodies, DIRTY):
            sent = ("{" + body % text + "}").encode()
            given = okno.ask(method, path, sent, token=admin, headers={"content-type": "application/json"})
            assert given.status in {200, 201, 202, 409, 422}, (target, sent, given)
            assert b"\\u0000" not in given.body
            assert b"\\ud8" not in given.body.lower()
            given.body.decode()


BODIES = [
        (b"{", 400), (b"", 422), (b"[]", 422), (b"null", 422), (b'"x"', 422), (b"\xff\xfe", 400), (b'{"text": 1}', 422),
        (b'{"text": "a", "unknown": 1}', 422), (b'{"text": "a", "reply_to": true}', 422),
        (b'{"text": "a", "reply_to": "1"}', 422), (b'{"text": "a", "seen_up_to": 1e3}', 422),
        (b'{"text": "a", "seen_up_to": -1}', 422), (b'{"text": "a", "reply_to": 99999999999999999999}', 422),
        (b'{"text": "a", "files": ["../../etc/passwd"]}', 422), (b'{"text": "a", "files": "abc"}', 422),
        (b'{"text": "' + b"x" * 70_000 + b'"}', 422), (b'{"text": "' + b"x" * (1 << 20) + b'"}', 413),
        (b"[" * 100_000, 400), (b'{"text": NaN}', 422),
]  # fmt: skip


def test_bodies_that_make_no_sense(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    for body, status in BODIES:
        given = okno.ask("POST", path, body, token=anna, headers={"content-type": "application/json"})
        assert given.status == status, body[:80]
        assert given.headers["content-type"] == "application/problem+json"
        assert given.json["status"] == status
    assert len(scene.journal()) == 2


def test_paths_that_make_no_sense(okno: Okno, anna: str) -> None:
    paths = ("/v1/dialogs/{}", "/v1/clients/{}", "/v1/dialogs/{}/messages", "/v1/files/{}", "/v1/inbox/{}/raw")
    for path, number in itertools.product(paths, ("0", "-1", "x", "99999999999999999999", "1e3", "%00", "..")):
        given = okno.ask("GET", path.format(number), token=anna)
        assert given.status in {404, 422}
        assert given.headers["content-type"] == "application/problem+json"


def test_clients_over_http(okno: Okno, scene: Scene, anna: str) -> None:
    scene.says("v1", name="Vera")
    listed = schemas.Page[schemas.Client].model_validate_json(okno.ask("GET", "/v1/clients?q=ver", token=anna).body)
    (client,) = listed.items
    path = f"/v1/clients/{client.id}"
    edited = okno.ask("PATCH", path, {"email": " vera@example.org ", "phone": "1"}, token=anna)
    assert edited.status == 200
    shown = schemas.Client.model_validate_json(okno.ask("GET", path, token=anna).body)
    assert (shown.name, shown.email, shown.phone) == ("Vera", "vera@example.org", "1")
    stale = {"phone": "2", "updated_at": client.updated_at.isoformat()}
    assert okno.ask("PATCH", path, stale, token=anna).status == 409
    fresh = {"phone": "2", "updated_at": shown.updated_at.isoformat()}
    assert okno.ask("PATCH", path, fresh, token=anna).status == 200
    assert okno.ask("PATCH", path, {"email": "not an address"}, token=anna).status == 422
    assert okno.ask("PATCH", path, {"email": ""}, token=anna).json["email"] == ""


def test_a_reply_with_looks_and_buttons_says_the_same_where_there_are_none(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    body = {"html": "Is <b>all</b> well?<script>x</script>", "buttons": [[{"text": "Yes", "data": "y"}]]}
    message = okno.ask("POST", path, body, token=anna).json
    assert (message["text"], message["html"]) == ("Is all well?", "Is <b>all</b> well?")
    (letter,) = scene.letters(message["id"])
    assert letter.payload["text"] == "Is all well?\n\n• Yes"
    bad: list[Any] = [{"text": ""}, {"text": "x", "data": "я" * 33}, {"text": "x", "url": "javascript:1"}]
    rows: list[Any] = [[], *([button] for button in bad)]
    for row in rows:
        assert okno.ask("POST", path, {"text": "x", "buttons": [row]}, token=anna).status == 422


def test_a_reply_may_be_written_in_markdown(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    message = okno.ask("POST", path, {"markdown": "**Yes**, see [here](https://x.example)"}, token=anna).json
    assert message["text"] == "Yes, see here"
    assert message["html"].startswith("<b>Yes</b>, see <a ")
    (letter,) = scene.letters(message["id"])
    assert letter.payload["text"] == "Yes, see here (https://x.example)"
    changed = okno.ask("PATCH", f"{path}/{message['id']}", {"markdown": "# No"}, token=anna).json
    assert (changed["text"], changed["html"]) == ("No", "<b>No</b>")
    opening = {"client": okno.ask("GET", "/v1/clients", token=anna).json["items"][0]["id"], "markdown": "- one"}
    assert okno.ask("POST", "/v1/dialogs", opening, token=anna).json["message"]["text"] == "• one"
    for bad in ({"markdown": "a", "html": "a"}, {"markdown": ">"}, {"markdown": 1}):
        assert okno.ask("POST", path, bad, token=anna).status == 422


def test_a_reply_is_changed_and_taken_back(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    message = okno.ask("POST", path, {"text": "helo"}, token=anna).json["id"]
    changed = okno.ask("PATCH", f"{path}/{message}", {"text": "hello"}, token=anna)
    assert changed.status == 200
    assert schemas.Message.model_validate_json(changed.body).text == "hello"
    assert changed.json["edited_at"]
    assert okno.ask("DELETE", f"{path}/{message}", token=anna).status == 204
    assert okno.ask("DELETE", f"{path}/{message}", token=anna).status == 404
    assert okno.ask("PATCH", f"{path}/1", {"text": "x"}, token=anna).status == 422


def test_that_somebody_types_is_no_more_than_a_sign(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    assert okno.ask("POST", f"/v1/dialogs/{dialog}/typing", token=anna).status == 204
    assert okno.ask("POST", "/v1/dialogs/999/typing", token=anna).status == 404


def test_an_operator_admits_who_claims_to_be_of_a_dialog(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1", aliases=("<a@x>",))
    own = scene.says("v2", "his wife", answers=("<a@x>",))
    (claim,) = okno.ask("GET", f"/v1/dialogs/{own}/messages", token=anna).json["items"]
    assert claim["data"]["claims"] == dialog
    path = f"/v1/dialogs/{dialog}/participants"
    assert okno.ask("POST", path, {"message": claim["id"]}, token=anna).status == 204
    assert okno.ask("POST", path, {"message": 5}, token=anna).status == 422


def test_an_operator_admits_who_is_held(okno: Okno, scene: Scene, anna: str) -> None:
    own = scene.says("v1 (unproven)", "it is me", claimed="v1")
    (held,) = okno.ask("GET", f"/v1/dialogs/{own}/messages", token=anna).json["items"]
    assert held["data"]["held"] is True
    assert okno.ask("POST", f"/v1/dialogs/{own}/participants", {"message": held["id"]}, token=anna).status == 204
    (held,) = okno.ask("GET", f"/v1/dialogs/{own}/messages", token=anna).json["items"]
    assert held["data"]["admitted"] is True
    scene.says("v1 (unproven)", "again", claimed="v1")
    assert "data" not in okno.ask("GET", f"/v1/dialogs/{own}/messages", token=anna).json["items"][1]
