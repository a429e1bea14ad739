"""What Alembic runs: the revisions on the connection that ``schema.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from jutsu_dagster.storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # The caller owns the transaction: all revisions or none.
    transactional_ddl=False,
    render_as_batch=True,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
