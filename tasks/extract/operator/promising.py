"""What an operator promises: a new promise, or another day for one made before."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import Change, Due, New, Span, Task, TaskChange
from tasks.extract.operator.reporting import BOOKED, BOOKING, is_booking, of_others
from tasks.extract.scene import Scene, on_its_day
from tasks.extract.speech import titles
from tasks.extract.speech.promises import Promise, Setting, promise_in, promise_on
from tasks.extract.speech.sharing import shares
from tasks.extract.speech.shifting import shift_of, shifted_due

_HE, _IT, _I_WILL = lexicon("he"), lexicon("it"), lexicon("we_will")
_TAKING = lexicon("taking")
# So much of what is said must belong to a promise made before, to be that promise again.
_SAME = 0.5
# Words of a promise that names hardly what.
_LITTLE = 1


def promises_in(scene: Scene, clauses: Sequence[Clause]) -> list[Promise]:
    """The promises among these clauses of an operator's message."""
    found: list[Promise] = []
    asks = any(one.asked and one.lemmas & _TAKING for one in scene.clauses)
    for clause in clauses:
        own = scene.own_due(clause)
        dated = bool(scene.dates) and any(scene.due_in(one) for one in scene.sentences[clause.sentence])
        promise = promise_in(clause, Setting("operator", dated))
        if promise is not None and own is None and asks and _names_nothing(promise):
            # «Сошьём, 3 500. Берём в работу?»: no more than that it can be done, if the client says so.
            promise = None
        if promise is not None and clause.has("one_moment") and own is None:
            promise = promise._replace(moment=True)
        if promise is None and found and found[-1].clause.sentence == clause.sentence:
            promise = promise_on(clause, found[-1], dated=own is not None)
        if promise is not None:
            pieces = shares(clause, scene.dates_in(clause), scene.message.text)
            found += [promise._replace(clause=one) for one in pieces] if len(pieces) > 1 else [promise]
    return found


def _names_nothing(promise: Promise) -> bool:
    """Whether it says nothing but what will be done, and for how much."""
    others = (one for one in promise.clause.words if one is not promise.verb and not one.word.flags & Flag.NUM)
    return not content.of_words(others)


def promised(scene: Scene, promises: Sequence[Promise]) -> list[TaskChange]:
    """What they come to; what is over in a moment is none."""
    return [change for group in _grouped(scene, promises) for change in _made(scene, group)]


def _grouped(scene: Scene, promises: Sequence[Promise]) -> list[list[Promise]]:
    """Promises of one sentence are one, unless each has a day of its own."""
    groups: list[list[Promise]] = []
    for one in promises:
        if one.moment:
            continue
        last = groups[-1] if groups else None
        if last is not None and last[-1].clause.sentence == one.clause.sentence and not _other_day(scene, last, one):
            last.append(one)
        else:
            groups.append([one])
    return groups


def _other_day(scene: Scene, group: Sequence[Promise], one: Promise) -> bool:
    if one.clause.lead == "and" and one.clause.words[1].word.form in _I_WILL and not _I_WILL & group[0].clause.forms:
        # "An engineer will visit tomorrow, and I'll text you his name."
        return True
    before = {due.date for other in group if (due := scene.own_due(other.clause))}
    after = scene.own_due(one.clause)
    return bool(before) and after is not None and after.date not in before


def _made(scene: Scene, group: Sequence[Promise]) -> list[TaskChange]:
    due = _due(scene, group)
    lemmas = content_of([one.clause for one in group])
    if due is not None and (moved := _moved(scene, group[0].clause, lemmas, due)) is not None:
        return [scene.redate(moved, due)]
    if due is not None and _is_promised(scene, lemmas, due):
        return []
    if (known := _of_him(scene, group[0])) is not None:
        return [scene.redate(known, due)] if due and due != known.due else []
    return [_new(scene, group, due, lemmas)]


def _is_promised(scene: Scene, lemmas: frozenset[str], due: Due) -> bool:
    """Whether the very thing is promised for that day: «ок, приедем в субботу», where it was put off until then."""
    made = [
        task for task in scene.open
        if task.promised_by == "operator" and task.due is not None and task.due.date == due.date
    ]  # fmt: skip
    return linker.best(made, lemmas, _SAME) is not None


def _due(scene: Scene, group: Sequence[Promise]) -> Due | None:
    """The day one of them names; else one that the sentence names beside them."""
    first = group[0].clause
    beside = [one for one in scene.sentences[first.sentence] if not one.flags & Flag.PAST]
    named = (scene.own_due(clause) for clause in [*(one.clause for one in group), *beside])
    return next(filter(None, named), None) or scene.due_in(first)


def _new(scene: Scene, group: Sequence[Promise], due: Due | None, lemmas: frozenset[str]) -> New:
    message, first = scene.message, group[0]
    start, end = _beginning(scene, first.clause), group[-1].clause.end
    asked = [task for task in scene.open if task.promised_by is None and task.status == "open"]
    served = linker.best(asked, lemmas) or next(reversed(asked), None)
    if served is not None and due is not None:
        due = on_its_day(served, due)
    title = titles.infinitive(first.clause, first.verb, message.text) or titles.tidy(message.text[start:end])
    if start < first.clause.start:
        title = titles.tidy(message.text[start:end])
    elif len(group) > 1:
        title = titles.tidy(f"{title}, {message.text[group[1].clause.start : end]}")
    return New(
        "commitment", title, first.confidence, message.key, (Span(message.key, start, end, message.text[start:end]),),
        due, "operator", served.key if served else None, rules=(first.rule,),
    )  # fmt: skip


