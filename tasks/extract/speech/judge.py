"""What a clause of the client's is: something to be done, to be answered, or to be put right."""

from collections.abc import Callable
from typing import NamedTuple

from tasks.extract.language import content
from tasks.extract.language.clauses import NO, Clause, is_denied
from tasks.extract.language.cues import may_begin
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.model import Kind
from tasks.extract.speech.orders import order_in

_SERVICE, _TELL, _COMING = lexicon("service"), lexicon("tell"), lexicon("coming")
_ALSO = lexicon("also")
# «Успеете?», «поймёте?» ask for nothing to be done.
_WILL_NOT = lexicon("no_service")
_FORGET, _HOWEVER = lexicon("forget"), lexicon("however")
_DENIALS = lexicon("denials") | lexicon("not_english") | {"no"}
_UNLESS, _IN_TIME = lexicon("unreal"), lexicon("in_time")
_CANCELLING = lexicon("cancelling")
_NONE, _NEEDS = lexicon("no_english"), lexicon("needs")
_EITHER, _YOU = lexicon("asks_which"), lexicon("you_all")
_DO = lexicon("asks_do")
_ME, _YOU_CAN, _CAN_HAVE, _WHY = lexicon("me"), lexicon("you_can"), lexicon("can_have"), lexicon("why")
_TROUBLES = ("problem", "lack", "waits_long")
# Forms of the verb that says what one is to be let do.
_LETS = Flag.FUT1 | Flag.FUT3 | Flag.INF
_TELLING = Flag.PAST | Flag.PRES3 | Flag.FUT3 | Flag.PRED
# Cues and forms beside which a verb in the infinitive is what somebody wants.
_WISHES = ("ask", "want", "can", "vague")
_I_DO = Flag.PRES1 | Flag.FUT1
# What is said of the world as it is not.
_UNREAL = ("hypothetical", "rhetorical", "threat")


class Verdict(NamedTuple):
    """What a clause is, how sure that is, and by which rule.

    A `service` verb and a `why` belong to the problem or the question beside them.
    """

    kind: Kind
    confidence: float
    rule: str
    verb: Token | None = None
    service: bool = False
    why: bool = False


Rule = Callable[[Clause], Verdict | None]
# What ends the search: the clause asks for nothing, whatever the rules behind would say.
_NOTHING = Verdict("request", 0.0, "nothing")


def judge(clause: Clause) -> Verdict | None:
    """What the clause asks of the company, None if nothing: the first rule that knows it."""
    for rule in _RULES:
        if (verdict := rule(clause)) is not None:
            return None if verdict is _NOTHING else verdict
    return None


# ---- orders ----


def _machine(clause: Clause) -> Verdict | None:
    return _NOTHING if clause.has("automatic") else None


def stays(clause: Clause) -> bool:
    """«Только не отменяйте», "I won't cancel": that nothing is to change."""
    if not clause.lemmas & _CANCELLING:
        return False
    taken_back = [at for at, token in enumerate(clause.words) if _CANCELLING.intersection(token.word.lemmas)]
    return any(is_denied(clause.words, at) for at in taken_back)


def _stays(clause: Clause) -> Verdict | None:
    return _NOTHING if stays(clause) else None


def _order(clause: Clause) -> Verdict | None:
    verb = None if clause.has("hypothetical") else order_in(clause)
    if verb is None:
        return None
    waits = verb.word.form == "let" and clause.has("one_moment", "vague")
    if waits or verb not in clause.beside("one_moment"):
        # "Let me sleep on it", "hold on"
        return _NOTHING
    thanks = clause.has("praise") and "передать" in verb.word.lemmas
    if thanks or (clause.has("attention") and not clause.has("ask")):
        return _NOTHING
    if _TELL.intersection(verb.word.lemmas) or (verb.word.form == "let" and clause.has("askq")):
        return Verdict("question", 0.9, "order.tell", verb)
    if _SERVICE.intersection(verb.word.lemmas):
        return Verdict("request", 0.75, "order.service", verb, service=True)
    return Verdict("request", 0.92, "order", verb)


# ---- wishes and questions ----


def _told_to_know(clause: Clause) -> Verdict | None:
    if clause.has(*_UNREAL) and not clause.has("ask", "want") and (clause.has("rhetorical") or not clause.has("can")):
        return _NOTHING
    if clause.has("askq") and not clause.has("attention", "done", "cancel", "settle"):
        return _by(clause, "question", "askq")
    return _NOTHING if clause.has("vague") and not (_asks(clause) or clause.has(*_TROUBLES)) else None


