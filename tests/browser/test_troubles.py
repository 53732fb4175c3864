"""Channels in trouble, as operators see them at the console."""

import urllib.error
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from storage import halts, journal
from storage.db import Database, Tx, now
from tests.browser.pages import Desk, MakeProfile
from tests.browser.server import Okno, call
from tests.browser.test_access import PHONE, UNGUARDED, WIDE, fits, grave

REFUSED = "shop turns webhook calls away: the header 'webhook-id' is missing"
STOPPED = "site stands still: VK does not accept the key; make a new one"


def tell(tx: Tx, kind: str) -> None:
    """What the pipeline does about a key that was refused, or works again."""
    if kind == "channel.stopped":
        halts.put(tx, "site", halts.SENDING, STOPPED.removeprefix("site stands still: "), now() + timedelta(minutes=5))
    else:
        halts.lift(tx, "site", halts.SENDING)
    journal.append(tx, [journal.Entry(kind, journal.SYSTEM, None, {"channel": "site"})])


def happens(okno: Okno, kind: str) -> None:
    db = Database(f"sqlite:///{okno.folder / 'okno.db'}")
    try:
        db.write(lambda tx: tell(tx, kind))
    finally:
        db.close()


def test_a_channel_that_stands_still_is_shown_until_it_goes_on(okno: Okno, desk: Desk) -> None:
    trouble = desk.page.get_by_text(STOPPED)
    expect(trouble).to_have_count(0)
    happens(okno, "channel.stopped")
    expect(trouble).to_be_visible()
    happens(okno, "channel.resumed")
    expect(trouble).to_have_count(0)


@pytest.mark.parametrize("options", [WIDE, PHONE])
def test_calls_with_a_wrong_secret_are_shown(okno: Okno, profile: MakeProfile, options: dict[str, object]) -> None:
    page = profile(**options, **UNGUARDED).new_page()
    Desk.enter(page)
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        call(f"{okno.url}/hooks/shop", "", {"id": "1"})
    refused.value.close()
    expect(page.get_by_text(REFUSED)).to_be_visible()
    assert fits(page)
    assert grave(page) == []
