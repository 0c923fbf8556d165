"""The index of logs is built late: up to where it is complete stands in `meta`.

A release that does not know that would miss what is above the mark: it cannot run on this.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "INSERT OR REPLACE INTO meta (name, value) "
        "SELECT 'indexed_upto', CAST(COALESCE(MAX(seq), 0) AS TEXT) FROM log"
    )
