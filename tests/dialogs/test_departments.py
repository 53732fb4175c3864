"""Departments come, change and go, and what their operators write is signed as it was when they wrote it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from dialogs import departments, rewriting, team, work, writing
from dialogs.access import Staff
from errors import Conflict, Invalid, NotFound
from storage.db import now
from storage.outbox import OUTBOX
from tests.dialogs.scene import Scene, whole


def act(scene: Scene, who: Staff, step: Any) -> Any:
    return work.perform(scene.db, who, step, lambda _channel, _what: True).result


def made(scene: Scene, boss: Staff, name: str = "Sales", signature: str = "the sales") -> int:
    return int(act(scene, boss, lambda job: departments.create(job, name, signature))["id"])


def joins(scene: Scene, boss: Staff, who: Staff, department: int | None) -> None:
    act(scene, boss, lambda job: team.change(job, who.id, {"department": department}))


def members(scene: Scene, boss: Staff) -> dict[str, int | None]:
    with scene.db.read() as tx:
        return {one["name"]: one["department"] for one in team.team(tx, boss, (200, None)).items}


def told(scene: Scene) -> list[tuple[str, Any, Any]]:
    kinds = ("department.created", "department.updated", "department.deleted", "operator.created", "operator.updated")
    return [(one.type, one.data.get("before"), one.data.get("after")) for one in scene.journal() if one.type in kinds]


def test_departments_come_change_and_go(scene: Scene) -> None:
    boss = scene.operator("Boss", "admin")
    sales, service = made(scene, boss), made(scene, boss, "Service", "")
    with pytest.raises(Conflict):
        made(scene, boss)
    with pytest.raises(Conflict):
        act(scene, boss, lambda job: departments.change(job, service, {"name": "Sales"}))
    same = act(scene, boss, lambda job: departments.change(job, sales, {"name": "Sales", "signature": "the sales"}))
    changed = act(scene, boss, lambda job: departments.change(job, sales, {"name": "Sales", "signature": "we"}))
    assert changed == {**same, "signature": "we"}
    act(scene, boss, lambda job: team.hire(job, "Vera", "operator", sales))
    joins(scene, boss, boss, sales)
    act(scene, boss, lambda job: departments.remove(job, sales))
    assert members(scene, boss) == {"Boss": None, "Vera": None}
    for step in (
        lambda job: departments.change(job, sales, {"name": "x"}),
        lambda job: departments.remove(job, sales),
        lambda job: departments.department(job.tx, boss, sales),
    ):
        with pytest.raises(NotFound):
            act(scene, boss, step)
    with scene.db.read() as tx:
        assert departments.department(tx, boss, service)["name"] == "Service"
        assert [one["id"] for one in departments.listing(tx, boss, (1, None)).items] == [service]
    out = {"department": sales}, {"department": None}
    assert told(scene) == [
        ("department.created", None, {"name": "Sales", "signature": "the sales"}),
        ("department.created", None, {"name": "Service", "signature": ""}),
        ("department.updated", {"signature": "the sales"}, {"signature": "we"}),
        ("operator.created", None, {"name": "Vera", "role": "operator", "department": sales}),
        ("operator.updated", {"department": None}, {"department": sales}),
        ("operator.updated", *out),
        ("operator.updated", *out),
        ("department.deleted", {"name": "Sales", "signature": "we"}, None),
    ]


def test_nobody_joins_a_department_that_is_not_there(scene: Scene) -> None:
    boss = scene.operator(role="admin")
    with pytest.raises(Invalid):
        joins(scene, boss, boss, 4711)
    with pytest.raises(Invalid):
        act(scene, boss, lambda job: team.hire(job, "Vera", "operator", 4711))
    assert scene.journal() == []


def test_who_joins_while_the_department_is_removed_is_in_none(scene: Scene) -> None:
    boss, crew = scene.operator(role="admin"), [scene.operator() for _ in range(8)]
    sales = made(scene, boss)

    def join(who: Staff) -> bool:
        try:
            joins(scene, boss, who, sales)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        joined = [pool.submit(join, who) for who in crew[:4]]
        gone = pool.submit(act, scene, boss, lambda job: departments.remove(job, sales))
        joined += [pool.submit(join, who) for who in crew[4:]]
    gone.result()
    assert set(members(scene, boss).values()) == {None}
    moves = [line.data["after"] for line in scene.journal("operator.updated")]
    assert moves.count({"department": sales}) == moves.count({"department": None}) == sum(f.result() for f in joined)


def test_a_letter_is_signed_as_its_writers_department_signed_then(scene: Scene) -> None:
    boss, anna, boris = scene.operator(role="admin"), scene.operator("Anna"), scene.operator("Boris")
    sales, silent = made(scene, boss), made(scene, boss, "Silent", "")
    joins(scene, boss, anna, sales)
    joins(scene, boss, boss, silent)
    dialog = scene.says("v1")
    first, plain, other = (scene.replies(who, dialog) for who in (anna, boss, boris))
    act(scene, boss, lambda job: departments.change(job, sales, {"signature": "we"}))
    second = scene.replies(anna, dialog)
    act(scene, boss, lambda job: departments.remove(job, sales))
    payloads = [scene.letters(message)[0].payload for message in (first, second, plain, other)]
    assert [payload.get("signature") for payload in payloads] == ["the sales", "we", None, None]
    opened = act(scene, boss, lambda job: made_and_written(job, scene))
    assert scene.letters(opened)[0].payload["signature"] == "new here"


def made_and_written(job: work.Work, scene: Scene) -> int:
    """Who writes first signs too, and what is changed in the same commit counts."""
    created = departments.create(job, "New", "new here")
    team.change(job, job.actor.id, {"department": created["id"]})
    client = scene.dialog(job.actor, 1)["client"]["id"]
    return writing.write_first(job, client, writing.Draft("hello"), whole)[1]


def test_a_rewritten_letter_is_signed_by_who_is_its_author(scene: Scene) -> None:
    boss, anna, boris = scene.operator(role="admin"), scene.operator("Anna"), scene.operator("Boris")
    joins(scene, boss, anna, made(scene, boss))
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog, send_at=now() + timedelta(hours=1))
    draft = writing.Draft("other words")
    act(scene, boris, lambda job: rewriting.rewrite(job, dialog, message, draft, whole))
    (letter,) = scene.letters(message)
    assert (letter.payload["author"], letter.payload["signature"]) == ("Anna", "the sales")
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).values(state="sent", sent_at=OUTBOX.c.created_at, receipt=["k"]))
    for who, signature in ((boris, ""), (anna, "the sales")):
        act(scene, who, lambda job: rewriting.rewrite(job, dialog, message, draft, whole))
        edit = scene.letters(message)[-1]
        assert (edit.action, edit.payload["author"], edit.payload["signature"]) == ("edit", who.name, signature)
