"""Arrivals: on SQLite, what one statement writes when raws come in, and the queue in one tree instead of two."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUEUE = (
    """
    CREATE TABLE queue (
      shard SMALLINT NOT NULL, address TEXT NOT NULL, inbox_id INTEGER NOT NULL, attempts SMALLINT NOT NULL,
      PRIMARY KEY (shard, address, inbox_id)
    ) WITHOUT ROWID
    """,
    "INSERT INTO queue SELECT shard, address, inbox_id, attempts FROM inbox_queue",
    "DROP TABLE inbox_queue",
    "ALTER TABLE queue RENAME TO inbox_queue",
)
# A view with nothing in it: what is put in goes where the trigger says. `offered` is how many raws of the channel come
# with this statement, told once.
_VIEW = """
CREATE VIEW arrivals AS SELECT NULL AS channel, NULL AS external_id, NULL AS address, NULL AS shard, NULL AS data,
  NULL AS at, NULL AS offered WHERE false
"""
_TRIGGER = """
CREATE TRIGGER arrive INSTEAD OF INSERT ON arrivals BEGIN
  INSERT INTO inbox (channel, external_id, address, shard, data, received_at)
  VALUES (new.channel, new.external_id, new.address, new.shard, new.data, new.at) ON CONFLICT DO NOTHING;
  INSERT INTO inbox_queue (shard, address, inbox_id, attempts)
  SELECT new.shard, new.address, last_insert_rowid(), 0 WHERE changes() = 1;
  INSERT INTO tallies (channel, kind, count, at) SELECT new.channel, 'duplicate', 1, new.at WHERE changes() = 0;
  INSERT INTO tallies (channel, kind, count, at)
  SELECT new.channel, 'received', new.offered, new.at WHERE new.offered > 0;
END
"""


def upgrade() -> None:
    """Apply. A later migration that makes one of these tables anew has to make the trigger anew as well."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in (*_QUEUE, _VIEW, _TRIGGER):
            op.execute(statement)
