"""Merging: which findings of a message are one thing."""

from collections.abc import Sequence
from itertools import zip_longest

from tasks.extract.client.findings import Finding
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import Kind

_IT, _ASIDE, _ALSO = lexicon("it"), lexicon("aside"), lexicon("also")
_ARTICLES, _ASIDE_ORDERS = lexicon("articles"), lexicon("aside_orders")
_THEM, _GIVES_BACK = lexicon("them"), lexicon("gives_back")
_OR = lexicon("either")
_ASIDES = _ALSO | {"а"}
# Rules of what is wanted, and of when.
_WANTED = ("infinitive", "ru.ask")
# Words of a fact that is no more than a detail: «нас будет шестеро».
_LITTLE = 1
# What was asked for longer ago in a message is another thing.
_NEAR = 16
_RANK: dict[Kind, float] = {"request": 3, "question": 2, "complaint": 1, "commitment": 0}


def merged(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each thing: a problem with the ask about it, an order with what is only another word for it."""
    kept: list[Finding] = []
    for one, after in zip_longest(found, found[1:]):
        if after is not None and _leads_up(one, after):
            continue
        last = next((other for other in reversed(kept[-_NEAR:]) if _is_one(other, one)), None)
        if last is None:
            kept.append(one)
        else:
            kept[kept.index(last)] = _joined(last, one)
    left = [one for one in kept if not one.service or one.lemmas or len(kept) == 1]
    # A question is not due on the day it asks about: «сможете в среду?»
    return [one._replace(due=None) if one.service and one.kind == "question" else one for one in left]


def _leads_up(one: Finding, after: Finding) -> bool:
    """«Ещё вопрос: торт можно свой?»"""
    return one.service and one.verb is None and one.kind == after.kind == "question" and not one.lemmas


def _joined(first: Finding, second: Finding) -> Finding:
    """Both as one thing, of the kind that asks for more."""
    strong, weak = (second, first) if _weight(second) > _weight(first) else (first, second)
    return strong._replace(
        clauses=(*strong.clauses, *weak.clauses),
        due=strong.due or weak.due,
        confidence=max(first.confidence, second.confidence),
        service=strong.service and weak.service,
        why=strong.why and weak.why,
    )


def _weight(one: Finding) -> float:
    # A verb that only makes somebody look is less than a question, and more than a problem.
    return 1.5 if one.service and one.kind == "request" else _RANK[one.kind]


def _is_one(first: Finding, second: Finding) -> bool:
    """Whether two findings of a message are one thing."""
    kinds = {first.kind, second.kind}
    if "commitment" in kinds:
        return len(kinds) == 1 and first.clause.sentence == second.clause.sentence and _one_day(first, second)
    if first.clause.item != second.clause.item:
        return False
    if first.service or second.service:
        return True
    if second.clause.forms & _ASIDE and second.clause.words[0].word.form not in _IT:
        return False
    if "complaint" in kinds:
        return not (_another_trouble(first, second) if len(kinds) == 1 else _asks_aside(first, second))
    return first.why or second.why or _one_ask(first, second)


def _one_day(first: Finding, second: Finding) -> bool:
    return first.due is None or second.due is None or first.due.date == second.due.date


def _one_ask(first: Finding, second: Finding) -> bool:
    """Whether a second order or question asks for nothing new."""
    together = first.clause.sentence == second.clause.sentence
    if first.kind != second.kind:
        # «Посчитайте кабель и сообщите срок»: what is to be told is something else.
        asked, other = (first, second) if first.kind == "question" else (second, first)
        aside = asked.verb is not None or (asked.clause.asked and asked.clause.has("qword") and not asked.why)
        apart = aside and asked.lemmas - other.lemmas and other.lemmas
        # «Куда делись баллы? Верните их»
        about_it = second is other and first.clause.has("problem") and bool(second.clause.forms & _THEM)
        return bool(about_it or (together and not apart))
    if first.kind == "request":
        # «Запишите к Ирине, корни закрасить»: what for.
        purpose = together and first.verb is not None and not second.clause.lead
        bare = second.rule == "infinitive" and (purpose or not _names_a_thing(second.clause))
        # «Хотим ваши пироги. Испечёте два больших?»
        bare = bare or (second.rule == "you.will" and not _names_a_thing(second.clause))
        # «Нужна няня, выйти с 1 марта»
        bare = bare or (together and not second.clause.lead and second.rule.startswith(_WANTED) and _only_when(second))
        detail = second.rule.startswith(("ru.fact", "en.fact")) and len(second.lemmas) <= _LITTLE
        told = together and (first.clause.has("fact") or _goes_on(first, second))
        return bare or detail or told or _speaks_of_it(second.clause) or second.verb in second.clause.behind(NO)
    if together and second.clause.lead in _OR:
        return True
    announced = together and first.clause.has("askq") and second.clause.lead not in _ALSO
    return announced or not second.lemmas - first.lemmas


def _goes_on(first: Finding, second: Finding) -> bool:
    """«Исправьте его и перешлите до вторника»; «пришлите проект, хочу сам перечитать»: what for."""
    again = second.bare and second.verb is not None and bool(_GIVES_BACK.intersection(second.verb.word.lemmas))
    wish = first.verb is not None and second.rule.startswith("ru.want") and not second.clause.lead and not second.due
    return (again and bool(second.clause.lead)) or (wish and not second.clause.forms & _ALSO)


def _another_trouble(first: Finding, second: Finding) -> bool:
    """Whether a second problem has nothing to do with the first: «и на новом ноуте не работает почта»."""
    if first.clause.sentence == second.clause.sentence:
        if not first.lemmas or not second.lemmas:
            # «Месяц не прошёл, а коронка слетела»
            return False
        # «Яблоня засохла, а газонокосилка глохнет»
        both = second.clause.lead == "а" and _has_subject(first.clause) and _has_subject(second.clause)
        return both and not first.lemmas & second.lemmas
    if second.clause.lead not in _ALSO:
        return False
    return len(second.lemmas) > 1 and len(first.lemmas) > 1 and not first.lemmas & second.lemmas


def _has_subject(clause: Clause) -> bool:
    first = clause.words[1 if clause.lead and len(clause.words) > 1 else 0].word
    return bool(first.flags & Flag.NOUN) and not first.flags & (Flag.VERB | Flag.PREP)


def _asks_aside(first: Finding, second: Finding) -> bool:
    """Whether a question behind a trouble is about another thing: «А сауна по утрам работает?»"""
    aside = second.clause.lead in _ASIDES and first.clause.sentence != second.clause.sentence
    if second.kind == "request" and aside:
        return is_aside(second, first.lemmas)
    if second.kind != "question" or not aside:
        return False
    return not second.why and bool(second.lemmas) and not first.lemmas & second.lemmas


def is_aside(one: Finding, trouble: frozenset[str]) -> bool:
    """«И батарейки отложите», behind an aid that whistles: a thing of its own."""
    verb = one.verb.word.lemmas if one.verb else ()
    return one.clause.lead in _ALSO and not one.lemmas & trouble and bool(_ASIDE_ORDERS.intersection(verb))


def _only_when(one: Finding) -> bool:
    """«Выйти с 1 марта», «забрать надо в четверг»: it names no thing, but when it is to be."""
    if one.due is None:
        return False
    day = one.due.phrase.lower()
    nouns = (token for token in one.clause.words if token.word.flags & Flag.NOUN and token.word.form not in day)
    return all(content.is_common(token.word.form) for token in nouns)


def _names_a_thing(clause: Clause) -> bool:
    return any(token.word.flags & Flag.NOUN and not content.is_common(token.word.form) for token in clause.words)


def _speaks_of_it(clause: Clause) -> bool:
    """Whether it speaks of its object as of something just named."""
    nouns = [token for token in clause.words if token.word.flags & Flag.NOUN and not token.word.flags & Flag.IMPR]
    # "Put my new address on it"
    named = any(content.of_words([after]) for after in clause.behind(_ARTICLES))
    return bool(clause.forms & _IT) and not nouns and not named
