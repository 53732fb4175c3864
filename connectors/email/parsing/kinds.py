"""Who wrote a mail: a client, a program that answers by itself, a mail system that gives it back, or a mailing."""

import re
from typing import Literal

from connectors.email.parsing.addresses import Address
from connectors.email.parsing.headers import Headers

Kind = Literal["client", "auto", "bounce", "bulk"]

_DAEMONS = re.compile(r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|microsoftexchange\w*)(?:@|$)", re.IGNORECASE)
_DAEMON_NAMES = re.compile(r"^\W*(?:mailer[- ]?daemon|mail(?:er)? delivery (?:sub)?system)\W*$", re.IGNORECASE)
# A mail system writes under these too, but so do people and couriers.
_PERHAPS = re.compile(r"^(?:post[-_.]?master|bounces?|mail-?delivery[^@]*)(?:@|$)", re.IGNORECASE)
_PERHAPS_NAMES = re.compile(
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
# How a program begins the subject of its answer, and nobody else: before a colon, in brackets, or as all of it.
_BY_ITSELF = (
    r"автоматический ответ|автоответ|автоматична відповідь|автовідповідь|аўтаматычны адказ",
    r"auto(?:matic|mated)?[- ]?(?:reply|response)|(?:i am |i'm |am )?(?:currently )?out[- ]of[- ](?:the[- ])?office",
    r"(?:automatische?|autom\.) antwort|abwesenheits(?:notiz|nachricht|assistent|meldung|info)",
    r"r[ée]ponse automatique|message d'absence|respuesta autom[aá]tica|resposta autom[aá]tica|risposta automatica",
    r"automatyczna odpowied[zź]|odpowied[zź] automatyczna|autoodpowied[zź]",
    r"automatisch antwoord|afwezigheids(?:bericht|melding|assistent)|automatiskt? svar|autosvar",
    r"automaattinen vastaus|poissaoloviesti|automatická odpov[eě]ď|automatikus válasz|otomatik yanıt|răspuns automat",
    r"automaatvastus|automātiskā atbilde",
    r"自動(?:返信|応答|回覆|回复)|自动(?:回复|答复)|자동 ?(?:회신|응답|답장)",
)
# What people write as well, of a journey, a car or a courier: it takes another sign.
_PERHAPS_BY_ITSELF = (
    *_BY_ITSELF,
    r"автоматич\w+ (?:ответ|уведомление|сообщение)|авто-?ответ(?:чик)?|меня нет в офисе|вне офиса|нет на месте",
    r"отсутству\w+ (?:на рабочем месте|в офисе|на работе)",
    r"auto(?:matic|mated)?[- ]?(?:answer|responder|respond|email|message)|auto|ooo|vacation|(?:on )?annual leave",
    r"away from (?:the |my )?(?:office|mail|desk)|abwesend|abwesenheit|absence du bureau|absent du bureau",
    r"fuera de (?:la )?oficina|ausente do escrit[oó]rio|fuori sede|fuori ufficio|poza biurem|niet aanwezig|fr[åa]nvaro",
)
_NOTICE = r"(?:[ -](?:auto-?)?(?:reply|response|message|notice|notification|email))?"
_AUTO_SUBJECTS = re.compile(rf"^\W*(?:{'|'.join(_BY_ITSELF)}){_NOTICE}\s*(?:[:：\]】)]|$)", re.IGNORECASE)
_PERHAPS_AUTO = re.compile(
    rf"^\W*(?:{'|'.join(_PERHAPS_BY_ITSELF)}){_NOTICE}\s*(?:[:：;.,!\]】)|–—-]|$| from | re:)", re.IGNORECASE
)
# Programs put their words before the subject they answer; people leave them behind "Re:".
_ANSWERED = re.compile(
    rf"^\W*(?:{'|'.join(_PERHAPS_BY_ITSELF)}){_NOTICE}\W{{0,3}}(?:re|aw|sv|antw|отв)\s*:", re.IGNORECASE
)
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


def is_mail_system(headers: Headers, sender: Address | None) -> bool:
    """Whether a mail system sent the mail: it says so itself, or no answer can reach whoever did."""
    return _has_no_way_back(headers) or _is_daemon(sender)


def suspicion(headers: Headers, sender: Address | None, *, encloses: bool) -> int:
    """How much a mail looks like one given back: 0 not at all, 1 worth a look inside, 2 surely.

    `encloses`: a report or a mail of its recipient's is inside. Clients write of deliveries and of codes too, so that
    without a sign of a machine no words count.
    """
    if headers.raw("x-failed-recipients"):
        return 2
    subject = _BOUNCE_SUBJECTS.match(headers.text("subject")[:200]) is not None
    daemon, empty, perhaps = _is_daemon(sender), _has_no_way_back(headers), _may_be_daemon(sender)
    if (subject and (daemon or empty or (perhaps and encloses))) or (daemon and empty):
        return 2
    return 1 if daemon or (perhaps and (empty or (subject and _is_signed(headers)))) else 0


def _is_daemon(sender: Address | None) -> bool:
    return sender is not None and bool(_DAEMONS.match(sender.address) or _DAEMON_NAMES.match(sender.name))


def _may_be_daemon(sender: Address | None) -> bool:
    if sender is None or not sender.address:
        return True
    return bool(_PERHAPS.match(sender.address) or _PERHAPS_NAMES.search(sender.name))


def _has_no_way_back(headers: Headers) -> bool:
    path = headers.raw("return-path").strip()
    return path.startswith("<>") or _DAEMONS.match(path.strip("<> ")) is not None


def _is_signed(headers: Headers) -> bool:
    """Whether a header says that a program wrote the mail, or fears the answers of others."""
    precedence = _precedence(headers) in {"bulk", "list", "junk"}
    return precedence or _says_auto(headers) or bool(headers.raw("x-auto-response-suppress"))


def _is_auto(headers: Headers) -> bool:
    if _says_auto(headers):
        return True
    subject = headers.text("subject")[:200]
    if _AUTO_SUBJECTS.match(subject):
        return True
    signed = _has_no_way_back(headers) or _is_signed(headers)
    return (signed and _PERHAPS_AUTO.match(subject) is not None) or _ANSWERED.match(subject) is not None


def _says_auto(headers: Headers) -> bool:
    submitted = headers.raw("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted.startswith("auto-") or _precedence(headers) in {"auto_reply", "auto-reply", "auto_replied"}:
        return True
    if any(_AUTO_HEADERS.match(name) and not _answers_no(name, value) for name, value in headers.lines):
        return True
    return headers.raw("x-post-messageclass").startswith("9;") or "autoresponder" in headers.raw("delivered-to").lower()


def _answers_no(name: str, value: str) -> bool:
    """Whether the header only says that it is no answer, or that none is wanted."""
    return _NO.match(value.strip()) is not None or "suppress" in name


def _precedence(headers: Headers) -> str:
    return (headers.raw("precedence") or headers.raw("x-precedence")).split("(")[0].strip().lower()
