"""Alembic's entry: runs the migrations on the connection storage.schema hands over."""

from alembic import context

from storage.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
# The caller's transaction holds the whole upgrade; Alembic must not commit parts of it.
context.run_migrations()
