"""The schema is made at its newest, upgraded after a copy, and never taken back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine
from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage.interfaces import StorageError, TooNew
from xmppd.storage.schema import SCRIPTS, prepare
from xmppd.storage.sql import ROW_FORGET, ROW_SWEEP
from xmppd.storage.sql_tables import METADATA

ADDITION = '''"""Adds a table."""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "0003"
def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
'''


def described(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("select name, sql from sqlite_master where sql is not null")
        return {(name, "".join(sql.split()).lower().replace('"', "")) for name, sql in rows}


class SchemaTest(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "store.sqlite"

    def ask(self, statement: str) -> list[tuple[str]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return list(connection.execute(statement))

    def test_made_at_head(self) -> None:
        """A fresh store is stamped, and preparing it again changes nothing."""
        prepare(self.path)
        before = described(self.path)
        prepare(self.path)
        self.assertEqual(described(self.path), before)
        self.assertEqual(self.ask("select version_num from alembic_version"), [("0003",)])

    def test_migrations_lead_to_the_schema(self) -> None:
        """Running all migrations gives what a fresh store has."""
        prepare(self.path)
        migrated = self.path.with_name("migrated.sqlite")
        engine = create_engine(f"sqlite:///{migrated}", poolclass=NullPool)
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(SCRIPTS))
            command.upgrade(config, "head")
            self.assertEqual(compare_metadata(MigrationContext.configure(connection), METADATA), [])
        tables = {name for name, _ in described(self.path)}
        self.assertEqual({name for name, _ in described(migrated)}, tables)
        rowless = {name for name, sql in described(self.path) if "withoutrowid" in sql}
        self.assertEqual({n for n, sql in described(migrated) if "withoutrowid" in sql}, rowless)

    def test_upgrade(self) -> None:
        """An older store is upgraded; what it was is kept beside it."""
        prepare(self.path)
        scripts = self.path.with_name("scripts")
        shutil.copytree(SCRIPTS, scripts)
        (scripts / "versions" / "r9999_more.py").write_text(ADDITION)
        prepare(self.path, scripts)
        self.assertEqual(self.ask("select version_num from alembic_version"), [("9999",)])
        self.assertEqual(self.ask("select count(*) from extra"), [(0,)])
        copy = self.path.with_name("store.sqlite.0003")
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("extra", {name for name, _ in described(copy)})

    def test_late_index(self) -> None:
        """A store of the first schema has all its entries in the index: they are found there."""
        prepare(self.path)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("update alembic_version set version_num = '0001'")
            connection.execute("drop index row_removed")
            for number in (5, 7):
                connection.execute(
                    "insert into log values (?, 1, 1, 0, '', '', 0, x'00')", (number,)
                )
            connection.commit()
        prepare(self.path)
        self.assertEqual(self.ask("select value from meta where name = 'indexed_upto'"), [("7",)])

    def test_old_removals_are_found_by_age(self) -> None:
        """Dropping what is too old does not look at all rows of everybody."""
        prepare(self.path)
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in (ROW_FORGET, ROW_SWEEP):
                plan = connection.execute(
                    f"explain query plan {statement}", {"before": 5, "now": 5}
                ).fetchall()
                self.assertNotIn("SCAN", str(plan))

    def test_failed_upgrade(self) -> None:
        """A migration that fails leaves the store as it was."""
        prepare(self.path)
        before = described(self.path)
        scripts = self.path.with_name("scripts")
        shutil.copytree(SCRIPTS, scripts)
        broken = ADDITION + '    op.execute("this is not SQL")\n'
        (scripts / "versions" / "r9999_more.py").write_text(broken)
        self.assertRaises(StorageError, prepare, self.path, scripts)
        self.assertEqual(described(self.path), before)
        self.assertEqual(self.ask("select version_num from alembic_version"), [("0003",)])

    def test_copy_of_what_it_was_last(self) -> None:
        """The copy is of the store just before the upgrade, not of an attempt a month ago."""
        prepare(self.path)
        scripts = self.path.with_name("scripts")
        shutil.copytree(SCRIPTS, scripts)
        more = scripts / "versions" / "r9999_more.py"
        more.write_text(ADDITION + '    op.execute("this is not SQL")\n')
        self.assertRaises(StorageError, prepare, self.path, scripts)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("insert into store values (1, 'roster')")
            connection.commit()
        more.write_text(ADDITION)
        prepare(self.path, scripts)
        with closing(sqlite3.connect(self.path.with_name("store.sqlite.0003"))) as copy:
            self.assertEqual(copy.execute("select name from store").fetchall(), [("roster",)])

    def test_copy_that_fails(self) -> None:
        """Without the copy there is no upgrade; the message says why."""
        prepare(self.path)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("update alembic_version set version_num = '0001'")
            connection.commit()
        self.path.with_name("store.sqlite.0001.new").mkdir()
        problem = self.assertRaises(StorageError, prepare, self.path)
        self.assertIn("store.sqlite.0001.new", str(problem))
        self.assertEqual(self.ask("select version_num from alembic_version"), [("0001",)])

    def test_too_new(self) -> None:
        """A later release's store is refused; the message names both schemas."""
        prepare(self.path)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("update alembic_version set version_num = 'f00d'")
            connection.execute("update meta set value = '47.11' where name = 'release'")
            connection.commit()
        problem = self.assertRaises(TooNew, prepare, self.path)
        for part in ("f00d", "47.11", "0003"):
            self.assertIn(part, str(problem))
