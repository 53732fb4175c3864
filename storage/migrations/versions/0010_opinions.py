"""Opinions: the messages a language model is still to be asked about, and what became of the others."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "opinions",
        sa.Column("message_id", storage.types.BigId, autoincrement=False, nullable=False),
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", storage.types.UtcTime(), nullable=False),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("opinions_due", "opinions", ["next_at"])
    op.create_table(
        "opinion_counts",
        sa.Column("outcome", storage.types.KeyText, nullable=False),
        sa.Column("count", storage.types.BigId, nullable=False),
        sa.PrimaryKeyConstraint("outcome"),
    )
