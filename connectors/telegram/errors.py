"""What Telegram's refusals mean, in the words of the contract. Pure."""

from typing import Any

from connectors.base import Blocked, ConnectorError, Denied, Moved, Rejected, Unavailable
from connectors.text import clean_name

# Longer than any description of Telegram's.
_LONGEST = 300
# Refusals that are about the client, not about the letter.
_NOBODY = ("chat not found", "user not found", "PEER_ID_INVALID", "business connection not found")
_MEND = "get a new one from @BotFather (/token) and set it as the channel's token"


class Unclear(Exception):
    """The call left, and nobody can know what became of it."""


class Throttled(Unavailable):
    """Too many calls: for the chat, or for the whole bot."""


class Conflict(Unavailable):
    """Somebody else reads the bot's updates, or a webhook takes them."""


def error_of(status: int, answer: dict[str, Any]) -> Exception:
    """What an answer that is not ok means; `Moved` has the new chat's id as its address."""
    code = answer.get("error_code") if status < 400 else status
    said = clean_name(str(answer.get("description") or ""), _LONGEST)
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        return Throttled("Telegram asks to wait", _seconds(parameters.get("retry_after")))
    if isinstance(parameters.get("migrate_to_chat_id"), int):
        return Moved("the group has become a supergroup", str(parameters["migrate_to_chat_id"]))
    if not isinstance(code, int) or not 400 <= code < 500:
        return Unclear(f"Telegram answered HTTP {status}")
    return _refusal(code, said)


def no_answer(status: int) -> Exception:
    """What an answer without JSON means: it comes from something between us and Telegram."""
    if status == 429:
        return Throttled("Telegram asks to wait")
    if status == 413:
        return Rejected("Telegram refused it: too large")
    if 300 <= status < 500:
        return Unavailable(f"not Telegram but something before it answers (HTTP {status}); look at api_base")
    return Unclear(f"Telegram answered HTTP {status} and no JSON")


def _refusal(code: int, said: str) -> ConnectorError:
    if code == 401:
        return Denied(f"Telegram does not take the token, it was revoked or is wrong; {_MEND}")
    if code == 404 and said in {"", "Not Found"}:
        return Denied(f"Telegram knows no bot with this token; {_MEND}")
    if code == 409:
        return Conflict(said)
    if code == 413:
        return Rejected("Telegram refused it: too large")
    reason = said.removeprefix("Bad Request: ").removeprefix("Forbidden: ") or f"HTTP {code}"
    if code == 403 or any(word in said for word in _NOBODY):
        return Blocked(f"Telegram does not reach them: {reason}")
    return Rejected(f"Telegram refused it: {reason}")


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
