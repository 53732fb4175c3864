"""What our own mail server found out about a mail's sender (RFC 8601). Only its own word counts. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from connectors.email.postal import BadAddress, domain_in_ascii

Verdict = Literal["pass", "fail", "none"]

_PAIR = re.compile(r'([A-Za-z][\w.-]*)(?:/\d+)?\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')


def verdict(results: Sequence[str], own_id: str, sender: str) -> Verdict:
    """What DMARC says of this sender's address.

    `results` are the Authentication-Results of a mail, the newest first, and `own_id` the name our server signs them
    with. Headers of that name that a stranger put into his mail stand below our server's own: only the first can vouch
    for somebody. To doubt him any will do, for he forges that only of himself.
    """
    own = [list(_pairs(words[1:])) for words in map(_statements, results) if own_id and _name(words) == own_id.lower()]
    told = [_of_dmarc(pairs, sender) for pairs in own]
    if "fail" in told:
        return "fail"
    return told[0] if told else "none"


def _of_dmarc(statements: Sequence[dict[str, str]], sender: str) -> Verdict:
    said = [each for each in statements if "dmarc" in each]
    if any(each["dmarc"] == "fail" for each in said):
        return "fail"
    passed = [each.get("header.from", "") for each in said if each["dmarc"] == "pass"]
    if not any(passed):
        return "none"
    # A mail with two senders passes for the one that is not shown.
    return "pass" if all(_domain(each) == _domain(sender) for each in passed) else "fail"


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
