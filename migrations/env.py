"""Runs migrations inside the application's context, on its engine."""

from alembic import context
from flask import current_app

from webapp.extensions import db

import webapp.models  # noqa: F401  isort: skip - fills the metadata


def run_migrations() -> None:
    """Run what is asked for in one transaction per migration."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(anlo_writes=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            compare_type=True,
            render_as_batch=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def print_migrations() -> None:
    """Print the SQL of the migrations instead of running it (``flask db upgrade --sql``)."""
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    context.configure(url=url, target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_migrations()
else:
    run_migrations()
