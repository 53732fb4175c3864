"""Invitations (text/calendar) as a line people can read."""

import re
from datetime import datetime

from connectors.text import clean_name

_LONGEST, _MOST_EVENTS = 65_536, 5
_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:\n]{0,300})?):([^\n]*)")
_ZONE = re.compile(r'TZID="?([^;:"]{1,64})')
_METHODS = {"REQUEST": "Приглашение", "CANCEL": "Встреча отменена", "REPLY": "Ответ на приглашение"}


def readable(calendar: str) -> str:
    """What the calendar says, an event a line; empty if it names none."""
    lines = re.sub(r"\r?\n[ \t]", "", calendar[:_LONGEST]).replace("\r", "").split("\n")
    method, events, inside = "", [], ""
    known: dict[str, tuple[str, str]] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            continue
        name, parameters, value = found[1].upper(), found[2], found[3].strip()
        if name == "METHOD":
            method = value.upper()
        elif name == "BEGIN":
            inside, known = value.upper(), known if value.upper() == "VALARM" else {}
        elif name == "END" and value.upper() in {"VEVENT", "VTODO"}:
            events.append(known)
        elif inside in {"VEVENT", "VTODO"}:
            known.setdefault(name, (value, parameters))
    head = _METHODS.get(method, "Событие")
    return "\n".join(f"[{head}: {_event(one)}]" for one in events[:_MOST_EVENTS] if one)


def _event(known: dict[str, tuple[str, str]]) -> str:
    title = _plain(known, "SUMMARY") or "без названия"
    start, end = _moment(known, "DTSTART"), _moment(known, "DTEND")
    when = f"{start} – {end.removeprefix(start[:11])}" if start and end and start[:11] == end[:11] else start
    when = f"{start} – {end}" if end and when == start else when
    zone = _ZONE.search(known.get("DTSTART", ("", ""))[1])
    organizer = _plain(known, "ORGANIZER").removeprefix("mailto:").removeprefix("MAILTO:")
    place = _plain(known, "LOCATION")
    said = (
        title,
        f"{when} ({zone[1]})" if when and zone else when,
        f"место: {place}" if place else "",
        f"организатор: {organizer}" if organizer else "",
    )
    return "; ".join(filter(None, said))


def _plain(known: dict[str, tuple[str, str]], name: str) -> str:
    value = known.get(name, ("", ""))[0]
    return clean_name(re.sub(r"\\([nN,;\\])", lambda found: " " if found[1] in "nN" else found[1], value), 300)


def _moment(known: dict[str, tuple[str, str]], name: str) -> str:
    value = known.get(name, ("", ""))[0]
    for form, shown in (
        ("%Y%m%dT%H%M%SZ", "%d.%m.%Y %H:%M UTC"),
        ("%Y%m%dT%H%M%S", "%d.%m.%Y %H:%M"),
        ("%Y%m%d", "%d.%m.%Y"),
    ):
        try:
            return datetime.strptime(value, form).strftime(shown)  # noqa: DTZ007 - shown as it was written
        except ValueError:
            continue
    return ""
