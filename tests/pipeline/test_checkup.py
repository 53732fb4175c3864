"""Checkup: everything that is wrong is said at once, with what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.checkup import Finding, examine
from settings import Settings
from storage import halts, leases, refusals, schema
from storage.db import Database, now
from tests.fakes.completions import KEY, Completions, finds
from tests.pipeline.rig import Rig


def examined(rig: Rig, **sections: Any) -> dict[str, Finding]:
    whole = {"database": {"url": rig.url}, "state_dir": str(rig.folder), **sections}
    return {found.what: found for found in examine(Settings.model_validate(whole))}


def test_where_all_is_well_all_is_well(rig: Rig, redis_url: str) -> None:
    found = examined(rig, broker={"url": redis_url}, channels={"shop": rig.world.section()})
    assert [(each.what, each.ok) for each in found.values()] == [
        ("settings", True), ("database", True), ("broker", True), ("channel shop", True),
    ]  # fmt: skip
    assert f"schema {schema.head()}" in found["database"].says
    assert found["channel shop"].says == "answers"


def test_without_a_channel_it_says_how_to_open_one(rig: Rig) -> None:
    assert "add a section [channels.NAME]" in examined(rig)["channels"].says


def test_a_schema_that_is_missing_or_newer_is_told_apart(rig: Rig, blank_url: str) -> None:
    blank = Rig(Database(blank_url), rig.folder)
    missing = examined(blank)["database"]
    blank.db.close()
    assert not missing.ok
    assert "migrate" in missing.says
    with rig.db.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    newer = examined(rig)["database"]
    assert not newer.ok
    assert "newer Okno" in newer.says


def test_a_database_that_is_away_is_named_without_its_password() -> None:
    url = "postgresql+psycopg://okno:s3cret@127.0.0.1:9/okno"
    found = {each.what: each for each in examine(Settings.model_validate({"database": {"url": url}}))}["database"]
    assert not found.ok
    assert "127.0.0.1:9" in found.says
    assert "is the server up" in found.says
    assert "s3cret" not in found.says


def test_a_broker_that_is_away_is_no_loss(rig: Rig, tmp_path: Path) -> None:
    found = examined(rig, broker={"url": f"redis://okno:s3cret@127.0.0.1:9/0?note={tmp_path}"})["broker"]
    assert not found.ok
    assert "nothing is lost" in found.says
    assert "s3cret" not in found.says


@pytest.mark.parametrize(
    ("section", "ok", "says"),
    [
        ({"kind": "fakee"}, False, "did you mean 'fake'?"),
        ({"kind": "fake", "world": "w", "retyr": [1]}, False, "channels.shop.retyr: there is no such key"),
        ({"kind": "fake"}, False, "channels.shop.world"),
        ({"kind": "fake", "world": "w", "enabled": False}, True, "switched off"),
    ],
)
def test_a_section_that_cannot_be_used_is_told_key_by_key(
    rig: Rig, section: dict[str, Any], ok: bool, says: str
) -> None:
    found = examined(rig, channels={"shop": section, "mail": rig.world.section()})
    assert (found["channel shop"].ok, found["channel mail"].ok) == (ok, True)
    assert says in found["channel shop"].says


def test_wrong_credentials_are_told_with_the_channel_s_own_words(rig: Rig) -> None:
    rig.world.deny()
    found = examined(rig, channels={"shop": rig.world.section()})["channel shop"]
    assert found == Finding("channel shop", False, "wrong token; get another one")


def test_calls_with_a_wrong_secret_are_told_and_are_no_fault_of_the_channel_s(rig: Rig) -> None:
    with rig.db.begin() as tx:
        refusals.note(tx, "shop", "the secret is not the channel's")
    found = examined(rig, channels={"shop": rig.world.section(), "mail": rig.world.section()})
    assert found["channel shop"].ok
    assert found["channel shop"].says.startswith("answers; it turns calls to its hook away since ")
    assert found["channel shop"].says.endswith(": the secret is not the channel's")
    assert found["channel mail"].says == "answers"


@pytest.mark.parametrize("reads", [True, False])
def test_what_only_a_reader_can_know_is_told(rig: Rig, reads: bool) -> None:
    """Of one that is at work it is true by now."""
    with rig.db.begin() as tx:
        halts.put(tx, "shop", halts.READING, "another program reads the source", now())
        halts.put(tx, "mail", halts.SENDING, "no", now())
        held = leases.take(tx, "receive:shop", 60)
        if held and not reads:
            leases.give_back(tx, held)
    found = examined(rig, channels={"shop": rig.world.section(), "mail": rig.world.section()})
    assert found["channel shop"].ok is not reads
    assert found["channel shop"].says.startswith("answers; but its reader has told since 20")
    assert found["channel shop"].says.endswith(": another program reads the source")
    assert found["channel mail"] == Finding("channel mail", True, "answers"), "asked just now, it answered"


def test_a_check_that_breaks_is_a_finding_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> str:
        raise ValueError("a bug in the connector")

    monkeypatch.setattr("tests.fakes.channel.Fake.check", broken)
    found = examined(rig, channels={"shop": rig.world.section(), "mail": rig.world.section()})
    assert not found["channel shop"].ok
    assert "ValueError" in found["channel shop"].says


def asked(rig: Rig, server: Completions, **changed: Any) -> Finding:
    """What is said of a model on that server."""
    return examined(rig, tasks={"llm": {**server.section, **changed}})["tasks.llm"]


def test_a_model_is_tried_out(rig: Rig) -> None:
    with Completions() as server:
        silent = asked(rig, server)
        server.says = finds("Пришлите, пожалуйста, счёт на оплату", due_phrase="до пятницы")
        right = asked(rig, server)
    assert silent.ok
    assert "does not find the task" in silent.says
    assert right.ok
    assert "finds the task" in right.says
    assert "messages are sent there" in right.says
    assert "tasks.llm" not in examined(rig)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (404, "HTTP 404: trouble with …"),
        (500, "HTTP 500"),
        ("slow", "does not answer"),
        ("elsewhere", "set the address"),
        ("not json", "no chat completion"),
    ],
)
def test_a_model_s_server_in_trouble_is_told_of_without_its_key(rig: Rig, fault: Any, said: str) -> None:
    with Completions() as server:
        server.faults = [fault]
        found = asked(rig, server, timeout=0.5 if fault == "slow" else 20)
    assert not found.ok
    assert said in found.says
    assert KEY not in found.says


def test_a_model_that_cannot_keep_to_the_form_is_told_of(rig: Rig) -> None:
    with Completions() as server:
        server.says = lambda _asked: "Sure! Here are the tasks:"
        found = asked(rig, server)
        wrong = asked(rig, server, key="sk-wrong")
    assert not found.ok
    assert "not in the form" in found.says
    assert not wrong.ok
    assert "HTTP 401" in wrong.says
    assert "sk-wrong" not in wrong.says
