"""Invitations: a line to read, and the file."""

from connectors.email.mime import read
from connectors.email.parsing.invitations import readable
from tests.connectors.email.mails import mixed, multipart, part, raw

CALENDAR = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Moscow
BEGIN:STANDARD
DTSTART:19700101T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Обсудить\\, наконец\\, дого
 вор
DTSTART;TZID=Europe/Moscow:20251112T100000
DTEND;TZID=Europe/Moscow:20251112T113000
LOCATION:Переговорная 2
ORGANIZER;CN=Anna:mailto:anna@mail.example
BEGIN:VALARM
TRIGGER:-PT15M
SUMMARY:Напоминание
END:VALARM
END:VEVENT
END:VCALENDAR
"""
LINE = (
    "[Приглашение: Обсудить, наконец, договор; 12.11.2025 10:00 – 11:30 (Europe/Moscow); место: Переговорная 2;"
    " организатор: anna@mail.example]"
)


def test_an_invitation_is_a_line() -> None:
    assert readable(CALENDAR) == LINE
    assert readable(CALENDAR.replace("\n", "\r\n")) == LINE


def test_other_events() -> None:
    assert readable("BEGIN:VEVENT\nDTSTART:20251112\nEND:VEVENT") == "[Событие: без названия; 12.11.2025]"
    assert readable("METHOD:CANCEL\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT") == "[Встреча отменена: a]"
    days = "BEGIN:VEVENT\nSUMMARY:a\nDTSTART:20251112T100000Z\nDTEND:20251113T100000Z\nEND:VEVENT"
    assert readable(days) == "[Событие: a; 12.11.2025 10:00 UTC – 13.11.2025 10:00 UTC]"
    assert readable("BEGIN:VEVENT\nDTSTART:whenever\nSUMMARY:a\nEND:VEVENT") == "[Событие: a]"
    assert readable("nothing") == ""


def test_the_mail_has_the_line_and_the_file_once() -> None:
    calendar = part(CALENDAR, "text/calendar; charset=utf-8; method=REQUEST")
    again = raw(CALENDAR, Content_Type="application/ics; name=invite.ics", Content_Disposition="attachment")
    both = multipart("alternative", part("Приходите"), part("<b>Приходите</b>", "text/html; charset=utf-8"), calendar)
    found = read(mixed(both, again))
    assert found.text == f"Приходите\n\n{LINE}"
    assert LINE in found.html
    assert [one.name for one in found.attachments] == ["invite.ics"]


def test_a_calendar_alone_is_readable() -> None:
    assert read(part(CALENDAR, "text/calendar; charset=utf-8")).text == LINE
