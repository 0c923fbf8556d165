"""The text of every statement for SQLite, compiled once."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement, ColumnElement

from xmppd.storage.sql_tables import DOCUMENT, ENTRY, LOG, META, OWNER, ROW, STORE

_DIALECT: Final = sqlite.dialect(paramstyle="named")


def text(statement: ClauseElement) -> str:
    """The text of a statement; its parameters go by name."""
    compiled = statement.compile(dialect=_DIALECT)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return re.sub(r":(\w+)", lambda m: str(constants.get(m[1], m[0])), str(compiled))


def _p(name: str) -> Any:
    return bindparam(name)


def _upsert(table: Table) -> str:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {column.name: statement.excluded[column.name] for column in table.columns}
    changed = {name: value for name, value in values.items() if name not in keys}
    return text(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def _ordered(table: Table) -> str:
    """An insert whose parameters go by the order of columns, for many rows at once."""
    return str(insert(table).compile(dialect=sqlite.dialect(paramstyle="qmark")))


def _here(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.owner == _p("owner"), table.c.store == _p("store")


def _listed(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Is the column in a JSON list? One text for lists of any length."""
    return column.in_(select(func.json_each(_p(name)).table_valued("value").c.value))


OWNER_GET: Final = text(
    select(OWNER.c.id).where(OWNER.c.realm == _p("realm"), OWNER.c.name == _p("name"))
)
OWNER_ADD: Final = text(insert(OWNER))
OWNER_DROP: Final = text(delete(OWNER).where(OWNER.c.id == _p("owner")))
OWNER_LAST: Final = text(select(func.coalesce(func.max(OWNER.c.id), 0)))
STORE_ALL: Final = text(select(STORE.c.name, STORE.c.id))
STORE_ADD: Final = text(insert(STORE))

META_GET: Final = text(select(META.c.value).where(META.c.name == _p("name")))
META_PUT: Final = _upsert(META)

DOCUMENT_GET: Final = text(select(DOCUMENT.c.value, DOCUMENT.c.version).where(*_here(DOCUMENT)))
DOCUMENT_PUT: Final = _upsert(DOCUMENT)
DOCUMENT_DROP: Final = text(delete(DOCUMENT).where(*_here(DOCUMENT)))

_ROW_COLUMNS: Final = (
    ROW.c.section,
    ROW.c.key,
    ROW.c.value,
    ROW.c.version,
    ROW.c.tag,
    ROW.c.expires,
)
_THIS_ROW: Final = (*_here(ROW), ROW.c.section == _p("section"), ROW.c.key == _p("key"))
ROW_GET: Final = text(select(*_ROW_COLUMNS).where(*_THIS_ROW))
ROW_PUT: Final = _upsert(ROW)
ROW_DROP: Final = text(delete(ROW).where(*_THIS_ROW))
ROW_VERSION: Final = text(select(func.coalesce(func.max(ROW.c.version), 0)).where(*_here(ROW)))
ROW_SWEEP: Final = text(delete(ROW).where(ROW.c.expires.is_not(None), ROW.c.expires <= _p("now")))
_LATER: Final = ROW.alias("later")
ROW_FORGET: Final = text(
    delete(ROW).where(
        ROW.c.value.is_(None),
        ROW.c.version < _p("before"),
        exists().where(
            _LATER.c.owner == ROW.c.owner,
            _LATER.c.store == ROW.c.store,
            _LATER.c.version > ROW.c.version,
        ),
    )
)


@cache
def rows(section: bool, tag: bool, removed: bool, newest: bool) -> str:
    """Rows in version order, of a section and with a tag if so asked."""
    lives = ROW.c.value.is_not(None) & (ROW.c.expires.is_(None) | (ROW.c.expires > _p("now")))
    statement = select(*_ROW_COLUMNS).where(
        *_here(ROW),
        ROW.c.version > _p("after"),
        ROW.c.version < _p("before"),
        or_(lives, ROW.c.value.is_(None)) if removed else lives,
    )
    if section:
        statement = statement.where(ROW.c.section == _p("section"))
    if tag:
        statement = statement.where(ROW.c.tag == _p("tag"))
    return _window(statement, ROW.c.version, newest)


def _window(statement: Select[Any], order: ColumnElement[Any], newest: bool) -> str:
    ordered = statement.order_by(order.desc() if newest else order)
    return text(ordered.limit(_p("limit")))


