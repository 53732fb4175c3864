"""A client's message as a whole: first what it does to known tasks, then what it asks for beside."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.client.cancelling import cancels
from tasks.extract.client.confirming import confirms, delivers, is_glad
from tasks.extract.client.findings import Finding, findings_of, hurried
from tasks.extract.client.merging import merged
from tasks.extract.client.moves import Moves
from tasks.extract.client.offers import acceptance, offered_due, other_day, taken_up
from tasks.extract.client.redating import redates
from tasks.extract.client.turns import placed
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import Change, Task, TaskChange
from tasks.extract.scene import Scene
from tasks.extract.speech.orders import order_in

_HANDED, _ALSO, _ASIDE = lexicon("handed"), lexicon("also"), lexicon("aside")
_WHERE = lexicon("where")
_YES, _SAYS_YES, _FETCHING = lexicon("yes"), lexicon("says_yes"), lexicon("fetching")
# How sure it is that somebody should look at what is known to be nothing, and at nothing else.
_GUESS = 0.4
_NOTHING = (
    "social", "praise", "attention", "ping", "vague", "hypothetical", "threat", "rhetorical", "mine", "cancel", "fine",
    "one_moment",
)  # fmt: skip
# Words of a clause that asks for an answer and names hardly what.
_SHORT = 5
_LITTLE = 2
# A sign of an advert that needs no other.
_PLAIN = 0.95


def read(scene: Scene) -> list[TaskChange]:
    """The changes a client's message makes."""
    clauses = scene.clauses
    if not clauses or any(clause.has("automatic") for clause in clauses) or _is_advert(clauses):
        return []
    moves = _moves(scene)
    left = [clause for clause in clauses if clause not in moves.used and not _is_reason(scene, clause, moves)]
    # Who has named another day has taken it up already.
    offer = None if moves.redates else taken_up(scene)
    answering = not scene.turn and _was_asked(scene.other_clauses)
    found = findings_of(
        scene,
        left,
        answering=answering,
        glad=frozenset(one.sentence for one in moves.used) if moves.confirm else frozenset(),
    )
    found = hurried(scene, left, merged(found))
    changes: list[TaskChange] = [*moves.changes, *_accepted(scene, found, offer)]
    changes += _placed(scene, found, moves)
    if changes or answering or moves.used or offer:
        return changes
    return _guess(scene, left)


def _is_advert(clauses: Sequence[Clause]) -> bool:
    """Whether somebody sells something: a sure sign of it, or two, for one that is not may be chance."""
    signs = [hit.cue.weight for clause in clauses for hit in clause.found.get("advert", ())]
    return len(signs) > 1 or max(signs, default=0.0) >= _PLAIN


def _moves(scene: Scene) -> Moves:
    """What the message does to the tasks of the dialog."""
    moves = Moves()
    if scene.context.tasks:
        # What he sent himself is not what he got: «прикрепил» keeps his own word first.
        for clause in scene.clauses:
            any(move(scene, clause, moves) for move in (cancels, redates, delivers, confirms, is_glad, _asks_again))
    return moves


