"""Lists: filters, search, order, and pages that neither lose nor repeat."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from connectors.base import Proof
from dialogs import view
from dialogs.access import Staff
from errors import Invalid, NotFound
from storage import pages
from storage.db import Database, now
from storage.talk import DIALOGS, MESSAGES
from tests.dialogs.scene import SHOP, Scene


def listed(scene: Scene, actor: Staff, sort: view.Sort = "-last_at", limit: int = 50, **wanted: Any) -> list[int]:
    """The ids of all pages, one after the other."""
    found: list[int] = []
    cursor = None
    while True:
        with scene.db.read() as tx:
            page = view.dialogs(tx, actor, view.Filter(**wanted), sort, (limit, cursor))
        assert len(page.items) <= limit
        found += [dialog["id"] for dialog in page.items]
        if page.next is None:
            return found
        cursor = page.next


def test_filters(scene: Scene) -> None:
    anna, boris = scene.operator(), scene.operator()
    one, two = scene.says("v1"), scene.says("v2")
    three = scene.says("b3", channel=SHOP)
    scene.changes(anna, one, assignee=anna.id)
    scene.changes(anna, two, assignee=boris.id, read_up_to=1)
    scene.changes(anna, three, status="resolved")
    assert listed(scene, anna) == [three, two, one]
    assert listed(scene, anna, status="open") == [two, one]
    assert listed(scene, anna, status="resolved") == [three]
    assert listed(scene, anna, assignee=anna.id) == [one]
    assert listed(scene, anna, assignee="none") == [three]
    assert listed(scene, anna, assignee="none", status="open") == []
    assert listed(scene, anna, channel=SHOP) == [three]
    assert listed(scene, anna, channel="nowhere") == []
    assert listed(scene, anna, unread=True) == [three, one]
    assert listed(scene, anna, unread=False) == [two]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("sort", ["-last_at", "last_at", "opened_at"])
def test_pages_neither_lose_nor_repeat(scene: Scene, sort: view.Sort, limit: int) -> None:
    anna = scene.operator()
    # Many of the same moment: the id decides.
    moments = [now() - timedelta(seconds=n // 4) for n in range(14)]
    dialogs = [scene.says(f"v{n}", sent_at=at) for n, at in enumerate(moments)]
    with scene.db.begin() as tx:
        for dialog, at in zip(dialogs, moments, strict=True):
            tx.execute(update(DIALOGS).where(DIALOGS.c.id == dialog).values(last_at=at))
    expected = sorted(dialogs, key=lambda one: (moments[dialogs.index(one)], one), reverse=sort == "-last_at")
    assert listed(scene, anna, sort, limit) == expected


@pytest.mark.parametrize("cursor", ["", "x", "====", "é", pages.encode([1]), pages.encode(["yesterday", 1]), "a" * 200])
def test_a_cursor_nobody_gave_out_is_refused(scene: Scene, cursor: str) -> None:
    anna = scene.operator()
    with scene.db.read() as tx, pytest.raises(Invalid):
        view.dialogs(tx, anna, view.Filter(), "-last_at", (10, cursor))


@given(st.datetimes(timezones=st.just(now().tzinfo)), st.integers(0, 2**63 - 1))
def test_cursors_carry_what_was_put_in(at: Any, number: int) -> None:
    assert pages.decode(pages.encode([at, number]), type(at), int) == [at, number]


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_invalid(cursor: str) -> None:
    try:
        pages.decode(cursor, int)
    except Invalid:
        return


def test_messages_by_arrival_shown_as_they_were_written(scene: Scene) -> None:
    anna = scene.operator()
    earlier = now() - timedelta(hours=1)
    dialog = scene.says("v1", "second")
    scene.says("v1", "first", sent_at=earlier)
    scene.says("v1", "third")
    assert [message["text"] for message in scene.messages(anna, dialog)] == ["first", "second", "third"]

    def texts(falling: bool, limit: int) -> list[list[str]]:
        found, cursor = [], None
        while True:
            with scene.db.read() as tx:
                page = view.dialog_messages(tx, anna, dialog, falling, (limit, cursor))
            found.append([message["text"] for message in page.items])
            cursor = page.next
            if cursor is None:
                return found

    assert texts(False, 2) == [["first", "second"], ["third"]]
    assert texts(True, 2) == [["third", "first"], ["second"]]
    assert texts(True, 3) == [["third", "second", "first"]]
    with pytest.raises(NotFound), scene.db.read() as tx:
        view.dialog_messages(tx, anna, 999, False, (1, None))
    with pytest.raises(NotFound), scene.db.read() as tx:
        view.message(tx, anna, 999)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("анна", True),
        ("АННА", True),
        ("ёжик", True),
        ("ЁЖИК", True),
        ("order 100%", True),
        ("order 100_", False),
        ("order 100", True),
        ("a_b", True),
        ("a%b", False),
        ("back\\slash", True),
        ("back\\\\slash", False),
        ("STRASSE", True),
        ("SITE-USER", True),
        ("'; DROP TABLE messages; --", False),
        ("nothing like it", False),
    ],
)
def test_search(scene: Scene, q: str, found: bool) -> None:
    anna = scene.operator()
    scene.says("stranger", "something else")
    dialog = scene.says("site-user", "Где мой ЁЖИК? order 100%, a_b and back\\slash, Strasse", name="Анна Каренина")
    assert listed(scene, anna, q=q) == ([dialog] if found else [])
    assert len(listed(scene, anna)) == 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12))
def test_search_finds_any_text_in_itself(scene: Scene, q: str) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", f"before {q} after")
    assert dialog in listed(scene, anna, q=q)


def test_search_looks_into_notes_and_addresses_of_all_channels(scene: Scene) -> None:
    anna = scene.operator()
    both = (Proof("email", "a@example.org"),)
    dialog = scene.says("v1", proofs=both)
    scene.says("Shop-Address", channel=SHOP, proofs=both)
    scene.notes(anna, dialog, "a difficult one")
    assert listed(scene, anna, q="DIFFICULT") == [dialog]
    assert listed(scene, anna, q="shop-addr") == [dialog]
    shown = scene.dialog(anna, dialog)
    assert shown["channels"] == [SHOP, "site"]
    assert [one["address"] for one in shown["client"]["identities"]] == ["v1", "Shop-Address"]


@pytest.mark.parametrize("sort", ["-last_at", "last_at", "opened_at"])
def test_a_search_whose_time_is_over_goes_on_where_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, sort: view.Sort
) -> None:
    anna = scene.operator()
    dialogs = [scene.says(f"v{n}", "needle" if n % 7 == 3 else "hay") for n in range(30)]
    needles = dialogs[3::7]
    monkeypatch.setattr(view, "_SEARCH_FEW", 2)
    for seconds in (0.0, 60.0):
        monkeypatch.setattr(view, "_SEARCH_TIME", seconds)
        for limit in (1, 2, 50):
            found = listed(scene, anna, sort, limit, q="needle")
            assert found == (needles[::-1] if sort == "-last_at" else needles)
    with scene.db.read() as tx:
        monkeypatch.setattr(view, "_SEARCH_TIME", 0.0)
        page = view.dialogs(tx, anna, view.Filter(q="nowhere"), sort, (50, None))
    # Nothing yet is not the end.
    assert (page.items, page.next is None) == ([], False)


class Counted:
    """Counts the statements of a database, BEGIN too."""

    def __init__(self, db: Database) -> None:
        self.count = 0
        event.listen(db._plain, "before_cursor_execute", self._note)

    def _note(self, *_: Any) -> None:
        self.count += 1


def test_a_page_is_a_handful_of_statements_whatever_its_size(scene: Scene) -> None:
    anna = scene.operator()
    for n in range(30):
        dialog = scene.says(f"v{n}")
        scene.replies(anna, dialog)
    counted = Counted(scene.db)

    def cost(look: Any) -> int:
        counted.count = 0
        with scene.db.read() as tx:
            look(tx)
        return counted.count

    def of_list(limit: int) -> int:
        return cost(lambda tx: view.dialogs(tx, anna, view.Filter(), "-last_at", (limit, None)))

    assert of_list(1) == of_list(30) <= 7
    long = scene.many("v0", 100)
    for _ in range(3):
        scene.replies(anna, long)

    def of_dialog(limit: int) -> int:
        return cost(lambda tx: view.dialog_messages(tx, anna, long, True, (limit, None)))

    assert of_dialog(2) == of_dialog(100) <= 6


def test_a_reply_that_came_back_after_all_has_failed(scene: Scene) -> None:
    anna, dialog = scene.operator(), scene.says("v1")
    message = scene.replies(anna, dialog)
    scene.delivers(message)
    told = {"delivery": {"failed": "2026-11-30T10:00:00Z", "error": "no such mailbox"}}
    with scene.db.begin() as tx:
        tx.execute(MESSAGES.update().where(MESSAGES.c.id == message).values(data=told))
    delivery = scene.messages(anna, dialog)[-1]["delivery"]
    assert (delivery["state"], delivery["error"]) == ("failed", "no such mailbox")


def test_delivery_tells_the_gravest_state(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    for state in ("sent", "failed", "unconfirmed", "cancelled", "held", "queued"):
        message = scene.replies(anna, dialog)
        scene.delivers(message, state)
        assert scene.messages(anna, dialog)[-1]["delivery"]["state"] == state


def test_a_changed_and_a_deleted_message(scene: Scene) -> None:
    anna = scene.operator()
    at = now()
    dialog = scene.says("v1", "gone", deleted_at=at)
    scene.says("v1", "better", edited_at=at)
    deleted, edited = scene.messages(anna, dialog)
    assert (deleted["deleted_at"], deleted["text"]) == (at, "gone")
    assert edited["edited_at"] == at
