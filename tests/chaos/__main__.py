"""Chaos: whether a message is ever lost, doubled or put out of order while everything around it breaks.

    python -m tests.chaos --seed 1 --messages 20000
    python -m tests.chaos --seed 1 --messages 1500 --db sqlite --push
    python -m tests.chaos --seed 1 --messages 1500 --db sqlite --sabotage lose

What runs: the real daemons, two of each kind, started by `python workers.py …` with settings from the environment
alone and started again whenever they end, as systemd would; PostgreSQL (or a SQLite file) and Redis of the run's own;
and the outside world in a process that nothing happens to: visitors in the widget, a site that speaks by signed
webhook and takes signed replies, operators who follow the feed and answer. It writes a ledger of what it sent, what
was acknowledged and what came back. Between world, daemons and servers stand TCP proxies that fail on demand.

What breaks is drawn from the seed and printed before it happens: `kill -9`, SIGTERM and SIGSTOP of every kind of
process, of the pipeline's beyond its lease; Redis flushed, killed, frozen, cut off, swallowed, absent from the start;
PostgreSQL restarted in immediate mode, cut off, swallowed, slow, and COMMITs whose answer is lost after they took
effect; the HTTP door cut off, and its answers lost after the effect; a site that takes a reply and cuts the line or
answers 500, 429 or 503; and of Telegram and VK, fakes in processes of their own, lines cut and swallowed, replies taken
without an answer, errors, pages instead of JSON, VK's lost history and keys; and of e-mail, a real Dovecot restarted,
frozen and restored with other numbers for its mails, and a mail server outside that says later or nonsense and hangs up
before and after the last dot, both with lines cut, swallowed and slow. `--channels` says who takes part. The same seed
gives the same plan; what it hits depends on the moment, as it does in life.

Mails are put into the mailbox's Maildir, as a mail server does it; each second one answers the last of ours its writer
got. Their order has no excuse: within the whole seconds of mail the numbers of the folder tell it.

With `--push` Telegram and VK are not polled but push, by webhook and Callback API, through the same HTTP door as
everybody: what is cut off there, and what a dead or frozen web process does not answer, they send again, Telegram in
order within each chat, VK each event by itself and not for ever. Then they also tell of some things twice. `receive`
runs on: it is who tells Telegram where to push.

At the end the faults stop, everything gets up to five minutes to settle (VK takes 20 calls a second), the daemons are
stopped, and the ledger is held against the database. The last line is one JSON object. All of these have to be 0:

    lost        acknowledged but not stored; accepted but never arrived; missing from a history or the event feed
    doubled     stored twice; the same reply under two keys (a site drops repeats of one key, as the convention asks);
                at VK and at the site never excused; in Telegram and by e-mail, which know no keys, a reply may arrive
                once more for each try with an unknown outcome, if that is told in the journal and the letter is marked;
                by e-mail as the same mail to the byte, so with the same Message-ID
    inversions  out of order in the dialog, in a history, at the receiver or in the feed; excused only for letters with
                unknown outcomes where the channel knows no keys, and in the order of arrival for what VK pushed late
    unsettled   never acknowledged, still queued, parked, not sent; a daemon that did not stop within 30 seconds
    unbalanced  what `storage.verify` finds; two dialogs of one writer; a note outside; an answer nobody should get; a
                mail that answers one of ours and does not stand under it

Exit status 0 when they are, and at least one fault happened per 500 messages; 1 otherwise. A run that failed leaves
its folder (logs, ledger, settings) behind and says where. `--sabotage` breaks the system behind its back: the run must
then end with 1, or the check itself is broken.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos import sabotage
from tests.chaos.mail import MAIL
from tests.chaos.plan import SITE, default_faults
from tests.chaos.run import Options, Run
from tests.chaos.servers import postgresql_programs
from tests.chaos.vendors import TOKENS

CHANNELS = (SITE, *TOKENS, MAIL)
_MESSAGES_A_FAULT = 500
_FIGURES = ("lost", "doubled", "inversions", "unsettled", "unbalanced")


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break everything, lose nothing.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--db", choices=["postgresql", "sqlite"], help="PostgreSQL where it is installed")
    parser.add_argument("--faults", type=int, help="how many; 50 for 20,000 messages")
    parser.add_argument("--sabotage", choices=sabotage.WAYS, help="break the system on purpose: the run has to fail")
    parser.add_argument(
        "--channels", default=",".join(CHANNELS), type=_channels, help=f"who is written through: {','.join(CHANNELS)}"
    )
    parser.add_argument("--push", action="store_true", help="messengers push, by webhook and Callback API")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind whatever comes")
    given = parser.parse_args()
    return Options(
        given.seed,
        given.messages,
        given.db or ("postgresql" if postgresql_programs() else "sqlite"),
        given.faults or default_faults(given.messages),
        given.sabotage,
        given.keep,
        given.channels,
        given.push,
    )


def _channels(value: str) -> tuple[str, ...]:
    chosen = tuple(value.split(","))
    if not set(chosen) <= {*CHANNELS}:
        raise argparse.ArgumentTypeError(f"these are known: {', '.join(CHANNELS)}")
    return chosen


def main() -> int:
    """The exit status."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="okno-chaos-"))
    # PostgreSQL runs as somebody else and has to reach its own folder in it.
    folder.chmod(0o711)
    result = asyncio.run(Run(options, folder).run())
    enough = sum(result["faults"].values()) * _MESSAGES_A_FAULT >= options.messages
    passed = enough and not any(result[name] for name in _FIGURES)
    if options.keep or not (passed or options.sabotage):
        print(f"what happened is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
