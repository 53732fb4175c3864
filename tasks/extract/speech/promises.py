"""Promises: what somebody says he will do, of either side."""

from typing import NamedTuple

from tasks.extract.language import content
from tasks.extract.language.clauses import Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, Word
from tasks.extract.model import Side

_DELIVERS, _IDLE, _BARE = lexicon("delivers"), lexicon("idle"), lexicon("bare")
_BY_HIMSELF, _TAGS = lexicon("by_himself"), lexicon("tags")
_EN_DELIVERS, _EN_IDLE, _BE, _WILL = (
    lexicon("delivers_english"),
    lexicon("idle_english"),
    lexicon("be"),
    lexicon("will"),
)
_YOU, _ON_ITS_WAY = lexicon("you"), lexicon("on_its_way")
_YOU_WILL = lexicon("you_will")
_FORETOLD, _HEARSAY = lexicon("foretold"), lexicon("hearsay")
_TOLD = Flag.PAST | Flag.PRED | Flag.INGF
_FUTURE = Flag.FUT1 | Flag.FUT3
# How far a verb stands from its auxiliary.
_NEAR = 4


class Promise(NamedTuple):
    """A promise: the clause and its verb, how sure it is, and whether it is over in a moment."""

    clause: Clause
    verb: Token
    confidence: float
    rule: str
    moment: bool = False


class Setting(NamedTuple):
    """In what a clause is said: by whom, whether a day is named, and whether the other side asked for something."""

    side: Side
    dated: bool
    wanted: bool = False

    @property
    def ours(self) -> bool:
        """Whether somebody of the house says it."""
        return self.side == "operator"


def promise_in(clause: Clause, setting: Setting) -> Promise | None:
    """What the clause promises."""
    if "пусть" in clause.forms and setting.ours:
        # «Паспорта пусть захватят»
        return None
    if (clause.asked and not _is_tagged(clause)) or clause.has(
        "hypothetical", "threat", "advert", "automatic", "courtesy"
    ):
        return None
    if clause.forms & {"если", "когда", "if", "when", "once"} and not setting.dated:
        return None
    found = _russian(clause, setting) or _english(clause, setting)
    if found is None:
        return None
    return found._replace(moment=clause.has("one_moment") and not setting.dated)


def _is_tagged(clause: Clause) -> bool:
    """«Предоплату кину в среду, ок?»"""
    return clause.words[-1].word.form in _TAGS and bool(clause.flags & Flag.FUT1) and not clause.has("qword")


def promise_on(clause: Clause, before: Promise, *, dated: bool) -> Promise | None:
    """«I'll ship a new one and call you on Friday»: the second verb of one promise."""
    first = clause.words[1 if clause.lead else 0 :][:1]
    verb = Flag.IMPR | Flag.LATIN
    if clause.lead in {"and", "then"} and first and first[0].word.flags & verb == verb:
        return before._replace(clause=clause, verb=first[0], moment=before.moment and not dated)
    return None


# ---- Russian ----


def _russian(clause: Clause, setting: Setting) -> Promise | None:
    if not clause.flags & _FUTURE:
        return None
    for at, token in enumerate(clause.words):
        word = token.word
        if word.flags & (Flag.LATIN | Flag.PREP) or not word.flags & _FUTURE:
            continue
        if at and clause.words[at - 1].word.flags & Flag.PREP and word.flags & Flag.NOUN:
            # «Пересадили вас в «Сосну»
            continue
        if "быть" in word.lemmas:
            if found := _will_be(clause, at, setting):
                return found
        elif (at and clause.words[at - 1].word.form == "не") or not _binds(clause, token, setting):
            return None
        elif word.flags & Flag.FUT1 or setting.dated or _somebody(clause):
            return Promise(clause, token, 0.85 if setting.ours else 0.8, f"promise.{setting.side}")
    return None


def _binds(clause: Clause, verb: Token, setting: Setting) -> bool:
    """Whether somebody waits for what the verb says."""
    word = verb.word
    if _IDLE.intersection(word.lemmas) or (not word.flags & Flag.FUT1 and _is_told(clause, word, setting)):
        return False
    if not setting.ours and not (_hands_over(clause, word) or (setting.wanted and setting.dated)):
        return False
    if not setting.ours and not setting.dated and clause.forms & _BY_HIMSELF:
        # «Сама подпишу в ресторане» gives nobody anything.
        return False
    if not setting.dated and _BARE.intersection(word.lemmas) and not _object(clause, verb):
        return False
    if not setting.dated and "выйти" in word.lemmas and clause.flags & Flag.NUM:
        # «Обслуживание выйдет в 3 200 ₽».
        return False
    return bool(word.flags & Flag.FUT1) or setting.dated or not clause.has("offer")


def _is_told(clause: Clause, word: Word, setting: Setting) -> bool:
    """«На завтра ливень обещают», «директор говорит банк по голове даст»: others say so."""
    return word.form in _FORETOLD or (not setting.ours and bool(clause.forms & _HEARSAY) and "что" not in clause.forms)


