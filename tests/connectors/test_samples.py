"""Everything a messenger may send is read: each sample the fakes have says something, the same each time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connectors.base import Edit, Envelope, Message, Raw
from connectors.telegram import updates
from connectors.vk import comments, events
from tests.connectors.conformance import texts_in
from tests.fakes import telegram_samples, vk_samples
from tests.fakes.vk_events import event

Json = dict[str, Any]
AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
TELEGRAM = {f"telegram: {name}": update for name, update in telegram_samples.everything().items()}
VK = {f"vk: {name}": event(kind, body) for name, (kind, body) in vk_samples.everything().items()}
# By name what came over the wire.
SAMPLES: dict[str, Json] = {
    **{name: {"update_id": number, **update} for number, (name, update) in enumerate(TELEGRAM.items(), 1)},
    **VK,
}
# These say nothing in a dialog.
NOTHING = {
    "telegram: business connection",
    "telegram: business connection ended",
    "vk: edited by the program",
    "vk: group_join",
    "vk: message_read",
    "vk: message_typing_state",
    "vk: our comment to nobody",
}
# These are parked, and brought back by a version that knows them.
PARKED = {"telegram: unknown update": updates.UnknownUpdate, "vk: hologram_new": events.UnknownEvent}
READ = sorted(SAMPLES.keys() - PARKED.keys())


def raw_of(name: str, sample: Json) -> Raw:
    """What is stored of it."""
    if name in TELEGRAM:
        return updates.raw_of("700", json.dumps(sample).encode(), AT)
    return events.raw_of(json.loads(json.dumps(sample)), AT)


def parse(name: str, raw: Raw) -> list[Envelope]:
    """How it is read."""
    return updates.parse_update(raw) if name in TELEGRAM else events.parse_event(raw)


def read(name: str, sample: Json) -> list[Envelope]:
    """What becomes of it."""
    return parse(name, raw_of(name, sample))


def judge(found: list[Envelope]) -> None:
    """People see something of each, and databases take it."""
    for envelope in found:
        assert getattr(envelope, "external_id", "a key")
        if isinstance(envelope, Message):
            assert envelope.text.strip() or envelope.files, envelope
            assert all(file.name for file in envelope.files)
        elif isinstance(envelope, Edit):
            assert envelope.text.strip() or envelope.files, envelope
    for text in texts_in(msgspec.to_builtins(found)):
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize("name", READ)
def test_each_is_shown_or_is_known_to_say_nothing(name: str) -> None:
    found = read(name, SAMPLES[name])
    assert bool(found) == (name not in NOTHING)
    judge(found)


@pytest.mark.parametrize("name", sorted(PARKED))
def test_what_nobody_knows_is_parked_by_its_name(name: str) -> None:
    with pytest.raises(PARKED[name]):
        read(name, SAMPLES[name])


@pytest.mark.parametrize("name", READ)
def test_each_is_the_same_each_time(name: str) -> None:
    raw = raw_of(name, SAMPLES[name])
    assert raw == raw_of(name, SAMPLES[name])
    assert raw.external_id
    assert parse(name, raw) == parse(name, raw)


def test_no_two_have_the_same_key() -> None:
    for messenger in (TELEGRAM, VK):
        raws = [raw_of(name, SAMPLES[name]) for name in messenger]
        assert len({raw.external_id for raw in raws}) == len(raws)
        found = [envelope for name in messenger if name in READ for envelope in read(name, SAMPLES[name])]
        keys = [envelope.external_id for envelope in found if isinstance(envelope, Message)]
        assert len(set(keys)) == len(keys)


def test_there_is_a_sample_of_everything_that_is_read() -> None:
    assert {kind for update in TELEGRAM.values() for kind in update} >= set(updates.ALLOWED_UPDATES)
    kinds = {sample["type"] for sample in VK.values()}
    verbs = {f"{place}_{verb}" for place in comments._PLACES for verb in comments._VERBS}
    assert kinds >= events._MESSAGES | events._MEANINGS.keys() | verbs


# ---- what messengers may think of next ----


def _everywhere(sample: Any) -> Any:
    """With a field nobody knows in every object."""
    if isinstance(sample, list):
        return [_everywhere(each) for each in sample]
    if not isinstance(sample, dict):
        return sample
    return {**{key: _everywhere(value) for key, value in sample.items()}, "novelty": {"title": "New", "depth": [3]}}


@pytest.mark.parametrize("name", READ)
def test_fields_nobody_knows_change_nothing(name: str) -> None:
    before, after = read(name, SAMPLES[name]), read(name, _everywhere(SAMPLES[name]))
    judge(after)
    assert [(type(each), getattr(each, "external_id", "")) for each in after] == [
        (type(each), getattr(each, "external_id", "")) for each in before
    ]


_GONE = object()
# What a field may hold that is there and says nothing, or is of another kind.
ODD: tuple[Any, ...] = (
    _GONE, None, "", " ", "\n", "\x00", "\ud800", "\u200b", "\u2800", "x" * 5000, 0, -1, 1 << 70, float("nan"), True,
    [], {}, ["\x00"], {"text": "\x00"},
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field, however deep."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _changed(sample: Json, path: tuple[Any, ...], value: Any) -> Json:
    copy: Json = json.loads(json.dumps(sample))
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    if value is _GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


@pytest.mark.parametrize("name", READ)
def test_a_field_that_is_gone_or_odd_empties_no_message(name: str) -> None:
    for path in _places(SAMPLES[name]):
        for value in ODD:
            try:
                found = read(name, _changed(SAMPLES[name], path, value))
            except Exception:  # noqa: BLE001 - whatever it likes to raise: it is parked, with all it holds
                continue
            judge(found)
