"""What edits need, to know files again, and what is told of channels in trouble."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Before, what a halt was about stood behind the channel's name.
_MOVE = """
INSERT INTO halts_by_what SELECT replace(channel, ' (reading)', ''),
  CASE WHEN channel LIKE '% (reading)' THEN 'reading' ELSE 'sending' END, reason, since, until FROM halts
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("attachments", sa.Column("key", storage.types.KeyText, nullable=True))
    op.create_table(
        "refusals",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", storage.types.UtcTime(), nullable=False),
        sa.Column("last", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    # The default serves the processes of the version before, which go on writing meanwhile.
    op.create_table(
        "halts_by_what",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("what", storage.types.KeyText, nullable=False, server_default="sending"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", storage.types.UtcTime(), nullable=False),
        sa.Column("until", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "what"),
    )
    op.execute(_MOVE)
    op.drop_table("halts")
    op.rename_table("halts_by_what", "halts")
