"""Titles: what is to be done, in the infinitive, short enough for a list."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.model import Kind

LONGEST = 90
_GREETED, _NOT = lexicon("greeted"), lexicon("not_english")
_SKIPPED, _SELF, _LEADING = lexicon("skipped"), lexicon("self"), lexicon("leading")
_STOP = lexicon("quitting")
_IT, _HE_CAN = lexicon("it"), lexicon("he_can")
_ARTICLES, _NEEDING = lexicon("articles"), lexicon("needing")
# Behind these there is no verb of what is wanted.
_NOUN_NEXT = _ARTICLES | {"for", "of", "with", "from", "in", "on", "about", "under"}
_INFINITIVES = ("ть", "ти", "чь", "ться", "тись", "чься")
_CUT = re.compile(r"[\s,;:.!?–—-]+$")
# What turns the direction of writing, and other marks nobody sees.
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_RUSSIAN = re.compile(r"[а-яА-Я]")
_I = re.compile(r"I\b")
_PLEASE = re.compile(r"[\s,]*\b(?:пожалуйста|плиз|please)\b[\s,]*", re.IGNORECASE)
# What stands before the verb and belongs to what is done: no pronouns, links, particles, and no other verb.
_NO_PART = Flag.PRON | Flag.CONJ | Flag.PRCL | Flag.PRED | Flag.VERB
_MONTHS = (
    ("января", "January"), ("февраля", "February"), ("марта", "March"), ("апреля", "April"), ("мая", "May"),
    ("июня", "June"), ("июля", "July"), ("августа", "August"), ("сентября", "September"), ("октября", "October"),
    ("ноября", "November"), ("декабря", "December"),
)  # fmt: skip
_LEADS: dict[Kind, tuple[str, str]] = {
    "request": ("Сделать", "Do"),
    "question": ("Ответить", "Answer"),
    "complaint": ("Разобраться", "Look into"),
    "commitment": ("Дождаться", "Wait for"),
}


def infinitive(clause: Clause, verb: Token, text: str) -> str:
    """The clause as something to do: its verb in the infinitive first, then the rest as it was written.

    Where that is no more than "correct it", what was said before it comes behind.
    """
    own = _infinitive(clause, verb, text)
    said = [token for token in clause.words if token.start > verb.start]
    named = any(token.word.form not in _IT and token.word.form not in _SKIPPED for token in said)
    if named or not said or not content.of_words([token for token in clause.words if token.start < verb.start]):
        return own
    return tidy(f"{own} — {_PLEASE.sub('', text[clause.start : verb.start])}")


def _infinitive(clause: Clause, verb: Token, text: str) -> str:
    flags = verb.word.flags
    if flags & Flag.LATIN:
        return _english(clause, verb, text)
    if flags & (Flag.FUT3 | Flag.PART) and not flags & (Flag.FUT1 | Flag.IMPR):
        # Who does it belongs to it: «курьер заберёт брак послезавтра».
        return tidy(text[clause.start : clause.end])
    head = next((lemma for lemma in verb.word.lemmas if lemma.endswith(_INFINITIVES)), verb.word.lemma)
    denied = verb in clause.behind(NO)
    # What a comma parts from the verb leads up to it.
    near = text.rfind(",", clause.start, verb.start)
    before = [_inner(text, token) for token in _kept(clause) if near < token.start < verb.start]
    after = _PLEASE.sub(" ", text[max(verb.end, clause.start) : clause.end]).lstrip(" ,")
    return tidy(" ".join(["не"] * denied + [head, *before, after]))


def wanted(clause: Clause) -> Token | None:
    """The verb of what is wanted, in a wish: «хочу заказать торт», "can you extend our trial"."""
    hit = clause.hit("ask") or clause.hit("want") or clause.hit("can")
    if hit is None or clause.forms & _HE_CAN:
        # «Сможет мастер подойти?» says who is to do it.
        return None
    flags = Flag.IMPR | Flag.INGF if clause.words[hit.start].word.flags & Flag.LATIN else Flag.INF
    said = clause.words[max(0, hit.start - 1) :]
    verbs = (token for one, token in pairwise(said) if token.word.flags & flags and one.word.form not in _NOUN_NEXT)
    return next((token for token in verbs if token.word.form not in _SKIPPED), None)


def needed(clause: Clause, text: str) -> str | None:
    """What is needed as something to do: "I need a copy of my policy"."""
    behind = next(iter(clause.behind(_NEEDING)), None)
    if behind is None or not (behind.word.form in _ARTICLES or content.of_words([behind])):
        return None
    return tidy(_PLEASE.sub(" ", f"provide {text[behind.start : clause.end]}"))


def awaited(clause: Clause, text: str) -> str | None:
    """«Жду от вас смету» as something to do, where a thing is waited for that can be sent."""
    hit = clause.hit("wait_for")
    waits = [at for at, token in enumerate(clause.words) if hit and hit.start <= at < hit.end and _waits(token)]
    behind = clause.words[waits[0] + 1 :] if waits else []
    thing = next((token for token in behind if token.word.flags & Flag.NOUN and not _is_way(token)), None)
    other = any(token.word.flags & Flag.INF or token.word.form == "не" for token in behind)
    if thing is None or other or not _is_object(thing):
        return None
    first = next(token for token in behind if not token.word.flags & (Flag.PREP | Flag.PRON))
    return tidy(f"прислать {text[first.start : clause.end]}")


def words(clause: Clause, text: str) -> str:
    """The clause as it was written, without what only leads up to it."""
    idle = {at for hit in clause.found.get("social", ()) for at in range(hit.start, hit.end)}
    saying = (
        token for number, token in enumerate(clause.words)
        if number not in idle and token.word.form not in _LEADING | _GREETED
    )  # fmt: skip
    first = next(saying, None)
    return text[first.start if first else clause.start : clause.end]


def lead(kind: Kind, text: str) -> str:
    """What is to be done about words of this kind, in the language they are in."""
    return in_language_of(text, _LEADS[kind])


def in_language_of(text: str, words: tuple[str, str]) -> str:
    """The Russian or the English words, as the text is."""
    return words[not _is_russian(text)]


@lru_cache(maxsize=256)
def _is_russian(text: str) -> bool:
    return _RUSSIAN.search(text) is not None


def day(on: date, text: str) -> str:
    """A day as the language of the text names it: «4 декабря», "4 December"."""
    return f"{on.day} {in_language_of(text, _MONTHS[on.month - 1])}"


def said(about: str, parts: Sequence[str]) -> str:
    """Words of somebody's own behind what is to be done about them."""
    body = tidy(" ".join(parts))
    name = body[:2].isalpha() and body[:2].isupper()
    return tidy(f"{about}: {body if name or _I.match(body) else body[:1].lower() + body[1:]}")


