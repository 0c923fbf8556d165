"""Bringing a SQLite file to the schema of this release."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, delete, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from xmppd.storage.flusher import flush_path
from xmppd.storage.interfaces import Corrupt, StorageError, TooNew
from xmppd.storage.session import connect, storage_error
from xmppd.storage.sql_tables import META, METADATA

SCRIPTS = Path(__file__).parent / "migrations"


def prepare(path: Path, scripts: Path = SCRIPTS) -> None:
    """Make the file if there is none, upgrade it if it is older, after a copy beside it.

    Raises `TooNew` if a later release made it, `Corrupt` if it is not ours.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            _prepare(connection, path, scripts)
    except DBAPIError as problem:
        if problem.orig is None:
            raise StorageError(detail=str(problem)) from problem
        raise storage_error(problem.orig, path) from problem  # type: ignore[arg-type]
    except sqlite3.Error as problem:
        raise storage_error(problem, path) from problem
    except OSError as problem:
        raise StorageError(detail=f"{path} cannot be upgraded: {problem}") from problem


def _prepare(connection: Connection, path: Path, folder: Path) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found == head:
        return
    if found is not None:
        _demand_known(connection, scripts, found, path)
        _copy(path, path.with_name(f"{path.name}.{found}"))
        command.upgrade(config, "head")
    elif inspect(connection).get_table_names():
        raise Corrupt(detail=f"{path} is a database, but not of ours")
    else:
        METADATA.create_all(connection)
        command.stamp(config, "head")
    _note_release(connection)


def _copy(path: Path, target: Path) -> None:
    """Keep what the older release left, in place of the copy of an earlier attempt that failed."""
    part = target.with_name(f"{target.name}.new")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))
    flush_path(part)  # else a power cut could leave an empty file under the final name
    part.rename(target)
    flush_path(target.parent)


def _demand_known(connection: Connection, scripts: ScriptDirectory, found: str, path: Path) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if found not in known:
        maker = connection.execute(select(META.c.value).where(META.c.name == "release")).scalar()
        raise TooNew(
            detail=f"{path} has schema {found} of release {maker}, "
            f"this release knows {scripts.get_current_head()}"
        )


def _note_release(connection: Connection) -> None:
    try:
        release = version("xmppd")
    except PackageNotFoundError:
        release = "unknown"
    connection.execute(delete(META).where(META.c.name == "release"))
    connection.execute(insert(META).values(name="release", value=release))
