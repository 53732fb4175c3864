"""Findings: what the clauses of a client's message ask for."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.extract.client.idle import asks_nothing, mood_of
from tasks.extract.language import content
from tasks.extract.language.clauses import NO, SENTENCE, Clause, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.model import Due, Kind, New, Side
from tasks.extract.scene import Scene
from tasks.extract.speech import titles
from tasks.extract.speech.judge import Verdict, judge
from tasks.extract.speech.promises import Promise, Setting, promise_in
from tasks.extract.speech.sharing import shares

_REMIND, _ME, _ALSO = lexicon("remind"), lexicon("me"), lexicon("also")
_URGENT, _ANNOUNCING = lexicon("urgent"), lexicon("announcing")
# How a thing that is wanted by a day is named.
_BY, _DASHES = ("к ", "ко ", "не поз", "by "), ("—", "–", "-", ":")
_THAT = lexicon("so_that")
_IDLE = ("social", "praise", "advert", "automatic", "away", "vague", "hypothetical", "cancel", "redate", "report")
_UNDOING = lexicon("undoing")
_FORGET, _IN_TIME = lexicon("forget"), lexicon("in_time")
_AHEAD, _CAN_DO = lexicon("go_ahead"), lexicon("can_do")
# Words of a question that is about no more than a day.
_FEW = 2
# A title with less than so many characters has room for what the thing is about.
_BRIEF = 40


class Finding(NamedTuple):
    """One thing that is wanted, and the clauses that say so; the first of them says it.

    It is `bare` if it names nothing but what is to be done with it, and by when.
    """

    kind: Kind
    clauses: tuple[Clause, ...]
    confidence: float
    rule: str
    verb: Token | None = None
    due: Due | None = None
    service: bool = False
    why: bool = False
    promised_by: Side | None = None
    bare: bool = False

    @property
    def clause(self) -> Clause:
        """The clause that says what is wanted."""
        return self.clauses[0]

    @property
    def lemmas(self) -> frozenset[str]:
        """What it is about."""
        return content_of(self.clauses) if len(self.clauses) > 1 else self.clause.content

    def task(self, scene: Scene) -> New:
        """The finding as a new task."""
        spans = tuple(scene.span(clause) for clause in self.clauses)
        return New(
            self.kind, self._title(scene.message.text), self.confidence, scene.message.key, spans, self.due,
            self.promised_by, high=any(clause.forms & _URGENT for clause in self.clauses), rules=(self.rule,),
        )  # fmt: skip

    def _title(self, text: str) -> str:
        verb = self.verb or titles.wanted(self.clause)
        if self.kind == "request" and verb is not None:
            own = titles.infinitive(self.clause, verb, text)
            about = [text[clause.start : clause.end] for clause in self.clauses[1:]]
            return titles.tidy(" — ".join([own, *about])) if len(own) < _BRIEF else own
        if self.kind == "request" and len(self.clauses) == 1 and (sent := _thing(self.clause, text)):
            return sent
        said = [titles.words(clause, text) for clause in sorted(self.clauses, key=lambda one: one.start)]
        return titles.said(titles.lead(self.kind, text), said)


def _thing(clause: Clause, text: str) -> str | None:
    return titles.awaited(clause, text) or titles.needed(clause, text)


def findings_of(scene: Scene, clauses: Sequence[Clause], *, answering: bool, glad: frozenset[int]) -> list[Finding]:
    """What these clauses of the client's ask for, one by one.

    `answering` says that the operator asked for something right before; in the sentences that are `glad` the client
    says that something is done.
    """
    mood = mood_of(scene, clauses, answering=answering, glad=glad)
    found: list[Finding] = []
    for clause in clauses:
        due = _due(scene, clause, found)
        promise = promise_in(clause, Setting("client", due is not None, answering))
        verdict = judge(clause) or _by_a_day(scene, clause)
        if scene.quotes(clause.start) and promise is not None:
            # «Менеджер писал: „перезвоним завтра“»
            continue
        if promise is not None and (
            verdict is None or verdict.kind == "complaint" or verdict.rule.startswith("question.")
        ):
            found += [_promised(scene, one, promise, due) for one, due in _shared(scene, clause, due)]
        elif verdict is not None and not asks_nothing(scene, clause, verdict, mood):
            shared = _shared(scene, clause, due)
            if len(shared) > 1:
                verdict = verdict._replace(verb=verdict.verb or titles.wanted(clause))
            found += [_finding(scene, one, verdict, due) for one, due in shared]
    return found


def _due(scene: Scene, clause: Clause, found: Sequence[Finding]) -> Due | None:
    """The day the clause names or gets from its sentence, unless something else in that is wanted by then."""
    due = scene.due_in(clause)
    if due is None or scene.own_due(clause) is not None:
        return due
    taken = any(one.due == due and one.clause.sentence == clause.sentence for one in found[-SENTENCE:])
    return None if taken else due


def _shared(scene: Scene, clause: Clause, due: Due | None) -> list[tuple[Clause, Due | None]]:
    """The pieces of the clause with a day each."""
    pieces = shares(clause, scene.dates_in(clause), scene.message.text)
    return [(one, scene.own_due(one)) for one in pieces] if len(pieces) > 1 else [(clause, due)]


def _by_a_day(scene: Scene, clause: Clause) -> Verdict | None:
    """«Макет — к понедельнику», «чтоб к четвергу смета лежала у меня»: a thing, and when it is to be there."""
    told = clause.flags & (Flag.FINITE | Flag.INF | Flag.PART | Flag.PRED)
    if clause.asked or (told and not (clause.forms & _THAT and told == Flag.PAST)) or clause.has(*_IDLE):
        return None
    text = scene.message.text
    days = [when for when in scene.dates_in(clause) if when.role == "deadline"]
    wanted = any(one.phrase.lower().startswith(_BY) or text[: one.start].rstrip().endswith(_DASHES) for one in days)
    things = [token for token in scene.undated(clause) if token.word.flags & Flag.NOUN]
    return Verdict("request", 0.7, "thing.by") if wanted and content.of_words(things) else None


def hurried(scene: Scene, clauses: Sequence[Clause], found: Sequence[Finding]) -> list[Finding]:
    """With the deadlines that stand in clauses of their own: «I need the catalogue. Friday at the latest.»"""
    hurry = list(found)
    said = {clause for one in found for clause in one.clauses}
    for clause in clauses:
        if clause in said or clause.flags & Flag.PAST:
            continue
        before = [at for at, one in enumerate(hurry) if one.clause.start < clause.start and one.kind == "request"]
        if before and hurry[before[-1]].due is None and (due := scene.due_in(clause, deadline=True)):
            hurry[before[-1]] = hurry[before[-1]]._replace(due=due)
    return hurry


def _promised(scene: Scene, clause: Clause, promise: Promise, due: Due | None) -> Finding:
    """With what he does for it first: «размеры сниму и пришлю в понедельник»."""
    before = [one for one in scene.sentences[clause.sentence] if one.end <= clause.start][-1:]
    also = [one for one in before if clause.lead in _ALSO and one.flags & Flag.FUT1 and not one.asked]
    return Finding(
        "commitment", (clause, *also), promise.confidence, promise.rule, promise.verb, due, promised_by="client"
    )


def _finding(scene: Scene, clause: Clause, verdict: Verdict, due: Due | None) -> Finding:
    if _is_reminder(scene, clause, verdict):
        verdict = verdict._replace(kind="request")
    if verdict.kind in {"question", "complaint"}:
        # Only a deadline for the answer counts: «ответьте до пятницы», not «вы работаете в пятницу?».
        asks = clause.has("ask") or verdict.rule == "order.tell" or bool(clause.lemmas & _IN_TIME)
        due = scene.due_in(clause, deadline=True) if asks else None
    if ".paper." in verdict.rule or (".nominal." in verdict.rule and clause.lemmas & _UNDOING):
        # «Прайс на 2026 год» is not wanted by its end, nor «отмена записи на среду» on it.
        due = scene.due_in(clause, deadline=True)
    if verdict.verb in clause.behind(NO) and not clause.lemmas & _FORGET:
        # «Не запускайте до девяти» is for always.
        due = None
    # «Есть такая просьба», «подскажите»: what is asked for stands beside.
    announces = verdict.kind == "question" or bool(clause.lemmas & _ANNOUNCING)
    # So is it behind "please go ahead".
    spare = _AHEAD if clause.forms >= _AHEAD else frozenset()
    said = [token for token in scene.undated(clause) if not _ANNOUNCING.intersection(token.word.lemmas)]
    polite = not clause.beside("ask")
    service = verdict.service or ((announces or polite or bool(spare)) and not content.of_words(said) - spare)
    # «Нужен план, раздобудете?»
    service = service or (verdict.rule == "you.will" and len(clause.words) == 1)
    bare = not content.of_words(token for token in said if token is not verdict.verb)
    if _says_when(scene, clause, verdict) and (day := scene.own_due(clause)) is not None:
        due, service = day, True
    return Finding(
        verdict.kind, (clause,), verdict.confidence, verdict.rule, verdict.verb, due, service, verdict.why, bare=bare
    )  # fmt: skip


def _says_when(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """«Сможете в среду?»: no more than by when what is asked for beside is wanted."""
    able = any(token.word.flags & Flag.FUT2 and _CAN_DO.intersection(token.word.lemmas) for token in clause.words)
    return verdict.kind == "question" and clause.asked and able and len(scene.undated(clause)) <= _FEW


def _is_reminder(scene: Scene, clause: Clause, verdict: Verdict) -> bool:
    """«Напомните в понедельник», «напомните мне за день до визита»: it asks for no answer."""
    if verdict.verb is None or not _REMIND.intersection(verdict.verb.word.lemmas) or clause.has("qword"):
        return False
    idle = {at for hit in clause.found.get("social", ()) for at in range(hit.start, hit.end)}
    behind = [
        token.word for at, token in enumerate(clause.words)
        if token.start > verdict.verb.start and at not in idle and token.word.form not in _ME
    ]  # fmt: skip
    return scene.own_due(clause) is not None or bool(behind and behind[0].flags & Flag.PREP)
