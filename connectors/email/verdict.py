"""What our own mail server found out about a mail's sender (RFC 8601). Only its own word counts. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from connectors.email.postal import BadAddress, domain_in_ascii

Verdict = Literal["pass", "fail", "none"]

_PAIR = re.compile(r'([A-Za-z][\w.-]*)(?:/\d+)?\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')

_RESULT = re.compile(r"\bdmarc\s*(?:/\s*\d+\s*)?=\s*\"?\s*([a-z]+)", re.IGNORECASE)


def verdict(results: Sequence[str], own_id: str, sender: str) -> Verdict:
    """What DMARC says of this sender's address.

    `results` are the Authentication-Results of a mail, the newest first, and `own_id` the name our server signs them
    with. Headers of that name that a stranger put into his mail stand below our server's own: only the first can vouch
    for somebody. To doubt him any will do, for he forges that only of himself.
    """
    told = [_of_dmarc(header, words, sender) for header, words in _own(results, own_id)]
    if "fail" in told:
        return "fail"
    return told[0] if told else "none"


def voucher(results: Sequence[str], own_id: str) -> str:
    """The domain that vouches for a mail by DKIM or SPF, whomever it names as its sender; empty where none does."""
    for _, words in _own(results, own_id)[:1]:
        pairs = list(_pairs(words[1:]))
        for method, names in (("dkim", ("header.d", "header.i")), ("spf", ("smtp.mailfrom",))):
            passed = [each for each in pairs if each.get(method) == "pass"]
            found = [_domain(each[name]) for each in passed for name in names if each.get(name)]
            if found:
                return found[0]
    return ""


def _own(results: Sequence[str], own_id: str) -> list[tuple[str, list[str]]]:
    """Our server's headers, whole and cut at their semicolons."""
    cut = [(header, _statements(header)) for header in results] if own_id else []
    return [(header, words) for header, words in cut if _name(words) == own_id.lower()]


def _of_dmarc(header: str, words: Sequence[str], sender: str) -> Verdict:
    # Wherever it stands: servers write what strangers said into comments, and these may pretend to end them.
    said = [result.lower() for result in _RESULT.findall(header)]
    if "fail" in said:
        return "fail"
    pairs = list(_pairs(words[1:]))
    named = [each["header.from"] for each in pairs if each.get("header.from")]
    if any(_domain(each) != _domain(sender) for each in named):
        # A mail with two senders is judged by the one that is not shown.
        return "fail"
    judged = [each for each in pairs if "dmarc" in each]
    sure = bool(judged) and all(each["dmarc"] == "pass" and each.get("header.from") for each in judged)
    return "pass" if sure and set(said) == {"pass"} and len(said) == len(judged) else "none"


def _name(statements: Sequence[str]) -> str:
    """Who signs: the first word, behind which there may be a version."""
    words = statements[0].split()
    return words[0].strip('"').lower() if words else ""


def _pairs(statements: Sequence[str]) -> Iterator[dict[str, str]]:
    for statement in statements:
        found = _PAIR.findall(statement)
        # Its first pair is the method with its result; a property of that name behind it is none.
        yield {name.lower(): value.strip('"').lower() for name, value in reversed(found)}


def _statements(header: str) -> list[str]:
    """The parts between semicolons, without comments; neither counts in quotes."""
    parts: list[list[str]] = [[]]
    depth, quoted, escaped = 0, False, False
    for letter in header:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif not quoted and letter in "()":
            depth = max(depth + (1 if letter == "(" else -1), 0)
            continue
        elif letter == ";" and not quoted and not depth:
            parts.append([])
            continue
        if not depth:
            parts[-1].append(letter)
    return ["".join(part) for part in parts]


def _domain(address: str) -> str:
    domain = address.strip("<>").rpartition("@")[2]
    try:
        return domain_in_ascii(domain)
    except BadAddress:
        return domain.lower()
