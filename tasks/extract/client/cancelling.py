"""Withdrawn: «отбой», «счёт уже не нужен», "plans changed"."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.client.keeping import keeps
from tasks.extract.client.moves import Moves
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token, tokens
from tasks.extract.model import Task
from tasks.extract.scene import Scene
from tasks.extract.speech.orders import order_in

_THANKS, _YOU = lexicon("thanks"), lexicon("you_all")
_IT, _US = lexicon("it"), lexicon("us")
_BEGINNINGS, _COMES = lexicon("verb_beginnings"), lexicon("comes_at_all")
# What is asked for has one of these forms.
_ASKED = Flag.INF | Flag.IMPR | Flag.FUT1 | Flag.FUT2
_WE_DO = Flag.PRES1 | Flag.FUT1 | Flag.IMPR
# How sure it is that with a part the whole is taken back: a suggestion.
_PERHAPS = 0.45
# So many letters verbs of one root share, whatever their aspect.
_ALIKE = 5
# And so many, without what they begin with, where the thing is named too; and beginnings that turn no sense.
_SAME, _OF_ALL = 2, {"", "до", "за"}
# How far from a verb what it is about may stand.
_NEAR = 6
# Cues so sure need not name what they take back.
_WHATEVER = 0.95


def cancels(scene: Scene, clause: Clause, moves: Moves) -> bool:
    """Whether the clause takes back what was asked; the promises made for that go with it."""
    if clause.asked or clause.has("away"):
        # «Суббота отпадает» takes back no more than the day.
        return False
    again = clause.has("cancel") and moves.cancelled
    if again and linker.best(scene.context.tasks, clause.content) is None:
        # «Развал не делайте, передумал»: why he does not want it takes back no more than that.
        return moves.add(clause)
    targets = _targets(scene, clause) if clause.has("cancel") else _refused(scene, clause)
    if targets and keeps(scene, clause, targets):
        return moves.add(clause)
    for task in targets:
        if linker.is_part(task, clause.content):
            # «Забронируйте столик и такси» — «такси не надо»: somebody has to say what is left of it.
            moves.add(clause, scene.close(task, "cancel", _PERHAPS, "cancelled"))
            continue
        gone = [task, *linker.serving(scene.open, task)]
        moves.add(clause, *(scene.close(one, "cancel", 0.85, "cancelled") for one in gone))
    return bool(targets)


def _targets(scene: Scene, clause: Clause) -> list[Task]:
    pool = [
        task for task in scene.context.tasks
        if task.status not in {"cancelled", "rejected"} and task.promised_by is None
        # What was answered is answered.
        and not (task.closed and task.kind == "question")
    ]  # fmt: skip
    if any(one.forms & _THANKS for one in scene.clauses):
        # «Спасибо, больше ничего не нужно» takes back nothing that is done.
        pool = [task for task in pool if not task.closed]
    named = linker.best(pool, clause.content) or _of_that_day(scene, clause, pool)
    if named is not None:
        return [named]
    if beside := _promised(scene, clause) or _asked_beside(scene, clause, pool) or _named_before(scene, clause, pool):
        return beside
    if clause.content & content_of(one for one in scene.other_clauses if one.has("offer")):
        # «Можем откатить» — «откатывать не надо»: no more than what was offered.
        return []
    return _whatever_it_is(scene, clause, pool)


def _whatever_it_is(scene: Scene, clause: Clause, pool: Sequence[Task]) -> list[Task]:
    """What is taken back by a clause that does not name it."""
    # «Отмените, хозяин против»: behind a comma stands why.
    near = {token for hit in clause.found["cancel"] for token in _around(clause, hit.start)}
    named = _names_something([token for token in clause.beside("cancel") if token in near])
    if order_in(clause) is not None and not _takes_it_back(scene, clause) and named:
        # «Отмените заказ 77» asks for something itself.
        return []
    verbs = [token for token in clause.beside("cancel") if token.word.flags & Flag.INF]
    lemmas = {lemma for one in verbs for lemma in one.word.lemmas}
    if verbs and not lemmas & _COMES:
        # «Красить её не надо», where it is to be mended.
        roots = content.of_words(verbs)
        return [task for task in pool if not _verbs_of(task) or _is_its_verb(task, roots, lemmas)][-1:]
    if _takes_all_back(clause) or not named:
        own = [task for task in scene.open if task.promised_by == "client"]
        return _latest([task for task in pool if task.kind != "complaint" or not task.closed] or own)
    return []


def _asked_beside(scene: Scene, clause: Clause, pool: Sequence[Task]) -> list[Task]:
    """«Конференция отменяется»: what was asked for in the message that spoke of it."""
    said = {
        one.key for one in scene.context.before if content.of_words(clause.beside("cancel")) & content.of_text(one.text)
    }
    return [task for task in pool if task.source in said and not task.closed][-1:]


def _promised(scene: Scene, clause: Clause) -> list[Task]:
    """«Инженера не надо»: the help that was promised, whatever is to become of the trouble."""
    theirs = [task for task in scene.open if task.promised_by == "operator"]
    named = linker.best(theirs, content.of_words(clause.beside("cancel")))
    return [named] if named else []


def _named_before(scene: Scene, clause: Clause, pool: Sequence[Task]) -> list[Task]:
    """«Бумага нашлась, не надо»: what the sentence spoke of right before."""
    before = [one for one in scene.sentences[clause.sentence] if one.end <= clause.start][-1:]
    named = linker.best(pool, before[0].content) if before and not clause.content else None
    return [named] if named else []


def _refused(scene: Scene, clause: Clause) -> list[Task]:
    """«Второй номер тогда не подключаем»: the request's own verb, which the client will not have done."""
    told = _WE_DO if clause.forms & _YOU else _WE_DO | Flag.PRES2
    denied = set(clause.behind(NO))
    places = [at for at, token in enumerate(clause.words) if token in denied and token.word.flags & told]
    verbs = [clause.words[at] for at in places]
    if not verbs:
        return []
    roots = content.of_words(verbs)
    # «Лук в суп не кладите» is not about the salad; and what is reported done is refused only by its name.
    things = content.of_words(token for at in places for token in _around(clause, at)) - roots
    lemmas = {lemma for verb in verbs for lemma in verb.word.lemmas} if things else set()
    asked = [
        task for task in scene.context.tasks
        if task.kind == "request" and (not task.closed or (things and task.status == "done"))
        and things <= linker.about(task) and (_is_its_verb(task, roots, lemmas) or (things and not roots))
    ]  # fmt: skip
    return asked[-1:]


