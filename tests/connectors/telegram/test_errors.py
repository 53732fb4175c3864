"""Telegram's refusals in the words of the contract."""

from typing import Any

import pytest

from connectors.base import Blocked, ConnectorError, Denied, Moved, Rejected, Unavailable
from connectors.telegram.errors import Conflict, Throttled, Unclear, error_of, no_answer


def told(status: int, description: str = "", **parameters: Any) -> Exception:
    answer = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return error_of(status, answer)


@pytest.mark.parametrize(
    ("status", "description", "means"),
    [
        (400, "Bad Request: message text is empty", Rejected),
        (400, "Bad Request: chat not found", Blocked),
        (400, "Bad Request: PEER_ID_INVALID", Blocked),
        (403, "Forbidden: bot was blocked by the user", Blocked),
        (403, "Forbidden: bot was kicked from the supergroup chat", Blocked),
        (403, "Forbidden: user is deactivated", Blocked),
        (401, "Unauthorized", Denied),
        (404, "Not Found", Denied),
        (404, "Not Found: method not found", Rejected),
        (409, "Conflict: terminated by other getUpdates request", Conflict),
        (413, "Request Entity Too Large", Rejected),
        (429, "Too Many Requests: retry after 7", Throttled),
        (500, "Internal Server Error", Unclear),
        (502, "Bad Gateway", Unclear),
    ],
)
def test_each_refusal_has_its_meaning(status: int, description: str, means: type[Exception]) -> None:
    assert type(told(status, description)) is means


def test_an_unknown_outcome_is_no_word_of_the_contract() -> None:
    assert not issubclass(Unclear, ConnectorError)


@pytest.mark.parametrize(("given", "seconds"), [(7, 7.0), (0, None), (None, None), ("7", None)])
def test_how_long_to_wait_is_taken_exactly(given: Any, seconds: float | None) -> None:
    error = told(429, "Too Many Requests", retry_after=given)
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


def test_a_group_that_became_a_supergroup_has_a_new_address() -> None:
    error = told(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009)
    assert isinstance(error, Moved)
    assert error.address == "-1009"


def test_operators_read_telegrams_reason_and_no_jargon() -> None:
    assert str(told(400, "Bad Request: message is too long")) == "Telegram refused it: message is too long"
    assert "@BotFather" in str(told(401, "Unauthorized"))


@pytest.mark.parametrize(
    "answer", [{}, {"description": None}, {"description": 5, "parameters": []}, {"parameters": {"retry_after": []}}]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429])
def test_a_refusal_is_one_however_little_it_says(status: int, answer: dict[str, Any]) -> None:
    assert isinstance(error_of(status, answer), ConnectorError)


@pytest.mark.parametrize("answer", [{"ok": False}, {"ok": True}, {"ok": False, "error_code": "400"}])
def test_an_answer_that_says_yes_and_no_leaves_it_open(answer: dict[str, Any]) -> None:
    assert isinstance(error_of(200, answer), Unclear)


def test_what_answers_without_json_is_not_telegram() -> None:
    assert type(no_answer(429)) is Throttled
    assert type(no_answer(413)) is Rejected
    assert type(no_answer(403)) is Unavailable
    assert type(no_answer(302)) is Unavailable
    assert type(no_answer(502)) is Unclear
    assert type(no_answer(200)) is Unclear
