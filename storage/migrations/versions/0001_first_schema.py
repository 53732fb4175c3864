"""The first schema: people, talk, flow and house."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        # Above any arrival number a dialog will ever reach, so that the two can be told apart.
        op.execute("CREATE SEQUENCE messages_id_seq AS bigint START WITH 1000000001")


def _tables() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", storage.types.KeyText, nullable=False),
        sa.Column("message_id", storage.types.BigId, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", storage.types.BigId, nullable=False),
        sa.Column("sha256", storage.types.KeyText, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("channel", storage.types.KeyText, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", storage.types.UtcTime(), nullable=True),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attachments_content", "attachments", ["sha256"], unique=False)
    op.create_index(
        "attachments_loose",
        "attachments",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("message_id IS NULL OR state = 'pending'"),
        sqlite_where=sa.text("message_id IS NULL OR state = 'pending'"),
    )
    op.create_index("attachments_message", "attachments", ["message_id", "position"], unique=False)
    op.create_index("attachments_owner", "attachments", ["owner", "created_at"], unique=False)
    op.create_table(
        "clients",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.Column("updated_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "cursors",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "halts",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", storage.types.UtcTime(), nullable=False),
        sa.Column("until", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "idempotency",
        sa.Column("operator_id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id", "key"),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("external_id", storage.types.KeyText, nullable=False),
        sa.Column("address", storage.types.KeyText, nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "external_id", name="inbox_key"),
    )
    op.create_table(
        "inbox_queue",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("address", storage.types.KeyText, nullable=False),
        sa.Column("inbox_id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "address", "inbox_id"),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.0,
            "autovacuum_vacuum_threshold": 5000,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_table(
        "journal",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("at", storage.types.UtcTime(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=True),
        sa.Column("data", storage.types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("journal_dialog", "journal", ["dialog_id", "id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", storage.types.KeyText, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", storage.types.BigId, nullable=False),
        sa.Column("expires_at", storage.types.UtcTime(), nullable=False),
        sa.Column("claims", storage.types.Json, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "operators",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("message_id", storage.types.BigId, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("recipient", storage.types.KeyText, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("payload", storage.types.Json, nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("maybe_twice", sa.Boolean(), nullable=False),
        sa.Column("send_at", storage.types.UtcTime(), nullable=False),
        sa.Column("next_at", storage.types.UtcTime(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("token", storage.types.BigId, nullable=False),
        sa.Column("expires_at", storage.types.UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("receipt", storage.types.Json, nullable=True),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.Column("sent_at", storage.types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "outbox_lane",
        "outbox",
        ["channel", "dialog_id", "recipient", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index("outbox_message", "outbox", ["message_id", "part"], unique=False)
    op.create_index(
        "outbox_stuck",
        "outbox",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state <> 'sent'"),
        sqlite_where=sa.text("state <> 'sent'"),
    )
    op.create_table(
        "parked",
        sa.Column("inbox_id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tallies",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", storage.types.BigId, nullable=False),
        sa.Column("at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tallies_channel", "tallies", ["channel", "kind"], unique=False)
    op.create_table(
        "dialogs",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("client_id", storage.types.BigId, nullable=False),
        sa.Column("episode_id", storage.types.BigId, nullable=True),
        sa.Column("last_seq", storage.types.BigId, nullable=False),
        sa.Column("last_in_seq", storage.types.BigId, nullable=False),
        sa.Column("read_seq", storage.types.BigId, nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("last_message_id", storage.types.BigId, nullable=True),
        sa.Column("last_at", storage.types.UtcTime(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client_id"),
    )
    op.create_index("dialogs_last_at", "dialogs", ["last_at", "id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("client_id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("address", storage.types.KeyText, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("profile", storage.types.Json, nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "address", name="identities_address"),
    )
    op.create_index("identities_client", "identities", ["client_id"], unique=False)
    op.create_table(
        "proofs",
        sa.Column("kind", storage.types.KeyText, nullable=False),
        sa.Column("value", storage.types.KeyText, nullable=False),
        sa.Column("client_id", storage.types.BigId, nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.id"],
        ),
        sa.PrimaryKeyConstraint("kind", "value"),
    )
    op.create_index(op.f("ix_proofs_client_id"), "proofs", ["client_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("operator_id", storage.types.BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.Column("expires_at", storage.types.UtcTime(), nullable=True),
        sa.Column("last_used_at", storage.types.UtcTime(), nullable=True),
        sa.Column("revoked_at", storage.types.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_tokens_operator_id"), "tokens", ["operator_id"], unique=False)
    op.create_table(
        "episodes",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assignee_id", storage.types.BigId, nullable=True),
        sa.Column("opened_at", storage.types.UtcTime(), nullable=False),
        sa.Column("first_reply_at", storage.types.UtcTime(), nullable=True),
        sa.Column("resolved_at", storage.types.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignee_id"],
            ["operators.id"],
        ),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialogs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dialog_id", "number", name="episodes_number"),
    )
    op.create_index("episodes_assignee", "episodes", ["assignee_id", "status"], unique=False)
    op.create_index(
        "episodes_open",
        "episodes",
        ["dialog_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'resolved'"),
        sqlite_where=sa.text("status <> 'resolved'"),
    )
    op.create_table(
        "messages",
        sa.Column("id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("seq", storage.types.BigId, nullable=False),
        sa.Column("episode_id", storage.types.BigId, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=True),
        sa.Column("external_id", storage.types.KeyText, nullable=True),
        sa.Column("identity_id", storage.types.BigId, nullable=True),
        sa.Column("operator_id", storage.types.BigId, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("reply_to", storage.types.BigId, nullable=True),
        sa.Column("shown", storage.types.BigId, nullable=True),
        sa.Column("sent_at", storage.types.UtcTime(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("edited_at", storage.types.UtcTime(), nullable=True),
        sa.Column("deleted_at", storage.types.UtcTime(), nullable=True),
        sa.Column("data", storage.types.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialogs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "external_id", name="messages_key"),
        sa.UniqueConstraint("dialog_id", "seq", name="messages_seq"),
    )
    op.create_index(
        "messages_shown",
        "messages",
        ["dialog_id", "shown"],
        unique=False,
        postgresql_where=sa.text("shown IS NOT NULL"),
        sqlite_where=sa.text("shown IS NOT NULL"),
    )
