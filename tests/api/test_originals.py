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
CHANNEL = {"kind": "email", "address": "shop@example.org"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mailbox."""
    own: dict[str, Any] = {**settings.model_dump(), "channels": {"site": {"kind": "webchat"}, "mail": CHANNEL}}
    return Settings.model_validate(merge(load({}).model_dump(), own))


@pytest.fixture
def path(settings: Settings, db: Database) -> str:
    """Where the original of a mail is that was taken."""
    channels = Channels(settings.channels)
    intake.store(db, "mail", Batch([raw_of("INBOX:7:1", Known(at=1), MAIL)]))
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
