"""Bytes of a mail as text: charsets as declared, as lied about and as never declared at all; Russian first."""

import codecs
import math
import re
from functools import lru_cache

# What the world writes into charset=, where Python has no name for it, or where the name promises less than is sent.
_NAMES = {
    "gb2312": "gb18030",
    "iso-gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gbk": "gb18030",
    "cn-gb": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "x-windows-949": "cp949",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-6-e": "iso8859_6",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "koi8-ru": "koi8_u",
    "koi8": "koi8_r",
    "koi": "koi8_r",
    "dos": "cp866",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf_7",
    "unicode-1-1-utf-8": "utf_8",
    "unicode": "utf_16",
    "ucs-2": "utf_16",
    "utf8mb4": "utf_8",
    "latin-9": "iso8859_15",
    # Names that say nothing: the bytes are asked.
    "us-ascii": "",
    "ascii": "",
    "ansi_x3.4-1968": "",
    "ansi": "",
    "unknown": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "x-user-defined": "",
    "default": "",
    "default_charset": "",
    "none": "",
    "8bit": "",
    "7bit": "",
    "binary": "",
}
_PREFIX = re.compile(r"^(?:x-)?(?:windows|win|cp|ibm|microsoft-cp|dos|ms)[-_ ]?(\d{3,5})$")
# What follows a name: a language, a comment, the quotes somebody forgot to open.
_LABEL_END = re.compile(r"[*\s(;,\"']")
_NO_TEXT = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"}
_EASTERN = {"gb18030", "big5hkscs", "big5", "cp932", "euc_jp", "cp949", "johab", "euc_jis_2004", "cp950"}
_SEVEN_BIT = {"utf_7", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "hz", "cp037", "cp500"}
_LATIN = {"cp1252", "iso8859_15", "iso8859_9", "cp1254", "mac_roman", "cp850", "cp437"}
_CYRILLIC = ("cp1251", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic")

_PRINTABLE = re.compile(rb"[\t\r\n\x20-\xff]*")
_RUN = re.compile(rb"[\x80-\xff]{3}")
_HIGH = re.compile(rb"[\x80-\xff]+")
_TRIPLE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_META = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf_8"), (codecs.BOM_UTF16_LE, "utf_16_le"), (codecs.BOM_UTF16_BE, "utf_16_be"))

# How often a letter is met in Russian text, a thousand letters; those of its neighbours are rare.
_OFTEN = {
    "о": 110, "е": 85, "а": 80, "и": 74, "н": 67, "т": 63, "с": 55, "р": 47, "в": 45, "л": 43, "к": 35, "м": 32,
    "д": 30, "п": 28, "у": 26, "я": 20, "ы": 19, "ь": 17, "г": 17, "з": 16, "б": 16, "ч": 14, "й": 12, "х": 10,
    "ж": 9, "ш": 7, "ю": 6, "ц": 5, "щ": 4, "э": 3, "ф": 3, "ё": 2, "ъ": 1, "і": 4, "ї": 2, "є": 2, "ў": 1, "ґ": 0.2,
}  # fmt: skip
_LIKELY = {letter: math.log(often / 1000) for letter, often in _OFTEN.items()}
_SIGNS = frozenset("№—–«»“”„…’‘•·\xa0°§±©®™€")
_ODD, _SIGN, _SWITCH = -8.0, -3.5, -5.0
# Russian text comes to about -3.2 a letter, anything else read as Russian to less than -5.
_CONVINCING = -4.4
# So much better must another charset be than the declared one.
_MARGIN = 0.7
_RARE = 0.4
_SAMPLE = 600


def decode(data: bytes, declared: str = "", hint: str = "") -> str:
    """The bytes as text, whatever they are; `hint` is the charset of what stands around them."""
    codec = codec_of(declared)
    if data.isascii() and codec not in _SEVEN_BIT and not codec.startswith("iso2022"):
        return data.decode("ascii")
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    if codec in _SEVEN_BIT or codec.startswith("iso2022"):
        return _seven_bit(data, codec)
    if _is_utf8(data, codec or codec_of(hint)):
        return data.decode("utf-8")
    return _eight_bit(data, codec, codec_of(hint))


def decode_html(data: bytes, declared: str) -> str:
    """A page as text; it may name its charset itself."""
    found = _META.search(data, 0, 4096)
    inside = str(found[1], "ascii", "replace") if found else ""
    if codec_of(inside) in _SEVEN_BIT:
        # A page in which that can be read is not written so.
        inside = ""
    return decode(data, declared if codec_of(declared) else inside, inside)


def codec_of(declared: str) -> str:
    """Python's codec for a declared charset; empty if it says nothing."""
    # Nobody fills the cache with long names.
    return _codec_of(declared[:80])


@lru_cache(maxsize=512)
def _codec_of(declared: str) -> str:
    name = _LABEL_END.split(declared.strip(" \t\r\n\"'<>;").lower().removeprefix("3d"), 1)[0]
    if name in _NAMES:
        return _NAMES[name]
    if "utf-8" in name or "utf8" in name:
        return "utf_8"
    found = _PREFIX.match(name)
    known = _known(f"cp{found[1]}" if found else name) or _known(re.sub(r"[^a-z0-9]+", "-", name).strip("-"))
    return {"iso8859_1": "cp1252", "ascii": "", "koi8_r": "koi8_u", "gb2312": "gb18030", "big5": "big5hkscs"}.get(
        known, known
    )


def _known(name: str) -> str:
    if not name or len(name) > 40 or not name.isascii():
        return ""
    try:
        found = codecs.lookup(name)
        # Some codecs of Python's are none of text: rot13 and zip raise here.
        "".encode(name)
        return "" if found.name.replace("_", "-") in _NO_TEXT else found.name.replace("-", "_")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""


def _seven_bit(data: bytes, codec: str) -> str:
    if codec in {"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_ext"}:
        return _japanese(data)
    if codec == "utf_16":
        # A mail may say so of text that a gateway has long made plain.
        if _PRINTABLE.fullmatch(data):
            return decode(data)
        codec = "utf_16_be" if len(set(data[:_SAMPLE:2])) < len(set(data[1:_SAMPLE:2])) else "utf_16_le"
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        return decode(data) if not data.isascii() else data.decode(codec, "replace")


def _japanese(data: bytes) -> str:
    """ISO-2022-JP as it is sent: with signs only Windows has, and with 8-bit text beside it."""
    if not data.isascii():
        return decode(data, "cp932") if b"\x1b" not in data else data.decode("iso2022_jp_ext", "replace")
    for codec in ("iso2022_jp", "iso2022_jp_ext"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return "".join(_shifted(piece) for piece in re.split(rb"(?=\x1b[$(])", data))


def _shifted(piece: bytes) -> str:
    """One run between two escapes; the double-byte ones through Windows' table, which has all the signs."""
    if not piece.startswith((b"\x1b$@", b"\x1b$B")):
        return (piece[3:] if piece.startswith(b"\x1b(") else piece).decode("ascii", "replace")
    out = bytearray()
    for high, low in zip(piece[3::2], piece[4::2], strict=False):
        row = high - 0x21
        out += bytes(((row >> 1) + (0x81 if row < 0x3E else 0xC1) & 0xFF, _low(low, row)))
    return out.decode("cp932", "replace")


def _low(low: int, row: int) -> int:
    if row % 2:
        return (low + 0x7E) & 0xFF
    return (low + (0x1F if low < 0x60 else 0x20)) & 0xFF


def _is_utf8(data: bytes, codec: str) -> bool:
    """Whether it is UTF-8, whatever was declared: other text is hardly ever valid by chance."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return codec not in _EASTERN or _TRIPLE.search(data) is not None


def _eight_bit(data: bytes, codec: str, hint: str) -> str:
    if codec == "utf_8":
        return _broken_utf8(data, hint)
    for name in (codec, hint):
        if name and name != "utf_8" and _fits(data, name):
            return _plain(data, name)
    return _plain(data, _guess(data) or codec or (hint if hint != "utf_8" else "") or "cp1252")


def _broken_utf8(data: bytes, hint: str) -> str:
    """What was to be UTF-8: cut through inside a letter, mixed with other text, or not at all."""
    bad = data.decode("utf-8", "replace").count("\ufffd")
    if bad <= 2 or not _RUN.search(data):
        good = len(_MULTIBYTE.findall(data))
        return data.decode("utf-8", "replace") if good >= bad else _eight_bit(data, "", hint)
    lines = data.splitlines(keepends=True)
    others = [number for number, line in enumerate(lines) if _is_other(line)]
    codec = _guess(b"".join(lines[number] for number in others[:100])) or hint.replace("utf_8", "") or "cp1252"
    read = [line.decode("utf-8", "replace") for line in lines]
    for number in others:
        read[number] = _plain(lines[number], codec)
    return "".join(read)


def _is_other(line: bytes) -> bool:
    """Whether a line is no UTF-8, and not only broken."""
    bad = 0 if line.isascii() else line.decode("utf-8", "replace").count("\ufffd")
    return bad > 0 and len(_MULTIBYTE.findall(line)) <= bad


def _fits(data: bytes, codec: str) -> bool:
    """Whether the declared charset can be believed."""
    if codec in _LATIN:
        # Letters beyond ASCII stand alone in Latin text; whole words of them are Cyrillic mostly.
        return _RUN.search(data) is None or not _guess(data)
    if codec in _CYRILLIC:
        sample = _sample(data)
        return _liking(sample, codec) > max(_liking(sample, other) for other in _CYRILLIC) - _MARGIN
    try:
        data.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        # One broken sign is no reason to distrust a charset of double bytes.
        return codec in _EASTERN and data.decode(codec, "replace").count("\ufffd") * 20 < len(data)
    return True


def _plain(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        return data.decode(codec, "replace")


def _guess(data: bytes) -> str:
    """The charset of bytes nobody said anything true about; empty if it shows in nothing."""
    sample = _sample(data)
    best = max(_CYRILLIC, key=lambda codec: _liking(sample, codec))
    if _liking(sample, best) > _CONVINCING:
        return best
    return _eastern(data[:4096])


@lru_cache(maxsize=64)
def _liking(sample: bytes, codec: str) -> float:
    """How much the sample looks Russian when read so: the mean over its letters beyond ASCII."""
    text = sample.decode(codec, "replace")
    total, count, letters, before = 0.0, 0, 0, " "
    for letter in text:
        if letter >= "\x80":
            total += _likelihood(letter, before)
            count += 1
            letters += letter.isalpha()
        elif letter.isalpha() and before >= "\x80" and before.isalpha():
            total += _SWITCH
        before = letter
    # Signs alone are common to many charsets.
    if letters * 2 <= count:
        return _ODD
    return total / count - (_RARE if codec == "mac_cyrillic" else 0)


def _likelihood(letter: str, before: str) -> float:
    lower = letter.lower()
    likely = _LIKELY.get(lower)
    if likely is None:
        return _SIGN if letter in _SIGNS else _ODD
    if before < "\x80" and before.isalpha():
        likely += _SWITCH
    elif letter != lower:
        likely -= 5 if before.islower() else 0.3 if before.isupper() else 0.6
    return likely


def _sample(data: bytes) -> bytes:
    """Some of the bytes, from where those beyond ASCII begin."""
    first = _HIGH.search(data)
    start = max(0, first.start() - 1) if first else 0
    return data[start : start + _SAMPLE]


def _eastern(data: bytes) -> str:
    """Chinese, Japanese or Korean, by how its common signs are spread; strict, so that little is taken for them."""
    high = sum(len(run) for run in _HIGH.findall(data))
    if high < _ENOUGH:
        return ""
    for codec, common in _COMMON:
        try:
            # The sample may end inside a sign.
            codecs.getincrementaldecoder(codec)().decode(data)
        except UnicodeDecodeError:
            continue
        if sum(len(found) for found in common.findall(data)) > 0.8 * high:
            return codec
    return ""


# Fewer bytes than these prove nothing.
_ENOUGH = 8
_COMMON = (
    ("euc_jp", re.compile(rb"(?:[\xa4\xa5][\xa1-\xf6](?:[\xb0-\xfe][\xa1-\xfe]|\xa1[\xa1-\xfe])?)+")),
    ("cp932", re.compile(rb"(?:[\x82\x83][\x40-\xf1](?:[\x88-\x9f][\x40-\xfc]|\x81[\x40-\xfc])?)+")),
    ("cp949", re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")),
    ("gb18030", re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|\xa3[\xa1-\xfe]|\xa1[\xa1-\xfe]")),
    ("big5hkscs", re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|[\xa1-\xa3][\x40-\x7e\xa1-\xfe]")),
)
