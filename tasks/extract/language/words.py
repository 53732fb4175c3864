"""Words: their forms, what they may be in grammar, and what they are called in a dictionary."""

import logging
import re
from functools import cache
from typing import Any, NamedTuple

import pymorphy3  # type: ignore[import-untyped]

from tasks.extract.language.english import base_of, is_auxiliary, is_past, is_unasked, is_verb
from tasks.extract.language.typos import mended

# Words are remembered by form: morphology is what a message costs. So many hold a house's vocabulary.
_MOST = 40_000
# A reading of a form less likely than this is none; one of imperatives, which steer most, must be likelier.
_LIKELY, _IMPERATIVE = 0.15, 0.39
_LONGEST = 40
_CYRILLIC = re.compile(r"[а-яё]+(?:['-][а-яё]+)*")
_STRETCHED = re.compile(r"(.)\1{2,}")
_TOKEN = re.compile(
    r"\d+(?:[.,:/-]\d+)*(?:-?(?:го|му|ый|й|ая|я|ое|е|ти|х|м|st|nd|rd|th)\b)?"
    r"|[^\W\d_]+(?:['’`-][^\W\d_]+)*"
    r"|[?!]+|[.,;:()\"«»—–\-\n]|[^\s\w]"
)


class Flag:
    """What a word may be; several at once where the form alone does not tell."""

    INF = 1
    IMPR = 2
    PAST = 4
    FUT1 = 8
    FUT2 = 16
    FUT3 = 32
    PRES1 = 64
    PRES2 = 128
    PRES3 = 256
    NOUN = 512
    ADJ = 1024
    PART = 2048
    PRED = 4096
    PRON = 8192
    CONJ = 16384
    PREP = 32768
    ADV = 65536
    NUM = 131072
    NAME = 262144
    MARK = 524288
    LATIN = 1048576
    PRCL = 2097152
    GEN = 4194304
    INGF = 8388608

    VERB = INF | IMPR | PAST | FUT1 | FUT2 | FUT3 | PRES1 | PRES2 | PRES3
    FINITE = IMPR | PAST | FUT1 | FUT2 | FUT3 | PRES1 | PRES2 | PRES3


class Word:
    """A form, as it is known to grammar; the same object for the same form."""

    __slots__ = ("flags", "form", "hints", "known", "lemma", "lemmas", "roots")

    def __init__(self, form: str, lemmas: tuple[str, ...], flags: int, *, known: bool) -> None:
        self.form, self.lemmas, self.flags, self.known = form, lemmas, flags, known
        self.lemma = lemmas[0]
        # What the cues know of it; they fill it in.
        self.hints: Any = None
        # What it says of what a text is about, as content finds it.
        self.roots: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"{self.form}/{self.lemma}"


class Token(NamedTuple):
    """A word where it stands: code points of the text."""

    word: Word
    start: int
    end: int


_words: dict[str, Word] = {}


def tokens(text: str, start: int, end: int) -> list[Token]:
    """The words, numbers and marks of a stretch of the text."""
    known = _words
    found: list[Token] = []
    for match in _TOKEN.finditer(text, start, end):
        form = match.group()
        word = known.get(form)
        if word is None:
            word = _learn(form)
        found.append(Token(word, match.start(), match.end()))
    return found


def normal(form: str) -> str:
    """The form as it is looked up."""
    return form.lower().replace("ё", "е").replace("’", "'").replace("`", "'")


def word_of(form: str) -> Word:
    """What is known of a form."""
    return _words.get(form) or _learn(form)


def _learn(form: str) -> Word:
    if len(_words) >= _MOST:
        _words.clear()
    plain = normal(form)
    word = _words.get(plain)
    if word is None:
        word = _analysed(plain)
        _words[plain] = word
    _words[form] = word
    return word


def _analysed(form: str) -> Word:
    if not form[0].isalpha():
        return Word(form, (form,), Flag.NUM if form[0].isdigit() else Flag.MARK, known=True)
    if form[0] <= "z":
        return _english(form)
    if _CYRILLIC.fullmatch(form):
        return _russian(form[:_LONGEST])
    return Word(form, (form,), 0, known=False)


