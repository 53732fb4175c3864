"""Titles: what is to be done, in the infinitive, short enough for a list."""

import re
from collections.abc import Sequence

from tasks.extract.language.clauses import Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.model import Kind

LONGEST = 90
_SKIPPED = lexicon("skipped")
_SELF = lexicon("self")
_INFINITIVES = ("ть", "ти", "чь", "ться", "тись", "чься")
_CUT = re.compile(r"[\s,;:.!?–—-]+$")


def infinitive(clause: Clause, verb: Token | None, text: str) -> str:
    """The clause as something to do: its verb in the infinitive first, then the rest as it was written."""
    if (
        verb is None
        or verb.word.flags & Flag.LATIN
        or (verb.word.flags & (Flag.FUT3 | Flag.PART) and not verb.word.flags & (Flag.FUT1 | Flag.IMPR))
    ):
        spoken = verb is not None and verb.word.flags & Flag.LATIN and clause.words[0].word.form in _SELF
        return tidy(text[(verb if verb and spoken else clause.words[0]).start : clause.end])
    head = next((lemma for lemma in verb.word.lemmas if lemma.endswith(_INFINITIVES)), verb.word.lemma)
    negated = any(
        token.end <= verb.start and token.word.form == "не" and verb.start - token.end <= 1 for token in clause.words
    )
    before = [token for token in clause.words if token.end <= verb.start and _says(token)]
    after = text[verb.end : clause.end]
    lead = " ".join(_inner(text[token.start : token.end], token) for token in before)
    return tidy(f"{'не ' if negated else ''}{head} {lead} {_plain(after)}")


def _says(token: Token) -> bool:
    return token.word.form not in _SKIPPED and not token.word.flags & (
        Flag.PRON | Flag.CONJ | Flag.PRCL | Flag.IMPR | Flag.PRED
    )


def _inner(text: str, token: Token) -> str:
    """A word as it stands inside a sentence."""
    return text if token.word.flags & (Flag.NAME | Flag.LATIN) or text.isupper() else text[:1].lower() + text[1:]


def _plain(text: str) -> str:
    return re.sub(r"[\s,]*\b(?:пожалуйста|плиз|please)\b[\s,]*", " ", text, flags=re.IGNORECASE).lstrip(" ,")


_LEADS: dict[Kind, tuple[str, str]] = {
    "request": ("Сделать", "Do"),
    "question": ("Ответить", "Answer"),
    "complaint": ("Разобраться", "Look into"),
    "commitment": ("Дождаться", "Wait for"),
}


def lead(kind: Kind, text: str) -> str:
    """What is to be done about words of this kind, in the language they are in."""
    return _LEADS[kind][not any("а" <= char <= "я" for char in text.lower())]


def said(about: str, parts: Sequence[str]) -> str:
    """Words of somebody's own behind what is to be done about them."""
    body = tidy(" ".join(parts))
    return tidy(f"{about}: {body[:1].lower() + body[1:] if not body[:2].isupper() else body}")


def tidy(text: str) -> str:
    """One line, no tail of marks, not longer than a list shows; cut at a word."""
    line = _CUT.sub("", " ".join(text.split()).lstrip(" ,;:.!?–—-"))
    if len(line) > LONGEST:
        line = line[: LONGEST - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
    return line[:1].upper() + line[1:]
