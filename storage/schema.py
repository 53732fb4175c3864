"""Bringing the database to the schema this version needs, and saying which one it has."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage.db import Database, Tx, is_postgres

_SCRIPTS = Path(__file__).with_name("migrations")
# One migration at a time, however many processes start at once.
_LOCK = 0x6F6B6E6F_01


class SchemaError(Exception):
    """The database has a schema this version cannot work on."""


def migrate(db: Database) -> str | None:
    """Run the migrations that are missing; gives back the revision before. Raises SchemaError on a newer database."""
    # Once more where it meets with those who go on working, and the database lets one of the two go.
    return db.write(_migrate)


def is_current(tx: Tx) -> bool:
    """Whether the schema is the one this version was written for."""
    return current(tx) == head()


def is_newer(tx: Tx) -> bool:
    """Whether a newer version has migrated the database; what runs by then may go on, what starts may not."""
    revision = current(tx)
    return revision is not None and revision not in _known(_config())


def expect_current(tx: Tx) -> None:
    """Raise SchemaError unless the schema is the one this version was written for."""
    if not is_current(tx):
        raise SchemaError(f"the database is at schema {current(tx)}, and this version needs {head()}")


def current(tx: Tx) -> str | None:
    """The revision the database stands at; None before the first migration."""
    return MigrationContext.configure(tx).get_current_revision()


def head() -> str | None:
    """The revision this version needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _migrate(tx: Tx) -> str | None:
    if is_postgres(tx):
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = _config()
    before = _refuse_newer(tx, config)
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
    return before


def _refuse_newer(tx: Tx, config: Config) -> str | None:
    revision = current(tx)
    if revision is not None and revision not in _known(config):
        raise SchemaError(
            f"the database is at schema {revision}, which this version does not know: it was upgraded by a newer one"
        )
    return revision


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
