"""Offers: the client takes up what the operator offered: «да, давайте», «обмен», "yes please"."""

from collections.abc import Sequence

from tasks.dates import find
from tasks.extract import linker
from tasks.extract.client.findings import Finding
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import Change, Due, Said, Task, TaskChange
from tasks.extract.scene import USEFUL, Scene, reading_of
from tasks.extract.speech import titles
from tasks.extract.speech.orders import order_in
from tasks.extract.speech.promises import Setting, promise_in

_YES, _NO, _OR, _RATHER = lexicon("yes"), lexicon("no"), lexicon("either"), lexicon("rather")
# "Go for it", "shall I set that up?"
_SAYS_YES = lexicon("says_yes")
_IS, _I_CAN = lexicon("is_there"), lexicon("i_can")
_IDLE, _TAKING = lexicon("idle"), lexicon("taking")
_FREE, _LIKES = lexicon("free_for"), lexicon("likes")
_WE = lexicon("we_will")
# Who only chooses among what was offered needs no more words; and within so many he has said yes or no.
_CHOICE, _FIRST = 6, 3


def taken_up(scene: Scene) -> Clause | None:
    """The offer the message accepts."""
    if not scene.other:
        return None
    first = scene.clauses[0]
    offer = _offer_in(scene.other_clauses) or _free_day(scene, first)
    if offer is None:
        return None
    if not scene.open and other_day(scene) is not None:
        return offer
    if first.asked or first.has("cancel", "vague") or _does_it_himself(first):
        return None
    forms = {token.word.form for token in first.words[:_FIRST]}
    if forms & _NO:
        return None
    agreed = forms & _YES or order_in(first) is not None or _chooses(scene, first, offer) or scene.agrees_on(first)
    return offer if agreed else None


def _does_it_himself(first: Clause) -> bool:
    """ "I can add one or you can resend" — "I'll resend"."""
    return bool(first.flags & Flag.LATIN) and promise_in(first, Setting("client", dated=False)) is not None


def _free_day(scene: Scene, first: Clause) -> Clause | None:
    """«Свободно в среду и в четверг» — «четверг»: the clause that offers the day, or asks about one: «в среду?»"""
    if not scene.other_days:
        return None
    offering = {clause for clause in dict(scene.other_days) if _offers_time(clause)}
    free = [(clause, when) for clause, when in scene.other_days if clause in offering]
    day = scene.agrees_on(first)
    if day is None:
        return free[0][0] if len(free) == 1 and free[0][0].asked else None
    named = scene.offered(day)
    chosen = next((clause for clause, when in free if when is named), None)
    if chosen is None or not (len({when.date for _, when in free}) > 1 or chosen.asked or chosen.forms & _FREE):
        return None
    return chosen


def _offers_time(clause: Clause) -> bool:
    """Whether the days it names are free, rather than over or promised."""
    return not clause.flags & Flag.PAST and promise_in(clause, Setting("operator", dated=True)) is None


def acceptance(scene: Scene, offer: Clause) -> list[TaskChange]:
    """What taking up the offer comes to: a request, or no more than the day of one that is known."""
    own = other_day(scene) or scene.clauses[0]
    lemmas, due = _offered(offer), offered_due(scene, offer)
    standing = [task for task in scene.open if task.kind == "request" and task.status == "open"]
    known = linker.best(standing, lemmas, 0.3)
    if known is None and (len(lemmas) <= 1 or any(offer is clause for clause, _ in scene.other_days)):
        # «Есть 19:40, записать?» offers nothing but what was asked for right before.
        known = next((task for task in reversed(standing) if _spoken_of(task) & scene.asked_keys), None)
    if known is not None:
        proof = (scene.span(own),)
        return [Change(known.key, scene.message.key, "accepted", 0.8, due=due, evidence=proof, nudged=True)]
    found = Finding("request", (own,), 0.8, "accepted", due=due)
    return [found.task(scene)._replace(title=_title(scene, offer))]


def _offered(offer: Clause) -> frozenset[str]:
    """What is offered: nothing in particular by «берём в работу?»"""
    return content.of_words(token for token in offer.words if _TAKING.isdisjoint(token.word.lemmas))


