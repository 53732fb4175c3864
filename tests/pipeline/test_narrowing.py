"""Narrowing: what failed together is tried in smaller groups, until the guilty are alone; no innocent pays for it."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.base import Raw
from pipeline import drain
from pipeline.stitch import stitch
from storage import inbox
from storage.db import Database
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import Rig, neighbours

STARTS_ALONE = 3
HARMLESS = "hello"
PEOPLE = sorted(neighbours(5))
EXAMPLES = itertools.count()


class Died(BaseException):
    """The worker, in the middle of a raw."""


class Ward:
    """A pipeline whose raws say how they end it: `kill` while read, `unwritable` while written, `raise`."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rig, self.deaths, self.rounds = rig, 0, 0
        self.starts = Counter[str]()
        monkeypatch.setattr(drain, "stitch", self._write)
        monkeypatch.setattr(Fake, "reading", self._read)

    def _read(self, told: dict[str, Any]) -> None:
        self.starts[told["id"]] += 1
        if told["text"] == "kill":
            raise Died
        if told["text"] == "raise":
            raise KeyError("what nobody expected")

    def _write(self, tx: Any, parsed: Any, *args: Any, **more: Any) -> Any:
        self.rounds += 1
        if any(envelope.text == "unwritable" for each in parsed for envelope in each.envelopes):
            raise ValueError("no place for this")
        return stitch(tx, parsed, *args, **more)

    def settle(self) -> None:
        """Run workers until one finds nothing left to do, each after the death of the one before."""
        while True:
            try:
                return Rig(self.rig.db, self.rig.folder).settle()
            except Died:
                self.deaths += 1
                with self.rig.db.begin() as tx:
                    gone = "UPDATE leases SET holder = 'other-host/1/1/1/1', expires_at = '2020-01-01 00:00:00.000000' "
                    tx.execute(text(gone + "WHERE holder <> ''"))


def bound(size: int) -> int:
    """How often a raw of a batch of so many may be started."""
    groups = 1
    while (state := inbox.narrowed(size)) != inbox.ALONE:
        size, groups = -state, groups + 1
    return groups + STARTS_ALONE


def made(example: int, number: int, who: str, fate: str) -> Raw:
    key = f"{example}-{number}"
    return raw(who, key, fate, id=f"{who}:{key}")


FATES = st.sampled_from([HARMLESS] * 8 + ["kill", "raise", "unwritable"])


def test_whatever_is_poison_only_the_guilty_are_parked_and_order_holds(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = Ward(Rig(db, tmp_path), monkeypatch)

    @hypothesis.settings(max_examples=25, phases=[hypothesis.Phase.generate])
    @hypothesis.given(st.lists(st.tuples(st.sampled_from(PEOPLE), FATES), min_size=1, max_size=60))
    def check(said: list[tuple[str, str]]) -> None:
        example = next(EXAMPLES)
        raws = {f"{who}:{example}-{n}": (who, fate, made(example, n, who, fate)) for n, (who, fate) in enumerate(said)}
        ward.rig.store_raws(*(each for *_, each in raws.values()))
        ward.settle()
        written = [row.external_id for row in ward.rig.messages() if row.external_id in raws]
        for who in PEOPLE:
            mine = [key for key in written if key.startswith(f"{who}:")]
            assert mine == [key for key, (sender, fate, _) in raws.items() if (sender, fate) == (who, HARMLESS)]
        ids = {row.id: row.external_id for row in ward.rig.rows(inbox.INBOX)}
        parked = {ids[row] for row in ward.rig.parked()} & raws.keys()
        assert parked == {key for key, (_, fate, _) in raws.items() if fate != HARMLESS}
        assert max(ward.starts[key] for key in raws) <= bound(len(raws))

    check()
    ward.rig.check()


@pytest.mark.parametrize("poison", ["kill", "unwritable"])
@pytest.mark.parametrize("guilty", [[17], [3, 590]])
def test_one_in_six_hundred_is_found_in_a_few_dozen_rounds(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, poison: str, guilty: list[int]
) -> None:
    ward = Ward(rig, monkeypatch)
    people = neighbours(150)
    rig.store_raws(*(made(0, n, people[n % 150], poison if n in guilty else HARMLESS) for n in range(600)))
    ward.settle()
    assert len(rig.messages()) == 600 - len(guilty)
    assert len(rig.parked()) == len(guilty)
    assert ward.rounds + ward.deaths <= 1 + 16 + (16 + 16 + STARTS_ALONE) * len(guilty)
    assert ward.deaths <= (bound(600) * len(guilty) if poison == "kill" else 0)
    rig.check()


def test_what_was_alone_in_its_group_has_had_a_start_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ward = Ward(rig, monkeypatch)
    rig.store_raws(made(0, 0, PEOPLE[0], "kill"))
    with rig.db.begin() as tx:
        inbox.suspect(tx, {inbox.shard_of("shop", PEOPLE[0]): [row.id for row in rig.rows(inbox.INBOX)]}, -38)
    ward.settle()
    assert ward.deaths == STARTS_ALONE
    assert len(rig.parked()) == 1


def test_suspects_get_their_turn_however_short_the_visits_are(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shard never runs empty, and a visit is over after one batch."""
    monkeypatch.setattr(drain, "_VISIT", 0.0)
    suspected, busy = PEOPLE[:2]
    rig.store_raws(made(0, 0, suspected, HARMLESS))
    shard = inbox.shard_of("shop", suspected)
    with rig.db.begin() as tx:
        inbox.suspect(tx, {shard: [row.id for row in rig.rows(inbox.INBOX)]}, inbox.ALONE)
    for number in range(1, 10):
        rig.store_raws(made(0, number, busy, HARMLESS))
        rig.drain.visit()
    assert f"{suspected}:0-0" in {row.external_id for row in rig.messages()}
