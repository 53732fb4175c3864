"""Idle: what looks like a wish, a question or a trouble, and asks for nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.scene import Scene
from tasks.extract.speech.judge import Verdict

_UNDO, _LOOK, _BUT, _GUESSING = lexicon("undo"), lexicon("look"), lexicon("but"), lexicon("guessing")
_AMAZED = lexicon("amazed")
_WHEN, _STOP, _IT = lexicon("when"), lexicon("stop"), lexicon("it")
_UNREAL = ("hypothetical", "attention", "threat")
# Rules so strong that they hold beside a joke, a threat or a sigh.
_STRONG = ("order", "ru.ask", "ru.want", "ru.can", "en.ask")
# Cues of taking back that need not name what.
_WHATEVER = 0.95
# Words of a trouble that is more than an answer.
_TELLING = 5
# Words of an answer that is no more.
_SHORT = 3
# What is only not so («адрес не помню») answers, unless it is about more than one thing nobody spoke of.
_LITTLE = 1


class Mood(NamedTuple):
    """How a message sounds as a whole: which of its sentences hardly ask for anything, and which do no more than sigh.

    Whether its trouble is nobody's fault but his own, in which sentences he is glad, and whether he answers.
    """

    idle: set[int]
    sighed: set[int]
    calm: bool
    glad: frozenset[int]
    answering: bool


def mood_of(scene: Scene, clauses: Sequence[Clause], *, answering: bool, glad: frozenset[int]) -> Mood:
    """The mood of a message in these clauses: «что за дела, его нету» is more than a sigh."""
    idle = {one.sentence for one in clauses if one.has(*_UNREAL, "mine", "fine")}
    sighed = {one.sentence for one in clauses if one.has("rhetorical")}
    calm = any(clause.has("mine") for clause in scene.clauses)
    return Mood(idle, sighed - idle, calm, glad, answering)


def asks_nothing(scene: Scene, clause: Clause, verdict: Verdict, mood: Mood) -> bool:
    """Whether nothing comes of what the clause was taken for."""
    glad = clause.sentence in mood.glad and not _but(clause)
    if verdict.kind == "complaint" and (mood.calm or glad or _is_praised(scene, clause)):
        return True
    return (
        _is_idle(clause, verdict, mood)
        or _only_points(scene, clause, verdict)
        or _admires(scene, clause, verdict)
        or _is_quoted(scene, clause, verdict)
        or _echoes(scene, clause)
        or (mood.answering and _answers(scene, clause, verdict))
    )


def _only_points(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """«Гляньте, первый снег!»: the verb of looking stands alone before a comma."""
    verb = verdict.verb
    if verb is None or not _LOOK.intersection(verb.word.lemmas) or scene.troubled:
        return False
    return scene.message.text[verb.end : verb.end + 1] == "," and not clause.has("social", "qword", "askq")


def _admires(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """«Волшебницы мои, муж спросил, кто эта женщина», «гляньте, какой закат»"""
    beside = scene.sentences[clause.sentence]
    shown = beside[0] is not clause and len(beside[0].words) == 1 and bool(beside[0].lemmas & _LOOK)
    return verdict.rule == "question.word" and (shown or any(one.has("praise") for one in beside))


def _is_praised(scene: Scene, clause: Clause) -> bool:
    """«Он волшебник, спина не ноет третью неделю»: a trouble that stands in praise, and against nothing."""
    beside = scene.sentences[clause.sentence]
    return not _but(clause) and any(one.has("praise") for one in beside if one.start < clause.start)


def _is_quoted(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """«Свекровь сказала: „пусть вернут тебе деньги“»: a wish of somebody else's."""
    at = verdict.verb.start if verdict.verb else clause.start
    return verdict.kind == "request" and at != scene.clauses[0].start and scene.quotes(at)


def _echoes(scene: Scene, clause: Clause) -> bool:
    """ "She ate both breakfasts" — "Both?!": a word of the house's, in wonder."""
    if not clause.asked or len(clause.words) > 1 or clause.forms.isdisjoint(_AMAZED):
        return False
    return any(clause.forms <= one.forms for one in scene.other_clauses if not one.asked)


def _is_idle(clause: Clause, verdict: Verdict, mood: Mood) -> bool:
    """Whether it is nothing beside a joke, or takes back what nobody knows of."""
    idle = mood.idle if clause.has("lack") else mood.idle | mood.sighed
    if clause.sentence in idle and not verdict.rule.startswith(_STRONG):
        return True
    if mood.sighed and verdict.kind == "question" and not clause.content:
        # «Ну вот кто так делает? Кто?!»
        return True
    if (mood.calm and verdict.verb in clause.behind(NO)) or (clause.has("mine") and "не" in clause.forms):
        # «Ложная тревога, не пинайте»
        return True
    if not clause.has("cancel"):
        return False
    beside = clause.beside("cancel")
    if verdict.rule.startswith(_STRONG) and clause.lemmas & _UNDO and any(map(_is_named, beside)):
        # «Хочу отменить заказ»: the order is not one of ours.
        return False
    sure = any(hit.cue.weight >= _WHATEVER for hit in clause.found["cancel"])
    return not content.of_words(beside) or (sure and not any(_is_thing(token) for token in beside))


def _is_named(token: Token) -> bool:
    """Whether it is a noun, or may be one in English."""
    word = token.word
    return bool(word.flags & Flag.NOUN) or (bool(word.flags & Flag.LATIN) and word.form not in _STOP | _IT)


def _is_thing(token: Token) -> bool:
    thing = token.word.flags & (Flag.NOUN | Flag.LATIN)
    return bool(thing) and not content.is_common(token.word.form)


def _answers(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """Whether it rather answers what the operator asked."""
    if clause.asked:
        # «Firefox, кажется?»
        return len(clause.words) <= _TELLING and bool(clause.forms & _GUESSING)
    if verdict.rule.startswith(("order", "you.will")):
        return False
    asked = any(one.asked for one in scene.other_clauses)
    if asked and clause.content and clause.content <= scene.other_lemmas:
        # "Aisle or window?" — "window pls"
        return True
    if verdict.kind == "complaint":
        return (asked and _chooses(scene, clause)) or _is_short_of(scene, clause)
    return not clause.has("ask", "want", "can", "askq", "wait_for", "qword")


def _chooses(scene: Scene, clause: Clause) -> bool:
    """ "Which bike is it, the gravel one?" — "gravel, missing bell"; «какого цвета лампочка?» — «мигает жёлтым»."""
    if clause.content & scene.other_lemmas and not clause.flags & (Flag.FINITE | Flag.PART | Flag.PRED):
        return True
    known = any(task.kind == "complaint" for task in scene.open) and len(clause.words) <= _SHORT
    when = any(one.forms & _WHEN for one in scene.other_clauses)
    return known or (when and bool(scene.dates_in(clause)))


def _is_short_of(scene: Scene, clause: Clause) -> bool:
    """«Оплатите счёт» — «Сайт не открывается»: a short trouble answers only with what was asked about."""
    enough = 0 if clause.has("problem") else _LITTLE
    return len(clause.content - scene.other_lemmas) <= enough and len(clause.words) < _TELLING


def _but(clause: Clause) -> bool:
    return clause.has("lack") or clause.lead in _BUT
