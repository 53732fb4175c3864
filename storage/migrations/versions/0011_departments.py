"""Departments, and which of them an operator belongs to."""

import sqlalchemy as sa
from alembic import op

import storage.types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "departments",
        sa.Column("id", storage.types.BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", storage.types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    department = sa.Column("department_id", storage.types.BigId, sa.ForeignKey("departments.id"), nullable=True)
    # SQLite takes a foreign key only together with its column.
    op.add_column("operators", department, inline_references=True)