def _is_reason(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """«У нас холл затопило, давайте лучше в субботу», «показ отменяем, район не понравился»: why is no trouble."""
    ordered = order_in(clause)
    if ordered is not None and ordered in clause.behind(NO) and moves.cancelled:
        # «Ложная тревога, не пинайте»
        return True
    if not clause.has("problem", "lack") or clause.asked or ordered is not None:
        return False
    if clause.lead in _ALSO or clause.forms & _ASIDE:
        # «Перенесите на субботу, и ещё у стула отвалилась ножка»
        return False
    beside = any(one in moves.used for one in scene.sentences[clause.sentence])
    leads_up = clause.start < min((one.start for one in moves.used), default=0)
    return (moves.redates and (beside or leads_up)) or (moves.cancelled and beside)


def _asks_again(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """«Ну что там?», «так и жду прайс»."""
    if not scene.open or not clause.has("ping"):
        return False
    lemmas = clause.content
    target = linker.best(scene.open, lemmas)
    if target is None and lemmas and len(clause.words) > _SHORT:
        return False
    return moves.add(clause, scene.nudge(target or scene.open[-1]))


def _was_asked(clauses: Sequence[Clause]) -> bool:
    """Whether the other side asked or told the client to do something."""
    return any(clause.asked or order_in(clause) is not None for clause in clauses)


def _accepted(scene: Scene, found: list[Finding], offer: Clause | None) -> list[TaskChange]:
    """What taking up an offer comes to; an order that says no more is taken out of what was found, and one that says
    more gets the offer's day."""
    if offer is None:
        return []
    asked = other_day(scene)
    found[:] = [one for one in found if one.clause is not asked]
    order = next((one for one in found if one.kind == "request"), None)
    comes_to = acceptance(scene, offer)
    if order is None:
        return comes_to
    first = order.clause is scene.clauses[0]
    more = order.lemmas - offer.content - _SAYS_YES
    if not first and more and order.clause.lead in _ALSO and scene.clauses[0].forms & _YES:
        # "Yes do. And put us down for two bikes"
        return comes_to
    if len(order.lemmas) <= _LITTLE and (first or isinstance(comes_to[0], Change)):
        # «Занимайте!» says nothing that the offer did not.
        found.remove(order)
        return comes_to
    if first and order.due is None:
        found[found.index(order)] = order._replace(due=offered_due(scene, offer))
    return []


def _placed(scene: Scene, found: Sequence[Finding], moves: Moves) -> list[TaskChange]:
    """The findings as tasks; a question after what the same message asks for again is none of its own."""
    taken: set[int] = set()
    changes: list[TaskChange] = []
    for one in found:
        known = linker.best(scene.open, one.lemmas)
        if one.kind == "question" and _is_nudged(scene, one, known, moves):
            continue
        if known is not None and _asks_where(scene, one, known):
            changes.append(scene.nudge(known))
            continue
        if one.clause.has("wait_for") and known is not None and known.source not in scene.turn_keys:
            # «Жду про стекло»: what is waited for is known.
            changes.append(scene.nudge(known))
        elif one.kind == "request" and (again := _same_request(scene, one)) is not None:
            changes.append(again)
        elif one.kind == "question" and not one.lemmas and scene.open:
            # «Подскажете всё-таки?»
            changes.append(scene.nudge(scene.open[-1]))
        else:
            changes.append(placed(scene, one, taken))
    return changes


def _is_nudged(scene: Scene, one: Finding, known: Task | None, moves: Moves) -> bool:
    """Whether it asks once more what the message has asked: «ну что там, завтра забирать можно?»"""
    if known is None:
        things = any(token.word.flags & Flag.NOUN for token in scene.undated(one.clause))
        return bool(moves.nudged) and not things and bool(one.clause.lemmas & _FETCHING)
    return known.key in moves.nudged


def _asks_where(scene: Scene, one: Finding, known: Task) -> bool:
    """«Ну и где мой план?», where the plan was asked for before."""
    if one.kind != "question" or known.kind == "question" or known.source in scene.turn_keys:
        return False
    return bool(one.lemmas) and one.lemmas <= linker.about(known) and bool(one.clause.forms & _WHERE)


def _same_request(scene: Scene, one: Finding) -> Change | None:
    """The very words of a request that stands open: it is waited for, by another day if that is named."""
    asked = [task for task in scene.open if task.kind == "request" and task.source != scene.message.key]
    same = [task for task in asked if one.lemmas and content.of_text(task.evidence[0].text) == one.lemmas]
    if not same:
        return None
    moved = one.due is not None and one.due != same[-1].due
    return scene.redate(same[-1], one.due) if moved and one.due else scene.nudge(same[-1])


def _guess(scene: Scene, left: Sequence[Clause]) -> list[TaskChange]:
    """Something was said that is not known to be nothing: somebody should look at it."""
    if any(clause.has("cancel") for clause in left):
        # «Забудьте, уже нашёл» wants nothing.
        return []
    idle = {clause.sentence for clause in left if clause.has("hypothetical", "attention", "rhetorical")}
    saying = (
        clause for clause in left
        if clause.sentence not in idle and clause.content and not _says_nothing(clause)
    )  # fmt: skip
    first = next((clause for clause in saying if not scene.open or _is_news(scene, clause)), None)
    if first is None:
        return []
    due = None if first.flags & Flag.PAST else scene.due_in(first, deadline=True)
    return [Finding("request", (first,), _GUESS, "guess", due=due).task(scene)]


def _says_nothing(clause: Clause) -> bool:
    """Whether it is known to be nothing; «прилагаю договор» is no more than that."""
    return clause.has(*_NOTHING) or any(
        token.word.flags & Flag.PRES1 and _HANDED.intersection(token.word.lemmas) for token in clause.words
    )


def _is_news(scene: Scene, clause: Clause) -> bool:
    """Whether it is about something, and that is none of the open tasks."""
    lemmas = clause.content
    return len(lemmas) > _LITTLE and linker.best(scene.open, lemmas) is None