LOG_ADD: Final = _ordered(LOG)
ENTRY_ADD: Final = _ordered(ENTRY)
LOG_TAKEN: Final = text(select(literal(1)).where(LOG.c.seq == _p("seq")))
LOG_HAS: Final = text(
    select(literal(1)).where(LOG.c.seq == _p("seq"), LOG.c.salt == _p("salt"), *_here(LOG))
)
LOG_ABOVE: Final = text(
    select(LOG.c.owner, LOG.c.store, LOG.c.seq, LOG.c.peer)
    .where(LOG.c.seq > _p("mark"))
    .order_by(LOG.c.seq)
)
LOG_REPLACE: Final = text(
    update(LOG).values(body=bindparam("new")).where(LOG.c.seq == bindparam("at"))
)
LOG_DROP: Final = text(delete(LOG).where(_listed(LOG.c.seq, "times")))
ENTRIES_ADD: Final = text(
    sqlite.insert(ENTRY)
    .from_select(
        ["owner", "store", "seq", "peer"],
        select(LOG.c.owner, LOG.c.store, LOG.c.seq, LOG.c.peer)
        .where(LOG.c.seq > _p("mark"), LOG.c.seq <= _p("upto"))
        .where(LOG.c.owner % _p("parts") == _p("part"))
        .order_by(LOG.c.owner, LOG.c.store, LOG.c.seq),
    )
    .prefix_with("OR IGNORE")
)
ENTRY_DROP: Final = text(delete(ENTRY).where(*_here(ENTRY), _listed(ENTRY.c.seq, "times")))
ENTRIES_BEFORE: Final = text(
    select(ENTRY.c.seq)
    .where(*_here(ENTRY), ENTRY.c.seq < _p("before"))
    .order_by(ENTRY.c.seq)
    .limit(_p("limit"))
)
ENTRY_AT: Final = text(
    select(ENTRY.c.seq)
    .where(*_here(ENTRY), ENTRY.c.seq <= _p("mark"))
    .order_by(ENTRY.c.seq.desc())
    .limit(1)
    .offset(_p("offset"))
)

_ERASED: Final = (DOCUMENT, ROW, ENTRY)
ERASE: Final = (
    text(delete(LOG).where(LOG.c.seq.in_(select(ENTRY.c.seq).where(ENTRY.c.owner == _p("owner"))))),
    *(text(delete(table).where(table.c.owner == _p("owner"))) for table in _ERASED),
    OWNER_DROP,
)
_OWNERS: Final = (
    select(OWNER.c.realm, OWNER.c.name)
    .where(OWNER.c.realm == _p("realm"), OWNER.c.name > _p("after"))
    .order_by(OWNER.c.name)
    .limit(_p("limit"))
)
OWNERS: Final = text(
    _OWNERS.where(
        or_(
            _listed(OWNER.c.id, "also"),
            exists().where(DOCUMENT.c.owner == OWNER.c.id),
            exists().where(ROW.c.owner == OWNER.c.id, ROW.c.value.is_not(None)),
            exists().where(ENTRY.c.owner == OWNER.c.id),
        )
    )
)
OWNERS_OF_STORE: Final = text(
    _OWNERS.where(exists().where(DOCUMENT.c.owner == OWNER.c.id, DOCUMENT.c.store == _p("store")))
)


_ENTRY_COLUMNS: Final = (
    LOG.c.seq,
    LOG.c.salt,
    LOG.c.peer,
    LOG.c.resource,
    LOG.c.kind,
    LOG.c.body,
)


def _spanned(
    statement: Select[Any], peer: bool, resource: bool, kinds: bool, times: bool
) -> Select[Any]:
    statement = statement.where(
        *_here(ENTRY), ENTRY.c.seq >= _p("first"), ENTRY.c.seq <= _p("last")
    )
    if peer:
        statement = statement.where(ENTRY.c.peer == _p("peer"))
    if times:
        statement = statement.where(_listed(ENTRY.c.seq, "times"))
    return _conditioned(statement, resource, kinds)


def _conditioned(statement: Select[Any], resource: bool, kinds: bool) -> Select[Any]:
    if resource:
        statement = statement.where(LOG.c.resource == _p("resource"))
    if kinds:
        statement = statement.where(_listed(LOG.c.kind, "kinds"))
    return statement


@cache
def entries(peer: bool, resource: bool, kinds: bool, times: bool, newest: bool) -> str:
    """Entries of a log in the order of time, under those conditions that are asked for."""
    statement: Select[Any] = select(*_ENTRY_COLUMNS)
    statement = statement.select_from(ENTRY.join(LOG, LOG.c.seq == ENTRY.c.seq))
    statement = _spanned(statement, peer, resource, kinds, times)
    return _window(statement, ENTRY.c.seq, newest)


@cache
def entries_at(resource: bool, kinds: bool, newest: bool) -> str:
    """Those entries of a list of times that meet the conditions asked for."""
    statement: Select[Any] = select(*_ENTRY_COLUMNS).where(_listed(LOG.c.seq, "times"))
    statement = _conditioned(statement, resource, kinds)
    return _window(statement, LOG.c.seq, newest)


@cache
def count(peer: bool, resource: bool, kinds: bool, times: bool) -> str:
    """How many entries match, up to a limit; rows of `log` are read only if they must be."""
    source: Any = ENTRY.join(LOG, LOG.c.seq == ENTRY.c.seq) if resource or kinds else ENTRY
    statement = select(literal(1)).select_from(source)
    some = _spanned(statement, peer, resource, kinds, times).limit(_p("limit")).subquery()
    return text(select(func.count()).select_from(some))
