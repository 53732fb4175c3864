"""The fault plan: the same for the same seed, spread over the run, and every kind of it can be carried out."""

import pytest

from tests.chaos.plan import ABSENT, SITE, Target, default_faults, plan

DBS = ["postgresql", "sqlite"]


@pytest.mark.parametrize("db", DBS)
def test_a_seed_is_a_plan(db: str) -> None:
    assert plan(7, 20_000, 50, Target(db)) == plan(7, 20_000, 50, Target(db))
    assert plan(7, 20_000, 50, Target(db)) != plan(8, 20_000, 50, Target(db))


@pytest.mark.parametrize("seed", range(20))
def test_faults_come_in_order_and_before_the_end(seed: int) -> None:
    times = [fault.at for fault in plan(seed, 5000, 20, Target("postgresql"))]
    assert times == sorted(times)
    assert times[-1] < 5000


@pytest.mark.parametrize("seed", range(20))
def test_nothing_happens_to_a_redis_that_is_not_there(seed: int) -> None:
    found = plan(seed, 1000, 40, Target("sqlite"))
    if found[0].kind == ABSENT:
        assert not [fault for fault in found[1:] if fault.kind.startswith("redis") and fault.at < 120]


@pytest.mark.parametrize("push", [False, True])
def test_every_kind_comes_before_any_comes_again(push: bool) -> None:
    kinds = [fault.kind for fault in plan(1, 20_000, 54, Target("postgresql", push=push))]
    counts = {kinds.count(kind) for kind in set(kinds) - {ABSENT}}
    assert counts <= {1, 2}
    assert {"kill web", "postgresql restarted", "commit answer lost", "redis frozen"} <= set(kinds)


def test_sqlite_knows_no_faults_of_a_server_it_has_not() -> None:
    found = plan(1, 20_000, 60, Target("sqlite"))
    assert not [fault for fault in found if fault.kind.startswith(("postgresql", "commit"))]


@pytest.mark.parametrize("push", [False, True])
def test_who_pushes_has_no_trouble_with_being_polled(push: bool) -> None:
    found = {fault.kind for fault in plan(1, 20_000, 120, Target("sqlite", (SITE, "telegram", "vk"), push))}
    assert {"telegram reply taken, then cut", "vk says error 10", "door answers lost", "kill receive"} <= found
    assert ({"telegram cuts the poll", "vk changes its keys", "vk forgets its history"} <= found) is not push
    assert ({"telegram tells twice", "vk tells twice"} <= found) is push


@pytest.mark.parametrize("seed", range(20))
def test_even_a_short_run_breaks_what_is_pushed_to(seed: int) -> None:
    found = [fault.kind for fault in plan(seed, 1500, 8, Target("sqlite", (SITE, "telegram", "vk"), push=True))]
    assert len({kind for kind in found if kind.startswith("door") or kind.endswith((" web", "tells twice"))}) >= 3
    assert len(set(found)) == len(found)


def test_mail_has_troubles_of_its_own_and_no_others() -> None:
    found = {fault.kind for fault in plan(1, 20_000, 120, Target("sqlite", ("email",)))}
    assert {
        "imap restarted",
        "imap numbers anew",
        "smtp takes it, then cuts",
        "smtp black hole",
        "kill receive",
    } <= found
    assert not [kind for kind in found if kind.startswith(("email", "reply", "telegram", "vk"))]


@pytest.mark.parametrize("messages", [1500, 5000, 20_000, 100_000])
def test_a_run_gets_more_faults_than_it_needs(messages: int) -> None:
    assert default_faults(messages) * 500 >= messages * 1.2
