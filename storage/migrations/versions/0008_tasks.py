"""Tasks, their changes, and the queue of messages that are read for them."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TO_REMIND_OF = sa.text("status = 'open' AND due_at IS NOT NULL AND overdue_told_at IS NULL")


def upgrade() -> None:
    """Apply."""
    # The default serves the processes of the version before, which go on writing meanwhile.
    op.add_column("dialogs", sa.Column("task_rev", sa.Integer(), nullable=False, server_default="0"))
    _tasks()
    _changes()
    _triage()


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("promised_by", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column("due_at", storage.types.UtcTime(), nullable=True),
        sa.Column("due_phrase", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("rules", storage.types.Json, nullable=False),
        sa.Column("extractor", sa.Text(), nullable=True),
        sa.Column("evidence", storage.types.Json, nullable=False),
        sa.Column("source_message_id", storage.types.BigId, nullable=True),
        sa.Column("related_id", storage.types.BigId, nullable=True),
        sa.Column("assignee_id", storage.types.BigId, nullable=True),
        sa.Column("dedupe_key", storage.types.KeyText, nullable=True),
        sa.Column("owned", storage.types.Json, nullable=False),
        sa.Column("suggestion", storage.types.Json, nullable=True),
        sa.Column("nudged_at", storage.types.UtcTime(), nullable=True),
        sa.Column("reminded_at", storage.types.UtcTime(), nullable=True),
        sa.Column("overdue_told_at", storage.types.UtcTime(), nullable=True),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.Column("updated_at", storage.types.UtcTime(), nullable=False),
        sa.Column("closed_at", storage.types.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["dialog_id"], ["dialogs.id"]),
        sa.ForeignKeyConstraint(["assignee_id"], ["operators.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key", name="tasks_dedupe"),
    )
    op.create_index("tasks_dialog", "tasks", ["dialog_id", "id"])
    op.create_index("tasks_status", "tasks", ["status", "due_at", "id"])
    op.create_index("tasks_assignee", "tasks", ["assignee_id", "status", "due_at", "id"])
    op.create_index("tasks_due", "tasks", ["due_at"], postgresql_where=_TO_REMIND_OF, sqlite_where=_TO_REMIND_OF)


def _changes() -> None:
    op.create_table(
        "task_changes",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("task_id", storage.types.BigId, nullable=False),
        sa.Column("at", storage.types.UtcTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", storage.types.Json, nullable=False),
        sa.Column("after", storage.types.Json, nullable=False),
        sa.Column("message_id", storage.types.BigId, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rules", storage.types.Json, nullable=False),
        sa.Column("undone_by", storage.types.BigId, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_changes_task", "task_changes", ["task_id", "id"])


def _triage() -> None:
    op.create_table(
        "triage",
        sa.Column("message_id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.0,
            "autovacuum_vacuum_threshold": 5000,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_index("triage_shard", "triage", ["shard", "message_id"])
