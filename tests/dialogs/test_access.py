"""The policy: what each role may do, and that lists, records, files and events are held to the same."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs import access, clients, departments, events, queues, team, view, work, writing
from dialogs.access import Action, Staff, Visitor
from errors import Forbidden
from storage import journal, operators
from storage.db import Tx
from storage.journal import Line
from tests.dialogs.scene import Scene, whole

ACTIONS = get_args(Action)
WRITES = [action for action in ACTIONS if action.endswith(".write")]
STAFF_ROLES = operators.ROLES
actors = st.one_of(
    st.builds(Staff, st.integers(1), st.text(), st.sampled_from(STAFF_ROLES)),
    st.builds(Visitor, st.text(min_size=1), st.text(min_size=1)),
)


@given(actors, st.sampled_from(ACTIONS))
def test_demand_says_what_may_says(actor: access.Actor, action: Action) -> None:
    if access.may(actor, action):
        access.demand(actor, action)
    else:
        with pytest.raises(Forbidden):
            access.demand(actor, action)


@given(st.sampled_from(ACTIONS))
def test_a_higher_role_may_all_that_a_lower_one_may(action: Action) -> None:
    allowed = [access.may(Staff(1, "", role), action) for role in ("read-only", "operator", "admin")]
    assert allowed == sorted(allowed)


@given(actors, st.sampled_from(WRITES))
def test_who_only_reads_writes_nothing(actor: access.Actor, action: Action) -> None:
    if actor.role == "read-only":
        assert not access.may(actor, action)


@given(st.text(), st.sampled_from(ACTIONS))
def test_a_role_nobody_knows_may_nothing(role: str, action: Action) -> None:
    if role not in access.ALLOWED:
        assert not access.may(Staff(1, "", role), action)


@given(st.builds(Visitor, st.text(), st.text()), st.sampled_from(ACTIONS))
def test_a_visitor_may_chat_and_nothing_else(visitor: Visitor, action: Action) -> None:
    assert access.may(visitor, action) == action.startswith("chat.")


def test_every_action_is_somebodys() -> None:
    assert frozenset().union(*access.ALLOWED.values()) == frozenset(ACTIONS)


READS: dict[str, Any] = {
    "dialog list": lambda tx, who: view.dialogs(tx, who, view.Filter(), "-last_at", (1, None)),
    "dialog": lambda tx, who: view.dialog(tx, who, 1),
    "messages": lambda tx, who: view.dialog_messages(tx, who, 1, False, (1, None)),
    "message": lambda tx, who: view.message(tx, who, 1),
    "client list": lambda tx, who: clients.clients(tx, who, "x", (1, None)),
    "client": lambda tx, who: clients.client(tx, who, 1),
    "team": lambda tx, who: team.team(tx, who, (1, None)),
    "tokens": lambda tx, who: team.tokens(tx, who, 1),
    "departments": lambda tx, who: departments.listing(tx, who, (1, None)),
    "department": lambda tx, who: departments.department(tx, who, 1),
    "events": lambda tx, who: events.events(tx, who, 0, (1, None)),
    "raws": lambda tx, who: queues.raws(tx, who, "parked", (1, None)),
    "raw": lambda tx, who: queues.raw(tx, who, 1),
    "letters": lambda tx, who: queues.letters(tx, who, {}, (1, None)),
    "channels": lambda tx, who: queues.channels(tx, who, {}),
}
CHANGES: dict[str, Any] = {
    "change": lambda job: access.demand(job.actor, "dialog.write"),
    "reply": lambda job: writing.reply(job, 1, writing.Draft("x"), whole),
    "note": lambda job: writing.note(job, 1, "x"),
    "write first": lambda job: writing.write_first(job, 1, writing.Draft("x"), whole),
    "edit client": lambda job: clients.edit(job, 1, {}, None),
    "hire": lambda job: team.hire(job, "x", "admin"),
    "promote": lambda job: team.change(job, 1, {"role": "admin"}),
    "issue": lambda job: team.issue(job, 1, None),
    "revoke": lambda job: team.revoke(job, 1, 1),
    "create department": lambda job: departments.create(job, "x", ""),
    "change department": lambda job: departments.change(job, 1, {"signature": "x"}),
    "remove department": lambda job: departments.remove(job, 1),
    "replay": lambda job: queues.replay(job, 1),
    "retry": lambda job: queues.retry(job, 1),
    "cancel": lambda job: queues.cancel(job, 1),
}


@pytest.mark.parametrize("what", READS)
def test_a_visitor_reads_nothing_at_the_desk(scene: Scene, what: str) -> None:
    def look(tx: Tx, who: Any) -> None:
        READS[what](tx, who)

    with scene.db.read() as tx, pytest.raises(Forbidden):
        look(tx, Visitor("site", "v1"))


@pytest.mark.parametrize("what", CHANGES)
def test_rules_refuse_a_role_before_they_look_at_anything(scene: Scene, what: str) -> None:
    with pytest.raises(Forbidden):
        work.perform(scene.db, Staff(1, "guest", "read-only"), CHANGES[what])
    assert scene.journal() == []


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_the_list_of_events_and_the_stream_show_the_same(scene: Scene, role: str) -> None:
    who = scene.operator(role=role)
    kinds = [
        "message.received",
        "operator.updated",
        "operator.token_issued",
        "operator.token_revoked",
        "operator.tokens",
    ]
    with scene.db.begin() as tx:
        journal.append(tx, [journal.Entry(kind, "system", None, {}) for kind in kinds])
    with scene.db.read() as tx:
        listed = [event["type"] for event in events.events(tx, who, 0, (50, None)).items]
    assert listed == [line.type for line in scene.journal() if access.sees(who, line)]
    assert ("operator.token_issued" in listed) == (role == "admin")
    assert "operator.tokens" in listed


def test_a_stream_ends_with_the_token_or_the_role_behind_it() -> None:
    me = Staff(7, "me", "operator", token_id=3)

    def line(kind: str, **data: Any) -> Line:
        return Line(1, datetime.now(UTC), kind, "operator:1", None, data)

    assert access.ends(me, line("operator.token_revoked", operator=7, token=3))
    assert not access.ends(me, line("operator.token_revoked", operator=7, token=4))
    assert access.ends(me, line("operator.updated", operator=7))
    assert not access.ends(me, line("operator.updated", operator=8))
    assert not access.ends(me, line("message.received", message=3))
