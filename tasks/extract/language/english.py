"""English words: the base of a form, and which are verbs one can be asked to do."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parents[1] / "cues" / "english_words.toml"


def base_of(form: str) -> str:
    """The form without its ending, near enough to tell that two forms are of one word."""
    known = _words()
    if form.endswith("'s") and form not in known.auxiliaries and len(form) > 4:
        # «The quote's in your inbox», "Friday's van"
        return base_of(form[:-2])
    if form in known.irregular:
        return known.irregular[form]
    if form in known.verbs or len(form) < 4:
        return form
    for base in _bases(form):
        if base in known.verbs or base in known.unasked:
            return base
    if form.endswith("s") and not form.endswith(("ss", "us", "is")):
        return form[:-3] + "y" if form.endswith("ies") else form[:-1]
    return form


def is_verb(form: str) -> bool:
    """Whether it is the base form of something one can be asked to do."""
    return form in _words().verbs


def is_unasked(form: str) -> bool:
    """Whether it is the base form of what things do by themselves, and nobody is asked for."""
    return form in _words().unasked


def is_auxiliary(form: str) -> bool:
    """Whether it makes a clause a sentence: a form of be, have, do, or a modal verb."""
    return form in _words().auxiliaries


def is_past(form: str) -> bool:
    """Whether it tells of what is over, by its ending or by the table."""
    irregular = _words().irregular
    return (form.endswith("ed") and len(form) > 4) or (form in irregular and not form.endswith(("ing", "es")))


def _bases(form: str) -> list[str]:
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "d"):
        if form.endswith(ending):
            stem = form[: -len(ending)]
            doubled = [stem[:-1]] if stem[-2:-1] == stem[-1:] else []
            return [stem, stem + "e", stem + "y", *doubled]
    return []


class _Words(NamedTuple):
    """The base of each irregular form; verbs one can be asked to do, auxiliary ones, and those nobody is asked for."""

    irregular: dict[str, str]
    verbs: frozenset[str]
    auxiliaries: frozenset[str]
    unasked: frozenset[str]


@cache
def _words() -> _Words:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    irregular = {form: base for base, forms in data["irregular"].items() for form in forms.split()}
    return _Words(irregular, *(frozenset(data[name].split()) for name in ("verbs", "auxiliaries", "unasked")))
