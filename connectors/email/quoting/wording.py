"""The words of quotes, headers and signatures in the languages of mail programs; all in lower case."""

import re
from collections.abc import Iterable

# Names of header lines, by what they hold. Letters between brackets may be missing.
HEADERS = {
    "from": (
        "from", "от", "от кого", "отправитель", "від", "від кого", "відправник", "ад", "de", "de la", "da", "von",
        "van", "od", "fra", "från", "lähettäjä", "expéditeur", "mittente", "remetente", "remitente", "nadawca",
        "absender", "afzender", "odesílatel", "feladó", "kimden", "gönderen", "από", "发件人", "寄件者", "寄件人",
        "差出人", "送信者", "보낸사람", "보낸 사람", "מאת", "من", "кімнен", "жіберуші", "saatja", "nuo",
    ),
    "date": (
        "date", "sent", "sent on", "sent at", "дата", "отправлено", "дата отправки", "дата и время", "послано",
        "время", "надіслано", "відправлено", "дата відправлення", "envoyé", "envoyé le", "message du", "le",
        "gesendet", "gesendet am", "datum", "fecha", "enviado", "enviado el", "enviado em", "enviada em", "enviada",
        "data", "inviato", "data invio", "wysłano", "wysłane", "data wysłania", "verzonden", "verzonden op", "skickat",
        "sendt", "dato", "lähetetty", "odesláno", "odoslané", "elküldve", "dátum", "trimis", "gönderildi",
        "gönderme tarihi", "tarih", "εστάλη", "ημερομηνία", "发送时间", "发送日期", "日期", "時間", "时间", "寄件日期",
        "送信日時", "日時", "보낸 날짜", "날짜", "נשלח", "تاريخ", "күні", "изпратено",
    ),
    "to": (
        "to", "кому", "получатель", "получатели", "копия", "скрытая копия", "копія", "cc", "bcc", "reply-to",
        "reply to", "ответить", "à", "a", "pour", "destinataire", "copie à", "copie", "répondre à", "an", "kopie",
        "empfänger", "antwort an", "para", "cco", "destinatario", "destinatário", "con copia", "responder a", "per",
        "rispondi a", "do", "dw", "udw", "aan", "til", "till", "kopia", "kopi", "komu", "címzett", "másolat", "către",
        "kime", "alıcı", "bilgi", "προς", "κοιν", "收件人", "收件者", "抄送", "副本", "宛先", "받는 사람", "받는사람",
        "참조", "אל", "إلى", "кімге", "vastaanottaja", "kopio",
    ),
    "subject": (
        "subject", "тема", "objet", "sujet", "betreff", "asunto", "assunto", "oggetto", "temat", "onderwerp", "ämne",
        "emne", "aihe", "předmět", "predmet", "tárgy", "subiect", "konu", "θέμα", "主题", "主旨", "標題", "件名",
        "제목", "נושא", "الموضوع", "тақырып", "относно", "importance", "важность", "приоритет",
    ),
}  # fmt: skip

# "On … wrote": who wrote, at a word's end also "(а)" and the like.
WROTE = (
    "wrote", "writes", "sent", "verzond",
    "said", "says", "has written", "пишет", "пишете", "пишут", "писал", "писала", "писали",
    "написал", "написала", "написали", "написало", "пише", "пишуть", "писав", "написав", "напісаў", "напісала", "піша",
    "написа", "жазды", "schrieb", "schrieben", "geschrieben", "schreibt", "a écrit", "a ecrit", "écrit", "écrivait",
    "avez écrit", "nous a dit", "escribió", "escribio", "ha escrito", "ha scritto", "scrive", "scrisse", "napisał",
    "napisała", "pisze", "escreveu", "schreef", "skrev", "skriver", "het volgende geschreven", "kirjoitti", "napsal",
    "napsala", "napísal", "napísala", "írta", "a scris", "yazdı", "şunu yazdı", "έγραψε", "kirjutas", "rakstīja",
    "rašė", "va escriure", "đã viết", "menulis", "wrote on", "כתב", "כתבה", "كتب",
)  # fmt: skip
# Of languages that do not part their words.
WROTE_UNPARTED = (
    "写道",
    "寫道",
    "写到",
    "來信",
    "来信",
    "书写",
    "書きました",
    "からのメッセージ",
    "のメール",
    "님이 작성",
    "작성:",
    "님이 씀",
)

