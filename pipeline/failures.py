"""Failures: a reply that never arrives brings its dialog back to whoever owns it, however long ago that was settled."""

from storage import talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry


def bring_back(tx: Tx, dialog_id: int) -> list[Entry]:
    """Open the dialog's newest episode again if it is resolved; its owner keeps it unless he was let go.

    Locks the dialog: letters of it may only be locked afterwards.
    """
    (dialog,) = talk.lock_with_episodes(tx, [dialog_id])
    if dialog.episode_id is None or dialog.status != talk.RESOLVED:
        return []
    talk.reopen(tx, [dialog.episode_id])
    return [Entry("dialog.reopened", SYSTEM, dialog_id, {"episode": dialog.number})]
