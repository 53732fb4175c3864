"""Reading: what the raws of a batch say, and their files on the disk; the part that touches no database."""

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from structlog.contextvars import bind_contextvars, bound_contextvars

from connectors.base import Envelope, Raw
from connectors.registry import Channels
from connectors.text import clean_text
from pipeline.attach import Shelf
from pipeline.stitch import Parsed
from pipeline.watchdog import watched
from storage.inbox import Claim

Lane = tuple[str, str]


class DiskFault(OSError):
    """A full or broken disk: nobody's fault but the machine's."""


@dataclass
class Reading:
    """What reading a batch gave; rows that failed, and the later ones of their addresses, stay queued.

    `failed` has the reasons by raw. `fault` is what kept files from the disk: not their raws' fault, and the others of
    the batch go on.
    """

    done: list[Claim] = field(default_factory=list)
    parsed: list[Parsed] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    fault: DiskFault | None = None


class Reader:
    """Reads batches, each for `enough` seconds; the process ends when one is read for longer than `most`."""

    def __init__(self, channels: Channels, shelf: Shelf, enough: float, most: float) -> None:
        self._channels, self._shelf, self._enough, self._most = channels, shelf, enough, most

    def read(self, rows: Sequence[Claim]) -> Reading:
        """Read raws in order of arrival, none that stands behind one of its address that cannot be read.

        When enough time has passed the rest stays queued: raws that are slow to read are nobody's death.
        """
        reading = Reading()
        blocked: set[Lane] = set()
        with bound_contextvars(inbox=None):
            with watched(self._most):
                said = list(self._parse_all(rows, reading))
            # A disk may be slow for as long as it likes.
            for row, envelopes in said:
                self._keep(row, envelopes, reading, blocked)
        return reading

    def _parse_all(self, rows: Sequence[Claim], reading: Reading) -> Iterator[tuple[Claim, Sequence[Envelope]]]:
        failed: set[Lane] = set()
        until = time.monotonic() + self._enough
        for row in rows:
            if row is not rows[0] and time.monotonic() > until:
                return
            if _lane(row) in failed:
                continue
            bind_contextvars(inbox=row.id)
            try:
                yield row, self._parse(row)
            except Exception as error:  # noqa: BLE001 - whatever a raw brings about, its neighbours go on
                reading.failed[row.id] = reason_of(error)
                failed.add(_lane(row))

    def _parse(self, row: Claim) -> Sequence[Envelope]:
        if row.channel not in self._channels:
            raise LookupError(f"the channel {row.channel!r} is not configured or not enabled")
        return self._channels[row.channel].parse(Raw(row.external_id, row.address, self._shelf.data_of(row.data)))

    def _keep(self, row: Claim, envelopes: Sequence[Envelope], reading: Reading, blocked: set[Lane]) -> None:
        if _lane(row) in blocked:
            return
        bind_contextvars(inbox=row.id)
        try:
            reading.parsed.append(Parsed(row.channel, self._shelf.keep(envelopes)))
            reading.done.append(row)
        except OSError as error:
            reading.fault = DiskFault(str(error))
            blocked.add(_lane(row))
        except Exception as error:  # noqa: BLE001 - as above
            reading.failed[row.id] = reason_of(error)
            blocked.add(_lane(row))


def reason_of(error: Exception) -> str:
    """The kind of error and where it happened; its text may hold the customer's words and stays in the database."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    at = "".join(f" at {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in where)
    return clean_text(f"{type(error).__name__}{at}\n{error}"[:2000])


def _lane(row: Claim) -> Lane:
    return row.channel, row.address
