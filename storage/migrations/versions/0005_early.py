"""What is told of messages and people before they are there."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "early",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("external_id", storage.types.KeyText, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("kept_at", storage.types.UtcTime(), nullable=False),
        sa.Column("next_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("early_message", "early", ["channel", "external_id"])
    op.create_index("early_due", "early", ["next_at"])
    op.create_table(
        "strangers",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("address", storage.types.KeyText, nullable=False),
        sa.Column("profile", storage.types.Json, nullable=False),
        sa.Column("told_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address"),
    )
