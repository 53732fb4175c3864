"""What messengers need: further keys of messages, paces, signals, letters in doubt, and names to ask for."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ASKED = "ask_at IS NOT NULL"


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # The version before goes on working meanwhile. In the order in which it takes them, or both wait for ever.
        op.execute("LOCK TABLE identities, outbox IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "aliases",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("external_id", storage.types.KeyText, nullable=False),
        sa.Column("message_id", storage.types.BigId, nullable=False),
        sa.PrimaryKeyConstraint("channel", "external_id"),
    )
    op.create_index("ix_aliases_message_id", "aliases", ["message_id"])
    op.create_table(
        "paces",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("recipient", storage.types.KeyText, nullable=False),
        sa.Column("free_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "recipient"),
    )
    op.create_index("ix_paces_free_at", "paces", ["free_at"])
    op.create_table(
        "signals",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("recipient", storage.types.KeyText, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # The default serves the processes of the version before, which go on writing meanwhile.
    op.add_column("outbox", sa.Column("in_doubt", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("identities", sa.Column("ask_at", storage.types.UtcTime(), nullable=True))
    op.create_index(
        "identities_asked",
        "identities",
        ["channel", "ask_at"],
        postgresql_where=sa.text(_ASKED),
        sqlite_where=sa.text(_ASKED),
    )
