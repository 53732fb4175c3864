"""The vault: sealed secrets that connectors get from their channel and must not forget."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "vault",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("name", storage.types.KeyText, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "name"),
    )
