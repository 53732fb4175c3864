"""Files of mails as history: each mail once, by its content, whatever it lies in."""

import mailbox
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.base import Raw
from connectors.email import raws
from connectors.email.archives import read


def mail(number: int) -> bytes:
    head = f"From: anna{number}@example.org\nDate: Mon, 0{number} Nov 2025 10:00:00 +0300\nSubject: {number}\n\n"
    return (head + f"hello {number}\nFrom here on\n").encode()


def found(path: Path) -> list[Raw]:
    raws = [each.raw for each in read(path)]
    assert all(isinstance(raw, Raw) for raw in raws)
    return [raw for raw in raws if isinstance(raw, Raw)]


@pytest.fixture
def eml(tmp_path: Path) -> Path:
    path = tmp_path / "one.eml"
    path.write_bytes(mail(1))
    return path


def test_a_file_with_one_mail(eml: Path) -> None:
    (raw,) = found(eml)
    known, whole = raws.read(raw.data)
    assert whole == mail(1).replace(b"\n", b"\r\n")
    assert known.history
    assert datetime.fromtimestamp(known.at, UTC) == datetime(2025, 11, 1, 7, tzinfo=UTC)
    assert raw.address_hint == "anna1@example.org"


def test_an_mbox_file(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for number in (1, 2, 3):
        box.add(mail(number))
    box.close()
    subjects = [raw.data.split(b"Subject: ")[1][:1] for raw in found(tmp_path / "box")]
    assert subjects == [b"1", b"2", b"3"]


def test_a_maildir_and_a_folder_of_files(tmp_path: Path, eml: Path) -> None:
    folder = mailbox.Maildir(tmp_path / "dir")
    for number in (1, 2):
        folder.add(mail(number))
    in_maildir = {raw.external_id for raw in found(tmp_path / "dir")}
    assert len(in_maildir) == 2
    assert {raw.external_id for raw in found(tmp_path)} <= in_maildir, "the same mail is known wherever it lies"


def test_the_same_mail_has_the_same_key_and_digest_each_time(eml: Path) -> None:
    first, second = found(eml), found(eml)
    assert first == second
    assert first[0].digest == raws.raw_of("x", raws.Known(), raws.read(first[0].data)[1]).digest


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_nothing_is_no_mail(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.eml"
    path.write_bytes(content)
    assert [each.raw for each in read(path)] == ["an empty mail"]


@pytest.mark.parametrize(
    "date", [b"yesterday", b"Mon, 99 Nov 99999 10:00:00", b"\xff\xfe", b"Mon, 1 Jan 1900 00:00:00 +0000"]
)
def test_a_date_that_is_none_is_that_of_the_file(tmp_path: Path, date: bytes) -> None:
    path = tmp_path / "odd.eml"
    path.write_bytes(b"From: a@example.org\nDate: " + date + b"\n\nhello\n")
    (raw,) = found(path)
    assert raws.read(raw.data)[0].at >= 0


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        list(read(tmp_path / "nowhere"))
