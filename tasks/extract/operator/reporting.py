"""What an operator reports: which requests, promises and troubles are settled by it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from tasks.extract import linker
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, tokens
from tasks.extract.model import Change, Due, Task
from tasks.extract.scene import Scene, on_its_day
from tasks.extract.speech.orders import order_in

_UNDERWAY, _FINDING_OUT = lexicon("underway"), lexicon("finding_out")
_RECEIVED, _NOTED, BOOKING, _WRITTEN = (lexicon(name) for name in ("received", "noted", "booking", "written"))
# What is not so yet, or would be.
_UNREAL = lexicon("will") | lexicon("unreal")
_ASSIGNED, _GIVES_BACK, BOOKED = lexicon("assigned"), lexicon("gives_back"), lexicon("booked")
_HOW_MUCH, _CLIENT = lexicon("how_much"), lexicon("the_client")
# A sum has so many figures, or a sign behind it.
_SUM = re.compile(r"\d[\d  ]{2,}|\d\s?(?:₽|\$|€|£|руб|р\b)")
# "The quote's being prepared"
_BEING = lexicon("being")
# "I'll have an ETA for you tomorrow"
_HAVING, _LAST, _TIMES = lexicon("having"), lexicon("last_time"), lexicon("times_of")
_STILL = lexicon("still_to_come")
_OTHERS, _CLIENTS = lexicon("others"), lexicon("of_clients")
_DONE = Flag.PAST | Flag.PART
# Of a report so many stretches between signs are looked at, and so many words of each.
_PARTS, _REST = 6, 8
_LINK = re.compile(r"\w\.\w{2,}(?:/|\b)")


def reported(scene: Scene, clause: Clause, promised: frozenset[str]) -> list[Change]:
    """What the clause settles; `promised` is what the message speaks of in promises beside."""
    clause = _done_part(scene, clause)
    if got := _received(scene, clause):
        return [got]
    if counted := _counted(scene, clause):
        return [counted]
    if _is_report(scene, clause) or _shows(scene, clause):
        return _closed(scene, clause, promised) or _found_out(scene, clause)
    return _found_out(scene, clause)


def finds_out(task: Task) -> bool:
    """Whether the task is a promise to find something out."""
    words = tokens(task.title, 0, len(task.title))
    finding = any(_FINDING_OUT.intersection(token.word.lemmas) for token in words)
    return task.kind == "commitment" and (finding or {token.word.form for token in words} >= _HAVING)


def is_booking(task: Task) -> bool:
    """Whether what it asks for is done once a time is agreed on."""
    words = tokens(task.title, 0, len(task.title))
    return task.kind == "request" and any(BOOKING.intersection(token.word.lemmas) for token in words)


# ---- what it is about ----


def _done_part(scene: Scene, clause: Clause) -> Clause:
    """The clause without what is still to come: «окна помыли, диван в пятницу»."""
    words = clause.words
    places = [at for at in range(1, len(words)) if words[at].start - words[at - 1].end > 1]
    cut = next((at for at in places[:_PARTS] if _is_to_come(scene, clause, at)), None)
    if cut is None:
        return clause
    return replace(clause, words=words[:cut], end=words[cut - 1].end, main=min(clause.main, cut - 1))


def _is_to_come(scene: Scene, clause: Clause, at: int) -> bool:
    """Whether from that word on another thing is named, with a day or a state and nothing that says it is done."""
    done, rest = clause.words[:at], clause.words[at : at + _REST]
    told = [hit.start for sense in ("done", "report") for hit in clause.found.get(sense, ())]
    told += [place for place, token in enumerate(clause.words[: at + _REST]) if token.word.flags & _DONE]
    if not any(place < at for place in told) or any(place >= at for place in told):
        return False
    if (
        not content.of_words(done)
        or not rest[0].word.flags & (Flag.NOUN | Flag.LATIN)
        or not content.of_words(rest[:1])
    ):
        return False
    dated = any(when.start >= rest[0].start for when in scene.dates_in(clause))
    return dated or any(token.word.flags & Flag.PREP or token.word.form in _STILL for token in rest)


def _received(scene: Scene, clause: Clause) -> Change | None:
    """The house has what the client promised to send."""
    just_now = {said.key for said in scene.other}
    got = clause.lemmas & _RECEIVED
    owed = [
        task for task in scene.open
        if task.promised_by == "client" and (got - _NOTED or task.source not in just_now)
    ]  # fmt: skip
    if not owed or not got or clause.has("lack"):
        return None
    return scene.close(linker.best(owed, clause.content) or owed[-1], "received")


def _counted(scene: Scene, clause: Clause) -> Change | None:
    """«Пересчитайте, сколько остаётся» — «4 900 остаток»: the sum itself."""
    said = scene.message.text[clause.start : clause.end]
    if not clause.flags & Flag.NUM or clause.flags & Flag.FINITE or _SUM.search(said) is None:
        return None
    asked = [task for task in scene.open if task.kind == "request" and _asks_how_much(task)]
    target = linker.best(asked, clause.content)
    return scene.close(target, "reported") if target else None


def _asks_how_much(task: Task) -> bool:
    return not _HOW_MUCH.isdisjoint(token.word.form for token in tokens(task.title, 0, len(task.title)))


def _found_out(scene: Scene, clause: Clause) -> list[Change]:
    """What was promised to be found out is told, by its own name or by that of what it was promised for."""
    owed = [task for task in scene.open if task.promised_by == "operator" and finds_out(task)]
    lemmas = clause.content
    served = {task.related: task for task in owed if task.related is not None}
    for_what = linker.best([task for task in scene.context.tasks if task.key in served], lemmas)
    target = linker.best(owed, lemmas) or (served[for_what.key] if for_what else None)
    return [scene.close(target, "reported")] if target else []


def came_back(scene: Scene, told: Sequence[Clause]) -> list[Change]:
    """«Вернусь до обеда» is kept by coming back with something, whatever it is, where nothing else was to be told."""
    owed = [
        task for task in scene.open
        if task.promised_by == "operator" and finds_out(task) and task.source not in scene.turn_keys
    ]  # fmt: skip
    news = any(one.content and not one.has("apologise", "one_moment", "social") for one in told)
    return [scene.close(owed[0], "reported")] if len(owed) == 1 and news else []


def _is_report(scene: Scene, clause: Clause) -> bool:
    """Whether it says that something is done, rather than begun, noticed or regretted."""
    if order_in(clause) is not None or clause.has("lack") or (clause.has("apologise") and not clause.has("done")):
        return False
    if clause.forms & (_UNREAL | _BEING) or of_others(clause) or _came_to_nothing(scene, clause) or _is_of_then(clause):
        return False
    verbs = [token for token in clause.words if token.word.flags & _DONE]
    if not verbs and (clause.has("problem") or (clause.flags & Flag.PRES1 and not clause.has("report"))):
        # «Сбой у нас, извините», «вижу оба списания»
        return False
    if verbs and all(_UNDERWAY.intersection(token.word.lemmas) for token in verbs):
        return any(_asks_for(task, verbs) for task in scene.open)
    return bool(verbs) or clause.has("done", "report")


def of_others(clause: Clause) -> bool:
    """«Лифт в соседнем доме починили», "another customer moved to Thursday"; not «поставили другой замок»."""
    whose = (after for before, after in clause.pairs if not _OTHERS.isdisjoint(before.word.lemmas))
    return any(not _CLIENTS.isdisjoint(after.word.lemmas) for after in whose)


def _is_of_then(clause: Clause) -> bool:
    """«В прошлый раз привезли», "last time we delivered it"."""
    return any(one.word.form in _TIMES for one in clause.behind(_LAST))


def _came_to_nothing(scene: Scene, clause: Clause) -> bool:
    """«Звонили вам, не дозвонились»."""
    behind = (one for one in scene.sentences[clause.sentence] if one.start > clause.start and not one.lead)
    return next((one.has("lack") and not one.content - clause.content for one in behind), False)


def _asks_for(task: Task, verbs: Sequence[Token]) -> bool:
    """Whether it is a request with one of these verbs: «проверили», where it was to be checked."""
    words = tokens(task.title, 0, len(task.title))
    own = {lemma for token in words for lemma in token.word.lemmas}
    return task.kind == "request" and any(own.intersection(token.word.lemmas) for token in verbs)


def _shows(scene: Scene, clause: Clause) -> bool:
    """«Портфолио: folio.example/petrov», «ключи в личном кабинете»: the thing itself, or where it is."""
    said = scene.message.text[clause.start : clause.end]
    there = _LINK.search(said) or clause.has("place")
    return not clause.flags & Flag.FINITE & ~Flag.IMPR and bool(there)


# ---- what is settled ----


def _closed(scene: Scene, clause: Clause, promised: frozenset[str]) -> list[Change]:
    noted = _is_noted(scene, clause)
    standing = [task for task in scene.open if task.promised_by != "client" and (is_booking(task) or not noted)]
    lemmas = content.of_words(scene.undated(clause))
    targets = linker.every(standing, lemmas)
    # «Да, сдвинули» does no more than that.
    if not targets and not clause.has("redate") and (unnamed := _unnamed(scene, clause, standing)):
        targets = [unnamed]
    settled: list[Task] = []
    for target in targets:
        if target.kind == "request" and linker.overlap(target, promised) > linker.LEAST:
            # «Паспорт у вас в почте, декларацию перешлю»: there is more to come.
            continue
        settled.append(target)
        if target.kind != "commitment":
            settled += [task for task in linker.serving(standing, target) if _speaks_of(task, target, lemmas)]
        elif not promised:
            settled += [
                task for task in standing if task.key == target.related and _is_met(standing, target, task, lemmas)
            ]
    mends = clause.flags & _DONE or (clause.has("done") and not clause.flags & Flag.PRES1)
    due = scene.own_due(clause)
    meeting = _time_in(scene, clause)
    return [
        # «Записала на среду, 27-е»: the day it was done for is the one that counts.
        scene.close(task, "reported")._replace(due=_day_it_got(task, due if task.due else meeting))
        for task in settled
        if task.kind != "complaint" or mends
    ]


def _day_it_got(task: Task, due: Due | None) -> Due | None:
    """The new day of a request that is done, if it is one that has a day."""
    has_one = task.kind == "request" and (task.due is not None or is_booking(task))
    return on_its_day(task, due) if has_one and due is not None else None


def _is_noted(scene: Scene, clause: Clause) -> bool:
    """«Хорошо, записали»: what is only written down is not done, but for a booking; «записали вас на пять» is one."""
    if clause.lemmas & _ASSIGNED:
        # «Курьер назначен на два»: he has not been there.
        return True
    if scene.dates_in(clause) or "вас" in clause.forms:
        return False
    verbs = [token for token in clause.words if token.word.flags & _DONE]
    written = bool(verbs) and all(_WRITTEN.intersection(token.word.lemmas) for token in verbs)
    return written and not clause.content - content.of_words(verbs)


def _speaks_of(promise: Task, served: Task, lemmas: frozenset[str]) -> bool:
    return promise.related == served.key or linker.overlap(promise, lemmas) > linker.LEAST


def _is_met(standing: Sequence[Task], kept: Task, served: Task, lemmas: frozenset[str]) -> bool:
    """Whether with this promise kept what it was made for is done."""
    others = [task for task in standing if task.kind == "commitment" and task.related == served.key]
    if len(others) > 1 or finds_out(kept):
        return False
    if served.kind == "complaint" and _is_begun(kept):
        # «Передам в биллинг» is kept once billing has it, and mends nothing.
        return False
    if served.kind == "request" and _is_handed(kept) and not _is_handed(served) and not _is_of(kept, served):
        # «Нужен ещё один стол» — «по столу пришлю соглашение»: with that there is no table yet.
        return False
    if served.kind == "complaint" or (_is_handed(served) and _is_handed(kept)):
        # «Отдай Диме логины» — «вечером скину» — «скинул»
        return True
    return linker.overlap(served, lemmas | linker.about(kept)) > linker.LEAST


def _is_handed(task: Task) -> bool:
    """Whether something is to be handed over."""
    return _begins_with(task, _GIVES_BACK)


def _is_of(kept: Task, served: Task) -> bool:
    """Whether what is handed over is what was asked for."""
    words = tokens(kept.title, 0, len(kept.title))
    given = [
        one for before, one in pairwise(words)
        if one.word.flags & Flag.NOUN and not before.word.flags & Flag.PREP
    ]  # fmt: skip
    return not given or bool(content.of_words(given[:1]) & linker.about(served))


def _is_begun(task: Task) -> bool:
    """Whether with it the work does no more than begin."""
    return _begins_with(task, _UNDERWAY)


def _begins_with(task: Task, verbs: frozenset[str]) -> bool:
    first = tokens(task.title, 0, len(task.title))[:1]
    return any(verbs.intersection(token.word.lemmas) for token in first)


def _unnamed(scene: Scene, clause: Clause, standing: Sequence[Task]) -> Task | None:
    """A report that names nothing is about what was asked last, or promised."""
    bookings = [task for task in standing if is_booking(task)]
    if bookings and _books(scene, clause):
        # «Среда 17:40, переписала вас»
        return bookings[-1]
    # «Держите», «во вложении»
    plain = (clause.has("done") and not _of_another(scene, clause)) or (
        clause.has("report") and not content.of_words(clause.beside("report"))
    )
    # «Архив был закрыт» says why it is not done.
    if not plain and not clause.words[min(clause.main, len(clause.words) - 1)].word.flags & _DONE:
        return None
    if any(one.has("lack") and one is not clause for one in scene.sentences[clause.sentence]):
        # «Не можем оформить возврат, срок вышел»: why it is not done.
        return None
    asked = [task for task in standing if task.kind in {"request", "commitment"} and (plain or _is_fresh(scene, task))]
    if not asked and clause.words[clause.main].word.flags & _DONE:
        # «Отправила на почту», the day it was promised for.
        due = [task for task in standing if task.promised_by == "operator" and scene.late(task)]
        asked = due if len(due) == 1 else []
    if not asked and (plain or clause.words[0].word.flags & _DONE):
        asked = [task for task in standing if task.kind == "complaint"]
    return max(asked, key=lambda task: task.source, default=None)


def _books(scene: Scene, clause: Clause) -> bool:
    """Whether the client was given a time; «в среду поставили новый аппарат» is none of his."""
    if not any(one.word.flags & Flag.PAST and BOOKED.intersection(one.word.lemmas) for one in clause.words):
        return False
    named = any(one.word.flags & (Flag.NOUN | Flag.LATIN) for one in scene.undated(clause))
    return _time_in(scene, clause) is not None and (not named or not _CLIENT.isdisjoint(clause.forms))


def _time_in(scene: Scene, clause: Clause) -> Due | None:
    """The day the clause names for a meeting, which no deadline is: «предоплата до среды»."""
    days = [when for when in scene.dates_in(clause) if when.role in {"point", "span"}]
    return Due(days[0].date, days[0].time, days[0].phrase) if days else None


def _of_another(scene: Scene, clause: Clause) -> bool:
    """«В пятницу офис закрыт»: what is done is named, and none of the tasks."""
    hit = clause.hit("done")
    before = clause.words[: hit.start] if hit else []
    named = [token for token in scene.undated(clause) if token in before and token.word.flags & Flag.NOUN]
    return bool(content.of_words(named))


def _is_fresh(scene: Scene, task: Task) -> bool:
    """Whether the client spoke of it last, or the operator did just now."""
    fresh = {said.key for said in scene.other} or scene.turn_keys
    if any(span.message in fresh for span in task.evidence):
        return True
    return task.kind == "commitment" and task.source in scene.turn_keys
