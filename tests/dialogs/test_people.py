"""Clients are put right without lost updates; the team always has an administrator, and nobody who left has work."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from dialogs import clients, team, work
from dialogs.access import Staff
from errors import Conflict, Invalid, NotFound
from storage import operators, verify
from storage.db import now
from tests.dialogs.scene import Scene


def act(scene: Scene, who: Staff, step: Any) -> Any:
    return work.perform(scene.db, who, step).result


def test_clients_are_found_and_put_right(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", name="Anna")
    scene.says("v2", name="Boris")

    def found(q: str | None = None, limit: int = 50) -> list[str]:
        names, cursor = [], None
        while True:
            with scene.db.read() as tx:
                page = clients.clients(tx, anna, q, (limit, cursor))
            names += [client["name"] for client in page.items]
            if page.next is None:
                return names
            cursor = page.next

    assert found() == found(limit=1) == ["Boris", "Anna"]
    assert found("ANN") == ["Anna"]
    assert found("v2") == ["Boris"]
    client = scene.dialog(anna, dialog)["client"]["id"]
    values = {"phone": "+7 900", "email": "anna@example.org", "name": "Anna"}
    act(scene, anna, lambda job: clients.edit(job, client, values, None))
    act(scene, anna, lambda job: clients.edit(job, client, values, None))
    assert found("900") == found("@EXAMPLE") == ["Anna"]
    (told,) = scene.journal("client.updated")
    assert told.dialog_id == dialog
    assert told.data == {
        "client": client,
        "before": {"phone": "", "email": ""},
        "after": {"phone": "+7 900", "email": "anna@example.org"},
    }
    with scene.db.read() as tx, pytest.raises(NotFound):
        clients.client(tx, anna, 999)
    with pytest.raises(NotFound):
        act(scene, anna, lambda job: clients.edit(job, 999, {}, None))


def test_of_two_who_edit_what_they_both_saw_one_is_told(scene: Scene) -> None:
    team_ = [scene.operator() for _ in range(8)]
    client = scene.dialog(team_[0], scene.says("v1"))["client"]["id"]
    with scene.db.read() as tx:
        known = clients.client(tx, team_[0], client)["updated_at"]

    def edit(who: Staff) -> bool:
        try:
            act(scene, who, lambda job: clients.edit(job, client, {"note": who.name}, known))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(edit, team_)) == 1


def test_operators_come_change_and_go(scene: Scene) -> None:
    boss = scene.operator(role="admin")
    vera = act(scene, boss, lambda job: team.hire(job, "Vera", "operator"))
    with pytest.raises(Conflict):
        act(scene, boss, lambda job: team.hire(job, "Vera", "read-only"))
    dialog = scene.says("v1")
    scene.changes(Staff(vera["id"], "Vera", "operator"), dialog, assignee=vera["id"])
    gone = act(scene, boss, lambda job: team.change(job, vera["id"], {"active": False, "name": "Vera (left)"}))
    assert (gone["active"], gone["name"]) == (False, "Vera (left)")
    assert scene.dialog(boss, dialog)["episode"]["assignee"] is None
    assert [line.type for line in scene.journal()][-2:] == ["operator.updated", "dialog.assigned"]
    with pytest.raises(Conflict):
        act(scene, boss, lambda job: team.issue(job, vera["id"], None))
    with pytest.raises(Conflict):
        act(scene, boss, lambda job: team.change(job, vera["id"], {"name": boss.name}))
    with pytest.raises(NotFound):
        act(scene, boss, lambda job: team.change(job, 999, {"name": "x"}))
    with scene.db.read() as tx:
        assert [one["name"] for one in team.team(tx, boss, (50, None)).items] == [boss.name, "Vera (left)"]


@pytest.mark.parametrize("loss", [{"role": "operator"}, {"active": False}])
def test_one_administrator_stays_whoever_races(scene: Scene, loss: dict[str, Any]) -> None:
    one, two = scene.operator(role="admin"), scene.operator(role="admin")

    def lose(who: Staff) -> bool:
        try:
            act(scene, who, lambda job: team.change(job, who.id, loss))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lose, [one, two])) == 1


def test_whoever_is_given_work_while_he_is_let_go_does_not_keep_it(scene: Scene) -> None:
    boss = scene.operator(role="admin")
    for n in range(10):
        worker = scene.operator()
        dialog = scene.says(f"v{n}")
        with ThreadPoolExecutor(2) as pool:
            given = pool.submit(scene.changes, boss, dialog, assignee=worker.id)
            let_go = pool.submit(
                act, scene, boss, lambda job, worker=worker: team.change(job, worker.id, {"active": False})
            )
            let_go.result()
            assert isinstance(given.exception(), Invalid | None)
    with scene.db.snapshot() as tx:
        assert [breach for breach in verify.verify(tx) if breach.promise == "owner"] == []


def test_tokens_open_and_close_the_door(scene: Scene) -> None:
    boss = scene.operator("Boss", "admin")
    shown, token = act(scene, boss, lambda job: team.issue(job, boss.id, now() + timedelta(hours=1)))
    assert token.startswith("okno_")
    assert len(token) == 48
    assert shown["prefix"] == token[:9]

    def holder(value: str) -> operators.Holder | None:
        with scene.db.read() as tx:
            return operators.by_token(tx, value)

    known = holder(token)
    assert known is not None
    assert (known.operator_id, known.name, known.role, known.stale) == (boss.id, "Boss", "admin", True)
    with scene.db.begin() as tx:
        operators.used(tx, known.token_id)
    again = holder(token)
    assert again is not None
    assert not again.stale
    assert holder(token[:-1]) is holder("") is holder("é\udcff") is None
    act(scene, boss, lambda job: team.revoke(job, boss.id, shown["id"]))
    act(scene, boss, lambda job: team.revoke(job, boss.id, shown["id"]))
    assert holder(token) is None
    assert len(scene.journal("operator.token_revoked")) == 1
    with scene.db.read() as tx:
        assert team.tokens(tx, boss, boss.id).items[0]["revoked_at"] is not None
        with pytest.raises(NotFound):
            team.tokens(tx, boss, 999)
    for nobody in ((999, shown["id"]), (boss.id, 999)):
        with pytest.raises(NotFound):
            act(scene, boss, lambda job, nobody=nobody: team.revoke(job, *nobody))
    with pytest.raises(Invalid):
        act(scene, boss, lambda job: team.issue(job, boss.id, now() - timedelta(seconds=1)))


def test_an_expired_token_and_a_token_of_who_left_are_none(scene: Scene) -> None:
    vera = scene.operator()
    expired, kept = scene.token(vera, now() - timedelta(seconds=1)), scene.token(vera)
    with scene.db.begin() as tx:
        assert operators.by_token(tx, expired) is None
        assert operators.by_token(tx, kept) is not None
        operators.change(tx, vera.id, active=False)
        assert operators.by_token(tx, kept) is None


def test_no_token_is_kept_in_the_database(scene: Scene) -> None:
    token = scene.token(scene.operator())
    with scene.db.read() as tx:
        row = tx.execute(operators.TOKENS.select()).one()
    assert token[9:] not in repr(row)


def test_the_first_admin_gets_in(scene: Scene) -> None:
    with scene.db.begin() as tx:
        token = operators.first_admin(tx, None)
        assert token is not None
        assert operators.first_admin(tx, None) is None
        assert operators.first_admin(tx, "chosen by myself") == "chosen by myself"
        assert operators.first_admin(tx, "chosen by myself") == "chosen by myself"
        one, two = operators.by_token(tx, token), operators.by_token(tx, "chosen by myself")
        assert one is not None
        assert two is not None
        assert (one.operator_id, one.role) == (two.operator_id, "admin")
        assert [row.prefix for row in operators.tokens(tx, one.operator_id)] == [token[:9], ""]


def test_the_first_admin_gets_in_though_his_name_is_taken(scene: Scene) -> None:
    scene.operator("admin")
    with scene.db.begin() as tx:
        token = operators.first_admin(tx, "a token of my own")
        assert token == "a token of my own"
        found = operators.by_token(tx, token)
    assert found is not None
    assert found.role == "admin"
