"""Okno's command line: every process it runs, and the tools to look after them."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy.exc import DBAPIError

import log
import settings as config
from pipeline.stopping import Stop, leave
from settings import Settings, SettingsError

app = typer.Typer(
    help="Okno: one window for everything customers write. Without a command it runs everything.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)
operators = typer.Typer(help="Who may use the console and the API.", no_args_is_help=True)
app.add_typer(operators, name="operator")
mails = typer.Typer(help="What Okno reads in mails.", no_args_is_help=True)
app.add_typer(mails, name="mail")
to_do = typer.Typer(help="What Okno finds to be done.", no_args_is_help=True)
app.add_typer(to_do, name="tasks")

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def main() -> None:
    """The console script."""
    try:
        # First of all: a child of a supervisor that is gone has nothing to do here.
        _follow_supervisor()
        app()
    except SettingsError as error:
        sys.exit(f"The settings cannot be used:\n{error}")
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        sys.exit(f"The database cannot be used: {reason}\n`python workers.py check` tells more.")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        everything()


@app.command("all")
def everything() -> None:
    """Run everything: schema, receivers, workers, clock and web, supervised; Ctrl-C stops it all."""
    from pipeline.household import run
    from pipeline.supervise import DEADLINE

    run(_begin(), Stop(DEADLINE).on_signals())
    leave()


@app.command()
def receive(channels: Annotated[list[str] | None, typer.Argument(help="Only these channels.")] = None) -> None:
    """Read the channels that do not push: one reader each, however many of these run."""
    from pipeline.receive import run

    run(_begin(), Stop().on_signals(), channels or [])
    leave()


@app.command()
def work(kinds: Annotated[list[str] | None, typer.Argument(help="pipeline, deliver; both by default.")] = None) -> None:
    """Take messages into dialogs (pipeline) and send replies (deliver)."""
    from pipeline import daemons, queues

    unknown = set(kinds or ()) - {queues.PIPELINE, queues.DELIVER}
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are pipeline and deliver")
    daemons.work(_begin(), Stop().on_signals(), kinds or (queues.PIPELINE, queues.DELIVER))
    leave()


@app.command()
def web() -> None:
    """Serve the website chat, webhooks, the operators' API and the pages."""
    from api.app import serve

    serve(_begin(), Stop().on_signals())
    leave()


