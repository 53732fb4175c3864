"""Clauses: a message cut into stretches that say one thing each, with what the cues see in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from razdel import sentenize  # type: ignore[import-untyped]

from tasks.extract.language import content
from tasks.extract.language.cues import Hit, hits
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, Word, tokens
from tasks.extract.language.zones import own_lines

_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-–—•*·])\s+")
_MARK = re.compile(r"\b[A-ZА-ЯЁ]\.\s+(?=[A-ZА-ЯЁ][a-zа-яё]+\s)|(?<![?!])[?!]++\s+|\b[^\W\d_]{4,}\.\s+(?=[a-zа-яё])")
# Code points of a word, more or less.
_WORD = 30
_BREAKS = frozenset(",;:—–-()")
_LINKS = lexicon("links")
# «Остался или разобрали?» is one question.
_CUTTING = _LINKS - lexicon("alternatives")
_TURNS = lexicon("turns")
# The last word before a point.
_SHORT = re.compile(r"\b(\w{1,8})\.$")
_CUT_SHORT = lexicon("cut_short")
_PLEASE = lexicon("please")
# Cues that a no before them turns into their opposite.
_DENIABLE = frozenset({"praise", "social", "cancel", "redate", "done", "report"})
_NOT = lexicon("denials")
_VERY = lexicon("very")
# The word that denies what stands behind it.
NO = lexicon("no_russian")
_I_WILL, _COMING = lexicon("i_will"), lexicon("come_and")
_SERVES, _ARTICLES = lexicon("serves"), lexicon("articles")
_ASKING, _MORE = lexicon("asking"), lexicon("one_more")
# So far behind what leads up to it stands a verb.
_NEAR = 4
# A sentence of more clauses is taken for several: what is compared within one stays cheap.
SENTENCE = 24
_HEADS = Flag.FINITE | Flag.INF | Flag.PRED | Flag.PART
# Senses that make a stretch one of its own, whatever verbs it has.
_STRONG = frozenset(
    {
        "ask",
        "away",
        "askq",
        "want",
        "nominal",
        "problem",
        "book",
        "lack",
        "promise",
        "qword",
        "wait_for",
        "cancel",
        "done",
    }
)


@dataclass(eq=False)
class Clause:
    """A stretch that says one thing; `sentence` and `item` number where it stands, `asked` is a question mark's.

    `flags` are what any of its words may be, `forms` its words as they are written, `lemmas` whatever a dictionary may
    call them.
    """

    words: list[Token]
    start: int
    end: int
    item: int = 0
    asked: bool = False
    lead: str = ""
    sentence: int = 0
    # The number of the word with which its main part begins, behind what only leads up to it.
    main: int = 0
    found: dict[str, list[Hit]] = field(default_factory=dict)
    flags: int = field(init=False, default=0)
    forms: frozenset[str] = field(init=False)
    lemmas: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        words = [token.word for token in self.words]
        for word in words:
            self.flags |= word.flags
        self.forms = frozenset([word.form for word in words])
        self.lemmas = frozenset([lemma for word in words for lemma in word.lemmas])

    @cached_property
    def content(self) -> frozenset[str]:
        """What it is about."""
        return content.of_words(self.words)

    @property
    def pairs(self) -> Iterator[tuple[Token, Token]]:
        """Its words, each with the one behind it."""
        return pairwise(self.words)

    def behind(self, forms: frozenset[str]) -> list[Token]:
        """The words right behind one of these."""
        if forms.isdisjoint(self.forms):
            return []
        return [after for before, after in self.pairs if before.word.form in forms]

    def has(self, *senses: str) -> bool:
        """Whether a cue says any of this."""
        for sense in senses:  # noqa: SIM110  # it is asked so often that a generator would cost more than all it asks
            if sense in self.found:
                return True
        return False

    def beside(self, sense: str) -> list[Token]:
        """The words no cue of this sense covers."""
        covered = {at for hit in self.found.get(sense, ()) for at in range(hit.start, hit.end)}
        return [token for at, token in enumerate(self.words) if at not in covered]

    def hit(self, sense: str) -> Hit | None:
        """The surest cue that says this."""
        found = self.found.get(sense)
        return max(found, key=lambda hit: hit.cue.weight) if found else None


def content_of(clauses: Iterable[Clause]) -> frozenset[str]:
    """What the clauses are about."""
    return frozenset().union(*(clause.content for clause in clauses))


def clauses_of(text: str) -> list[Clause]:
    """The clauses of the writer's own words."""
    found: list[Clause] = []
    sentence, item = 0, 0
    for line in own_lines(text):
        start = line.start
        if marker := _ITEM.match(text, start, line.end):
            start = marker.end()
            item += 1
        else:
            item = 0
        for begin, end in _sentences(text, start, line.end):
            for at, clause in enumerate(_clauses(text, begin, end, item)):
                sentence += at % SENTENCE == 0
                clause.sentence = sentence
                found.append(clause)
    return found


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for begin, stop in _whole(text, start, end):
        for mark in _MARK.finditer(text, begin, stop):
            after = tokens(text, mark.end(), min(stop, mark.end() + _WORD))
            if after and _is_end(mark.group().rstrip(), after[0].word):
                yield begin, mark.end()
                begin = mark.end()
        yield begin, stop


