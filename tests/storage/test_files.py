"""The store of contents: durable before anybody knows of them, never under a name from outside."""

import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.files import INLINE, UNKNOWN, Content, FileStore, TooLarge, checked_type, clean_name, image_type

HELLO = hashlib.sha256(b"hello").hexdigest()
PNG = b"\x89PNG\r\n\x1a\n" + b"rest of it"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def _left(store: FileStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


def _age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def _ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


# ---- putting and reading ----


def test_a_content_lies_under_its_hash(store: FileStore) -> None:
    assert store.put(b"hello") == Content(HELLO, 5, "")
    with store.path(HELLO).open("rb") as file:
        assert file.read() == b"hello"
    assert _left(store) == [f"{HELLO[:2]}/{HELLO}"]


def test_the_same_content_again_lies_there_once(store: FileStore) -> None:
    assert store.put(b"hello") == store.put_stream([b"he", b"", b"llo"], 5)
    assert len(_left(store)) == 1


def test_nothing_is_a_content_too(store: FileStore) -> None:
    assert store.put(b"").size == store.put_stream([], 0).size == 0


def test_only_the_owner_of_the_process_may_read(store: FileStore) -> None:
    path = store.path(store.put(b"hello").sha256)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (store.root / "tmp").stat().st_mode & 0o777 == 0o700


def test_a_stream_beyond_the_limit_leaves_nothing(store: FileStore) -> None:
    drawn: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            drawn.append(number)
            yield b"x" * 10

    with pytest.raises(TooLarge):
        store.put_stream(chunks(), 55)
    assert len(drawn) == 6
    assert _left(store) == []


def test_a_stream_that_breaks_off_leaves_nothing(store: FileStore) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"hello"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put_stream(chunks(), 100)
    assert _left(store) == []


@pytest.mark.parametrize(
    "sha256", ["", "..", "../../etc/passwd", HELLO[:-1], HELLO + "\n", HELLO.upper(), "g" * 64, "/" + HELLO]
)
def test_what_is_no_hash_is_no_path(sha256: str, store: FileStore) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(sha256)


def test_bytes_and_both_directories_are_durable_before_the_hash_is_known(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace, mkdir = os.fsync, Path.replace, Path.mkdir

    def seen_fsync(handle: int) -> None:
        target = Path(f"/proc/self/fd/{handle}").readlink()
        steps.append("sync " + ("content" if target.parent == store.root / "tmp" else target.name))
        fsync(handle)

    def seen_replace(path: Path, target: Path) -> Path:
        assert path.read_bytes() == b"hello"
        steps.append("rename")
        return replace(path, target)

    def seen_mkdir(path: Path, *rest: Any, **more: Any) -> None:
        steps.append(f"make {path.name}")
        mkdir(path, *rest, **more)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "replace", seen_replace)
    monkeypatch.setattr(Path, "mkdir", seen_mkdir)
    store.put(b"hello")
    assert steps == ["sync content", f"make {HELLO[:2]}", f"sync {store.root.name}", "rename", f"sync {HELLO[:2]}"]


def test_what_could_not_be_made_durable_is_not_there(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="No space"):
        store.put(b"hello")
    assert _left(store) == []


# ---- throwing away ----


def test_only_what_lies_untouched_is_removed(store: FileStore) -> None:
    store.put(b"hello")
    assert not store.remove(HELLO, _ago(1))
    _age(store.path(HELLO), 3)
    assert list(store.aged(_ago(1))) == [HELLO]
    assert store.remove(HELLO, _ago(1))
    assert not store.remove(HELLO, _ago(1))
    assert list(store.aged(_ago(1))) == []


def test_putting_it_again_keeps_an_old_content(store: FileStore) -> None:
    store.put(b"hello")
    _age(store.path(HELLO), 3)
    store.put(b"hello")
    assert not store.remove(HELLO, _ago(1))


def test_what_dead_writers_left_is_swept(store: FileStore) -> None:
    for name, hours in (("old", 3.0), ("new", 0.0)):
        path = store.root / "tmp" / name
        path.write_bytes(b"half")
        _age(path, hours)
    store.sweep(_ago(1))
    assert _left(store) == ["tmp/new"]


# ---- names and types ----


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("bill.pdf", "bill.pdf"),
        ("Счёт № 5.pdf", "Счёт № 5.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\anna\\a.txt", "a.txt"),
        ("a/b/", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        (" ", "file"),
        ("\u200b.htaccess", "htaccess"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\u2066b\u2069.txt", "ab.txt"),
        ("a\x00b\nc\r.txt", "abc.txt"),
        ("a\u2028b.txt", "ab.txt"),
        ("a\ud800.txt", "a?.txt"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("я" * 300, "я" * 100),
        ("a." + "x" * 300, ("a." + "x" * 300)[:200]),
        ("tail . ", "tail"),
    ],
)
def test_a_name_is_what_it_looks_like(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=400))
def test_a_clean_name_is_harmless(name: str) -> None:
    clean = clean_name(name)
    assert 0 < len(clean.encode()) <= 200
    assert clean not in {".", ".."}
    assert not re.search(r"[/\\\x00-\x1f\x7f]", clean)
    assert not any(unicodedata.bidirectional(letter) in {"LRE", "RLE", "LRO", "RLO", "PDF"} for letter in clean)
    assert clean_name(clean) == clean


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF87a....", "image/gif"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", ""),
        (b"<!doctype html><script>", ""),
        (b"%PDF-1.7", ""),
        (b" \x89PNG\r\n\x1a\n", ""),
        (b"\x89PNG", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_known_by_its_bytes(head: bytes, kind: str) -> None:
    assert image_type(head) == kind


@pytest.mark.parametrize(
    "declared",
    [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "image/png",
        "image/jpeg",
        "image/x-icon",
        "text/xml",
        "application/xml",
        "text/javascript",
        "application/ecmascript",
        "application/xslt+xml",
        "multipart/mixed",
        "message/rfc822, text/html",
        "text/html\r\nX: y",
        "nonsense",
        "",
        "a/b/c",
        "\ud800/x",
        "text/" + "x" * 200,
    ],
)
def test_nothing_dangerous_is_believed(declared: str) -> None:
    assert checked_type("", declared) == UNKNOWN


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_only_its_bytes_make_a_file_one_to_show(declared: str) -> None:
    assert checked_type("", declared) not in INLINE


def test_harmless_types_stay() -> None:
    assert checked_type("", "Application/PDF; x=y") == "application/pdf"
    assert checked_type("", "text/plain") == "text/plain"
    assert checked_type("image/png", "text/html") == "image/png"
