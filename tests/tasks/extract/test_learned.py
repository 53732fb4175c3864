"""The re-ranker: it says how sure a find is and nothing else, and needs nothing that trains."""

import math
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.learned import SIZE, Candidate, Model, by_rules, features, judged, reranked
from tasks.extract.model import Change, Due, New, Said, Span
from tests.running import ROOT

NOW = datetime(2025, 10, 13, 11, 50)  # noqa: DTZ001 - by the business's own clock
TALK = [Said(0, "client", NOW, "Пришлите счёт до пятницы. У вас есть доставка?")]
DOUBT, TRUST = Model({}, -3.0), Model({}, 3.0)

texts = st.text(max_size=600)
spans = st.builds(Span, st.integers(0, 3), st.integers(0, 9), st.integers(9, 99), texts)
dues = st.none() | st.builds(Due, st.dates(), st.none() | st.times(), st.text(max_size=9))
news = st.builds(
    New,
    kind=st.sampled_from(["request", "question", "complaint", "commitment"]),
    title=texts,
    confidence=st.floats(0, 1),
    source=st.integers(0, 3),
    evidence=st.lists(spans, min_size=1, max_size=3).map(tuple),
    due=dues,
    promised_by=st.sampled_from([None, "client", "operator"]),
    related=st.none() | st.integers(0, 9),
    high=st.booleans(),
    rules=st.lists(st.sampled_from(["order", "ru.ask", "left"]), max_size=2).map(tuple),
    status=st.sampled_from(["open", "done"]),
)
weights = st.dictionaries(st.integers(0, SIZE - 1), st.floats(-1000, 1000), max_size=50)
# Some weights on every place, so that each feature counts.
models = st.builds(Model, weights, st.floats(-1000, 1000)) | st.builds(
    Model, st.just({place: math.sin(place) for place in range(SIZE)}), st.floats(-3, 3)
)


@given(news, models)
def test_nothing_but_the_confidence_is_touched(found: New, model: Model) -> None:
    made = reranked(found, model)
    assert made._replace(confidence=found.confidence, rules=found.rules) == found
    assert 0.01 <= made.confidence <= 0.99
    assert made.rules[: len(found.rules)] == found.rules


@given(news, models)
def test_twice_is_once_and_the_rules_word_is_kept(found: New, model: Model) -> None:
    made = reranked(found, model)
    assert reranked(made, model) == made
    rules, confidence = by_rules(made.rules, made.confidence)
    assert rules == found.rules
    assert confidence == pytest.approx(found.confidence, rel=1e-5)


def test_it_sets_the_tier_of_new_tasks() -> None:
    plain, doubted, trusted = (tasks_of(TALK, Calendar(), model) for model in (None, DOUBT, TRUST))
    assert [task.status for task in plain] == ["open", "open"]
    assert [(task.status, task.confidence) for task in doubted] == [("proposed", 0.05)] * 2
    assert [(task.status, task.confidence) for task in trusted] == [("open", 0.95)] * 2
    for ranked in (doubted, trusted):
        bare = [
            task._replace(status=own.status, confidence=own.confidence, rules=own.rules)
            for task, own in zip(ranked, plain, strict=True)
        ]
        assert bare == plain


def test_changes_of_known_tasks_are_left_alone() -> None:
    changes = [Change(1, 2, "cancel", 0.9, "cancelled"), Change(1, 2, "ping", 0.9, nudged=True)]
    assert judged(changes, DOUBT) == changes


def test_weights_are_added_up_over_the_features() -> None:
    one = Candidate("request", False, ("order",), 0.8, False, False, "Счёт")
    found = features(one)
    place, value = max(found.items(), key=lambda pair: pair[1])
    score = 0.25 + 0.5 * value
    assert Model({place: 0.5}, 0.25).confidence(one) == round(1 / (1 + math.exp(-score)), 2)
    # An extreme of what a file may hold is still a confidence.
    extreme = {place: math.copysign(1000.0, value) for place, value in found.items()}
    assert Model(extreme, 1000.0).confidence(one) == 0.99
    assert Model({place: -weight for place, weight in extreme.items()}, -1000.0).confidence(one) == 0.01


BASE = Candidate("request", False, ("order",), 0.8, False, False, "Пришлите счёт 7001")


@pytest.mark.parametrize(
    "other",
    [
        BASE._replace(kind="question"),
        BASE._replace(operators=True),
        BASE._replace(rules=("ru.ask",)),
        BASE._replace(confidence=0.6),
        BASE._replace(dated=True),
        BASE._replace(high=True),
        BASE._replace(words="Пришлите акт 7001"),
        BASE._replace(words="Пришлите счёт 7001 " + "очень " * 9),
    ],
)
def test_each_thing_makes_a_difference(other: Candidate) -> None:
    assert features(other) != features(BASE)


def test_writing_makes_none() -> None:
    assert features(BASE._replace(words="  пришлите\n СЧЕТ 1234 ")) == features(BASE)
    long = "счёт " * 80
    assert features(BASE._replace(words=long)) == features(BASE._replace(words=long + "и акт"))


# A Python in which the extra is not installed.
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sklearn", "scipy", "numpy", "threadpoolctl", "joblib"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Absent())
"""
APPLYING = """
from datetime import datetime
from pathlib import Path
from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.learned import Model
from tasks.extract.model import Said
from tasks.modelfile import ModelFile, write

path = Path(sys.argv[1])
write(path, Model({}, -3.0), {})
talk = [Said(0, "client", datetime(2025, 10, 13), "Пришлите счёт")]
print([task.confidence for task in tasks_of(talk, Calendar(), ModelFile(path).model())])
"""
LEARNING = """
import workers
sys.argv = ["okno", "tasks", "learn"]
workers.main()
"""


def test_it_needs_nothing_that_trains(tmp_path: Path) -> None:
    said = without_the_extra(APPLYING, tmp_path)
    assert (said.returncode, said.stdout.splitlines()[-1:]) == (0, ["[0.05]"]), said.stderr


def test_training_without_the_extra_says_how_to_get_it(tmp_path: Path) -> None:
    said = without_the_extra(LEARNING, tmp_path)
    assert said.returncode == 1
    assert "pip install '.[learn]'" in said.stderr
    assert "Traceback" not in said.stderr


def without_the_extra(program: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT + program, str(folder / "model.json")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, check=False)
