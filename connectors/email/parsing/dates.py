"""The date of a mail, in every form programs write it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12, "янв": 1, "фев": 2, "мар": 3, "апр": 4, "май": 5, "мая": 5, "июн": 6, "июл": 7, "авг": 8, "сен": 9,
    "окт": 10, "ноя": 11, "дек": 12, "okt": 10, "dez": 12, "mai": 5, "mär": 3, "avr": 4, "aoû": 8, "déc": 12, "fév": 2,
}  # fmt: skip
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
    "pst": -480, "pdt": -420, "msk": 180, "мск": 180, "msd": 240, "cet": 60, "cest": 120, "met": 60, "mest": 120,
    "eet": 120, "eest": 180, "bst": 60, "wet": 0, "west": 60, "jst": 540, "yekt": 300, "omst": 360,
}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
_DAY_FIRST = re.compile(r"\b(\d{1,2})[ .\-/]+([^\W\d_]{3,12})\.?[ .,\-/]+(\d{2,4})")
_MONTH_FIRST = re.compile(r"\b([^\W\d_]{3,12})\.? +(\d{1,2})(?:st|nd|rd|th)?[ ,]+(\d{4})")
_DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_TIME = re.compile(r"(?<!\d)(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?\s*([AaPp][Mm])?")
_NOT_STANDARD = re.compile(r"\b[ap]m\b|^[^:]*$|\d\.\d\d?\.\d|\d{4}-\d", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)\b")


def parse(value: str) -> datetime | None:
    """The moment in UTC; None if the text names none. A date without a zone is taken for UTC."""
    value = re.sub(r"\([^()]*\)", " ", value[:200].replace("\t", " ")).strip()
    value = re.sub(r"([+-]\d\d):(\d\d)$", r"\1\2", value)
    try:
        found = _standard(value) or _other(value)
        return found.astimezone(UTC) if found and found.year >= 1970 else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _standard(value: str) -> datetime | None:
    try:
        found = parsedate_tz(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if not found or _NOT_STANDARD.search(value):
        return None
    offset = found[9] or _offset(value.rpartition(":")[2])
    if abs(offset) >= 86_400 or found[0] < 1970:
        return None
    # Leap seconds are nobody's business here.
    moment = datetime(found[0], found[1], found[2], found[3], found[4], min(found[5], 59), tzinfo=UTC)
    return moment - timedelta(seconds=offset)


def _other(value: str) -> datetime | None:
    found = _day(value)
    if not found:
        return None
    year, month, day, rest = found
    clock = _TIME.search(rest)
    hour, minute, second = (int(clock[1]), int(clock[2]), int(clock[3] or 0)) if clock else (0, 0, 0)
    if clock and clock[4]:
        hour = hour % 12 + (12 if clock[4].lower() == "pm" else 0)
    zone = timezone(timedelta(seconds=_offset(rest)))
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)


def _day(value: str) -> tuple[int, int, int, str] | None:
    """Year, month and day, and the text without them."""
    if found := _ISO.search(value):
        return int(found[1]), int(found[2]), int(found[3]), value[found.end() :]
    if found := _DOTTED.search(value):
        return int(found[3]), int(found[2]), int(found[1]), value[found.end() :]
    for pattern, day, month in ((_DAY_FIRST, 1, 2), (_MONTH_FIRST, 2, 1)):
        found = pattern.search(value)
        number = _MONTHS.get(found[month][:3].lower()) if found else None
        if found and number:
            year = int(found[3])
            year += 2000 if year < 70 else 1900 if year < 100 else 0
            return year, number, int(found[day]), value[found.end() :]
    return None


def _offset(value: str) -> int:
    """Seconds east of UTC."""
    if found := _OFFSET.search(value):
        seconds = int(found[2]) * 3600 + int(found[3]) * 60
        return -seconds if found[1] == "-" else seconds
    last = re.findall(r"[^\W\d_]{1,5}", value)
    return 60 * _ZONES.get(last[-1].lower(), 0) if last else 0