def other_day(scene: Scene) -> Clause | None:
    """ "Saturday's tricky, could we do Sunday?": the clause that takes it up for another day."""
    asked = (one for one in scene.clauses if one.asked and not one.has("cancel", "vague"))
    bare = (one for one in asked if len(content.of_words(scene.undated(one)) - _SAYS_YES) <= 1)
    return next((one for one in bare if scene.own_due(one) is not None), None)


def _spoken_of(task: Task) -> set[int]:
    return {task.source, *(span.message for span in task.evidence)}


def offered_due(scene: Scene, offer: Clause) -> Due | None:
    """The day of what is accepted: the one the acceptance names, else the only one the offer names."""
    other = other_day(scene)
    if due := scene.last_due(other) if other else scene.due_in(scene.clauses[0]):
        named = scene.offered(due)
        return due._replace(date=named.date, time=due.time or named.time) if named else due
    said = _said(scene, offer)
    found = find(said.text, said.at, scene.context.calendar)
    # "Oak is out of stock until July. Shall we build it in walnut?"
    beside = [one for one in reading_of(said.text) if one.sentence == offer.sentence]
    dates = [
        when for when in found if when.role in USEFUL and (when.role != "deadline" or when.start >= beside[0].start)
    ]
    return Due(dates[0].date, dates[0].time, dates[0].phrase) if len(dates) == 1 else None


def _offer_in(clauses: Sequence[Clause]) -> Clause | None:
    return next((clause for clause in reversed(clauses) if _offers(clause)), None)


def _offers(clause: Clause) -> bool:
    if not clause.asked and clause.forms <= _YES | _IS:
        # «Да, есть» answers.
        return False
    if clause.asked and (clause.has("offer") or clause.flags & (Flag.FUT1 | Flag.INF) or _we_do(clause)):
        return True
    if clause.has("offer") and clause.flags & Flag.INF and not clause.flags & Flag.IMPR:
        return True
    if clause.words[0].word.form in _WE and any(
        one.word.form == "you" and after.word.form in _LIKES for one, after in clause.pairs
    ):
        # "I can price up a new one if you like"
        return clause.has("offer") and bool(clause.forms & _I_CAN)
    return clause.has("offer", "promise") and _leaves_a_choice(clause)


def _we_do(clause: Clause) -> bool:
    """«Берём его?», «переводим туда Лизу?»"""
    first = clause.words[0].word
    return bool(first.flags & Flag.PRES1) and not _IDLE.intersection(first.lemmas)


def _leaves_a_choice(clause: Clause) -> bool:
    return bool(clause.forms & _OR) or clause.has("book")


def _chooses(scene: Scene, first: Clause, offer: Clause) -> bool:
    if len(scene.clauses) > 1 or len(first.words) > _CHOICE or not _leaves_a_choice(offer):
        return False
    same = first.content & offer.content
    return bool(same) or bool(first.forms & _RATHER) or bool(scene.dates)


def _title(scene: Scene, offer: Clause) -> str:
    """What was offered, as something to do."""
    text = _said(scene, offer).text
    verb = next((token for token in offer.words if token.word.flags & (Flag.INF | Flag.FUT1)), None)
    own = scene.clauses[0]
    if verb is None and (ordered := order_in(own)) and own.content - _SAYS_YES:
        # «Есть на складе» — «отлично, оформляйте»
        return titles.infinitive(own, ordered, scene.message.text)
    if verb is None or offer.forms & _OR:
        return titles.said(titles.lead("request", text), [scene.message.text, "—", _about(offer, text)])
    return titles.infinitive(offer, verb, text)


def _about(offer: Clause, text: str) -> str:
    """The offer as it was written; with what stands before it, where it says no more than "shall I do that?"."""
    clauses = reading_of(text)
    first = clauses.index(offer)
    while first and not content_of(clauses[first : clauses.index(offer) + 1]) - _SAYS_YES:
        first -= 1
    return text[clauses[first].start : offer.end]


def _said(scene: Scene, offer: Clause) -> Said:
    return next(said for said in scene.other if offer in reading_of(said.text))
