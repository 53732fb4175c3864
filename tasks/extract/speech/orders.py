"""Orders: the verb by which somebody is told to do something."""

from tasks.extract.language.clauses import Clause
from tasks.extract.language.english import is_unasked
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token

# Where these are seen an order is none.
_IDLE = ("social", "praise", "attention", "rhetorical")
_NO_ORDER = lexicon("no_order")
_PLEASE = lexicon("please")
# Behind an order in English there is what somebody has in mind.
_BEFORE_HIS = lexicon("had_in_mind")
_YOU = lexicon("you_all")
_POLITE = lexicon("polite") | _PLEASE
_TELLING, _THANKS = lexicon("telling_english"), lexicon("thanks")
_BEFORE_THINGS, _BE = lexicon("before_things"), lexicon("be")
# How many words may stand before an English order.
_LEAD = 3
# A number of so many figures names something.
_NAMES = 3


def order_in(clause: Clause) -> Token | None:
    """The verb by which something is ordered to be done."""
    if not clause.flags & Flag.IMPR:
        return None
    idle = {at for sense in _IDLE for hit in clause.found.get(sense, ()) for at in range(hit.start, hit.end)}
    for at, token in enumerate(clause.words):
        if token.word.flags & Flag.IMPR and at not in idle and _orders(clause, at):
            return token
    return None


def _orders(clause: Clause, at: int) -> bool:
    word = clause.words[at].word
    if word.flags & Flag.LATIN:
        sure = word.form not in _NO_ORDER or _thing_after(clause, at) or _goes_on(clause, at)
        return sure and _english(clause, at)
    return not _NO_ORDER.intersection(word.lemmas) and not _rather_not(clause, at) and not clause.has("threat")


def _rather_not(clause: Clause, at: int) -> bool:
    """Whether a form that may be an order is more likely something else where it stands."""
    flags = clause.words[at].word.flags
    if flags & Flag.FUT2 and clause.asked and (clause.has("qword") or "или" in clause.forms):
        # «Когда вкрутите?», «вернёте деньги или замените?»
        return True
    if flags & Flag.PAST:
        # «Пришли счёт» orders, «счёт пришли» and «пришли вчера» tell.
        after = clause.words[at + 1].word.flags if at + 1 < len(clause.words) else 0
        return at > 0 or not after & Flag.NOUN or bool(after & Flag.PREP)
    if flags & Flag.PRES2 and clause.words[at - 1].word.form == "не" and not _YOU & clause.forms:
        # «Больше не звоните» orders, «вы больше не звоните» tells.
        return False
    return at > 1 and bool(flags & (Flag.NOUN | Flag.PRES2 | Flag.PREP | Flag.ADJ))


def _english(clause: Clause, at: int) -> bool:
    """Whether a verb in the base form stands where an order does: first, or behind no more than politeness."""
    before = [token.word.form for token in clause.words[:at]]
    after = clause.words[at + 1].word if at + 1 < len(clause.words) else None
    if after is not None and (after.form == "of" or not after.flags & (Flag.LATIN | Flag.NUM)):
        return False
    if after is not None and after.flags & Flag.PAST and not after.flags & (Flag.NOUN | Flag.ADJ):
        # "Quote attached", "invoice sent"
        return False
    if _tells(clause, at):
        return False
    if after is not None and after.flags & Flag.PRES3 and is_unasked(after.lemma):
        # "Export dies at 90 percent"
        return False
    if not before or at == clause.main:
        # "Fix that for me?"
        return not clause.asked or (after is not None and after.form in _BEFORE_HIS)
    return before[-1] in _PLEASE or (len(before) <= _LEAD and _POLITE.issuperset(before[-2:]))


def _tells(clause: Clause, at: int) -> bool:
    """ "Report is wrong", "refund still pending", "park pass expired": a noun, and what is told of it."""
    near = [token.word for token in clause.words[at + 1 : at + 3]]
    if any(word.form in _TELLING for word in near) and near[0].form not in _BEFORE_THINGS:
        return True
    ends = at + 3 + len([token for token in clause.words[at + 3 :] if token.word.form in _THANKS]) == len(clause.words)
    return len(near) > 1 and ends and bool(near[1].flags & Flag.PAST) and near[0].form not in _BEFORE_THINGS


def _thing_after(clause: Clause, at: int) -> bool:
    """Whether what follows makes a verb of a word that is a noun as well."""
    after = clause.words[at + 1 : at + 2]
    # "Order 5 is late" tells of one.
    tells = any(token.word.form in _BE for token in clause.words[at + 2 : at + 3])
    return not tells and any(token.word.form in _BEFORE_THINGS or _is_count(token) for token in after)


def _goes_on(clause: Clause, at: int) -> bool:
    """ "Book a room and order lunch": an order behind another, whatever else its verb may be."""
    after = clause.words[at + 1].word.flags if at + 1 < len(clause.words) else 0
    return bool(clause.lead) and at == 1 and bool(after & Flag.LATIN) and not after & (Flag.NUM | Flag.FINITE)


def _is_count(token: Token) -> bool:
    """«Book 2 tickets», not «order 3/14-22»."""
    return bool(token.word.flags & Flag.NUM) and len(token.word.form) < _NAMES