def _wish(clause: Clause) -> Verdict | None:
    sense = next((sense for sense in ("ask", "want", "wait_for") if clause.has(sense)), None)
    if sense is None:
        return None
    if sense == "wait_for" and clause.has("waits_long"):
        return None
    told = (token for token in clause.words if token.word.flags & Flag.INF)
    if sense == "ask" and any(_TELL.intersection(token.word.lemmas) for token in told):
        # «Просим сообщить, кто будет подписывать», «просим подтвердить остатки»
        found = _by(clause, "question" if clause.has("qword") else "request", "ask")
        return found and found._replace(service=found.kind == "request")
    denied = clause.has("cancel") and clause.forms & _DENIALS and not clause.lemmas & _FORGET
    if sense == "ask" and (denied or _need_not(clause)):
        # «Упаковка не нужна», where nobody knows of any; "no need to wrap them".
        return _NOTHING
    if _only_comes(clause) or (sense == "wait_for" and not clause.content) or _only_in_time(clause, sense):
        return _NOTHING
    # «Нужно ли …?», «надо приносить паспорт?»
    first = {token.word.form for token in clause.words[: clause.main + 1]}
    foreign = clause.flags & Flag.LATIN and not first & _DO
    general = sense == "ask" and (clause.asked or "ли" in clause.forms) and not foreign and not _ME & clause.forms
    return _by(clause, "question" if general else "request", sense)


def _need_not(clause: Clause) -> bool:
    """ "No need to wrap them"."""
    return any(after.word.form in _NEEDS for after in clause.behind(_NONE))


def _booking(clause: Clause) -> Verdict | None:
    if clause.flags & Flag.INF or clause.has("qword", "lack"):
        return None
    return _by(clause, "request", "book")


def _possible(clause: Clause) -> Verdict | None:
    # «Можно отработать или занятие сгорает?» asks which.
    asks = clause.forms & _EITHER
    personal = _YOU_CAN & clause.forms or (_CAN_HAVE & clause.lemmas and not asks)
    return _by(clause, "request" if personal else "question", "can")


def _bare_verb(clause: Clause) -> Verdict | None:
    # «А также сообщить реквизиты»
    behind = clause.words[1 if clause.lead and len(clause.words) > 1 else 0 :]
    first = next((token for token in behind if token.word.form not in _ALSO), behind[0])
    if clause.item:
        # «3) до 25 декабря продлить договор»
        first = next((token for token in behind if token.word.flags & Flag.INF), first)
    if _asks(clause) or clause.has("vague", "service", "cancel"):
        return None
    # «Течь ушла» has a noun first.
    verb = first if first.word.flags & Flag.INF and not first.word.flags & Flag.NOUN else _verb_of(clause)
    return verb and Verdict("request", 0.7, "infinitive", verb)


def _verb_of(clause: Clause) -> Token | None:
    """«Телефон снизу вообще убрать», «воду возить сюда»: a thing, and what is to become of it."""
    verbs = [token for token in clause.words if token.word.flags & Flag.INF]
    told = any(token.word.flags & (Flag.FINITE | Flag.PRED | Flag.PART) for token in clause.words)
    if len(verbs) != 1 or told or clause.has("lack", "problem") or verbs[0] in clause.behind(NO):
        return None
    near = verbs[0] in {clause.words[-1], *clause.words[1:2]}
    return verbs[0] if near and clause.words[0].word.flags & Flag.NOUN else None


def _will_you(clause: Clause) -> Verdict | None:
    """«Обменяете?», «не пришлёте трек-номер»; «выставите счёт», which many write for «выставьте»."""
    if clause.has("qword"):
        return None
    told = [token for token in clause.words if token.word.flags & Flag.FUT2 and not _WILL_NOT & {*token.word.lemmas}]
    polite = [token for token in clause.behind(NO) if token in told and clause.forms.isdisjoint(_UNLESS)]
    if polite and _TELL.intersection(polite[0].word.lemmas):
        return Verdict("question", 0.8, "order.tell", polite[0])
    given = next((token for token in told if clause.asked or may_begin(token.word, "promise")), None)
    if given is None or not (clause.asked or polite or _begins_with(clause, given)):
        return None
    return Verdict("request", 0.75, "you.will", None if clause.asked else given)


def _begins_with(clause: Clause, verb: Token) -> bool:
    at = clause.words.index(verb)
    behind = clause.words[at + 1].word.flags if at + 1 < len(clause.words) else 0
    return at == clause.main and bool(behind & (Flag.NOUN | Flag.ADJ | Flag.NUM | Flag.PRON)) and not behind & Flag.PREP


def _question(clause: Clause) -> Verdict | None:
    idle = "ping" if clause.has("ping") else "social"
    if _asks_which(clause):
        return Verdict("question", 0.65, "question.or")
    if not _asks(clause) or (clause.has(idle) and not content.of_words(clause.beside(idle))):
        return None
    why = bool(_WHY & clause.forms)
    if clause.asked:
        return Verdict("question", 0.85, "question.mark", why=why)
    if clause.has("done", "fine") and clause.flags & Flag.LATIN:
        # "Did that, all fine"
        return None
    return Verdict("question", 0.7, "question.word", why=why)


