"""Who wrote a mail: a client, a program that answers by itself, a mail system that gives it back, or a mailing."""

import re
from typing import Literal

from connectors.email.parsing.addresses import Address
from connectors.email.parsing.headers import Headers

Kind = Literal["client", "auto", "bounce", "bulk"]

_DAEMONS = re.compile(
    r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|mdaemon|bounces?|mail-?delivery.*|microsoftexchange\w*)(?:@|$)"
)
_DAEMON_NAMES = re.compile(
    r"mail(?:er)?[- ]?delivery|mailer[- ]?daemon|post\s?master|system administrator|почтов\w+ (?:система|служба|сервер)"
    r"|mail system|microsoft outlook$|mail administrator|системный администратор",
    re.IGNORECASE,
)
# How a mail system begins the subject of what it gives back.
_GIVEN_BACK = (
    r"undeliver(?:ed|able)|un-deliverable|returned (?:mail|to sender|e-?mail)|return to sender",
    r"(?:(?:mail|message|e-?mail) )?delivery (?:status|has failed|failed|failure|problem|error|report|unsuccessful)",
    r"(?:(?:mail|message|e-?mail) )?delivery (?:notification|delayed|system|warning)",
    r"(?:mail|message|e-?mail) (?:delivery|not delivered|could not be delivered|returned|undeliverable|rejected)",
    r"(?:mail|message|e-?mail) system error",
    r"failure (?:notice|delivery|of delivery|to deliver)|warning: (?:message|could not send|e-?mail) ",
    r"non-?deliver(?:y|able)|automatically rejected mail|could not deliver|unable to deliver|failed (?:mail|delivery)",
    r"bounced mail|rejected:|delayed mail|message you sent",
    r"не ?доставлен\w*|недоставлен\w*|не удалось доставить|невозможно доставить|ошибка доставки|сбой доставки",
    r"отч[её]т о (?:не)?доставке|уведомление о (?:не)?(?:доставке|состоянии доставки)|возврат (?:письма|почты)",
    r"письмо не доставлено|сообщение не доставлено|не може бути доставлен|недоставлене",
    r"unzustellbar|zustellung(?:sfehler| fehlgeschlagen)|nicht zustellbar|mail(?:zustellung)? fehlgeschlagen",
    r"non remis|non distribu|[ée]chec (?:de la )?(?:remise|distribution)|message non (?:remis|distribu)",
    r"no se puede entregar|no entregado|error de entrega|mensaje no entregado|devuelto",
    r"mancato recapito|non recapitabile|impossibile recapitare|mancata consegna",
    r"niedostarczone|niedostarczalne|nie można dostarczyć|zwrot wiadomości",
    r"onbestelbaar|niet bestelbaar|niet afgeleverd|não entregue|falha na entrega|não foi possível entregar",
    r"nedoručiteln|olever|ej levererat|kunne ikke leveres|iletilemedi",
    r"配信不能|配信エラー|送信エラー|メール送信エラー|退信|系统退信|无法投递|無法傳遞|無法遞送|전송 ?실패|반송",
)
_BOUNCE_SUBJECTS = re.compile(rf"^\W*(?:\[[^\]]{{0,40}}\]\s*)?(?:{'|'.join(_GIVEN_BACK)})", re.IGNORECASE)
# How a program begins the subject of its answer; people who write about such answers go on with other words.
_BY_ITSELF = (
    r"автоматич\w+ (?:ответ|уведомление|сообщение)|авто-?ответ(?:чик)?|меня нет в офисе|вне офиса|нет на месте",
    r"отсутству\w+ (?:на рабочем месте|в офисе|на работе)|автоматична відповідь|автовідповідь|аўтаматычны адказ",
    r"auto(?:matic|mated)?[- ]?(?:reply|response|answer|responder|respond|email|message)|auto",
    r"(?:i am |i'm |am )?(?:currently )?out[- ]of[- ](?:the[- ])?office|ooo|vacation|(?:on )?annual leave",
    r"away from (?:the |my )?(?:office|mail|desk)",
    r"(?:automatische?|autom\.) antwort|abwesenheits(?:notiz|nachricht|assistent|meldung|info)|abwesend|abwesenheit",
    r"r[ée]ponse automatique|absence du bureau|message d'absence|absent du bureau",
    r"respuesta autom[aá]tica|fuera de (?:la )?oficina|resposta autom[aá]tica|ausente do escrit[oó]rio",
    r"risposta automatica|fuori sede|fuori ufficio",
    r"automatyczna odpowied[zź]|odpowied[zź] automatyczna|autoodpowied[zź]|poza biurem",
    r"automatisch antwoord|afwezigheids(?:bericht|melding|assistent)|niet aanwezig",
    r"automatiskt? svar|autosvar|fr[åa]nvaro|automaattinen vastaus|poissaoloviesti",
    r"automatická odpov[eě]ď|automatikus válasz|otomatik yanıt|răspuns automat|automaatvastus|automātiskā atbilde",
)
_EASTERN = r"自動(?:返信|応答|回覆|回复)|自动(?:回复|答复)|자동 ?(?:회신|응답|답장)"
_TAIL = (
    r"(?:[ -](?:auto-?)?(?:reply|response|message|notice|notification|email|re))?\s*(?:[:;.,!\]\)|–—-]|$| from | re:)"
)
_AUTO_SUBJECTS = re.compile(rf"^\W*(?:(?:{'|'.join(_BY_ITSELF)}){_TAIL}|{_EASTERN})", re.IGNORECASE)
_AUTO_HEADERS = re.compile(
    r"^(?:x-)?(?:mail-)?(?:auto[-_]?(?:reply|replied|respond|response|generated)|vacation|holidayreply)"
    r"|^x-(?:auto[-_]?submitted|(?:fc-)?machinegenerated|cron-env)"
)
_NO = re.compile(r"^(?:no|false|0|none|)$", re.IGNORECASE)
_BULK_HEADERS = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "x-campaign",
    "x-campaign-id",
    "x-campaignid",
    "x-mailing-list",
)


