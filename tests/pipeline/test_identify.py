"""Identify: one client a person, one dialog a client; only proof joins two addresses, and nothing parts them."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from connectors.base import Proof, Raw, Sender
from pipeline.identify import PROOFS, identify
from storage.db import Database
from storage.strangers import STRANGERS
from tests.fakes.channel import raw
from tests.pipeline.children import Child
from tests.pipeline.rig import CHANNEL, CLIENTS, IDENTITIES, Rig, neighbours

TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
# All of one shard.
ANNA, BERT, OTHER = sorted(neighbours(3))
EMAIL = ["email", "anna@example.org"]
PHONE = ["phone", "+79990000000"]


def take(rig: Rig, raws: list[Raw], *, together: bool) -> None:
    for lot in [raws] if together else [[each] for each in raws]:
        rig.take(*lot)


def clients(rig: Rig) -> dict[str, int]:
    """Whose client each address is."""
    return {row.address: row.client_id for row in rig.rows(IDENTITIES)}


def groups(rig: Rig) -> list[set[str]]:
    """Addresses of one client together."""
    found = clients(rig)
    grouped = ({a for a in found if found[a] == client} for client in sorted(set(found.values())))
    return sorted(grouped, key=min)


@TOGETHER
def test_every_address_is_a_client_of_its_own(rig: Rig, together: bool) -> None:
    take(rig, [raw(ANNA, "1"), raw(BERT, "1"), raw(ANNA, "2")], together=together)
    assert groups(rig) == [{ANNA}, {BERT}]
    assert len(rig.dialogs()) == 2
    rig.check()


def test_the_same_address_in_two_channels_is_two_people(rig: Rig) -> None:
    rig.take(raw(ANNA, "1"))
    rig.take(raw(ANNA, "1"), channel="mail")
    assert len(rig.rows(CLIENTS)) == len(rig.dialogs()) == len(rig.messages()) == 2


@TOGETHER
def test_a_proof_joins_an_address_nobody_knows(rig: Rig, together: bool) -> None:
    take(rig, [raw(ANNA, "1", proofs=[EMAIL]), raw(OTHER, "1", proofs=[EMAIL])], together=together)
    assert groups(rig) == [{ANNA, OTHER}]
    (dialog,) = rig.dialogs()
    assert (dialog.last_seq, dialog.unread) == (2, 2)
    assert len(rig.episodes()) == 1
    rig.check()


@TOGETHER
def test_a_name_or_an_unproved_address_joins_nobody(rig: Rig, together: bool) -> None:
    take(
        rig, [raw(ANNA, "1", name="Anna", email="a@b.c"), raw(BERT, "1", name="Anna", email="a@b.c")], together=together
    )
    assert groups(rig) == [{ANNA}, {BERT}]


@TOGETHER
def test_the_same_value_of_another_kind_is_no_proof(rig: Rig, together: bool) -> None:
    take(rig, [raw(ANNA, "1", proofs=[["email", "x"]]), raw(BERT, "1", proofs=[["login", "x"]])], together=together)
    assert groups(rig) == [{ANNA}, {BERT}]


@TOGETHER
def test_who_has_a_client_keeps_him_whatever_is_proved_later(rig: Rig, together: bool) -> None:
    """Two clients become one only by an operator's hand."""
    rig.take(raw(ANNA, "1"), raw(BERT, "1"))
    take(rig, [raw(ANNA, "2", proofs=[EMAIL]), raw(BERT, "2", proofs=[EMAIL])], together=together)
    assert groups(rig) == [{ANNA}, {BERT}]
    owner = clients(rig)[ANNA]
    rig.take(raw(OTHER, "1", proofs=[EMAIL]))
    assert clients(rig)[OTHER] == owner, "whoever proved it first"
    rig.check()


@TOGETHER
def test_proofs_that_point_to_two_clients_join_one_of_them(rig: Rig, together: bool) -> None:
    rig.take(raw(ANNA, "1", proofs=[EMAIL]))
    rig.take(raw(BERT, "1", proofs=[PHONE]))
    take(rig, [raw(OTHER, "1", proofs=[PHONE, EMAIL]), raw(OTHER, "2", proofs=[EMAIL, PHONE])], together=together)
    assert groups(rig) == [{ANNA}, {BERT, OTHER}]
    rig.check()


@TOGETHER
def test_a_proof_counts_in_whichever_message_it_comes(rig: Rig, together: bool) -> None:
    """Between it and the end of the batch others of the same sender bring none."""
    take(rig, [raw(ANNA, "1", proofs=[EMAIL]), raw(ANNA, "2")], together=together)
    rig.take(raw(OTHER, "1", proofs=[EMAIL]))
    assert groups(rig) == [{ANNA, OTHER}]


@TOGETHER
def test_what_a_known_client_proves_now_joins_a_stranger_after_him(rig: Rig, together: bool) -> None:
    rig.take(raw(ANNA, "1"))
    take(rig, [raw(ANNA, "2", proofs=[EMAIL]), raw(OTHER, "1", proofs=[EMAIL])], together=together)
    assert groups(rig) == [{ANNA, OTHER}]


