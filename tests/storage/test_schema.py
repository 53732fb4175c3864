"""The schema: what the migrations make is what the models say, and no process works on another one."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from storage import inbox, operators, schema
from storage.db import Database, Tx
from storage.models import metadata
from tests.pipeline.children import crew


def tables(tx: Tx) -> set[str]:
    return set(inspect(tx).get_table_names())


def test_the_migrations_make_what_the_models_say(db: Database) -> None:
    with db.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata) == []


def test_a_new_database_is_brought_to_the_schema_of_this_version(blank_url: str) -> None:
    db = Database(blank_url)
    with db.read() as tx:
        assert schema.current(tx) is None
        assert not schema.is_current(tx)
        assert not schema.is_newer(tx)
    assert schema.migrate(db) is None
    with db.read() as tx:
        assert schema.is_current(tx)
        assert not schema.is_newer(tx)
        assert tables(tx) == {*metadata.tables, "alembic_version"}
    db.close()


def test_migrating_again_changes_nothing(db: Database) -> None:
    with db.begin() as tx:
        tx.execute(text("INSERT INTO secrets VALUES ('kept', :value)"), {"value": b"x"})
    assert schema.migrate(db) == schema.head()
    with db.read() as tx:
        assert schema.is_current(tx)
        assert tx.execute(text("SELECT count(*) FROM secrets")).scalar_one() == 1


def test_a_newer_database_is_left_alone(db: Database) -> None:
    with db.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.SchemaError, match=r"9999.*newer"):
        schema.migrate(db)
    with db.read() as tx:
        assert not schema.is_current(tx)
        assert schema.is_newer(tx)
        assert schema.current(tx) == "9999"


def test_of_many_that_start_at_once_one_migrates(blank_url: str) -> None:
    def start() -> None:
        db = Database(blank_url)
        schema.migrate(db)
        with db.read() as tx:
            assert schema.is_current(tx)

    crew(4, start)


def test_a_migration_that_fails_leaves_nothing_behind(blank_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise RuntimeError("the power went out")

    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", half)
    db = Database(blank_url)
    with pytest.raises(RuntimeError):
        schema.migrate(db)
    with db.read() as tx:
        assert schema.current(tx) is None
        assert not tables(tx)
    db.close()


def test_a_queue_of_the_first_schema_is_taken_over(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'first.db'}")
    with db.begin() as tx:
        _migrated(tx, "0001")
        tx.execute(text("INSERT INTO inbox_queue VALUES (5, 'anna', 1, 0), (5, 'anna', 2, -3)"))
    assert schema.migrate(db) == "0001"
    with db.begin() as tx:
        assert tx.execute(text("SELECT * FROM inbox_queue")).all() == [(5, "anna", 1, 0), (5, "anna", 2, -3)]
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        assert inbox.put(tx, [inbox.Arrival("shop", "1", "anna", b"hello")]) == 1
    db.close()


def test_halts_of_an_earlier_schema_are_taken_over(blank_url: str) -> None:
    db = Database(blank_url)
    with db.begin() as tx:
        _migrated(tx, "0003")
        for name in ("tg", "tg (reading)"):
            sql = "INSERT INTO halts VALUES (:name, 'why', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
            tx.execute(text(sql), {"name": name})
    schema.migrate(db)
    with db.read() as tx:
        assert {(row.channel, row.what) for row in tx.execute(text("SELECT * FROM halts"))} == {
            ("tg", "sending"), ("tg", "reading"),
        }  # fmt: skip
    db.close()


def test_operators_of_an_earlier_schema_are_in_no_department(blank_url: str) -> None:
    db = Database(blank_url)
    with db.begin() as tx:
        _migrated(tx, "0010")
        tx.execute(
            text("INSERT INTO operators VALUES (7, 'Anna', 'admin', :active, CURRENT_TIMESTAMP)"), {"active": True}
        )
        operators.issue(tx, 7)
    assert schema.migrate(db) == "0010"
    with db.read() as tx:
        (anna,) = operators.everybody(tx, 0, 10)
        assert (anna.id, anna.name, anna.department_id) == (7, "Anna", None)
        assert len(operators.tokens(tx, 7)) == 1
    with db.begin() as tx, pytest.raises(IntegrityError):
        tx.execute(text("UPDATE operators SET department_id = 1"))
    db.close()


def _migrated(tx: Tx, revision: str) -> None:
    config = schema._config()
    config.attributes["connection"] = tx
    command.upgrade(config, revision)
