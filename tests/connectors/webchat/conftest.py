"""A webchat of one's own."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.webchat import Webchat
from connectors.webchat.settings import WebchatSettings

KEY = b"k" * 32
SECRET = "whsec_" + "c2VjcmV0" * 6
IDENTITY_SECRET = "the site's own secret, long enough"
AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)

Make = Callable[..., Webchat]


@pytest.fixture
def make() -> Make:
    """Makes a webchat with these settings."""

    def make(name: str = "site", **section: Any) -> Webchat:
        return Webchat(name, WebchatSettings.model_validate({"kind": "webchat", **section}))

    return make


@pytest.fixture
def chat(make: Make) -> Webchat:
    """A webchat with all doors open."""
    return make(identity_secret=IDENTITY_SECRET, secret=SECRET, max_text=1000, max_file=1000, max_files=3)
