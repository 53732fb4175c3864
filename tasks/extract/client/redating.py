"""Put off: «перенесите на среду», «а в пятницу получится?», "make that Monday"; or given the day that was asked for."""

from collections.abc import Sequence

from tasks.dates import When
from tasks.extract import linker
from tasks.extract.client.keeping import is_conditional
from tasks.extract.client.moves import Moves
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, tokens
from tasks.extract.model import Change, Due, Status, Task
from tasks.extract.scene import USEFUL, Scene, on_its_day
from tasks.extract.speech.orders import order_in
from tasks.extract.speech.promises import Setting, promise_in
from tasks.extract.speech.shifting import shift_of, shifted_due

_MAKE, _TIMES, _DAYS = lexicon("make"), lexicon("times"), lexicon("asked_days")
_FITS, _NOT, _WORKS = lexicon("fits"), lexicon("not_english"), lexicon("works_english")
# Words of an answer that names no more than a day.
_ANSWER = 8
# What a question of the usual begins with.
_FETCHING, _BOOKING, _COMES_FOR = lexicon("fetching"), lexicon("booking"), lexicon("comes_for")
_GENERAL, _BY_NOW, _ONLY = lexicon("usual"), lexicon("by_now"), lexicon("only")


def redates(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """Whether the clause gives a known task another day; what was reported done is open again until that is agreed."""
    if order_in(clause) is None and not clause.has("lets") and is_conditional(scene, clause):
        # «Если не успеете, можно в четверг»
        return False
    due = _new_due(scene, clause) if scene.dates and (not _is_unfit(clause) or _rather(scene, clause)) else None
    if due is None and clause.has("redate") and moves.redates and not _names_a_thing(scene, clause):
        # «А суббота не занята? Переставьте тогда туда»
        return moves.add(clause)
    if due is None or not scene.dates_in(clause):
        # «В среду мы на даче, можно на день позже?»
        moved = _shifts(scene, clause, moves) or (due is None and _does_not_fit(scene, clause, moves))
        if moved or due is None:
            return moved
    if clause.asked and moves.nudged and clause.lemmas & _FETCHING:
        # «Ну что там, завтра забирать можно?»
        return False
    target = _target(scene, clause) or _asked_when(scene, clause) or _just_asked(scene, clause)
    if target is not None:
        return moves.add(clause, *_moved(scene, clause, target, on_its_day(target, due)))
    return _agreed(scene, clause, moves)


def _agreed(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """«Пятница подойдёт», "Thursday's good": one of the days that the house has just named, and no more than that."""
    due = scene.agrees_on(clause) if scene.other_days else None
    named = scene.offered(due) if due else None
    if due is None or named is None:
        return False
    promised = any(task.due and task.due.date == named.date for task in scene.open if task.promised_by)
    asked = [task for task in scene.open if task.kind == "request" and task.status == "open"]
    if promised or not asked:
        return False
    meant = [task for task in asked if {task.source, *(span.message for span in task.evidence)} & scene.asked_keys]
    if not meant and (len(asked) > 1 or any(order_in(one) for one in scene.clauses)):
        # «Понедельник подходит, бронируйте»
        return False
    agreed = due._replace(date=named.date, time=due.time or named.time)
    return moves.add(clause, *_moved(scene, clause, (meant or asked)[-1], agreed))


def _moved(scene: Scene, clause: Clause, target: Task, due: Due) -> list[Change]:
    status: Status | None = "open" if target.status == "done" else None
    moved = Change(target.key, scene.message.key, "redate", 0.85, status, due, evidence=(scene.span(clause),))
    return [moved, *_along(scene, target, due)]


def _shifts(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """«Сдвиньте на денёк позже», "push them back two days": so much from the day that was agreed on."""
    wished = clause.has("lets") or order_in(clause) is not None or (clause.asked and clause.has("redate"))
    if not wished or (clause.flags & (Flag.PAST | Flag.FUT3) and not clause.flags & Flag.LATIN):
        # «Сосед получил на день раньше» moves nothing of ours.
        return False
    dated = [task for task in _movable(scene) if task.due is not None]
    named = linker.best(dated, clause.content, 0.3)
    target = named or next(reversed(dated), None)
    if target is None or target.due is None:
        return False
    when = shift_of(scene, clause, target)
    if when is None or (named is None and _names_beside(scene, clause, when)):
        # «Отложите на два дня книгу для меня»
        return False
    return moves.add(clause, *_moved(scene, clause, target, shifted_due(scene, target, when)))


def _names_beside(scene: Scene, clause: Clause, when: When) -> bool:
    """Whether it names a thing, beside the length it moves by; behind a comma stands why."""
    comma = scene.message.text.find(",", when.end, clause.end)
    said = [token for token in clause.words if comma < 0 or token.start < comma]
    return any(_is_thing(token) for token in said if not when.start <= token.start < when.end)


def _rather(scene: Scene, clause: Clause) -> bool:
    """«Завтра меня не будет, пусть лучше в воскресенье»: behind the day that does not fit there is one that does."""
    dates = scene.dates_in(clause)
    wish = _wished(clause) or _only(clause, dates)
    if wish is None:
        # "Wednesday's no good, Thursday after four?"
        return clause.asked and len(dates) > 1
    return any(when.start >= wish.start for when in dates)


def _only(clause: Clause, dates: Sequence[When]) -> Token | None:
    """«В среду дома никого, только четверг», but not «нас нет только в четверг»."""
    only = next((one for one in clause.words if one.word.form in _ONLY), None)
    return only if only and any(when.start < only.start for when in dates) else None


def _wished(clause: Clause) -> Token | None:
    return next((one for one in clause.words if one.word.form in _MAKE), None)


def _new_due(scene: Scene, clause: Clause) -> Due | None:
    """The day it comes to: the one behind what corrects it or asks for it rather, else the last."""
    hit, wish = clause.hit("correct"), _wished(clause)
    behind = max([one.start for one in (hit and clause.words[hit.start], wish) if one], default=clause.end)
    meant = next((when for when in scene.dates_in(clause) if when.start >= behind), None)
    if meant is None or meant.role not in USEFUL or meant.date < scene.message.at.date():
        return scene.last_due(clause)
    return Due(meant.date, meant.time, meant.phrase)


def _target(scene: Scene, clause: Clause) -> Task | None:
    lemmas = clause.content
    pool = _movable(scene)
    own = [task for task in pool if task.promised_by == "client" and task.status == "open"]
    others = [task for task in pool if task.promised_by != "client"]
    return linker.best(own, lemmas, 0.3) or _put_off(scene, clause, others) or _put_off(scene, clause, own)


def _movable(scene: Scene) -> list[Task]:
    return [
        task for task in scene.context.tasks
        if (task.status == "open" and task.kind in {"request", "commitment"})
        # A booking that was made may be moved, another promise that was kept may not.
        or (task.status == "done" and (task.kind == "request" or _is_booked(task)))
    ]  # fmt: skip


def _is_booked(task: Task) -> bool:
    """Whether somebody of the house made a booking by it."""
    words = tokens(task.title, 0, len(task.title))
    return task.promised_by == "operator" and any(_BOOKING.intersection(token.word.lemmas) for token in words)


def _asked_when(scene: Scene, clause: Clause) -> Task | None:
    """«К какому числу?» — «к пятнице»: what stands open without a day."""
    if scene.turn or len(clause.words) > _ANSWER or not any(map(_asks_when, scene.other_clauses)):
        return None
    if _names_a_thing(scene, clause):
        return None
    undated = [
        task for task in scene.open if task.kind == "request" and task.due is None and task.source in scene.asked_keys
    ]
    return undated[-1] if undated else None


def _just_asked(scene: Scene, clause: Clause) -> Task | None:
    """ "They have to be here by the 26th", behind what was asked for a message ago without a day."""
    asked = [task for task in scene.open if task.source in scene.turn_keys and task.kind == "request"]
    if not asked or asked[-1].due is not None or clause.asked or scene.due_in(clause, deadline=True) is None:
        return None
    bare = not _names_a_thing(scene, clause) and order_in(clause) is None
    return asked[-1] if bare and promise_in(clause, Setting("client", True, False)) is None else None


def _asks_when(clause: Clause) -> bool:
    return clause.asked and bool(clause.lemmas & _DAYS) and not clause.flags & Flag.PAST


def _put_off(scene: Scene, clause: Clause, pool: Sequence[Task]) -> Task | None:
    dated = [task for task in pool if task.due is not None]
    found = linker.best(dated or pool, clause.content, 0.3)
    if clause.has("correct") and pool:
        return found or next((task for task in reversed(pool) if task.kind == "request"), pool[-1])
    bare = not _names_a_thing(scene, clause) and not _does_something_else(clause)
    if clause.has("redate") and (found or bare) and pool:
        return found or (dated or pool)[-1]
    wanted = clause.forms & _MAKE or (clause.has("ask") and clause.forms & _BY_NOW)
    if found in dated and wanted and not clause.asked:
        # «Счёт лучше к понедельнику», «афиши нужны уже 13-го»
        return found
    rather = clause.has("lets", "redate", "away") or clause.forms & _MAKE
    if dated and bare and (_asks_for_it(clause) or rather):
        return dated[-1]
    return None


def _names_a_thing(scene: Scene, clause: Clause) -> bool:
    return any(_is_thing(token) for token in scene.undated(clause))


def _does_something_else(clause: Clause) -> bool:
    """«А завтра можно оплатить?», where a courier is to come."""
    verbs = [token.word for token in clause.beside("redate") if token.word.flags & Flag.INF]
    return clause.asked and any(_COMES_FOR.isdisjoint(word.lemmas) for word in verbs)


def _asks_for_it(clause: Clause) -> bool:
    """«А в субботу?», "thursday after four?"; not «в субботу доставляете?», "are you open on Sunday?"."""
    general = clause.flags & Flag.PRES2 or clause.forms & _GENERAL or clause.has("qword")
    return clause.asked and not general


def _is_thing(token: Token) -> bool:
    flags = token.word.flags
    return bool(flags & Flag.NOUN) and not flags & (Flag.NAME | Flag.PREP) and not content.is_common(token.word.form)


def _does_not_fit(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """«Давайте другой день», «меня не будет»: what is agreed on does not fit, and no day is named yet."""
    dated = [task for task in scene.open if task.due is not None]
    if not dated or not (_is_unfit(clause) or (clause.has("lets") and clause.forms & _TIMES)):
        return False
    return moves.add(clause, scene.nudge(dated[-1], "unfit"))


def _is_unfit(clause: Clause) -> bool:
    """«Меня не будет», «завтра не смогу», "tomorrow doesn't work": the day that is named is one that does not fit."""
    if clause.has("away"):
        return True
    unfit = any(one.word.form in _FITS for one in clause.behind(NO))
    return not clause.asked and (unfit or any(one.word.form in _WORKS for one in clause.behind(_NOT)))


def _along(scene: Scene, target: Task, due: Due) -> list[Change]:
    """The promises made for it move along, and what it was promised for."""
    bound = [*linker.serving(scene.open, target), *(task for task in scene.open if task.key == target.related)]
    dated = [task for task in bound if task.due is not None]
    return [Change(task.key, scene.message.key, "redate", 0.8, None, due) for task in dated]
