"""What was learned says how sure workers are of what they find, from the next batch on; it finds nothing itself."""

from typing import Any

from settings import Settings
from tasks import modelfile
from tasks.extract.learned import Model
from tests.fakes.channel import raw
from tests.pipeline.listeners import ASKED
from tests.pipeline.rig import Rig


def _learn(rig: Rig, intercept: float) -> None:
    modelfile.write(Settings(state_dir=rig.folder / "var").tasks_model, Model({}, intercept), {})


def _told(rig: Rig) -> list[tuple[Any, ...]]:
    return [(task.status, task.origin, task.confidence, task.rules[-1]) for task in rig.tasks()]


def test_a_model_moves_finds_between_the_tiers_from_the_next_batch_on(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED))
    rig.read()
    ((status, origin, by_rules, _),) = _told(rig)
    assert (status, origin) == ("open", "rule")
    _learn(rig, -3.0)
    rig.take(raw("bert", "1", ASKED), raw("bert", "2", "Спасибо!"))
    rig.read()
    (_, doubted) = _told(rig)
    assert doubted == ("proposed", "rule", 0.05, f"rules:{by_rules:g}")


def test_a_message_that_is_read_again_tells_what_the_rules_said_of_it_now(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED))
    rig.read()
    ((_, _, by_rules, _),) = _told(rig)
    _learn(rig, 0.5)
    rig.take(raw("anna", "e", f"{ASKED} Жду!", kind="edit", id="anna:1", at=5))
    rig.read()
    assert _told(rig) == [("open", "rule", 0.62, f"rules:{by_rules:g}")]
