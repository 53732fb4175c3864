"""Checkup: settings, database, broker and each channel, one finding each, with how to mend what is wrong."""

import asyncio
from collections.abc import Callable, Set
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from connectors.abilities import Check, Secrets
from connectors.base import Connector, ConnectorError
from connectors.registry import connector_class, read_section
from pipeline import embedded, queues
from pipeline.daemons import open_database
from pipeline.vault import Vault
from settings import LlmSettings, Settings, SettingsError
from storage import halts, leases, refusals, schema

_CALL = 20.0


class Finding(NamedTuple):
    """What was looked at, whether it works, and what to know or do."""

    what: str
    ok: bool
    says: str


class _Troubles(NamedTuple):
    """What processes have told of channels: why one is not read, which are read now, whose hook turns calls away."""

    reading: dict[str, str]
    read: Set[str]
    refused: dict[str, str]


_NONE = _Troubles({}, frozenset(), {})


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    database = _database(settings)
    findings = [Finding("settings", True, "every key is known"), database, _broker(settings)]
    troubles = _troubles(settings) if database.ok else _NONE
    for name, section in settings.channels.items():
        found = _channel(settings, name, section)
        if name in troubles.reading:
            # Of a reader that is at work it is true by now; one that is not may just not have looked again.
            ok = found.ok and name not in troubles.read
            found = found._replace(ok=ok, says=f"{found.says}; but its reader {troubles.reading[name]}")
        # Whether it works is not for those to say who come with a wrong secret: anybody can.
        if name in troubles.refused:
            found = found._replace(says=f"{found.says}; it {troubles.refused[name]}")
        findings.append(found)
    if not settings.channels:
        findings.append(Finding("channels", True, "none yet; add a section [channels.NAME] to settings.toml"))
    if settings.tasks.llm.url:
        findings.append(_model(settings.tasks.llm))
    return findings


def _model(chosen: LlmSettings) -> Finding:
    from pipeline.opinions import try_out

    what = "tasks.llm"
    try:
        found = asyncio.run(try_out(chosen))
    except ConnectorError as error:
        return Finding(what, False, f"{error}; tasks are found by the rules alone")
    except ValueError:
        mend = "does it know response_format json_schema, and is the model fit for it?"
        return Finding(what, False, f"{chosen.model} answers, but not in the form it is asked for; {mend}")
    return Finding(what, True, f"{chosen.model} answers as asked for ({found}); clients' messages are sent there")


def _database(settings: Settings) -> Finding:
    db = open_database(settings)
    try:
        with db.read() as tx:
            found, newer = schema.current(tx), schema.is_newer(tx)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return Finding("database", False, f"{db.label}: {reason}; is the server up, and the address right?")
    finally:
        db.close()
    if found == schema.head():
        return Finding("database", True, f"{db.label}, schema {found}")
    mend = "install the newer Okno" if newer else "run: python workers.py migrate"
    return Finding(
        "database", False, f"{db.label}: schema {found or 'none'}, this version needs {schema.head()}; {mend}"
    )


def _troubles(settings: Settings) -> _Troubles:
    db = open_database(settings)
    try:
        with db.read() as tx:
            reading = {halt.channel: halts.in_words(halt) for halt in halts.all_of(tx) if halt.what == halts.READING}
            read = {name for name in reading if leases.is_held(tx, f"receive:{name}")}
            refused = {name: refusals.in_words(told) for name, told in refusals.by_channel(tx).items()}
            return _Troubles(reading, read, refused)
    except SQLAlchemyError:
        # It was there a moment ago; what was found then is said.
        return _NONE
    finally:
        db.close()


def _broker(settings: Settings) -> Finding:
    url = queues.broker_url(settings)
    if url is None:
        says = (
            "embedded, started by `all`" if embedded.binary() else "none for this platform; work is found by sweeping"
        )
        return Finding("broker", True, says)
    label = settings.broker.url.rpartition("@")[2] or "embedded"
    trouble = _attempt(lambda: queues.ping(url))
    if trouble is None:
        return Finding("broker", True, f"{label} answers")
    return Finding("broker", False, f"{label}: {trouble}; nothing is lost, but work waits for the sweeps")


def _attempt(call: Callable[[], None]) -> str | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; the finding says which
        return f"{type(error).__name__}: {error}"
    return None


def _channel(settings: Settings, name: str, section: dict[str, object]) -> Finding:
    what = f"channel {name}"
    try:
        policy = read_section(name, section)
    except SettingsError as error:
        return Finding(what, False, str(error))
    if not policy.enabled:
        return Finding(what, True, "switched off")
    connector = connector_class(name, section)(name, policy)
    try:
        return Finding(what, True, asyncio.run(_ask(connector, settings, name)))
    except ConnectorError as error:
        return Finding(what, False, str(error))
    except TimeoutError:
        return Finding(what, False, f"no answer within {_CALL:.0f} s")
    except Exception as error:  # noqa: BLE001 - one connector's trouble must not hide what else was found
        return Finding(what, False, f"{type(error).__name__}: {error}")


async def _ask(connector: Connector, settings: Settings, name: str) -> str:
    db = open_database(settings)
    try:
        # Also where the database is away: without what is kept there, an outdated secret would be used up.
        if isinstance(connector, Secrets):
            connector.keep_in(Vault(db, name))
        if isinstance(connector, Check):
            return await asyncio.wait_for(connector.check(), _CALL)
        return "configured"
    finally:
        await connector.close()
        db.close()
