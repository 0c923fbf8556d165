"""The first schema: owners, stores, documents, rows, logs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("realm", "name"),
    )
    op.create_table(
        "store",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "document",
        sa.Column("owner", sa.Integer, primary_key=True),
        sa.Column("store", sa.SmallInteger, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "row",
        sa.Column("owner", sa.Integer, primary_key=True),
        sa.Column("store", sa.SmallInteger, primary_key=True),
        sa.Column("section", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("tag", sa.Text),
        sa.Column("expires", sa.BigInteger),
        sa.Column("value", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("row_order", "row", ["owner", "store", "section", "version"])
    op.create_index(
        "row_tag",
        "row",
        ["tag", "store", "owner", "version"],
        sqlite_where=sa.text("tag IS NOT NULL"),
    )
    op.create_index("row_expires", "row", ["expires"], sqlite_where=sa.text("expires IS NOT NULL"))
    op.create_table(
        "log",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("owner", sa.Integer, nullable=False),
        sa.Column("store", sa.SmallInteger, nullable=False),
        sa.Column("salt", sa.BigInteger, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "entry",
        sa.Column("owner", sa.Integer, primary_key=True),
        sa.Column("store", sa.SmallInteger, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("peer", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
