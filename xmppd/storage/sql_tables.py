"""The SQL schema: its tables and their indexes. What changes here needs a migration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()

OWNER: Final = Table(
    "owner",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("realm", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("realm", "name"),
)
STORE: Final = Table(
    "store",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)
DOCUMENT: Final = Table(
    "document",
    METADATA,
    Column("owner", Integer, primary_key=True),
    Column("store", SmallInteger, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
ROW: Final = Table(
    "row",
    METADATA,
    Column("owner", Integer, primary_key=True),
    Column("store", SmallInteger, primary_key=True),
    Column("section", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("tag", Text),
    Column("expires", BigInteger),
    Column("value", Text, comment="null: removed"),
    sqlite_with_rowid=False,
)
Index("row_order", ROW.c.owner, ROW.c.store, ROW.c.section, ROW.c.version)
Index(
    "row_tag",
    ROW.c.tag,
    ROW.c.store,
    ROW.c.owner,
    ROW.c.version,
    sqlite_where=ROW.c.tag.is_not(None),
)
Index("row_removed", ROW.c.version, sqlite_where=ROW.c.value.is_(None))
Index("row_expires", ROW.c.expires, sqlite_where=ROW.c.expires.is_not(None))
LOG: Final = Table(
    "log",
    METADATA,
    Column("seq", Integer, primary_key=True, comment="microseconds since 1970"),
    Column("owner", Integer, nullable=False),
    Column("store", SmallInteger, nullable=False),
    Column("salt", BigInteger, nullable=False),
    Column("peer", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("owner", Integer, primary_key=True),
    Column("store", SmallInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("peer", Text, nullable=False),
    sqlite_with_rowid=False,
)
META: Final = Table(
    "meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)
