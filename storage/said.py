"""What was said: texts of messages, with so many before them as they are understood from."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from storage.db import Tx, cursor, is_postgres
from storage.types import utc_time

# Characters of a text that are read at most: who writes more says it before that.
LONGEST = 65_536
# What people said: no notes, nothing that was taken back, and nothing a machine wrote.
_HEARD = (
    "{0}.direction IN ('in', 'out') AND {0}.deleted_at IS NULL AND {0}.data ->> 'automatic' IS NULL "
    "AND {0}.data ->> 'mail' IS NULL"
)
_SAID = """
WITH s AS MATERIALIZED (
  SELECT dialog_id, last, coalesce((
    SELECT b.seq FROM messages b WHERE b.dialog_id = x.dialog_id AND b.seq < x.first AND {before}
    ORDER BY b.seq DESC LIMIT 1 OFFSET {nth}
  ), 0) AS low
  FROM {stretches}
)
SELECT m.id, m.dialog_id, m.seq, m.direction, substr(m.text, 1, {longest}), m.sent_at
FROM s JOIN messages m ON m.dialog_id = s.dialog_id AND m.seq BETWEEN s.low AND s.last WHERE {heard}
ORDER BY m.dialog_id, m.seq
"""
_ARRAYS = "unnest(%b::bigint[], %b::bigint[], %b::bigint[]) x(dialog_id, first, last)"
_LISTS = "(SELECT value ->> 0 AS dialog_id, value ->> 1 AS first, value ->> 2 AS last FROM json_each(?)) x"


class Stretch(NamedTuple):
    """Part of a dialog: from one arrival number to another."""

    dialog_id: int
    first: int
    last: int


class Heard(NamedTuple):
    """A message as somebody said it."""

    id: int
    dialog_id: int
    seq: int
    direction: str
    text: str
    sent_at: datetime


def said(tx: Tx, stretches: Sequence[Stretch], before: int) -> dict[int, list[Heard]]:
    """By dialog what was said in the stretches, and the last so many messages before each, in order of arrival."""
    if is_postgres(tx):
        columns = [list(values) for values in zip(*stretches, strict=True)]
        rows = cursor(tx).execute(_sql(_ARRAYS, before), columns, binary=True).fetchall()
    else:
        rows = cursor(tx).execute(_sql(_LISTS, before), (json.dumps(stretches),)).fetchall()
    found: dict[int, list[Heard]] = {}
    for number, dialog_id, seq, direction, words, sent_at in rows:
        found.setdefault(dialog_id, []).append(Heard(number, dialog_id, seq, direction, words, utc_time(sent_at)))
    return found


@cache
def _sql(stretches: str, before: int) -> str:
    heard = {"before": _HEARD.format("b"), "heard": _HEARD.format("m")}
    return _SAID.format(stretches=stretches, nth=before - 1, longest=LONGEST, **heard)