def _beginning(scene: Scene, clause: Clause) -> int:
    """Where it begins to be said who does it: «механик выехал, будет у вас к десяти»."""
    if any(one.word.flags & (Flag.NOUN | Flag.PRON | Flag.FUT1 | Flag.LATIN) for one in scene.undated(clause)):
        return clause.start
    before = [one for one in scene.sentences[clause.sentence] if one.start < clause.start and one.flags & Flag.NOUN]
    return before[-1].start if before else clause.start


def _of_him(scene: Scene, promise: Promise) -> Task | None:
    """«Он поднимется через пятнадцать минут», "you'll have it then": more of what a promise speaks of already."""
    flags = promise.verb.word.flags
    of_it = bool(_IT & promise.clause.forms) and not promise.clause.content
    if not (_HE & promise.clause.forms or of_it) or (
        flags & (Flag.FUT1 | Flag.FUT3) != Flag.FUT3 and not flags & Flag.LATIN
    ):
        return None
    return next((task for task in reversed(scene.open) if task.promised_by == "operator"), None)


def _moved(scene: Scene, clause: Clause, lemmas: frozenset[str], due: Due) -> Task | None:
    """The promise made before that gets this day: named again, or late and apologised for."""
    made = [
        task for task in scene.open
        if task.promised_by == "operator" and task.due is not None and task.source not in scene.turn_keys
    ]  # fmt: skip
    late = sorted(filter(scene.late, made), key=lambda task: str(task.due and task.due.date))
    sorry = any(one.has("apologise", "redate") for one in scene.clauses)
    target = linker.best(made, lemmas, _SAME)
    if target is None and sorry:
        target = _named_beside(scene, made, lemmas) or (late[-1] if late and len(lemmas) <= _LITTLE else None)
    if target is None or target.due is None or target.due.date == due.date:
        return None
    return target if sorry or target in late or clause.has("redate") else None


def _named_beside(scene: Scene, made: Sequence[Task], lemmas: frozenset[str]) -> Task | None:
    """«Сдвигаемся со сметой. Будет в среду»: it is named beside the new day, by itself or by what it was made for."""
    if lemmas - scene.lemmas:
        return None
    for_what = {task.related: task for task in made if task.related is not None}
    served = linker.best([task for task in scene.context.tasks if task.key in for_what], scene.lemmas)
    return linker.best(made, scene.lemmas) or (for_what[served.key] if served else None)


def put_off(scene: Scene, clause: Clause) -> list[Change]:
    """«Переносим на 30 марта», «да, сдвинули на день», «не к пятнице, а ко вторнику»: it gets another day."""
    if clause.asked or of_others(clause) or not (clause.has("redate") or scene.denied):
        return []
    # «Готово будет не к пятнице, а ко вторнику»
    denied = {when.date for when in scene.denied if clause.start <= when.start < clause.end}
    pool = [
        task for task in scene.context.tasks
        if task.status in {"open", "done"} and task.due is not None and task.promised_by != "client"
    ]  # fmt: skip
    of_that_day = [task for task in pool if task.due and task.due.date in denied and _is_about(scene, clause, task)]
    if not of_that_day and not clause.has("redate"):
        return []
    target = linker.best(of_that_day or pool, clause.content) or next(reversed(of_that_day or pool), None)
    due = (scene.own_due(clause) or _shifted(scene, clause, target)) if target else None
    if target is None or due is None:
        return []
    bound = [task for task in pool if target.key == task.related or task.key == target.related]
    along = [task for task in bound if not task.closed or task.due == target.due]
    moved = [scene.redate(task, due) for task in [target, *along]]
    booked = is_booking(target) or clause.lemmas & (BOOKING | BOOKED)
    if clause.flags & (Flag.PAST | Flag.PART) and target.kind == "request" and booked:
        # A booking is done once its new time is agreed on.
        moved[0] = moved[0]._replace(status="done")
    return moved


def _is_about(scene: Scene, clause: Clause, task: Task) -> bool:
    """Whether it names nothing but the task: «оплата не в пятницу» is about another thing that is due then."""
    said = (token for token in scene.undated(clause) if token.word.flags & (Flag.NOUN | Flag.LATIN))
    things = content.of_words(one for one in said if not any(day.start <= one.start < day.end for day in scene.denied))
    return not things or not things.isdisjoint(linker.about(task))


def _shifted(scene: Scene, clause: Clause, target: Task) -> Due | None:
    """«Задержимся на два дня», but not «в прошлый раз привезли на день позже»."""
    moving = {at for hit in clause.found.get("redate", ()) for at in range(hit.start, hit.end)}
    told = any(token.word.flags & Flag.PAST for at, token in enumerate(clause.words) if at not in moving)
    when = None if told else shift_of(scene, clause, target)
    return when and shifted_due(scene, target, when)
