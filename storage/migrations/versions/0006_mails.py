"""What mails need: raws too large for their rows, contents that come again, and who else may write to a dialog."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "digests",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("digest", storage.types.KeyText, nullable=False),
        sa.PrimaryKeyConstraint("channel", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spools",
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("external_id", storage.types.KeyText, nullable=False),
        sa.Column("sha256", storage.types.KeyText, nullable=False),
        sa.Column("stored_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "external_id"),
    )
    op.create_index("spools_content", "spools", ["sha256"])
    op.create_index("ix_spools_stored_at", "spools", ["stored_at"])
    op.create_table(
        "participants",
        sa.Column("dialog_id", storage.types.BigId, nullable=False),
        sa.Column("channel", storage.types.KeyText, nullable=False),
        sa.Column("address", storage.types.KeyText, nullable=False),
        sa.Column("admitted_at", storage.types.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["dialog_id"], ["dialogs.id"]),
        sa.PrimaryKeyConstraint("dialog_id", "channel", "address"),
    )