def _asks_which(clause: Clause) -> bool:
    """«Эутирокс остался или опять разобрали»"""
    if clause.asked or "или" not in clause.forms or "ли" in clause.forms or clause.flags & Flag.IMPR:
        return False
    at = next(at for at, token in enumerate(clause.words) if token.word.form == "или")
    if clause.forms & _YOU and any(one.word.flags & Flag.PRES2 for one in clause.words[:at]):
        # «Негативы вы сканируете или только плёнку»
        return True
    wished = clause.has(*_WISHES) or clause.flags & _I_DO
    # «Гвозди свои покупать или у вас есть», «жилеты выдаёте или свои брать»
    told = _TELLING if wished else _TELLING | Flag.INF | Flag.PRES2
    return all(any(one.word.flags & told for one in side) for side in (clause.words[:at], clause.words[at:]))


# ---- what is told ----


def _unreal(clause: Clause) -> Verdict | None:
    if clause.has(*_UNREAL):
        return _NOTHING
    if "пусть" not in clause.forms or clause.lead:
        # «Закажите кулер, и пусть окна отмоют» orders.
        return None
    return None if any(may_begin(token.word, "promise") for token in clause.words) else _NOTHING


def _trouble(clause: Clause) -> Verdict | None:
    if not clause.has(*_TROUBLES):
        return None
    polite = {at for hit in clause.found.get("social", ()) for at in range(hit.start, hit.end)}
    troubles = [hit for sense in _TROUBLES for hit in clause.found.get(sense, ())]
    if all(polite.issuperset(range(hit.start, hit.end)) for hit in troubles):
        # «Не подведите!»
        return None
    if clause.has("away", "fine"):
        return None
    if clause.has("praise") and not clause.has("lack") and clause.forms.isdisjoint(_HOWEVER):
        return None
    return next(filter(None, (_by(clause, "complaint", sense) for sense in _TROUBLES)), None)


def _proposal(clause: Clause) -> Verdict | None:
    found = _by(clause, "request", "lets")
    verb = next((token for token in clause.words if token.word.flags & _LETS), None)
    return found and found._replace(verb=verb)


def _name_of_a_wish(clause: Clause) -> Verdict | None:
    told = clause.flags & (Flag.FINITE | Flag.PART) and not clause.flags & Flag.LATIN
    return None if told or clause.has("keyword", "fine") else _by(clause, "request", "nominal")


def _paper(clause: Clause) -> Verdict | None:
    """«Прайс на 2026 год», «акт сверки до десятого»: a paper that is named and nothing said of it."""
    said = Flag.FINITE | Flag.PART | Flag.PRED | Flag.INF
    told = clause.has("done", "attention") or (not clause.flags & Flag.LATIN and clause.flags & said)
    return None if told else _by(clause, "request", "paper")


def _news(clause: Clause) -> Verdict | None:
    return None if clause.has("praise") else _by(clause, "request", "fact")


def _and_what(clause: Clause) -> Verdict | None:
    """«А примерка у вас платная»."""
    return None if clause.flags & (Flag.FINITE | Flag.INF | Flag.NAME) else _by(clause, "question", "and_what")


def _name_of_a_question(clause: Clause) -> Verdict | None:
    idle = clause.has("ping") and not content.of_words(clause.beside("ping"))
    told = clause.flags & (Flag.FINITE & ~Flag.PRES3 | Flag.INF)
    return None if idle or told else _by(clause, "question", "keyword")


_RULES: tuple[Rule, ...] = (
    _machine, _stays, _order, _told_to_know, _wish, _booking, _possible, _bare_verb, _will_you, _question, _unreal,
    _trouble, _proposal, _name_of_a_wish, _paper, _news, _and_what, _name_of_a_question,
)  # fmt: skip


def _by(clause: Clause, kind: Kind, sense: str) -> Verdict | None:
    """What the surest cue of this sense makes of it."""
    hit = clause.hit(sense)
    return Verdict(kind, hit.cue.weight, hit.cue.id) if hit else None


def _asks(clause: Clause) -> bool:
    return clause.asked or clause.has("qword")


def _only_in_time(clause: Clause, sense: str) -> bool:
    """«Мне бы успеть к двадцатому»: no more than by when."""
    verbs = [token.word for token in clause.words if token.word.flags & Flag.INF]
    return sense == "ask" and bool(verbs) and all(_IN_TIME.intersection(word.lemmas) for word in verbs)


def _only_comes(clause: Clause) -> bool:
    """Whether somebody only says that he wants to come by."""
    verbs = [token.word for token in clause.words if token.word.flags & Flag.INF]
    return bool(verbs) and all(_COMING.intersection(word.lemmas) for word in verbs)
