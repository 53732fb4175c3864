"""Done: the client says that it works, that it came, or does himself what he promised."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.client.moves import Moves
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, tokens
from tasks.extract.model import Task
from tasks.extract.scene import Scene
from tasks.extract.speech.orders import order_in

_STILL = lexicon("still")
_HANDED, _NOT, _NONE = lexicon("handed"), lexicon("not"), lexicon("none")
_WORKS = lexicon("works")
_ENDS = lexicon("ends")
_AT, _NEIGHBOURS = lexicon("at_somebody"), lexicon("neighbours")
_TRIES, _GOT_IT, _DID = lexicon("tries"), lexicon("got_it"), lexicon("did")
# What says rather how it is than what.
_VERBAL = Flag.PAST | Flag.PART | Flag.PRES1 | Flag.PRES3
_DONE = Flag.PAST | Flag.PART
# Words of a clause that says no more than that it is fine.
_SHORT = 4


def confirms(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """Whether the clause says that something is done."""
    # «Леса отставить, соседи дали свои»
    taken_back = moves.cancelled and any(one in moves.used for one in scene.sentences[clause.sentence])
    if (
        taken_back
        or clause.has("away")
        or _took_note(scene, clause)
        or ((cured := _cured(scene, clause)) is None and not _says_so(clause))
    ):
        return False
    if cured is not None:
        return moves.add(clause, scene.close(cured, "confirmed"))
    target = linker.best(scene.open, clause.content)
    if _is_said_again(scene, clause, moves, target):
        moves.repeats = True
        return moves.add(clause)
    if target is not None and (_in_part(scene, clause, target) or moves.takes_back(target)):
        return moves.add(clause)
    target = target or _unnamed(scene, clause, scene.open)
    if target is None:
        own = any(task.promised_by == "client" for task in scene.open)
        return len(clause.words) <= _SHORT and not (own and clause.lemmas & _HANDED) and moves.add(clause)
    along = [*_met(scene.open, target, clause), *(task for task in scene.open if _was_made_for(task, target))]
    return moves.add(clause, *(scene.close(task, "confirmed", 0.85) for task in [target, *along]))


def _took_note(scene: Scene, clause: Clause) -> bool:
    """ "Got it" behind a promise, «сделала» behind what he was told to do: neither is what he waits for."""
    understood = clause.forms <= _GOT_IT and any(one.has("promise") for one in scene.other_clauses)
    did = bool(clause.forms & _DID) and any(_tells_to_do(one) for one in scene.other_clauses)
    return understood or (did and clause.forms.isdisjoint(_WORKS))


def _tells_to_do(clause: Clause) -> bool:
    """«Попробуйте разморозить» too, which orders nothing of the house."""
    return order_in(clause) is not None or (clause.flags & (Flag.IMPR | Flag.LATIN)) == Flag.IMPR


def _is_said_again(scene: Scene, clause: Clause, moves: Moves, target: Task | None) -> bool:
    """«Дверь починили, всё работает»: the second is about the door too, as what he heard is done is said again."""
    named = linker.best(scene.open, content.of_words(clause.beside("done")))
    if named is None and (moves.confirm or moves.repeats):
        return True
    done = [task for task in scene.context.tasks if task.status == "done"]
    return target is None and (_repeats(scene) or linker.best(done, clause.content) is not None)


def _says_so(clause: Clause) -> bool:
    """Whether it says that something is done, and nothing against it."""
    if clause.asked or not clause.has("done") or clause.forms & _NOT:
        return False
    return clause.has("fine") or not clause.has("lack", "problem")


def _met(standing: Sequence[Task], kept: Task, clause: Clause) -> list[Task]:
    """What a kept promise was made for, where that is what he speaks of."""
    lemmas = clause.content | linker.about(kept)
    settled = _settled_with(standing, kept)
    return [
        task for task in settled
        if task.kind != "request" or linker.overlap(task, lemmas) > linker.LEAST or _same_day(task, kept)
    ]  # fmt: skip


def _same_day(one: Task, other: Task) -> bool:
    return one.due is not None and other.due is not None and one.due.date == other.due.date


def _was_made_for(task: Task, served: Task) -> bool:
    return task.promised_by == "operator" and task.related == served.key


def _unnamed(scene: Scene, clause: Clause, standing: Sequence[Task]) -> Task | None:
    """What is meant where nothing is named; none where he speaks of something else or answers a question."""
    if clause.forms & _WORKS and not scene.dates_in(clause):
        # It is said of a trouble, whatever else he names.
        troubles = [task for task in standing if task.kind == "complaint"]
        if _of_somebody_else(clause):
            return None
        if troubles and (clause.forms & _ENDS or not scene.troubled):
            return _waited_for(scene, troubles)
    other = content.of_words(token for token in clause.beside("done") if not token.word.flags & _VERBAL)
    news = other - scene.other_lemmas
    if len(news) > (1 if _was_tried(scene) else 0) or scene.dates_in(clause) or scene.troubled:
        return None
    return None if any(one.asked for one in scene.other_clauses) else _waited_for(scene, standing)


def _of_somebody_else(clause: Clause) -> bool:
    """«У соседей работает», "my neighbour's is working"; «у нас» is no name."""
    whose = any(before.word.form in _AT and after.word.flags & Flag.NOUN for before, after in clause.pairs)
    return whose or bool(clause.lemmas & _NEIGHBOURS)


def _waited_for(scene: Scene, standing: Sequence[Task]) -> Task | None:
    """What a client means who names nothing: a trouble first, then what is due, then what is newest."""
    pool = [
        task for task in standing
        if task.promised_by != "client" and (task.kind == "complaint" or _was_heard(scene, task))
    ]  # fmt: skip
    return max(pool, key=lambda task: (task.kind == "complaint", scene.late(task), task.source), default=None)


def _was_heard(scene: Scene, task: Task) -> bool:
    """Whether somebody of the house said something since."""
    return task.promised_by is not None or any(
        said.side == "operator" and said.key > task.source for said in scene.context.before
    )


def _in_part(scene: Scene, clause: Clause, target: Task) -> bool:
    """«Подушку привезли. Ножек опять нет!»"""
    return any(linker.overlap(target, one.content) for one in scene.troubled if one is not clause)


def _repeats(scene: Scene) -> bool:
    """Whether the client only says again what the house told him is done."""
    said, told = scene.other_lemmas, {one.key for one in scene.other}
    if any(task.promised_by == "operator" and task.source in told for task in scene.open):
        # What he was told is that it will be.
        return False
    done = [task for task in scene.context.tasks if task.status == "done"]
    return bool(said) and linker.best(done, said, 0.3) is not None


def _cured(scene: Scene, clause: Clause) -> Task | None:
    """«В другом не мигает», «стука нет»: the trouble's own word, with a not beside it that was not there."""
    denied, none = clause.behind(NO), clause.forms & _NONE
    if not (denied or none) or clause.forms & _STILL:
        return None
    for task in scene.open:
        if task.kind != "complaint" or not clause.content & linker.about(task):
            continue
        said = task.evidence[0].text.lower()
        if none and any(rule.startswith("ru.problem") for rule in task.rules) and not _NONE & set(said.split()):
            return task
        if any(_turned(verb, task, said) for verb in denied):
            return task
    return None


