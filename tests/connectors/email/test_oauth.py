"""Access tokens: got once, kept until shortly before their end, and what is wrong is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Denied, Unavailable
from connectors.email import oauth
from connectors.email.oauth import Tokens
from connectors.email.settings import OauthSettings
from pipeline.loop import LoopThread
from tests.fakes.provider import Provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def tokens(provider: Provider) -> Tokens:
    return Tokens(OauthSettings.model_validate(provider.section))


def test_a_token_is_got_once_and_again_before_its_end(
    provider: Provider, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answers = [(200, {"access_token": "one", "expires_in": "3600"}), (200, {"access_token": "two"})]
    own = tokens(provider)
    assert [loop.run(own(), 5) for _ in range(3)] == ["one"] * 3
    assert provider.asked == [{"grant_type": ["refresh_token"], "client_id": ["okno"], "refresh_token": ["r-1"]}]
    monkeypatch.setattr(oauth, "_EARLY", 4000.0)
    assert loop.run(own(), 5) == "two"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, Denied),
        (401, {"error": "invalid_client"}, Denied),
        (429, b"", Unavailable),
        (503, b"<html>", Unavailable),
        (200, b"<html>", Unavailable),
        (200, {}, Unavailable),
    ],
)
def test_a_token_that_is_not_given_is_told(
    provider: Provider, loop: LoopThread, status: int, body: Any, kind: type[Exception]
) -> None:
    provider.answers = [(status, body)]
    with pytest.raises(kind) as caught:
        loop.run(tokens(provider)(), 5)
    assert "r-1" not in str(caught.value)


def test_a_provider_that_is_away_is_told(provider: Provider, loop: LoopThread) -> None:
    own = tokens(provider)
    provider.server_close()
    with pytest.raises(Unavailable):
        loop.run(own(), 5)
