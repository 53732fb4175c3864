"""The original of a message: byte for byte, for those who may see it, as long as it is kept."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from connectors.base import Batch
from connectors.email.raws import Known, raw_of
from connectors.registry import Channels
from pipeline import intake
from pipeline.attach import Shelf
from pipeline.daemons import file_store
from pipeline.drain import Drain
from settings import Settings, load, merge
from storage.db import Database
from storage.inbox import INBOX
from tests.api.served import Okno
from tests.dialogs.scene import Scene

MAIL = b"From: anna@example.com\r\nSubject: =?koi8-r?B?x8TF?=\r\n\r\n\xff where is it?\x00\r\n"
PAGE = b"--b\r\nContent-Type: text/html\r\n\r\n<img src=cid:i1@x>\r\n"
FILES = (
    b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <i1@x>\r\n\r\nx\r\n"
    b"--b\r\nContent-Type: text/csv; name=b.csv\r\n\r\ny\r\n--b--\r\n"
)
RELATED = b"From: anna@example.com\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" + PAGE + FILES
CHANNEL = {"kind": "email", "address": "shop@example.org"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mailbox."""
    own: dict[str, Any] = {**settings.model_dump(), "channels": {"site": {"kind": "webchat"}, "mail": CHANNEL}}
    return Settings.model_validate(merge(load({}).model_dump(), own))


@pytest.fixture
def path(settings: Settings, db: Database) -> str:
    """Where the original of a mail is that was taken."""
    return taken(settings, db, MAIL)


def taken(settings: Settings, db: Database, mail: bytes) -> str:
    channels = Channels(settings.channels)
    intake.store(db, "mail", Batch([raw_of("INBOX:7:1", Known(at=1), mail)]))
    Drain(db, channels, Shelf(file_store(settings)), settings.work).visit()
    asyncio.run(channels.close())
    return "/v1/dialogs/1/messages"


def test_a_mail_can_be_had_as_it_came(okno: Okno, scene: Scene, path: str, anna: str) -> None:
    (message,) = okno.ask("GET", path, token=anna).json["items"]
    assert message["original"] == f"{path}/{message['id']}/original"
    got = okno.ask("GET", message["original"], token=anna)
    assert (got.status, got.body) == (200, MAIL)
    assert got.headers["content-disposition"] == f'attachment; filename="message-{message["id"]}.eml"'
    assert got.headers["content-type"] == "message/rfc822"
    assert "sandbox" in got.headers["content-security-policy"]
    assert okno.ask("GET", message["original"].replace("/1/", "/2/", 1), token=anna).status == 404


def test_files_of_a_mail_bear_what_its_page_calls_them(
    okno: Okno, scene: Scene, settings: Settings, db: Database, anna: str
) -> None:
    (message,) = okno.ask("GET", taken(settings, db, RELATED), token=anna).json["items"]
    assert 'src="cid:i1@x"' in message["data"]["whole"]["html"]
    assert [(file["name"], file.get("key")) for file in message["files"]] == [("a.png", "i1@x"), ("b.csv", None)]
    assert "key" not in message["files"][1]


def test_a_channel_says_what_can_be_done_to_a_reply(okno: Okno, anna: str) -> None:
    told = {each["name"]: each["can"] for each in okno.ask("GET", "/v1/channels", token=anna).json["items"]}
    assert told == {"mail": [], "site": ["edit", "delete"]}


def test_one_that_is_not_kept_any_more_is_not_there(okno: Okno, db: Database, path: str, anna: str) -> None:
    (message,) = okno.ask("GET", path, token=anna).json["items"]
    with db.begin() as tx:
        tx.execute(update(INBOX).values(data=b""))
    gone = okno.ask("GET", message["original"], token=anna)
    assert (gone.status, "kept" in gone.json["detail"]) == (404, True)


def test_a_message_of_a_chat_has_none(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    (message,) = okno.ask("GET", f"/v1/dialogs/{dialog}/messages", token=anna).json["items"]
    assert "original" not in message
    assert okno.ask("GET", f"/v1/dialogs/{dialog}/messages/{message['id']}/original", token=anna).status == 404
