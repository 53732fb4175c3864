"""What only sounds withdrawn: «добавить открытку?» — «не надо», «до обеда не звоните», «если заболею, отменю»."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import Task
from tasks.extract.scene import Scene
from tasks.extract.speech.judge import stays

_IF, _OR_NOW, _LIMITS, _ONLY = lexicon("if"), lexicon("if_still"), lexicon("limits"), lexicon("only")
_WHAT, _UNTIL = lexicon("what_or_when"), ["пока", "не"]
_JUST = lexicon("just_now")
_WILL_BE_DONE = lexicon("taking") | lexicon("booking")
# So many words tell what a condition is of.
_BEHIND_IF = 5
_NOTHING_MORE = (lexicon("nothing_more"), lexicon("nothing_else"))
_NO, _BY_NOW, _STILL = lexicon("no"), lexicon("no_more"), lexicon("still_wanted")


def keeps(scene: Scene, clause: Clause, asked: Sequence[Task]) -> bool:
    """Whether a clause that denies something takes back nothing of what was asked."""
    return (
        (any(clause.forms >= words for words in _NOTHING_MORE) and not _withdraws(clause))
        or stays(clause)
        or is_conditional(scene, clause)
        or _limits(scene, clause, asked)
        or _answers_aside(scene, clause, asked)
    )


def is_conditional(scene: Scene, clause: Clause) -> bool:
    """Whether it hangs on something: «если заболею, отменю»; but «если ещё не отправили, отмените» takes back."""
    so_far = [one for one in scene.sentences[clause.sentence] if one.start <= clause.start]
    begins = len(so_far) > 1 or len(clause.behind(NO)) > 1
    ifs = [
        one for one in so_far
        if any(token.word.form in _IF for token in one.words[:2])
        # «Пока не позвоню, не мойте»; «пока не надо» only says for now.
        or (begins and [token.word.form for token in one.words[:2]] == _UNTIL)
    ]  # fmt: skip
    return bool(ifs) and not any(_is_of_now(one) for one in ifs)


def _is_of_now(condition: Clause) -> bool:
    """«Если можно», «если эвакуатор ещё не выехал»."""
    said = any(token.word.form in _OR_NOW for token in condition.words[:_BEHIND_IF])
    return said or any(token.word.flags & Flag.PAST for token in condition.behind(NO))


def _limits(scene: Scene, clause: Clause, asked: Sequence[Task]) -> bool:
    """«Раньше десяти не приезжайте», «мужу не звоните, только мне»: when, where or how it is not to be done."""
    if not any(token.word.flags & Flag.IMPR for token in clause.behind(NO)):
        return False
    only = any(_says_only(one) for one in scene.sentences[clause.sentence])
    days = {when.date for when in scene.dates_in(clause)}
    other_day = bool(days) and not any(task.due and task.due.date in days for task in asked)
    hours = {when.time for when in scene.dates_in(clause) if when.time}
    hour = bool(hours) and not any(task.due and task.due.time in hours for task in asked)
    return only or other_day or hour or bool(clause.forms & _LIMITS)


def _says_only(clause: Clause) -> bool:
    """«Только мне», not «только что»."""
    after = (token.word.form for before, token in clause.pairs if before.word.form in _ONLY)
    return any(form not in _JUST for form in after)


def _answers_aside(scene: Scene, clause: Clause, asked: Sequence[Task]) -> bool:
    """«Детское кресло нужно?» — «не нужно»: the house asked right before, and of nothing that was asked for."""
    # No is no answer to «на какое время?»
    questions = [one for one in scene.other_clauses if (one.asked or one.has("offer")) and not one.forms & _WHAT]
    # «Газету отменить?» — «да, отменяйте»
    repeats = any(clause.content & one.content for one in questions)
    ordered = any(token.word.flags & Flag.IMPR for token in clause.behind(NO))
    answers = repeats or (clause.forms & _NO and not ordered and not _withdraws(clause))
    if sum(one.has("cancel") for one in scene.sentences[clause.sentence]) > 1:
        # «Не надо, передумали»
        return False
    if scene.turn or not answers or clause.forms & _BY_NOW or linker.best(asked, scene.lemmas) is not None:
        return False
    return bool(questions) and not any(_is_about(asked, one, clause.content) for one in questions)


def _withdraws(clause: Clause) -> bool:
    """ "No, please cancel": it takes back by more than a no."""
    said = ({token.word.form for token in clause.words[hit.start : hit.end]} for hit in clause.found.get("cancel", ()))
    return any(_NO.isdisjoint(forms) for forms in said)


def _is_about(asked: Sequence[Task], question: Clause, answered: frozenset[str]) -> bool:
    """«Вам ещё нужен букет?», «оформляем?»"""
    said = content.of_words(one for one in question.words if _WILL_BE_DONE.isdisjoint(one.word.lemmas))
    thing = said - answered
    if question.has("redate"):
        # «Перенести запись на четверг?» — «не надо»
        return False
    if not said:
        # Who only asked what it costs takes nothing back by it.
        return any(task.kind != "question" for task in asked)
    return bool(question.forms & _STILL) or linker.best(asked, thing) is not None