def _is_end(mark: str, after: Word) -> bool:
    """Whether a sentence ends there that goes on for razdel."""
    if mark[0] in "?!":
        # Whatever the next word begins with.
        return True
    if len(mark) > 2:
        # «стол собрали. а столешница короче»: many begin a sentence with a small letter.
        return mark[:-1].lower() not in _CUT_SHORT
    # «Размер поменял на L. Перезвоню завтра»: a letter with a point is an initial, unless a verb follows.
    return bool(after.flags & Flag.FINITE)


def _whole(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences as razdel cuts them, but for those it cuts at «арт. 55012»."""
    begin: int | None = None
    for part in sentenize(text[start:end]):
        begin = start + part.start if begin is None else begin
        word, behind = _SHORT.search(part.text), text[start + part.stop : end].lstrip()[:1]
        if word is not None and word.group(1).lower() in _CUT_SHORT and (behind.isdigit() or behind == "№"):
            continue
        yield begin, start + part.stop
        begin = None


def _clauses(text: str, start: int, end: int, item: int) -> Iterator[Clause]:
    parts = _joined(_parts(tokens(text, start, end)))
    for part, main in parts:
        words = [token for token in part if not token.word.flags & Flag.MARK]
        if not words:
            continue
        tail = part[-1].word.form
        clause = Clause(words, words[0].start, part[-1].end, item, "?" in tail)
        clause.main = sum(token.start < main for token in words)
        clause.lead = part[0].word.form if part[0].word.form in _LINKS | _TURNS else ""
        for hit in hits(words, clause.main):
            if not _is_void(words, hit):
                clause.found.setdefault(hit.cue.sense, []).append(hit)
        yield clause


def _is_void(words: Sequence[Token], hit: Hit) -> bool:
    """Whether the words before a cue make it say something else."""
    if hit.cue.sense == "qword":
        # «Так что выступление снимаем» asks nothing, «так что входит в цену» does.
        so = [token.word.form for token in words[max(0, hit.end - 2) : hit.end]] == ["так", "что"]
        return so and any(token.word.flags & (Flag.FUT1 | Flag.PRES1) for token in words[hit.end : hit.end + _NEAR])
    return hit.cue.sense in _DENIABLE and is_denied(words, hit.start)


def is_denied(words: Sequence[Token], at: int) -> bool:
    """«Не очень понятно», "not happy", "I don't want to cancel"."""
    while at and words[at - 1].word.form in _VERY:
        at -= 1
    # «Не, отменяется» denies nothing.
    return at > 0 and words[at - 1].word.form in _NOT and words[at].start - words[at - 1].end == 1


def _parts(line: Sequence[Token]) -> list[list[Token]]:
    """Cut at commas and the like, and before a link that a new predicate follows."""
    parts: list[list[Token]] = [[]]
    for at, token in enumerate(line):
        form = token.word.form
        if form in _BREAKS:
            parts[-1].append(token)
            parts.append([])
        elif parts[-1] and (form in _TURNS or (form in _CUTTING and _begins(parts[-1], line[at + 1 : at + 5]))):
            parts.append([token])
        else:
            parts[-1].append(token)
    return [part for part in parts if any(not token.word.flags & Flag.MARK for token in part)] or [list(line)]


def _begins(before: Sequence[Token], ahead: Sequence[Token]) -> bool:
    """Whether behind a link something is said that is no part of what stands before it."""
    if not ahead:
        return False
    if ahead[0].word.form == "нет":
        # «Вы ответите или нет?»
        return False
    if before and before[-1].word.form in _COMING and ahead[0].word.flags & Flag.LATIN:
        # "Could someone come and fix them?"
        return False
    if (
        ahead[0].word.flags & Flag.LATIN
        and ahead[0].word.flags & Flag.IMPR
        and _I_WILL.intersection(token.word.form for token in before)
    ):
        # "I'll think about it and get back to you": he who thinks gets back.
        return False
    if ahead[0].word.form in _ASKING or _predicate(ahead):
        return True
    # «Просим выставить счёт и привезти образцы».
    return bool(ahead[0].word.flags & Flag.INF) and any(token.word.flags & Flag.INF for token in before)


def _predicate(ahead: Sequence[Token]) -> bool:
    named = False
    for token in ahead:
        if token.word.form in _BREAKS or token.word.form in _LINKS:
            return False
        # "And the invoice by Friday": behind an article it is no verb.
        if token.word.flags & (Flag.FINITE | Flag.PRED) and not named:
            return True
        named = token.word.form in _ARTICLES
    return False


def _joined(parts: list[list[Token]]) -> list[tuple[list[Token], int]]:
    """Join what has no predicate of its own, and what serves, to its neighbour; with where each main part begins."""
    joined: list[tuple[list[Token], int]] = []
    waiting: list[Token] = []
    main = -1
    for part in parts:
        first = next((token.word.form for token in part if not token.word.flags & Flag.MARK), "")
        serves = first in _SERVES
        headed = _headed(part)
        if joined and not waiting and (serves or not headed or _is_object(part, joined[-1][0])):
            joined[-1][0].extend(part)
        elif serves or not headed:
            # «Спасибо, и ещё, когда начало?»
            main = part[0].start if headed and main < 0 and _goes_on(waiting) else main
            waiting += part
        else:
            joined.append((waiting + part, part[0].start))
            waiting = []
    if waiting:
        if joined:
            joined[-1][0].extend(waiting)
        else:
            joined.append((waiting, waiting[0].start if main < 0 else main))
    return joined


def _goes_on(before: Sequence[Token]) -> bool:
    """Whether the words end as they do before something else is said: «и ещё»."""
    said = [token.word.form for token in before if not token.word.flags & Flag.MARK]
    return bool(said) and said[-1] in _MORE


def _headed(part: Sequence[Token]) -> bool:
    if any(token.word.flags & _HEADS for token in part):
        return True
    return bool(_senses(part) & _STRONG)


def _is_object(part: Sequence[Token], before: Sequence[Token]) -> bool:
    """«Отмените, пожалуйста, запись на среду»: what would be a wish of its own is what an order before is about."""
    said = [token.word for token in before if not token.word.flags & Flag.MARK][-2:]
    ordered = len(said) > 1 and bool(said[0].flags & Flag.IMPR) and said[1].form in _PLEASE
    return ordered and not any(token.word.flags & _HEADS for token in part)


def _senses(part: Sequence[Token]) -> set[str]:
    return {hit.cue.sense for hit in hits([token for token in part if not token.word.flags & Flag.MARK])}
