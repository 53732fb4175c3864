"""Profiles: names are asked for in batches, kept, and asked for again only after their time."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from pipeline.loop import LoopThread
from pipeline.profiles import Asker
from storage.db import now
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CLIENTS, IDENTITIES, Rig


@pytest.fixture
def asker(rig: Rig) -> Iterator[Asker]:
    Fake.asked.clear()
    loop = LoopThread()
    yield Asker(rig.db, rig.channels, loop)
    loop.close()


def test_names_are_asked_for_in_batches_and_once(rig: Rig, asker: Asker) -> None:
    rig.take(*(raw(who, "1", ask=True) for who in ("anna", "bert", "cleo", "dora")), raw("emil", "1"))
    for _ in range(3):
        asker.ask()
    assert sorted(map(len, Fake.asked)) == [1, 3]
    assert {row.name for row in rig.rows(CLIENTS)} == {"Anna", "Bert", "Cleo", "Dora", ""}
    assert {row.profile.get("url") for row in rig.rows(IDENTITIES)} >= {"https://anna.example", None}
    assert len(rig.events("client.updated")) == 4


def test_a_name_an_operator_gave_stays(rig: Rig, asker: Asker) -> None:
    rig.take(raw("anna", "1", ask=True))
    with rig.db.begin() as tx:
        tx.execute(update(CLIENTS).values(name="Our Anna"))
    asker.ask()
    assert rig.rows(CLIENTS)[0].name == "Our Anna"
    assert rig.rows(IDENTITIES)[0].name == "Anna"


def test_who_is_nobody_is_not_asked_for_all_the_time_and_known_ones_again_later(rig: Rig, asker: Asker) -> None:
    rig.take(raw("Nobody", "1", ask=True))
    asker.ask()
    asker.ask()
    assert Fake.asked == [["Nobody"]]
    with rig.db.begin() as tx:
        tx.execute(update(IDENTITIES).values(ask_at=now()))
    asker.ask()
    assert len(Fake.asked) == 2


def test_what_is_learnt_while_the_channel_is_asked_stays(rig: Rig, asker: Asker) -> None:
    rig.take(raw("anna", "1", ask=True))
    rows = asker._take("shop", 9)
    rig.take(raw("anna", "2", profile={"start": "promo"}))
    asker._ask("shop", rig.channels["shop"], rows)  # type: ignore[arg-type]
    assert rig.rows(IDENTITIES)[0].profile == {"start": "promo", "url": "https://anna.example"}
