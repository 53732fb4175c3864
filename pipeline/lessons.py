"""The lesson for people at a terminal: a model is trained on what operators made of machines' tasks, or it is not."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.daemons import open_database
from settings import Settings
from tasks import corrections, modelfile

if TYPE_CHECKING:
    from tasks.learning import Example, Gain, Lesson

_NEEDS = (
    "Training needs scikit-learn, which is an extra: pip install '.[learn]' in a clone (docs/learning.md).\n"
    "What has been learned is applied without it."
)


class Unteachable(Exception):
    """There is nothing to train with, or on; says what to do."""


def learn(settings: Settings, file: Path | None, *, dry_run: bool) -> None:
    """Train on the corrections of the database, or of a file with exported ones, and print what came of it.

    The model's file is what the lesson says: written if the model is better, else taken away; `dry_run` leaves it as it
    is. Raises Unteachable.
    """
    try:
        from tasks import learning
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"sklearn", "scipy", "numpy"}:
            raise
        raise Unteachable(_NEEDS) from None
    try:
        lesson = learning.learn(_stored(settings) if file is None else _exported(file))
    except ValueError as error:
        raise Unteachable(str(error)) from None
    sys.stdout.write(_told(lesson))
    if not dry_run:
        _keep(lesson, settings.tasks_model)


def _stored(settings: Settings) -> "Iterator[Example]":
    from tasks.learning import Example

    db = open_database(settings)
    try:
        yield from (msgspec.convert(one, Example) for one in corrections.examples(db))
    finally:
        db.close()


def _exported(file: Path) -> "Iterator[Example]":
    from tasks.learning import Example

    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _read(number, line, Example)
    except OSError as error:
        raise Unteachable(f"{file}: {error.strerror}") from None


def _read(number: int, line: bytes, kind: "type[Example]") -> "Example":
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unteachable(f"line {number}: this is no exported correction ({error})") from None


def _keep(lesson: "Lesson", path: Path) -> None:
    if lesson.model is not None:
        assert lesson.figures is not None
        modelfile.write(path, lesson.model, {"corrections": lesson.examples, **asdict(lesson.figures)})
        sys.stdout.write(f"Workers read it from {path} before their next batch.\n")
    elif path.exists():
        path.unlink()
        sys.stdout.write(f"The model that stood in {path} is gone.\n")


def _told(lesson: "Lesson") -> str:
    verdicts = ", ".join(f"{lesson.verdicts.get(name, 0)} {name}" for name in corrections.VERDICTS)
    lines = [f"{lesson.examples} corrections of {lesson.dialogs} dialogs to learn from: {verdicts}."]
    if lesson.figures is not None:
        lines.append("On dialogs it has not seen:")
        lines += [_line("log loss, rules", lesson.figures.loss), _line("log loss, share", lesson.figures.share)]
        lines += [_line("F1 of sure, rules", lesson.figures.f1)]
    lines.append("The model is better than the rules." if lesson.model else f"The rules stand: {lesson.why_not}.")
    return "\n".join(lines) + "\n"


def _line(name: str, gain: "Gain") -> str:
    numbers = f"{gain.plain:.3f}  model {gain.model:.3f}  gain {gain.gain:+.3f} ± {gain.error:.3f}"
    return f"  {name:<20}{numbers}"
