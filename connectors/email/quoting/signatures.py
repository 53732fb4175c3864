"""Ends of mails that nobody wrote for this one: signatures, marks of telephones, legal notices, footers of lists."""

import re
from collections.abc import Sequence

from connectors.email.quoting.lines import Line

_DEVICE = (
    r"(?:i-?phone|i-?pad|i-?pod|android|black\s?berry|samsung|galaxy|huawei|honor|xiaomi|redmi|poco|nokia|htc|lg"
    r"|sony|xperia|pixel|motorola|oneplus|oppo|vivo|realme|lumia|windows|mac|mobile|mobil\w*|mobiel\w*|móvil|movil|celular"
    r"|cellulare|phone|telefon\w*|téléphone|telephone|smartphone|smartfon\w*|tablet\w*|device|handheld|outlook|gmail|yahoo"
    r"|mail|mailbird|airmail|spark|thunderbird|proton\w*|tutanota|aol|edison|k-9|newton|nine|t-mobile|verizon|at&t|vodafone"
    r"|телефон\w*|смартфон\w*|планшет\w*|айфон\w*|устройств\w*|мобильн\w*|мобільн\w*|пристро\w*|почт\w*|пошт\w*|яндекс\w*"
    r"|yandex\w*|rambler|mail\.ru|mymail|[a-z]{1,3}-\d{2,3})"
)
_WORDS = r"\s+(?:[^\s.,]+\s+){0,4}?"
# Each language's "sent from", with or without what it was sent from.
_SENT = re.compile(
    r"[(<\[«\"]*(?:"
    rf"(?:sent|send|written|typed)\s+(?:from|via|with|by|using|on){_WORDS}{_DEVICE}"
    rf"|from my{_WORDS}{_DEVICE}|[^\s.,]+ from mobile|get \w{{3,15}} for (?:ios|android|iphone|mac|windows)"
    rf"|(?:отправлено|послано|написано)\s+(?:из|с|со|через|при помощи|с помощью|от){_WORDS}{_DEVICE}"
    rf"|(?:надіслано|відправлено)\s+(?:з|із|через|за допомогою){_WORDS}{_DEVICE}"
    r"|(?:скачайте|получите|отримайте|загрузить|télécharger|obtenez|obtenir|obtener|obter o?|scarica|ottieni|pobierz"
    r"|download|hent|hämta|holen sie sich) ?outlook|outlook (?:für|voor)\s"
    r"|(?:von meine[mr]|gesendet (?:von|mit|über|aus)|diese nachricht wurde (?:von|mit))\s"
    r"|envoyé (?:depuis|de mon|de ma|à partir|avec|par|via)\s|inviato (?:da|dal|dall|con|tramite)\b"
    r"|enviado (?:desde|do|de|a partir|pelo|via|com|con)\s|enviada do\s|wysłan[eoy] (?:z|za pomocą|przez)\s"
    r"|(?:verzonden|verstuurd|gestuurd) (?:vanaf|vanuit|met|via|door)\s|skickat från\s|skickades från\s|sendt fra\s"
    r"|lähetetty\s|odesláno (?:z|ze)\s|odoslané (?:z|zo)\s|trimis de pe\s|στάλθηκε από\s|נשלח מה|أرسلت من"
    r"|iphone.{0,6}(?:から送信|에서 보냄|дан жіберілді|umdan gönderildi)|android.{0,12}から送信|나의 .{1,20}에서 보냄"
    r"|(?:从|從|发自|發自|傳送自|发送自|自)我?的?\s*.{0,20}(?:iphone|ipad|android|手机|手機|华为|小米|邮箱|郵箱|傳送|发送|發送)"
    r"|发自|來自我的)",
    re.IGNORECASE,
)
_DEVICE_LAST = re.compile(rf"{_DEVICE}$", re.IGNORECASE)
_EXCUSE = re.compile(
    r"\s*(?:please |pls )?(?:excuse|forgive|pardon|sorry|извините|простите|прошу прощения|entschuldig|désolé)",
    re.IGNORECASE,
)
_LONGEST_SENT, _MOST_SENT_WORDS = 100, 12
_LINK = re.compile(r"<?https?://\S{1,300}>?", re.IGNORECASE)
_VIRUS = re.compile(
    r"(?:virus-free|this (?:e-?mail|message) has been (?:checked|scanned) for virus|без вирусов|проверено на вирусы"
    r"|вирусов нет|это (?:сообщение|письмо) проверено на вирусы|virenfrei|garanti sans virus|libre de virus|senza virus"
    r"|virusvrij|wolny od wirusów)",
    re.IGNORECASE,
)
# A legal notice says that this message is confidential, and what somebody else has to do with it.
_NOTICE = (
    re.compile(
        r"e-?mail|message|communication|transmission|mail\b|сообщени|письм|повідомлен|лист\b|nachricht|correo|mensaje"
        r"|mensagem|messaggio|wiadomoś|bericht|meddelande|courriel|電子|メール|邮件",
        re.IGNORECASE,
    ),
    re.compile(
        r"confidential|privileged|конфиденциальн|конфіденційн|vertraulich|confidentiel|confidencial|riservat|confidenzial"
        r"|poufn|vertrouwelijk|konfidentiel|機密|保密|机密",
        re.IGNORECASE,
    ),
    re.compile(
        r"intended|recipient|addressee|unauthori[sz]ed|disclos|предназнач|адресат|уведомите|незамедлительно|призначен"
        r"|empfänger|irrtümlich|destinataire|destinatari|adresat|geadresseerde|ontvanger|adressat|受信者|收件",
        re.IGNORECASE,
    ),
)
_SHORTEST_NOTICE = 80
_LIST = re.compile(
    r"mailing list|listinfo|unsubscribe|you (?:received|are receiving) this (?:message|e-?mail)? ?because|view it on"
    r"|reply to this email directly|visit this group|google groups|yahoogroups|отписаться от рассылки"
    r"|вы получили это (?:письмо|сообщение), (?:потому|так)",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"https?://|www\.|\S@\S|\+?\d[\d\s().-]{6,}\d", re.IGNORECASE)