@app.command()
def clock() -> None:
    """Add up counts, remind of tasks, and throw away what its time has passed; one clock ticks, others stand by."""
    from pipeline.clock import run

    run(_begin(), Stop().on_signals())
    leave()


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version; refuses one that is newer."""
    from pipeline.daemons import open_database
    from storage import operators as staff
    from storage import schema

    db = open_database(_begin())
    try:
        before = schema.migrate(db)
        if token := config.secret("OKNO_ADMIN_TOKEN"):
            db.write(lambda tx: staff.first_admin(tx, token))
    except schema.SchemaError as error:
        sys.exit(str(error))
    typer.echo(f"{db.label}: schema {before or 'none'} → {schema.head()}")


@app.command()
def check() -> None:
    """Say of settings, database, broker and each channel whether it works, and how to mend what does not."""
    from pipeline.checkup import examine

    findings = examine(config.load())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.says}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def status(as_json: Json = False) -> None:
    """Show per channel what came in and what became of it, and what waits to go out."""
    from pipeline.reports import show_status

    show_status(_begin(), as_json=as_json)


@app.command()
def verify(as_json: Json = False) -> None:
    """Check the promises on the live database; exit 1 and name the rows when one is broken."""
    from pipeline.reports import show_breaches

    raise typer.Exit(show_breaches(_begin(), as_json=as_json))


@app.command()
def replay(
    what: Annotated[str, typer.Argument(help="inbox (parked messages) or outbox (held letters)")],
    row: Annotated[int | None, typer.Option("--id", help="Only this row, also one that is done or failed.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what came since then, e.g. 2026-11-22 or …T10:00.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All there is.")] = False,
) -> None:
    """Take parked messages or held letters up again; doing it twice changes nothing."""
    from pipeline.replay import Choice, replay_inbox, replay_outbox

    if what not in {"inbox", "outbox"}:
        raise typer.BadParameter(f"{what}: there are inbox and outbox")
    if not (everything or row is not None or channel or since):
        raise typer.BadParameter("say which: --id, --channel, --since or --all")
    settings = _begin()
    choice = Choice.read(row, channel, since, settings.timezone)
    count = (replay_inbox if what == "inbox" else replay_outbox)(settings, choice)
    typer.echo(f"{count} {'messages' if what == 'inbox' else 'letters'} taken up again")


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of history the channel's kind can read.")],
    channel: Annotated[str, typer.Option(help="The channel they belong to.")],
) -> None:
    """Take history in through the same pipeline; importing it again changes nothing."""
    from pipeline.history import bring_in

    sys.exit(bring_in(_begin(), channel, files))


@mails.command("parse")
def mail_parse(files: Annotated[list[Path], typer.Argument(help="Files with one mail each.")]) -> None:
    """Print the normal form of mails, one JSON object a line; a line for every file, in order."""
    from connectors.email.printing import lines_of

    for line in lines_of(files):
        typer.echo(line)


@to_do.command("corrections")
def tasks_corrections(
    file: Annotated[Path | None, typer.Argument(help="Where they go; without it they are printed.")] = None,
    export: Annotated[bool, typer.Option("--export", help="All of them, one JSON object a line.")] = False,
) -> None:
    """Count what operators made of the tasks machines found, or give it out as labelled examples."""
    from pipeline.reports import count_corrections, export_corrections

    if file is not None and not export:
        raise typer.BadParameter("a file needs --export")
    settings = _begin()
    if export:
        sys.exit(export_corrections(settings, file))
    count_corrections(settings)


@to_do.command("extract-file")
def tasks_extract_file(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Conversations, a JSON object a line.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Where their tasks go, a line for each.")],
    min_tier: Annotated[Literal["sure", "proposed"], typer.Option(help="sure leaves proposed tasks out.")] = "proposed",
) -> None:
    """Find the tasks in a file of conversations: {id, messages: [{from, at, text}]} in, {id, tasks: [...]} out.

    `from` is client or operator. A task has kind, title, due, status, source_message, confidence (sure from 0.5 on) and
    evidence {start, end} in code points. Times without a zone are the business's own.
    """
    from pipeline.extracting import extract_file

    sys.exit(extract_file(_begin(), source, target, sure=min_tier == "sure"))


@to_do.command("learn")
def tasks_learn(
    file: Annotated[Path | None, typer.Option("--from", help="Exported corrections; else the database's own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what came of it.")] = False,
) -> None:
    """Learn from operators' corrections how sure a task is; used only where that is better than the rules alone."""
    from pipeline.lessons import Unteachable, learn

    try:
        learn(_begin(), file, dry_run=dry_run)
    except Unteachable as error:
        sys.exit(str(error))


@operators.command("add")
def operator_add(
    name: str, role: Annotated[str, typer.Option(help="admin, operator or read-only")] = "operator"
) -> None:
    """Add an operator and print the token, once."""
    from pipeline.daemons import open_database
    from storage import operators as staff

    if role not in staff.ROLES:
        raise typer.BadParameter(f"{role}: there are {', '.join(staff.ROLES)}")
    db = open_database(_begin())
    try:
        typer.echo(db.write(lambda tx: staff.enlist(tx, name, role)))
    except staff.NameTaken:
        sys.exit(f"There is an operator named {name} already.")
    finally:
        db.close()


def _begin() -> Settings:
    loaded = config.load()
    log.configure(loaded.log.level, loaded.log.format)
    return loaded


def _follow_supervisor() -> None:
    from pipeline.embedded import die_with
    from pipeline.supervise import PARENT_VARIABLE

    if PARENT_VARIABLE in os.environ:
        die_with(int(os.environ.pop(PARENT_VARIABLE)))


if "dramatiq.cli" in sys.modules:
    # `dramatiq workers`: its command line imports this module and asks for the broker.
    from pipeline.hosted import serve as _serve

    broker = _serve(config.load())

if __name__ == "__main__":
    main()
