"""Threads of mails: by which keys a mail is known, which it may answer, and what letters that follow must name."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connectors.email.postal import same

if TYPE_CHECKING:
    from connectors.email.mime import Mail

_MOST_REFERENCES, _MOST_TAGS = 40, 5
# As it stands in subjects that went out.
_TAG = re.compile(r"\[#([0-9a-f]{10})\]")


def key_of(message_id: str) -> str:
    """A Message-ID as a key: in brackets, so that none can be written to look like a key of another kind."""
    return f"<{message_id}>"


def token_key(token: str) -> str:
    """The key of an address of ours with this token in it: `support+token@`."""
    return f"+{token}"


def tag_key(tag: str) -> str:
    """The key of a tag in a subject: `[#tag]`."""
    return f"#{tag}"


def tagged(subject: str, tag: str) -> str:
    """The subject with this tag alone; none where it is empty."""
    bare = _TAG.sub("", subject).strip()
    return f"{bare} [#{tag}]".lstrip() if tag else bare


def aliases_of(mail: "Mail", sender: str) -> tuple[str, ...]:
    """By which keys others speak of it, and its sender himself: whoever wrote that id first, his own is found."""
    return (key_of(mail.message_id), _own_key(mail.message_id, sender)) if mail.message_id else ()


def tokens_in(loops: Iterable[str]) -> tuple[str, ...]:
    """The keys of our own mails by what they bear in X-Loop, for servers that give them other ids."""
    return tuple(token_key(token) for each in loops if (token := each.partition("@")[0].partition("+")[2]))


def without_token(address: str) -> str:
    """The address without what stands behind its plus."""
    local, at, domain = address.partition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def candidates(mail: "Mail", own: str, sender: str) -> tuple[str, ...]:
    """What a mail to the address `own` may answer, the likeliest first.

    By the address it came to, by what it names, by its thread from the end, and by the tag in its subject.
    """
    named = [mail.in_reply_to] if mail.in_reply_to else []
    tokens = [token_key(token) for token in _tokens(mail, own)]
    ids = [key for each in [*named, *reversed(mail.references)] for key in (_own_key(each, sender), key_of(each))]
    tags = [tag_key(tag) for tag in reversed(_TAG.findall(mail.subject))]
    return tuple(dict.fromkeys([*tokens[:_MOST_TAGS], *ids[: 2 * _MOST_REFERENCES], *tags[:_MOST_TAGS]]))


def thread_of(mail: "Mail") -> dict[str, Any]:
    """What letters that follow must name: {id, references, subject}, each only if there is one."""
    told = {
        "id": mail.message_id,
        "references": list(mail.references[-_MOST_REFERENCES:]),
        "subject": mail.subject,
    }
    return {name: value for name, value in told.items() if value}


def _own_key(message_id: str, sender: str) -> str:
    return f"{key_of(message_id)} {sender}"


def _tokens(mail: "Mail", own: str) -> list[str]:
    found = []
    for to in (*mail.to, *mail.cc):
        local, _, domain = to.address.lower().rpartition("@")
        name, plus, token = local.partition("+")
        if plus and token and same(f"{name}@{domain}", own):
            found.append(token)
    return found