def _around(clause: Clause, at: int) -> list[Token]:
    """The words around one of a clause, up to the next sign: «фату не дошивайте 🙈 нашлась другая»."""
    first, last = at, at + 1
    while first > at - _NEAR and first and clause.words[first].start - clause.words[first - 1].end == 1:
        first -= 1
    end = min(len(clause.words), at + _NEAR)
    while last < end and clause.words[last].start - clause.words[last - 1].end == 1:
        last += 1
    return clause.words[first:last]


def _is_its_verb(task: Task, roots: frozenset[str], lemmas: set[str]) -> bool:
    """Whether one of the verbs is what was asked for: вызвать and вызывать, приклеить and клеить."""
    if any(_akin(root, other) for root in roots for other in linker.about(task)):
        return True
    return any(_is_of_one(lemma, other) for lemma in lemmas for other in _verbs_of(task))


def _verbs_of(task: Task) -> set[str]:
    said = [token.word for span in task.evidence for token in tokens(span.text, 0, len(span.text))]
    return {lemma for word in said if word.flags & _ASKED for lemma in word.lemmas}


def _akin(one: str, other: str) -> bool:
    """Whether two roots are of one verb."""
    short = min(len(one), len(other), _ALIKE)
    return short > 2 and one[:short] == other[:short] and abs(len(one) - len(other)) <= 2


def _is_of_one(denied: str, asked: str) -> bool:
    """Whether a verb is another one but for its beginning; «не выключайте» is none where it was to be switched on."""
    begins, verb = _split(denied)
    other_begins, other = _split(asked)
    return verb[:_SAME] == other[:_SAME] and (begins in _OF_ALL or not other_begins)


def _split(verb: str) -> tuple[str, str]:
    """What a verb begins with, and the rest."""
    cut = (at for at in range(4, 0, -1) if verb[:at] in _BEGINNINGS and len(verb) - at > _SAME)
    at = next(cut, 0)
    return verb[:at], verb[at:]


def _of_that_day(scene: Scene, clause: Clause, pool: Sequence[Task]) -> Task | None:
    """«Отмените пятницу»: what was to be on the day that is named."""
    due = scene.own_due(clause)
    return next((task for task in reversed(pool) if due and task.due and task.due.date == due.date), None)


def _takes_all_back(clause: Clause) -> bool:
    return any(hit.cue.weight >= _WHATEVER for hit in clause.found["cancel"])


def _takes_it_back(scene: Scene, clause: Clause) -> bool:
    """ "Leave it in after all", «вычеркните меня из бачаты»: it speaks of what was asked for."""
    said = {token.word.form for hit in clause.found["cancel"] for token in clause.words[hit.start : hit.end]}
    if not _US.isdisjoint(said):
        things = content.of_words(clause.beside("cancel"))
        # «Уберите меня из рассылки» asks for something itself.
        return not things or any(not things.isdisjoint(linker.about(task)) for task in scene.context.tasks)
    return not _IT.isdisjoint(said)


def _names_something(words: Sequence[Token]) -> bool:
    return any(_is_name(token) for token in words)


def _is_name(token: Token) -> bool:
    word = token.word
    if word.flags & Flag.LATIN:
        return bool(content.of_words([token]))
    thing = word.flags & (Flag.NOUN | Flag.ADJ) and not word.flags & (Flag.PRED | Flag.PRCL)
    return bool(thing) and not content.is_common(word.form)


def _latest(pool: Sequence[Task]) -> list[Task]:
    """What the newest message with tasks in the pool asked for."""
    standing = [task for task in pool if not task.closed] or [task for task in pool if task.status == "done"]
    newest = max((task.source for task in standing), default=None)
    return [task for task in standing if task.source == newest]