_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-•–])\s")
# One to four words, each with a capital letter.
_PERSON = re.compile(r"(?:[^\W\d_a-zа-яё][\w.'-]*+\s?+){1,4}(?:[|,/(].*)?$")
_DASHES = frozenset({"--", "—", "––"})
_MOST_SIGNATURE, _MOST_FOOTER = 15, 6


def endings(lines: Sequence[Line], shown: Sequence[int]) -> set[int]:
    """Which of the lines shown, by their numbers, are none of the sender's words; `shown` is one stretch of them."""
    found = {number for number in shown if lines[number].mark == "signature"} | _marks(lines, shown)
    left = [number for number in shown if number not in found]
    found |= _notices(lines, left)
    left = [number for number in left if number not in found]
    found.update(left[_signature(lines, left) :])
    for at in range(len(shown) - 2, -1, -1):
        # The rules and blank lines above them.
        if not lines[shown[at]].words and shown[at + 1] in found:
            found.add(shown[at])
    return found


def _signature(lines: Sequence[Line], shown: Sequence[int]) -> int:
    """Where among those shown the last part begins, below two dashes or another rule."""
    filled = 0
    best = len(shown)
    for at in range(len(shown) - 1, -1, -1):
        line = lines[shown[at]]
        dashes = line.words in _DASHES or (line.words.startswith("-- ") and _PERSON.match(line.words[3:]))
        if dashes or line.rule:
            below = [lines[number].words for number in shown[at + 1 : best] if lines[number].words]
            if (_is_footer(below) or (dashes and _is_signature(below))) and not _announces(lines, shown[:at]):
                best = at
        filled += not line.blank
        if filled > 3 * _MOST_SIGNATURE:
            break
    return best


def _announces(lines: Sequence[Line], above: Sequence[int]) -> bool:
    """Whether the last words above say that something follows."""
    return next((lines[number].words for number in reversed(above[-4:]) if lines[number].words), "").endswith(":")


def _is_signature(below: Sequence[str]) -> bool:
    """Whether what is below two dashes is no list and no further question."""
    goes_on = any(_ITEM.match(words) for words in below) or (below and below[-1].endswith(("?", "!")))
    return len(below) <= _MOST_SIGNATURE and not goes_on


def _is_footer(below: Sequence[str]) -> bool:
    """Whether what is below any rule was put there by a list, or names a person and how to reach him."""
    if any(_LIST.search(words[:500]) for words in below):
        return len(below) <= 2 * _MOST_FOOTER
    if not below or len(below) > _MOST_FOOTER or not _PERSON.match(below[0]):
        return False
    short = all(len(words) <= 60 and not words.endswith((".", "?", "!", ";", ",")) for words in below)
    return short and any(_CONTACT.search(words) for words in below)


def _marks(lines: Sequence[Line], shown: Sequence[int]) -> set[int]:
    """Lines like "Sent from my iPhone", with the address below them."""
    found: set[int] = set()
    for at, number in enumerate(shown):
        words = lines[number].words
        if not 0 < len(words) <= 3 * _LONGEST_SENT or not (is_sent_from(words) or _VIRUS.match(words)):
            continue
        found.add(number)
        if at + 1 < len(shown) and _LINK.fullmatch(lines[shown[at + 1]].words[:310]):
            found.add(shown[at + 1])
    return found


def is_sent_from(words: str) -> bool:
    """Whether the line is what a telephone or a program puts below each mail."""
    bare = _LINK.sub("", words).strip(" .!()<>[]")
    if not _SENT.match(bare) or len(bare) > _LONGEST_SENT:
        return False
    # People go on: "Sent from my desk, which is easier".
    on = bare.partition(",")[2]
    goes_on = ". " in bare or (on and not (_EXCUSE.match(on) or _DEVICE_LAST.search(on)))
    return not goes_on and len(bare.split()) <= _MOST_SENT_WORDS


def _notices(lines: Sequence[Line], shown: Sequence[int]) -> set[int]:
    """The legal notices at the end."""
    found: set[int] = set()
    paragraph: list[int] = []
    for number in [*reversed(shown), -1]:
        if number >= 0 and not (lines[number].blank or lines[number].rule):
            paragraph.append(number)
            continue
        if paragraph:
            words = " ".join(lines[each].words for each in reversed(paragraph))[:5000]
            if len(words) < _SHORTEST_NOTICE or not all(pattern.search(words) for pattern in _NOTICE):
                break
            found.update(paragraph)
            paragraph = []
    return found