def _hands_over(clause: Clause, word: Word) -> bool:
    """Whether the client gives something by it; «вернусь с ответом» is one of those."""
    return bool(_DELIVERS.intersection(word.lemmas)) or ("вернуться" in word.lemmas and "ответом" in clause.forms)


def _will_be(clause: Clause, at: int, setting: Setting) -> Promise | None:
    """«Будут заменены», «будем ждать», «машина будет у вас во вторник»."""
    for other in clause.words[at + 1 : at + _NEAR]:
        if other.word.flags & Flag.PART:
            return Promise(clause, other, 0.8, "promise.passive")
        if other.word.flags & Flag.INF and setting.ours and not _IDLE.intersection(other.word.lemmas):
            return Promise(clause, other, 0.75, "promise.will")
    token = clause.words[at]
    there = clause.flags & Flag.NOUN or clause.forms & _YOU
    if setting.ours and setting.dated and there and token.word.flags & Flag.FUT3:
        return Promise(clause, token, 0.75, "promise.there")
    return None


def _object(clause: Clause, verb: Token) -> bool:
    """Whether a thing is named beside the verb."""
    others = [token.word for token in clause.words if token is not verb]
    return any(
        word.flags & Flag.NOUN and not word.flags & Flag.NAME and not content.is_common(word.form) for word in others
    )


def _somebody(clause: Clause) -> bool:
    """Whether somebody or something is named that will do it."""
    return bool(clause.flags & (Flag.NOUN | Flag.PRON | Flag.LATIN))


# ---- English ----


def _english(clause: Clause, setting: Setting) -> Promise | None:
    if not clause.flags & Flag.LATIN:
        return None
    for at, token in enumerate(clause.words):
        if _is_will(clause, at, setting):
            return (
                None if at and clause.words[at - 1].word.form in {"not", "when", "if"} else _after(clause, at, setting)
            )
        if setting.ours and setting.dated and (rule := _expected(clause, at)):
            return Promise(clause, token, 0.75, rule)
        if setting.ours and setting.dated and _is_given(clause, at):
            return Promise(clause, clause.words[0], 0.75, "promise.given")
    return None


def _is_will(clause: Clause, at: int, setting: Setting) -> bool:
    form = clause.words[at].word.form
    after = clause.words[at + 1].word.form if at + 1 < len(clause.words) else ""
    return form in _WILL or form.endswith("'ll") or (form, after) == ("going", "to") or (
        setting.ours and (form, after) == ("let", "me")
    )  # fmt: skip


def _expected(clause: Clause, at: int) -> str:
    """«The fix is going out on Monday», «expect it by noon», «it should arrive tomorrow»: by which rule, if any."""
    word = clause.words[at].word
    comes = word.flags & Flag.INGF and at and clause.words[at - 1].word.form in _BE and word.lemma not in _EN_IDLE
    if word.form in _ON_ITS_WAY or comes:
        return "promise.going"
    return f"promise.{word.form}" if word.form in {"expect", "should"} else ""


def _is_given(clause: Clause, at: int) -> bool:
    """ "Credit note to you by Friday"."""
    if at < 2 or clause.words[at].word.form != "you" or clause.words[at - 1].word.form != "to":
        return False
    given = content.of_words(clause.words[at - 2 : at - 1])
    return bool(given) and "by" in clause.forms and not clause.flags & _TOLD and not clause.has("social", "ask")


def _after(clause: Clause, at: int, setting: Setting) -> Promise | None:
    """The promise whose verb stands behind its auxiliary."""
    for token in clause.words[at + 1 : at + 1 + _NEAR]:
        word = token.word
        if word.form in {"be", "have", "get"}:
            return _there(clause, token, setting)
        if word.form == "not" or (word.form == "you" and clause.words[at].word.form == "will"):
            return None
        if word.flags & Flag.IMPR or (word.flags & Flag.LATIN and not content.is_common(word.form)):
            bound = word.lemma not in _EN_IDLE or (setting.dated and setting.ours)
            if bound and (setting.ours or word.lemma in _EN_DELIVERS):
                return Promise(clause, token, 0.85, f"promise.{setting.side}")
            return None
    return None


def _there(clause: Clause, verb: Token, setting: Setting) -> Promise | None:
    """«You'll have it by Thursday», «I'll get it fixed»."""
    gets = verb.word.form == "get" or (verb.word.form == "have" and bool(_YOU_WILL & clause.forms))
    if setting.ours:
        return Promise(clause, verb, 0.75, "promise.will") if setting.dated or gets else None
    # «You'll get the order tomorrow», «artwork will be with you on Saturday».
    comes = gets or {"with", "you"} <= clause.forms
    return Promise(clause, verb, 0.75, "promise.client") if comes and setting.dated else None
