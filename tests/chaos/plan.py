"""The fault plan: what breaks, when and for how long; the same for the same seed."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from tests.chaos.mail import KINDS as OF_MAIL
from tests.chaos.mail import MAIL
from tests.chaos.vendors import BLOWS

# Seconds a worker may hold a shard in these runs; a frozen one stays away longer than that.
LEASE = 2.0
_FROZEN = 2 * LEASE + 1

# kind -> seconds it lasts; 0 is over in a moment.
_ANYWHERE = {
    "kill web": 0.0,
    "kill pipeline": 0.0,
    "kill deliver": 0.0,
    "kill clock": 0.0,
    "stop web": 0.0,
    "stop pipeline": 0.0,
    "stop deliver": 0.0,
    "freeze pipeline": _FROZEN,
    "freeze deliver": _FROZEN,
    "freeze web": 2.0,
    "freeze clock": _FROZEN,
    "redis flushed": 0.0,
    "redis killed": 2.0,
    "redis frozen": 3.0,
    "redis cut": 0.0,
    "redis black hole": 2.0,
    "door cut": 0.0,
    "door answers lost": 0.5,
    "reply taken, then cut": 1.5,
    "reply taken, then 500": 1.5,
    "reply refused 429": 1.0,
    "reply refused 503": 1.0,
}
_WITH_POSTGRESQL = {
    "postgresql restarted": 0.0,
    "postgresql cut": 0.0,
    "postgresql black hole": 1.5,
    "postgresql slow": 2.0,
    "commit answer lost": 1.0,
}
# What is there only where something is read.
_WITH_READERS = {"kill receive": 0.0, "stop receive": 0.0, "freeze receive": _FROZEN}
# What meets messengers that push: a short run has some of it as well.
_AT_THE_HOOKS = {
    "door cut", "door answers lost", "kill web", "stop web", "freeze web", "telegram tells twice", "vk tells twice",
}  # fmt: skip
_ON_THE_LINE = {"cut": 0.0, "black hole": 2.0}
SITE = "site"
ABSENT = "redis absent from the start"
# The share of the messages after which a Redis that was absent comes up.
ABSENT_UNTIL = 0.12


class Fault(NamedTuple):
    """One fault: it strikes once `at` messages are acknowledged, and lasts `seconds`."""

    at: int
    kind: str
    seconds: float


class Target(NamedTuple):
    """What is broken: the database, who takes part, and whether the messengers push."""

    db: str
    channels: Sequence[str] = (SITE,)
    push: bool = False


def plan(seed: int, messages: int, faults: int, target: Target) -> list[Fault]:
    """`faults` faults over the run, in order; every kind is used before any comes again."""
    chance = random.Random(f"plan {seed} {messages} {target.db}")
    kinds = {**_ANYWHERE, **(_WITH_POSTGRESQL if target.db == "postgresql" else {}), **_of_messengers(target)}
    kinds |= {**OF_MAIL, **_WITH_READERS} if MAIL in target.channels else {}
    if SITE not in target.channels:
        kinds = {kind: seconds for kind, seconds in kinds.items() if not kind.startswith("reply")}
    chosen: list[str] = []
    while len(chosen) < faults:
        chosen += chance.sample(sorted(kinds), len(kinds))
    if target.push:
        _bring_to_the_hooks(chance, chosen, faults)
    # From the first writers to the last, evenly, but never on the beat.
    step = messages / faults
    times = [int(step * (n + chance.uniform(0.1, 0.9))) for n in range(faults)]
    found = [Fault(at, kind, kinds[kind]) for at, kind in zip(times, chosen, strict=False)]
    if chance.random() < 1 / 3:
        found = _without_redis(found, int(messages * ABSENT_UNTIL))
    return found


def _bring_to_the_hooks(chance: random.Random, chosen: list[str], faults: int) -> None:
    """See that up to half of a short run's faults meet what is pushed; each kind is still used before any again."""
    count = min(faults, len({*chosen}))
    first = [kind for kind in dict.fromkeys(chosen) if kind in _AT_THE_HOOKS][: faults // 2]
    for kind in first:
        chosen.remove(kind)
    chosen[:0] = first
    head = chosen[:count]
    chance.shuffle(head)
    chosen[:count] = head


def _of_messengers(target: Target) -> dict[str, float]:
    vendors = [name for name in target.channels if name not in (SITE, MAIL)]
    blows = {kind: blow for kind, blow in BLOWS.items() if (blow.pushes if target.push else blow.polled)}
    kinds = {kind: 0.0 for kind, blow in blows.items() if blow.vendor in vendors}
    kinds |= {f"{name} {what}": seconds for name in vendors for what, seconds in _ON_THE_LINE.items()}
    return {**kinds, **_WITH_READERS} if vendors else {}


def default_faults(messages: int) -> int:
    """How many faults a run gets unless told: 50 for 20,000 messages, and enough to matter in a short one."""
    return max(8, messages // 400)


def _without_redis(found: list[Fault], until: int) -> list[Fault]:
    """The first fault becomes an absent Redis; nothing else can happen to it before it is there."""
    rest = [fault for fault in found[1:] if not (fault.kind.startswith("redis") and fault.at < until)]
    return [Fault(0, ABSENT, 0.0), *rest]
