"""The file of the learned model: written as a whole or not at all, and read again when it changes."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

import log
from tasks.extract.learned import FEATURES, SIZE, Model
from tasks.extract.version import version

_log = log.get(__name__)

# Bytes; a table in which no place is empty has a third of it.
_MOST = 2 << 20
_Weight = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
_Stamp = tuple[int, int, int]


class Unusable(ValueError):
    """A file that holds no model for these rules; says why."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """`figures` are for people; `features` and `extractor` are the versions of what the weights were learned for."""

    format: Literal["okno-tasks-model"]
    features: int
    extractor: str
    size: int
    intercept: _Weight
    weights: dict[Annotated[int, msgspec.Meta(ge=0, lt=SIZE)], _Weight]
    figures: dict[str, Any]


class ModelFile:
    """A model's file, and the model that stands in it now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._model: Model | None = None

    def model(self) -> Model | None:
        """The model; None where there is no file, or one that cannot be used, which the log then tells once."""
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._model = None if stamp is None else self._opened()
            self._stamp = stamp
        return self._model

    def _opened(self) -> Model | None:
        try:
            found = read(self._path)
        except (Unusable, OSError) as error:
            _log.warning("tasks.model_refused", file=str(self._path), reason=str(error), instead="the rules stand")
            return None
        _log.info("tasks.model_loaded", file=str(self._path), weights=len(found.weights))
        return found


def read(path: Path) -> Model:
    """The model in the file; raises Unusable, and OSError where it cannot be read."""
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise Unusable("it is too large for a model")
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unusable(f"it is no model: {error}") from None
    if (found.features, found.size) != (FEATURES, SIZE) or found.extractor != version():
        raise Unusable("it was learned for other rules than these: run `tasks learn` again")
    return Model(found.weights, found.intercept)


def write(path: Path, model: Model, figures: dict[str, Any]) -> None:
    """Put the model in the place of what was there, in one step; nothing but numbers and the figures are in it."""
    held = _File("okno-tasks-model", FEATURES, version(), SIZE, model.intercept, dict(model.weights), figures)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(held), indent=0) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _stamp(path: Path) -> _Stamp | None:
    """What changes with the file: None for one that is not there; why one cannot be seen, reading it tells."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size