def _english(form: str) -> Word:
    base = base_of(form)
    flags = Flag.LATIN
    if is_auxiliary(form):
        flags |= Flag.PRED
    if is_verb(form):
        flags |= Flag.IMPR
    elif form.endswith("ing"):
        flags |= Flag.INGF
    elif is_past(form):
        flags |= Flag.PAST
    elif (is_verb(base) or is_unasked(base)) and not form.endswith("'s"):
        flags |= Flag.PRES3
    return Word(form, (base,), flags, known=True)


@cache
def _morph() -> Any:
    # It tells of its dictionaries whenever it opens them.
    logging.getLogger("pymorphy3").setLevel(logging.WARNING)
    return pymorphy3.MorphAnalyzer()


_POS = {
    "NOUN": Flag.NOUN, "ADJF": Flag.ADJ, "ADJS": Flag.ADJ, "COMP": Flag.ADV, "INFN": Flag.INF, "PRTF": Flag.ADJ,
    "PRTS": Flag.PART, "NUMR": Flag.NUM, "ADVB": Flag.ADV, "NPRO": Flag.PRON, "PRED": Flag.PRED, "PREP": Flag.PREP,
    "CONJ": Flag.CONJ, "PRCL": Flag.PRCL, "INTJ": Flag.PRCL,
}  # fmt: skip
_ORDERS = ("йте", "ите", "ьте", "нте")
_PERSON = {"1per": 0, "2per": 1, "3per": 2}
_FUTURE, _PRESENT = (Flag.FUT1, Flag.FUT2, Flag.FUT3), (Flag.PRES1, Flag.PRES2, Flag.PRES3)


def _russian(form: str) -> Word:
    known = bool(_morph().word_is_known(form))
    if not known:
        for right in (mended(form), _other_ending(form)):
            if right is not None and _morph().word_is_known(right):
                return _parsed(right, known=True)
        if (short := _STRETCHED.sub(r"\1", form)) != form and _morph().word_is_known(short):
            # «Ээээй», «пожааалуйста»
            return _parsed(short, known=True)
        if form.endswith("-то") and (bare := _russian(form[:-3])).known:
            # «Схема-то»
            return bare
        if form.startswith("не") and (verb := _russian(form[2:])).known and verb.flags & Flag.VERB:
            # «Незагружается»: the not is part of the word, as far as its writer knows.
            return Word(form, (*verb.lemmas, "не_"), verb.flags, known=True)
    return _parsed(form, known=known)


def _other_ending(form: str) -> str | None:
    """With -тся for -ться, or the other way round."""
    if form.endswith("ться"):
        return form.removesuffix("ться") + "тся"
    return form.removesuffix("тся") + "ться" if form.endswith("тся") else None


def _parsed(form: str, *, known: bool) -> Word:
    parses = _morph().parse(form)
    flags = 0
    lemmas: dict[str, None] = {}
    for parse in parses:
        tag = parse.tag
        mood = str(tag.mood or "")
        if parse.score < (_IMPERATIVE if mood == "impr" else _LIKELY) and (lemmas or mood == "impr"):
            continue
        lemmas[parse.normal_form.replace("ё", "е")] = None
        flags |= _grammar(tag, mood)
    if not lemmas:
        lemmas[form] = None
    if not known:
        # «Забукайте», «перевыпустите»: verbs no dictionary has are ordered like the others, and only so.
        flags = Flag.IMPR if form.endswith(_ORDERS) else flags & ~Flag.IMPR
    if form.endswith("м") and flags & (Flag.PRES1 | Flag.FUT1):
        # «Отправляем» is hardly ever what is being sent.
        flags &= ~Flag.PART
    if form == "есть":
        # It is hardly ever the verb of eating.
        flags = Flag.PRES3
    return Word(form, tuple(lemmas), flags, known=known)


def _grammar(tag: Any, mood: str) -> int:
    if tag.POS == "VERB":
        if mood == "impr":
            # "Давайте встретимся" takes the speaker in; it is no order.
            if "incl" in tag:
                return Flag.FUT1 if "perf" in tag else Flag.PRES1
            return Flag.IMPR
        if tag.tense == "past":
            return Flag.PAST
        person = _PERSON.get(str(tag.person), 2)
        return (_FUTURE if tag.tense == "futr" else _PRESENT)[person]
    flags = _POS.get(str(tag.POS), 0)
    if tag.POS == "NOUN" and ("Name" in tag or "Surn" in tag or "Patr" in tag):
        flags |= Flag.NAME
    if tag.POS == "NOUN" and tag.case == "gent":
        flags |= Flag.GEN
    return flags