def _turned(verb: Token, task: Task, said: str) -> bool:
    """Whether the verb is the trouble's, and had no not before it there."""
    return bool(content.of_words([verb]) & linker.about(task)) and f"не {verb.word.form[:4]}" not in said


# ---- what the client does himself ----


def delivers(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """Whether the client does what he promised: «8 снимков во вложении», «оплатил», the address itself."""
    owed = [task for task in scene.open if task.promised_by == "client" and task.source != scene.message.key]
    if (
        not owed
        or clause.asked
        or _only_tries(clause)
        or (clause.has("lack", "promise") and clause.flags & (Flag.FUT1 | Flag.FUT3))
    ):
        return False
    handed = bool(clause.lemmas & _HANDED) and bool(clause.flags & (Flag.PAST | Flag.PRES1 | Flag.NOUN))
    target = linker.best(owed, clause.content) or (owed[-1] if handed else None)
    if target is None or (target.due is None and not handed and clause.flags & Flag.IMPR):
        return False
    return moves.add(clause, scene.close(target, "delivered"))


def _only_tries(clause: Clause) -> bool:
    """«Ещё не отправила», "I tried to pay"."""
    denied = any(one.word.flags & Flag.PAST for one in clause.behind(NO))
    return denied or not clause.forms.isdisjoint(_TRIES)


# ---- a few glad words ----


def is_glad(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """Whether a few words after the house did something say that it is fine: «пустило», «летает», «вы волшебники»."""
    if (
        clause.asked
        # «Мастера не надо, уже работает» takes back no more than the help.
        or any(moves.takes_back(task) for task in scene.context.tasks if task.promised_by is None)
        or scene.turn
        or clause.has("away", "fact", "cancel", "ask", "want", "qword", "rhetorical")
        or order_in(clause)
    ):
        return False
    if scene.troubled or clause.forms & _NOT or scene.dates_in(clause) or _only_heard(scene, clause):
        return False
    if _took_note(scene, clause):
        return False
    standing = [
        task for task in scene.open
        if task.status == "open" and (task.kind == "complaint" or task.promised_by == "operator")
    ]  # fmt: skip
    late = [task for task in standing if task.kind == "commitment" and scene.late(task)]
    target = None if moves.confirm else _meant(scene, clause, standing, late)
    if target is None or (target.kind == "commitment" and target.due is not None and not scene.late(target)):
        return False
    served = [
        task for task in _settled_with(scene.open, target)
        # «Снег скинули» is about the snow that was to be cleared.
        if task in standing or _asks_for(task, target) or linker.overlap(task, clause.content) > linker.LEAST
    ]  # fmt: skip
    along = [*served, *(task for task in late if task.related == target.key)]
    return moves.add(clause, *(scene.close(task, "confirmed", 0.75) for task in [target, *along]))


def _asks_for(task: Task, kept: Task) -> bool:
    """«Перезвоните», where it was promised that somebody will call."""
    verb = tokens(task.title, 0, len(task.title))[:1]
    return bool(content.of_words(verb) & linker.about(kept))


def _only_heard(scene: Scene, clause: Clause) -> bool:
    """«Поняла, жду»: no more than that he was heard."""
    return scene.waits or (
        clause.has("social") and not clause.has("praise") and not content.of_words(clause.beside("social"))
    )


def _meant(scene: Scene, clause: Clause, standing: Sequence[Task], late: Sequence[Task]) -> Task | None:
    tried = _was_tried(scene)
    if not scene.heard or not (tried or late):
        return None
    if named := linker.best(standing, clause.content):
        return named
    says_little = len(clause.words) <= _SHORT and (clause.flags & (Flag.PAST | Flag.PRES3) or clause.has("praise"))
    answers = any(one.asked for one in scene.other_clauses) and not clause.forms & _WORKS
    if not says_little or clause.has("vague") or answers:
        return None
    troubles = [task for task in standing if task.kind == "complaint"] if tried else []
    return next(reversed(troubles or late), None)


def _was_tried(scene: Scene) -> bool:
    """Whether the house said that it did something, or what the client should do."""
    return any(one.flags & (_DONE | Flag.IMPR) or one.has("done", "report") for one in scene.heard)


def _settled_with(standing: Sequence[Task], target: Task) -> list[Task]:
    """What a kept promise was made for, unless more was promised for it."""
    others = [
        task for task in standing
        if task.kind == "commitment" and task.related == target.related and task.key != target.key
    ]  # fmt: skip
    return [] if others else [task for task in standing if task.key == target.related]
