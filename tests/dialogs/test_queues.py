"""The queues: what waits or stands still is seen, and set going again by hand."""

from datetime import timedelta
from typing import Any

import pytest

from dialogs import queues, work
from errors import Conflict, Forbidden, NotFound
from storage import claims, halts, inbox, outbox, refusals
from storage.db import now
from tests.dialogs.scene import Scene


def park(scene: Scene, *keys: str) -> list[int]:
    """Raws that were taken in and failed alone too often."""
    with scene.db.begin() as tx:
        inbox.put(tx, [inbox.Arrival("site", key, "v1", b"raw " + key.encode()) for key in keys])
        found = claims.fetch(tx, inbox.shard_of("site", "v1"), range(1, 100))
        for claim in found:
            inbox.park(tx, claim, "KeyError: text")
    return [claim.id for claim in found]


def test_parked_raws_are_listed_looked_into_and_replayed(scene: Scene) -> None:
    anna, guest = scene.operator(), scene.operator(role="read-only")
    one, two, three = park(scene, "v1:1", "v1:2", "v1:3")
    with scene.db.read() as tx:
        page = queues.raws(tx, guest, "parked", (2, None))
        rest = queues.raws(tx, guest, "parked", (2, page.next))
        assert queues.raw(tx, guest, two) == b"raw v1:2"
        with pytest.raises(NotFound):
            queues.raw(tx, guest, 999)
    assert [raw["id"] for raw in [*page.items, *rest.items]] == [one, two, three]
    assert rest.next is None
    assert page.items[0]["reason"] == "KeyError: text"
    assert page.items[0]["size"] == 8
    done = work.perform(scene.db, anna, lambda job: queues.replay(job, two))
    assert done.result == {"id": two, "state": "waiting"}
    assert done.pipeline
    with scene.db.read() as tx:
        assert [raw["id"] for raw in queues.raws(tx, guest, "waiting", (9, None)).items] == [two]
        assert [raw["id"] for raw in queues.raws(tx, guest, "parked", (9, None)).items] == [one, three]
    with pytest.raises(Conflict):
        work.perform(scene.db, anna, lambda job: queues.replay(job, two))
    with pytest.raises(NotFound):
        work.perform(scene.db, anna, lambda job: queues.replay(job, 999))
    with pytest.raises(Forbidden):
        work.perform(scene.db, guest, lambda job: queues.replay(job, one))
    assert [line.data for line in scene.journal("inbox.replayed")] == [{"inbox": two, "channel": "site"}]


def test_the_outbox_shows_what_is_not_settled_the_newest_first(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    messages = [scene.replies(anna, dialog) for _ in range(5)]
    scene.delivers(messages[0])
    scene.delivers(messages[1], "failed")
    scene.delivers(messages[2], "cancelled")

    def shown(limit: int = 9, cursor: str | None = None, **wanted: Any) -> list[int]:
        with scene.db.read() as tx:
            return [letter["message"] for letter in queues.letters(tx, anna, wanted, (limit, cursor)).items]

    assert shown() == [messages[4], messages[3], messages[1]]
    assert shown(state="sent") == [messages[0]]
    assert shown(state="failed") == [messages[1]]
    assert shown(state="cancelled") == [messages[2]]
    assert shown(message=messages[0]) == [messages[0]]
    assert shown(channel="elsewhere") == []
    with scene.db.read() as tx:
        page = queues.letters(tx, anna, {}, (2, None))
    assert shown(2, page.next) == [messages[1]]


def test_channels_tell_their_counts_and_why_they_stand(scene: Scene) -> None:
    anna = scene.operator()
    park(scene, "v1:1", "v1:2")
    scene.replies(anna, scene.says("v2"))
    with scene.db.begin() as tx:
        halts.put(tx, "shop", halts.SENDING, "401 Unauthorized", now() + timedelta(minutes=5))
        refusals.note(tx, "site", "wrong secret")
    with scene.db.read() as tx:
        shop, site = queues.channels(tx, anna, {"site": ("chat", True, ["edit"]), "shop": ("other", False, [])}).items
        assert queues.behind(tx)["inbox"] == 0.0
        assert queues.behind(tx)["outbox"] >= 0.0
    assert (site["received"], site["parked"], site["outbox"]) == (2, 2, {"queued": 1})
    assert site["last_received_at"] is not None
    assert site["halt"] is None
    assert (site["can"], shop["can"]) == (["edit"], [])
    assert site["refused"]["reason"] == "wrong secret"
    assert site["refused"]["since"] <= site["refused"]["last"]
    assert (shop["enabled"], shop["received"], shop["last_received_at"]) == (False, 0, None)
    assert shop["halt"]["reason"] == "401 Unauthorized"
    assert shop["refused"] is None


def test_letters_are_retried_and_cancelled_only_where_that_makes_sense(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")

    def act(step: Any, letter_id: int) -> Any:
        return work.perform(scene.db, anna, lambda job: step(job, letter_id))

    allowed = {
        queues.retry: {"failed", "unconfirmed", "held"},
        queues.cancel: {"queued", "held"},
    }
    for step, states in allowed.items():
        for state in outbox.STATES:
            message = scene.replies(anna, dialog)
            (letter,) = scene.letters(message)
            scene.delivers(message, state)
            if state in states:
                done = act(step, letter.id)
                assert done.channels == ({"site"} if step is queues.retry else set())
                assert done.result["state"] == ("queued" if step is queues.retry else "cancelled")
                assert done.result["maybe_twice"] == (state == "unconfirmed")
            else:
                with pytest.raises(Conflict):
                    act(step, letter.id)
    told = [line.type for line in scene.journal() if line.actor == anna.label and "letter" in line.data]
    assert told == ["message.retried"] * 3 + ["message.cancelled"] * 2
    with pytest.raises(NotFound):
        act(queues.retry, 999_999)
    with pytest.raises(Forbidden):
        work.perform(scene.db, scene.operator(role="read-only"), lambda job: queues.retry(job, 1))
