"""Stitch against a model: random batches of messages, edits and deletions, late, early and repeated."""

import itertools
from dataclasses import dataclass, field

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from connectors.base import Raw
from pipeline.replay import Choice, replay_inbox
from settings import Settings
from storage.inbox import INBOX
from tests.fakes.channel import raw
from tests.pipeline.rig import Rig

PEOPLE, ITEMS, TIMES = ["a", "b"], st.integers(0, 2), st.integers(0, 4)
# One example's people are strangers to the next one, for all share a database.
EXAMPLES = itertools.count()


@dataclass
class Said:
    """What the model knows of a message."""

    text: str
    edited: int | None = None
    deleted: bool = False


@dataclass
class Talk:
    """A dialog: messages by item, in order of arrival, and whether there is work to do."""

    said: dict[int, Said] = field(default_factory=dict)
    open: bool = False

    def write(self, item: int, said: Said) -> Said:
        if item not in self.said:
            self.said[item], self.open = said, True
        return self.said[item]

    def edit(self, item: int, at: int) -> None:
        found = self.write(item, Said("", edited=-1))
        if not found.deleted and (found.edited is None or at > found.edited):
            found.text, found.edited = f"version {at}", at

    def delete(self, item: int) -> None:
        self.write(item, Said("")).deleted = True


Step = tuple[str, str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["message", "message", "edit", "deletion"]), st.sampled_from(PEOPLE), ITEMS, TIMES),
    min_size=1,
    max_size=8,
)


class Machine(RuleBasedStateMachine):
    """Batches go through the real pipeline, and what they mean through the model."""

    rig: Rig

    @initialize()
    def begin(self) -> None:
        self.example = next(EXAMPLES)
        self.talks = {who: Talk() for who in PEOPLE}
        self.sent: list[Raw] = []
        self.numbers = itertools.count()

    def name(self, who: str) -> str:
        return f"{self.example}-{who}"

    def made(self, step: Step) -> Raw:
        kind, who, item, at = step
        name = self.name(who)
        text = f"item {item}" if kind == "message" else f"version {at}"
        return raw(name, f"raw {next(self.numbers)}", text, kind=kind, id=f"{name}:{item}", at=at)

    @rule(steps=STEPS, again=st.lists(st.integers(0, 100), max_size=3))
    def a_batch_comes(self, steps: list[Step], again: list[int]) -> None:
        raws = [self.made(step) for step in steps]
        repeats = [self.sent[n % len(self.sent)] for n in again] if self.sent else []
        self.sent += raws
        self.rig.take(*raws, *repeats)
        # A batch writes what is new before it changes what is there.
        for kind, who, item, _ in steps:
            if kind == "message":
                self.talks[who].write(item, Said(f"item {item}"))
        for kind, who, item, at in steps:
            if kind == "edit":
                self.talks[who].edit(item, at)
            elif kind == "deletion":
                self.talks[who].delete(item)

    @rule()
    def the_work_is_done(self) -> None:
        self.rig.resolve()
        for talk in self.talks.values():
            talk.open = False

    @rule()
    def all_is_read_again(self) -> None:
        mine = [row.received_at for row in self.rig.rows(INBOX) if row.address in map(self.name, PEOPLE)]
        if mine:
            replay_inbox(Settings.model_validate({"database": {"url": self.rig.url}}), Choice(since=mine[0]))
            self.rig.settle()

    @invariant()
    def the_dialogs_are_the_model_s(self) -> None:
        if not hasattr(self, "talks"):
            return
        messages = self.rig.messages()
        status = {row.dialog_id: row.status for row in self.rig.episodes()}
        for who, talk in self.talks.items():
            name = self.name(who)
            mine = [row for row in messages if row.external_id.startswith(f"{name}:")]
            assert [row.external_id for row in mine] == [f"{name}:{item}" for item in talk.said]
            assert [row.seq for row in mine] == list(range(1, len(mine) + 1))
            assert {status[row.dialog_id] for row in mine} <= {"open" if talk.open else "resolved"}
            for row, said in zip(mine, talk.said.values(), strict=True):
                assert (row.deleted_at is not None) == said.deleted
                assert said.deleted or row.text == said.text
                assert said.deleted or (row.edited_at is not None) == (said.edited is not None)

    def teardown(self) -> None:
        flow = self.rig.flow() if self.sent else None
        assert flow is None or (flow["parked"], flow["in_flight"]) == (0, 0)
        self.rig.check()


def test_whatever_comes_in_whatever_order_is_shown_as_it_was_meant(rig: Rig) -> None:
    machine = type("Machine", (Machine,), {"rig": rig})
    checks = list(hypothesis.HealthCheck)
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=25,
            stateful_step_count=8,
            suppress_health_check=checks,
            # To shrink a failure takes minutes over a database.
            phases=[hypothesis.Phase.generate],
        ),
    )
