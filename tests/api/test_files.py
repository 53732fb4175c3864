"""Files: up, into a message, and down again in a form no browser can be hurt by."""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api import schemas
from storage.attachments import ATTACHMENTS
from tests.api.served import Answer, Okno
from tests.dialogs.scene import Scene

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


DESK, CHAT = "/v1/files", "/chat/site/files"


def head(name: str = "a.txt", kind: str = "application/octet-stream") -> bytes:
    """What stands before a file's content."""
    return (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
    ).encode()


def upload(
    okno: Okno, token: str, name: str, content: bytes, kind: str = "application/octet-stream", *, path: str = DESK
) -> Answer:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return okno.ask("POST", path, head(name, kind) + content + b"\r\n--b--\r\n", token=token, headers=headers)


def test_up_into_a_message_and_down_again(okno: Okno, scene: Scene, anna: str, guest: str) -> None:
    content = os.urandom(3_000_000)
    up = upload(okno, anna, "договор.pdf", content, "application/pdf")
    assert up.status == 201
    file = schemas.File.model_validate_json(up.body)
    assert (file.name, file.type, file.size) == ("договор.pdf", "application/pdf", 3_000_000)
    dialog = scene.says("v1")
    sent = okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"files": [file.id]}, token=anna)
    assert sent.status == 202
    assert sent.json["files"] == [up.json]
    down = okno.ask("GET", f"/v1/files/{file.id}", token=guest)
    assert (down.status, down.body == content) == (200, True)
    assert down.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D0%B4")
    assert down.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in down.headers["content-security-policy"]
    assert "no-store" in down.headers["cache-control"] or "private" in down.headers["cache-control"]


# (name, content, declared type, shown in place)
KINDS = [
    ("a.png", PNG, "image/png", True),
    ("a.html", PNG, "text/html", True),
    ("a.png", b"<script>alert(1)</script>", "image/png", False),
    ("a.html", b"<script>alert(1)</script>", "text/html", False),
    ("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml", False),
    ("a.xhtml", b"<html/>", "application/xhtml+xml", False),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_pictures_are_shown_in_place(okno: Okno, anna: str) -> None:
    for name, content, declared, inline in KINDS:
        file = upload(okno, anna, name, content, declared).json
        down = okno.ask("GET", f"/v1/files/{file['id']}", token=anna)
        assert down.headers["content-disposition"].startswith("inline" if inline else "attachment")
        assert down.headers["content-type"] == ("image/png" if inline else "application/octet-stream")
        assert down.headers["x-content-type-options"] == "nosniff"


def test_names_lead_nowhere(okno: Okno, anna: str) -> None:
    for name in ("../../etc/passwd", "\u200b.htaccess", "a\u202egnp.exe", ".."):
        file = upload(okno, anna, name, b"x")
        assert file.status == 201
        shown = file.json["name"]
        assert "/" not in shown
        assert shown.isprintable()
        assert not shown.startswith(".")
        assert okno.ask("GET", f"/v1/files/{file.json['id']}", token=anna).status == 200


@pytest.mark.parametrize("web", [{"max_file": 1000, "max_body": 2000}])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_too_much_is_refused_however_it_is_sent(okno: Okno, scene: Scene, anna: str) -> None:
    assert upload(okno, anna, "a", b"x" * 1000).status == 201
    for size in (1001, 200_000):
        refused = upload(okno, anna, "a", b"x" * size)
        assert (refused.status, refused.headers["content-type"]) == (413, "application/problem+json")
    path = f"/v1/dialogs/{scene.says('v1')}/notes"
    headers: dict[str, Any] = {"content-type": "application/json", "transfer-encoding": "chunked"}
    chunked = b"7d0\r\n" + b" " * 2000 + b"\r\n" + b"4\r\n    \r\n0\r\n\r\n"
    assert okno.ask("POST", path, chunked, token=anna, headers=headers).status == 413
    assert okno.ask("POST", path, {"text": "x" * 2000}, token=anna).status == 413
    assert okno.ask("POST", path, {"text": "x"}, token=anna).status == 201


@pytest.mark.parametrize("path", [DESK, CHAT])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_upload(okno: Okno, anna: str, path: str) -> None:
    token = okno.visitor() if path == CHAT else anna
    headers = {"content-type": "multipart/form-data; boundary=b"}
    words = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--b--\r\n'
    for body in (b"--b--\r\n", words):
        given = okno.ask("POST", path, body, token=token, headers=headers)
        assert (given.status, given.json["errors"][0]["field"]) == (422, "file")
    assert okno.ask("POST", path, {"file": "x"}, token=token).status == 422
    assert okno.ask("POST", path, b"nonsense", token=token, headers=headers).status == 400
    assert okno.ask("POST", path, b"x", token=token, headers={"content-type": "multipart/form-data"}).status == 400
    assert okno.ask("GET", f"{path}/nowhere", token=token).status == 404


@pytest.mark.parametrize("path", [DESK, CHAT])
def test_who_is_not_let_in_is_told_so_before_his_file_is_read(
    okno: Okno, guest: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    okno.visitor()

    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("the form was read")

    monkeypatch.setattr("starlette.requests.MultiPartParser", read)
    refused = {"": 401, "Authorization: Bearer okno_nonsense\r\n": 401}
    if path == DESK:
        refused[f"Authorization: Bearer {guest}\r\n"] = 403
    for token, status in refused.items():
        lines = f"POST {path} HTTP/1.1\r\nHost: x\r\n{token}Content-Length: 9999999\r\n"
        form = "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        given = okno.knock((lines + form).encode() + head() + b"x" * 100_000)
        assert (given.status, given.headers["content-type"]) == (status, "application/problem+json")
    assert left(okno) == ([], [])


def left(okno: Okno) -> tuple[list[Path], list[Any]]:
    """All files that lie on the disk, and the rows that name any."""
    root = okno.web.settings.files_dir
    with okno.web.db.read() as tx:
        return [path for path in root.rglob("*") if path.is_file()], list(tx.execute(select(ATTACHMENTS)))


@pytest.mark.parametrize("channel", [{"max_file": 1000, "max_bytes_a_day": 1500}])
def test_a_visitor_leaves_a_file_and_so_many_in_a_day(okno: Okno) -> None:
    token = okno.visitor()
    up = upload(okno, token, "чек.txt", b"x" * 1000, path=CHAT)
    assert (up.status, up.json["name"], up.json["size"]) == (201, "чек.txt", 1000)
    assert upload(okno, token, "a.txt", b"x" * 1001, path=CHAT).status == 413
    assert upload(okno, token, "a.txt", b"x" * 500, path=CHAT).status == 201
    later = upload(okno, token, "a.txt", b"x", path=CHAT)
    assert (later.status, later.headers["retry-after"]) == (429, "3600")
    contents, rows = left(okno)
    assert (len(contents), len(rows)) == (2, 2)