# What such a line begins with, before a date.
ON = (
    "on", "at", "in message", "in article", "le", "am", "den", "el", "em", "il", "op", "dnia", "w dniu", "dne", "dňa",
    "dana", "on the", "la data de", "în data de", "pe", "a las", "στις", "em data", "kl", "pada", "vào", "ngày", "在",
    "于", "於", "від", "от", "quoting", "zitat von", "citando", "citazione", "цитирую", "цитата", "вы писали",
    "ви писали", "в сообщении от", "в письме от", "в пнд", "во втр", "в втр", "в срд", "в чтв", "в птн", "в сбт",
    "в вск", "отправлено из", "sent from",
)  # fmt: skip
WEEKDAYS_AND_MONTHS = (
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "понедельник",
    "вторник", "среда", "среду", "четверг", "пятница", "пятницу", "суббота", "субботу", "воскресенье", "понеділок",
    "вівторок", "середа", "середу", "четвер", "пʼятниця", "п'ятниця", "субота", "неділя", "lun", "mar", "mer", "jeu",
    "ven", "sam", "dim", "mo", "di", "mi", "do", "fr", "sa", "so", "mié", "jue", "vie", "sáb", "dom", "gio", "seg",
    "ter", "qua", "qui", "sex", "ma", "wo", "vr", "za", "zo", "pon", "wt", "śr", "czw", "pt", "sob", "niedz", "mån",
    "tis", "ons", "tors", "tor", "fre", "lör", "sön", "man", "lør", "søn", "ti", "ke", "to", "pe", "la", "su", "po",
    "út", "st", "čt", "pá", "ne", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lundi", "mardi", "mercredi",
    "jeudi", "vendredi", "samedi", "dimanche", "jan", "feb", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct",
    "nov", "dec",
)  # fmt: skip

# Between dashes, or alone on the line.
ORIGINAL = frozenset({
    "original message", "original email", "original e-mail", "original mail", "reply message", "antwort nachricht",
    "antwortnachricht", "previous message", "исходное сообщение", "оригинальное сообщение", "исходное письмо",
    "первоначальное сообщение", "оригинал сообщения", "предыдущее сообщение", "цитируемое сообщение",
    "ответ на сообщение", "оригінальне повідомлення", "вихідне повідомлення", "початкове повідомлення",
    "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "ursprüngliche mail", "message d'origine",
    "message d’origine", "message original", "message initial", "mensaje original", "messaggio originale",
    "messaggio originario", "mensagem original", "oprindelig meddelelse", "oprindelig besked", "originalt besked",
    "ursprungligt meddelande", "originalmeddelande", "opprinnelig melding", "oorspronkelijk bericht",
    "origineel bericht", "wiadomość oryginalna", "oryginalna wiadomość", "treść oryginalnej wiadomości",
    "původní zpráva", "původní e-mail", "pôvodná správa", "alkuperäinen viesti", "eredeti üzenet", "mesaj original",
    "mesajul original", "orijinal ileti", "orijinal mesaj", "αρχικό μήνυμα", "原始邮件", "原邮件", "原始郵件",
    "邮件原件", "回复的原邮件", "元のメッセージ", "元のメール", "오리지널 메시지", "원본 메일", "원본 메시지",
    "원래 메시지", "הודעה מקורית", "الرسالة الأصلية", "бастапқы хабар", "quoted text", "оригинално съобщение",
})  # fmt: skip
FORWARDED = frozenset({
    "forwarded message", "forwarded mail", "forwarded by", "begin forwarded message", "пересылаемое сообщение",
    "пересланное сообщение", "пересылаемое письмо", "пересланное письмо", "перенаправленное сообщение",
    "переадресованное сообщение", "начало переадресованного сообщения", "начало пересылаемого сообщения",
    "начало пересланного сообщения", "начало перенаправленного сообщения", "переслане повідомлення",
    "переадресоване повідомлення", "початок пересланого повідомлення", "початок листа, що пересилається",
    "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "weitergeleitete e-mail", "message transféré", "début du message transféré", "début du message réexpédié",
    "message réexpédié", "courriel transféré", "mensaje reenviado", "inicio del mensaje reenviado",
    "messaggio inoltrato", "inizio messaggio inoltrato", "messaggio reindirizzato", "mensagem encaminhada",
    "mensagem reencaminhada", "início da mensagem encaminhada", "início da mensagem reencaminhada",
    "doorgestuurd bericht", "begin doorgestuurd bericht", "wiadomość przekazana", "przekazana wiadomość",
    "wiadomość przesłana dalej", "początek przekazywanej wiadomości", "początek przekazanej wiadomości",
    "přeposlaná zpráva", "začátek přeposlané zprávy", "preposlaná správa", "vidarebefordrat meddelande",
    "vidarebefordrat brev", "videresendt besked", "videresendt meddelelse", "videresendt melding",
    "start på videresendt besked", "välitetty viesti", "továbbított üzenet", "mesaj redirecționat", "iletilen ileti",
    "iletilen mesaj", "προωθημένο μήνυμα", "转发邮件", "转发的邮件", "转发信息", "已转发邮件", "轉寄郵件",
    "轉寄的郵件", "转发邮件信息", "転送メッセージ", "転送されたメッセージ", "전달된 메시지", "전달된 메일",
    "הודעה מועברת", "رسالة معاد توجيهها", "препратено съобщение",
})  # fmt: skip
# What help desks write above their mails.
ABOVE_THIS_LINE = (
    "reply above this line", "your reply above this line", "type your reply above", "please type your reply above",
    "reply above the line", "write above this line", "above this line to reply", "ответ выше этой",
    "ответьте выше этой", "ваш ответ выше этой", "пишите ответ выше этой", "выше этой строки", "выше этой линии",
    "выше этой черты", "antworten sie oberhalb dieser", "répondre au-dessus de cette ligne",
    "responder por encima de esta",
)  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """A pattern that finds any of them, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
