"""The same request twice has one effect and one answer, also at once, and also when the first one failed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from storage import idempotency
from storage.idempotency import Answer, Busy, Request, Reused
from storage.talk import MESSAGES
from tests.api.served import Okno
from tests.dialogs.scene import Scene


def key(value: str) -> dict[str, str]:
    return {"idempotency-key": value}


def count(scene: Scene) -> int:
    with scene.db.read() as tx:
        return len(tx.execute(select(MESSAGES.c.id).where(MESSAGES.c.direction == "out")).all())


def test_again_and_another(okno: Okno, scene: Scene, anna: str, admin: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    first = okno.ask("POST", path, {"text": "once"}, token=anna, headers=key("k 1"))
    again = okno.ask(
        "POST", path, b'{ "text" : "once" }', token=anna, headers={**key("k 1"), "content-type": "application/json"}
    )
    assert first.status == again.status == 202
    assert first.body == again.body
    assert count(scene) == 1
    other = okno.ask("POST", path, {"text": "twice"}, token=anna, headers=key("k 1"))
    assert (other.status, other.json["type"]) == (422, "urn:okno:problem:key-reused")
    elsewhere = okno.ask(
        "POST", f"/v1/dialogs/{scene.says('v2')}/messages", {"text": "once"}, token=anna, headers=key("k 1")
    )
    assert elsewhere.status == 422
    # Keys are the operator's own.
    assert okno.ask("POST", path, {"text": "once"}, token=admin, headers=key("k 1")).status == 202
    assert okno.ask("POST", path, {"text": "once"}, token=anna, headers=key("k 2")).status == 202
    assert count(scene) == 3


def test_a_key_is_printable_and_not_endless(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"
    for wrong in ("", "é", "x" * 256, "a\tb"):
        assert okno.ask("POST", path, {"text": "a"}, token=anna, headers=key(wrong)).status == 422
    assert count(scene) == 0


def test_fifty_at_once(okno: Okno, scene: Scene, anna: str) -> None:
    path = f"/v1/dialogs/{scene.says('v1')}/messages"

    def post(_: int) -> Any:
        while True:
            given = okno.ask("POST", path, {"text": "once"}, token=anna, headers=key("k"))
            if given.status != 409:
                return given
            assert given.headers["retry-after"]

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(post, range(50)))
    assert {given.status for given in answers} == {202}
    assert len({given.body for given in answers}) == 1
    assert count(scene) == 1
    assert len(scene.journal("message.created")) == 1


def test_what_was_refused_is_judged_anew(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    scene.says("v1")
    path = f"/v1/dialogs/{dialog}"
    body = {"text": "a", "seen_up_to": 1}
    assert okno.ask("POST", f"{path}/messages", body, token=anna, headers=key("k")).status == 409
    # The key was not used up: nothing was done with it.
    body = {"text": "a", "seen_up_to": 2}
    assert okno.ask("POST", f"{path}/messages", body, token=anna, headers=key("k")).status == 202


def test_every_write_takes_a_key(okno: Okno, scene: Scene, admin: str) -> None:
    boss = okno.ask("GET", "/v1/me", token=admin).json["id"]
    dialog = scene.says("v1")
    client = okno.ask("GET", f"/v1/dialogs/{dialog}", token=admin).json["client"]["id"]
    failed = scene.replies(scene.operator(), dialog)
    (letter,) = scene.letters(failed)
    scene.delivers(failed, "failed")
    vera = scene.operator()
    token = okno.ask("POST", f"/v1/operators/{vera.id}/tokens", {}, token=admin).json["id"]
    sales = okno.ask("POST", "/v1/departments", {"name": "Sales"}, token=admin).json["id"]
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/v1/dialogs", {"client": client, "text": "a"}),
        ("PATCH", f"/v1/dialogs/{dialog}", {"assignee": boss}),
        ("POST", f"/v1/dialogs/{dialog}/messages", {"text": "a"}),
        ("POST", f"/v1/dialogs/{dialog}/notes", {"text": "a"}),
        ("PATCH", f"/v1/clients/{client}", {"phone": "1"}),
        ("POST", "/v1/operators", {"name": "new"}),
        ("PATCH", f"/v1/operators/{vera.id}", {"name": "newer"}),
        ("POST", "/v1/departments", {"name": "new"}),
        ("PATCH", f"/v1/departments/{sales}", {"name": "newer"}),
        ("DELETE", f"/v1/departments/{sales}", None),
        ("POST", f"/v1/outbox/{letter.id}/retry", None),
        ("POST", f"/v1/outbox/{letter.id}/cancel", None),
        ("DELETE", f"/v1/operators/{vera.id}/tokens/{token}", None),
    ]
    for number, (method, path, body) in enumerate(writes):
        first, again = (okno.ask(method, path, body, token=admin, headers=key(str(number))) for _ in range(2))
        assert first.status in {200, 201, 202, 204}, (method, path, first)
        assert (first.status, first.body) == (again.status, again.body), (method, path)
        told = len(scene.journal())
        okno.ask(method, path, body, token=admin, headers=key(str(number)))
        assert len(scene.journal()) == told


def test_a_token_is_shown_once(okno: Okno, scene: Scene, admin: str) -> None:
    vera = scene.operator()
    first, again = (
        okno.ask("POST", f"/v1/operators/{vera.id}/tokens", {}, token=admin, headers=key("k")) for _ in range(2)
    )
    assert (first.status, again.status) == (201, 201)
    assert first.json["token"].startswith("okno_")
    assert again.json == {**first.json, "token": None}
    with scene.db.read() as tx:
        assert first.json["token"].encode() not in tx.execute(select(idempotency.KEYS.c.body)).scalar_one()


def test_an_upload_takes_a_key(okno: Okno, anna: str) -> None:
    def post(boundary: str, content: str) -> Any:
        head = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
        form = f"--{boundary}\r\n{head}\r\n\r\n{content}\r\n--{boundary}--\r\n"
        headers = {**key("k"), "content-type": f"multipart/form-data; boundary={boundary}"}
        return okno.ask("POST", "/v1/files", form.encode(), token=anna, headers=headers)

    first, again, other = post("one", "abc"), post("two", "abc"), post("three", "abcd")
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert first.body == again.body


def test_a_key_and_its_effect_are_one_commit(scene: Scene) -> None:
    request = Request(1, "k", b"body")

    def once(answer: Answer, *, fails: bool) -> Answer | None:
        with scene.db.begin() as tx:
            known = idempotency.claim(tx, request)
            if known is None:
                idempotency.settle(tx, request, answer)
            if fails:
                raise ZeroDivisionError
        return known

    with pytest.raises(ZeroDivisionError):
        once(Answer(200, b"{}"), fails=True)
    assert once(Answer(202, b"[]"), fails=False) is None
    assert once(Answer(200, b"{}"), fails=False) == Answer(202, b"[]")
    with scene.db.begin() as tx, pytest.raises(Reused):
        idempotency.claim(tx, request._replace(content=b"another"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_waits_too_long_for_the_first_is_told_so(scene: Scene) -> None:
    request = Request(1, "k", b"body")
    with scene.db.begin() as first:
        idempotency.claim(first, request)
        with scene.db.begin() as second:
            second.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(Busy):
                idempotency.claim(second, request)
