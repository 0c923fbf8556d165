"""Removals can be found by their age: dropping old ones need not look at every row."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("row_removed", "row", ["version"], sqlite_where=sa.text("value IS NULL"))