@TOGETHER
def test_a_name_is_learned_and_changed_but_not_forgotten(rig: Rig, together: bool) -> None:
    take(rig, [raw(ANNA, "1"), raw(ANNA, "2", name="Anna"), raw(ANNA, "3")], together=together)
    assert [row.name for row in rig.rows(IDENTITIES)] == ["Anna"]
    assert [row.name for row in rig.rows(CLIENTS)] == ["Anna"]
    rig.take(raw(ANNA, "4", name="Anna K."))
    assert [row.name for row in rig.rows(IDENTITIES)] == ["Anna K."]
    assert [row.name for row in rig.rows(CLIENTS)] == ["Anna"], "the client's name is the operators' by now"


@TOGETHER
def test_what_a_channel_told_before_somebody_wrote_is_his(rig: Rig, together: bool) -> None:
    told = [
        raw("anna", "1", kind="reach", reachable=True, profile={"start": "old ad", "via": "page"}),
        raw("anna", "2", kind="reach", reachable=True, profile={"start": "ad"}),
        raw("bert", "1", kind="reach", reachable=True, profile={"start": "link"}),
        raw("cleo", "1", kind="reach", reachable=True),
    ]
    take(rig, told, together=together)
    assert clients(rig) == {}, "who has not written is no client"
    take(rig, [raw("anna", "3", profile={"language": "ru"}), raw("cleo", "2")], together=together)
    profiles = {row.address: row.profile for row in rig.rows(IDENTITIES)}
    assert profiles == {"anna": {"start": "ad", "via": "page", "language": "ru"}, "cleo": {}}
    assert [row.address for row in rig.rows(STRANGERS)] == ["bert"]
    rig.check()


def test_an_operator_s_name_for_a_client_stays(rig: Rig) -> None:
    rig.take(raw(ANNA, "1"))
    with rig.db.begin() as tx:
        tx.execute(CLIENTS.update().values(name="Our best client"))
    rig.take(raw(ANNA, "2", name="Anna"))
    assert [row.name for row in rig.rows(CLIENTS)] == ["Our best client"]


def test_strangers_with_one_proof_in_many_shards_at_once(rig: Rig) -> None:
    """Each shard in a process of its own; whoever is first, all the others join him."""
    people = [f"p{n}" for n in range(12)]
    rig.store_raws(*(raw(who, "1", proofs=[EMAIL], name=who) for who in people))
    rig.store_raws(*(raw(who, "2", proofs=[EMAIL]) for who in people))
    children = [Child(lambda: rig.again().settle()) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert len(rig.messages()) == 24
    assert set(clients(rig)) == set(people)
    assert len(rig.rows(CLIENTS)) == len(rig.dialogs()) == len(set(clients(rig).values())) == 1
    assert rig.flow(CHANNEL)["processed"] == 24
    rig.check()


# ---- at once ----


def brings(address: str, *proofs: str) -> dict[tuple[str, str], Sender]:
    return {(CHANNEL, address): Sender(address, address, proofs=tuple(Proof("email", value) for value in proofs))}


@contextmanager
def meanwhile(db: Database, senders: dict[tuple[str, str], Sender]) -> Iterator["Future[None]"]:
    """Identify them in a transaction of its own, which waits for ours."""
    begun = threading.Event()

    def work() -> None:
        begun.set()
        with db.begin() as tx:
            identify(tx, senders)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(work)
        assert begun.wait(10)
        with pytest.raises(TimeoutError):
            other.result(0.2)
        yield other


@pytest.mark.parametrize("first", ["a stranger", "a known client", "one who gives up"])
def test_a_proof_brought_twice_at_the_same_moment_is_his_who_was_first(rig: Rig, db: Database, first: str) -> None:
    if first == "a known client":
        rig.take(raw(ANNA, "1"))
    with db.begin() as tx:
        identify(tx, brings(ANNA, "m", "z"))
        with meanwhile(db, brings(OTHER, "a", "m")) as other:
            (tx.rollback if first == "one who gives up" else tx.commit)()
            other.result(10)
    assert groups(rig) == ([{OTHER}] if first == "one who gives up" else [{ANNA, OTHER}])
    assert {row.client_id for row in rig.rows(PROOFS)} == {clients(rig)[OTHER]}
    assert len(rig.rows(CLIENTS)) == len(rig.dialogs()) == 1


def test_whoever_meets_whom_joins_the_owner_of_his_proof_and_none_waits_for_ever(rig: Rig, db: Database) -> None:
    """Many rounds of transactions begun together, that bring some of the same proofs each in an order of its own."""
    rng, people, begin = random.Random(7), 4, threading.Barrier(4)
    said: dict[str, list[str]] = {}

    def work(lots: list[dict[tuple[str, str], Sender]]) -> None:
        for lot in lots:
            begin.wait(60)
            with db.begin() as tx:
                identify(tx, lot)

    def lot(turn: int, thread: int) -> dict[tuple[str, str], Sender]:
        found: dict[tuple[str, str], Sender] = {}
        for number in range(2):
            who = f"{turn}-{thread}-{number}"
            said[who] = [f"{turn}-{proof}" for proof in rng.sample("abc", 2)]
            found |= brings(who, *said[who])
        return found

    with ThreadPoolExecutor(people) as pool:
        lots = [[lot(turn, thread) for turn in range(25)] for thread in range(people)]
        for each in [pool.submit(work, mine) for mine in lots]:
            each.result(120)
    owners = {row.value: row.client_id for row in rig.rows(PROOFS)}
    found = clients(rig)
    assert all(found[who] in {owners[proof] for proof in proofs} for who, proofs in said.items())
    assert {row.id for row in rig.rows(CLIENTS)} == set(found.values()) == {row.client_id for row in rig.dialogs()}
