"""${message}

One idea a migration. No import from webapp: a migration must run for ever as it ran today.
Name it NNNN_slug; take long locks in steps (add NOT VALID, then VALIDATE; CREATE INDEX
CONCURRENTLY); the previous release must be able to run on the new schema. Tested up, down,
and with data in the tables.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