def kind_of(headers: Headers, report: str) -> Kind:
    """The kind of a mail that no mail system has given back; `report` is the kind of its multipart/report."""
    if _is_auto(headers) or report in {"disposition-notification", "feedback-report", "delivery-status"}:
        return "auto"
    if _precedence(headers) in {"bulk", "list", "junk"} or any(name in headers for name in _BULK_HEADERS):
        return "bulk"
    return "client"


def suspicion(headers: Headers, sender: Address | None) -> int:
    """How much the headers look like a mail given back: 0 not at all, 1 worth a look inside, 2 surely."""
    if headers.raw("x-failed-recipients"):
        return 2
    subject = _BOUNCE_SUBJECTS.match(headers.text("subject")[:200]) is not None
    path = headers.raw("return-path").strip()
    empty = path.startswith("<>") or "mailer-daemon" in path.lower()
    address, name = (sender.address.lower(), sender.name) if sender else ("", "")
    daemon = _DAEMONS.match(address) is not None
    named = daemon or not address or _DAEMON_NAMES.search(name) is not None
    if (subject and (named or empty)) or (daemon and path.startswith("<>") and not address.startswith("post")):
        return 2
    return 1 if subject or daemon or (named and empty) else 0


def _is_auto(headers: Headers) -> bool:
    submitted = headers.raw("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted.startswith("auto-") or _precedence(headers) in {"auto_reply", "auto-reply", "auto_replied"}:
        return True
    if any(_AUTO_HEADERS.match(name) and not _answers_no(name, value) for name, value in headers.lines):
        return True
    if headers.raw("x-post-messageclass").startswith("9;") or "autoresponder" in headers.raw("delivered-to").lower():
        return True
    return _AUTO_SUBJECTS.match(headers.text("subject")[:200]) is not None


def _answers_no(name: str, value: str) -> bool:
    """Whether the header only says that it is no answer, or that none is wanted."""
    return _NO.match(value.strip()) is not None or "suppress" in name


def _precedence(headers: Headers) -> str:
    return (headers.raw("precedence") or headers.raw("x-precedence")).split("(")[0].strip().lower()
