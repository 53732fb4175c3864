"""How far each dialog was read for tasks."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # The default serves the processes of the version before, which go on writing meanwhile.
    op.add_column("dialogs", sa.Column("triaged_seq", storage.types.BigId, nullable=False, server_default="0"))
