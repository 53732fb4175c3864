"""What edits of messages need: to know their files again."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("attachments", sa.Column("key", storage.types.KeyText, nullable=True))