def tidy(text: str) -> str:
    """One line, no tail of marks, not longer than a list shows; cut at a word."""
    line = _CUT.sub("", " ".join(_HIDDEN.sub("", text).split()).lstrip(" ,;:.!?–—-"))
    if len(line) > LONGEST:
        line = line[: LONGEST - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
    return line[:1].upper() + line[1:]


def _english(clause: Clause, verb: Token, text: str) -> str:
    """From the verb on where nobody but the speaker or the spoken to does it; else with who does."""
    rest = text[max(verb.end, clause.start) : clause.end]
    if verb.end < clause.start:
        return tidy(f"{verb.word.lemma} {rest}")
    if (
        stop := next((one for one, after in clause.pairs if after is verb and one.word.form in _STOP), None)
    ) is not None:
        return tidy(text[stop.start : clause.end])
    if verb.word.flags & Flag.INGF and not clause.has("promise"):
        return tidy(f"{verb.word.lemma}{rest}")
    by_itself = verb.word.flags & Flag.PRES3 or verb.word.form == "be"
    own = clause.words[0].word.form in _SELF or not (by_itself or clause.has("promise"))
    denial = next((one for one, after in clause.pairs if after is verb and one.word.form in _NOT), verb)
    return tidy(text[denial.start if own else clause.start : clause.end])


def _waits(token: Token) -> bool:
    return bool(token.word.flags & (Flag.PRES1 | Flag.FUT1))


def _is_way(token: Token) -> bool:
    return bool(token.word.flags & (Flag.PREP | Flag.NAME))


def _is_object(token: Token) -> bool:
    """Whether it has the form of what is sent, rather than of what one waits for to happen: «жду звонка»."""
    form, lemma = token.word.form, token.word.lemma
    if lemma.endswith(("а", "я")):
        return form.endswith(("у", "ю"))
    return form == lemma or form.endswith(("ы", "и"))


def _kept(clause: Clause) -> list[Token]:
    """The words that belong to what is done: «осталось за вами согласовать заезд»."""
    whose = [one for one, after in clause.pairs if one.word.flags & Flag.PREP and after.word.flags & Flag.PRON]
    return [token for token in clause.words if _says(token) and token not in whose]


def _says(token: Token) -> bool:
    return token.word.form not in _SKIPPED and not token.word.flags & _NO_PART


def _inner(text: str, token: Token) -> str:
    """A word as it stands inside a sentence."""
    word = text[token.start : token.end]
    return word if token.word.flags & (Flag.NAME | Flag.LATIN) or word.isupper() else word[:1].lower() + word[1:]
