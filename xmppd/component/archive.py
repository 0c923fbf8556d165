"""Queries of an archive (XEP-0313, 3), as questions to a log: of accounts and rooms alike.

    query = parse_query(element)
    page = await query.read(log)

What goes out is made in `archive_answers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.protocol.datetimes import parse_microseconds
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import FORM_TYPE, Field, FieldType, Form, FormError, FormType
from xmppd.protocol.namespaces import DATA_FORMS, MAM, RESULT_SETS
from xmppd.protocol.paging import PageRequest
from xmppd.storage.interfaces import ANY, EntryId, NoSuchEntry, Page, Where

MAM_EXTENDED = f"{MAM}#extended"
GROUPCHAT_FIELD = f"{MAM}#groupchat-field"
GROUPCHAT_AVAILABLE = f"{MAM}#groupchat-available"

PAGE, MOST = 50, 250
"""Entries of a page: where no number is asked for, and at most."""


PAGE_BYTES = 512 * 1024
"""Bytes of a page, beyond which it ends early; one entry it has at least."""
MOST_IDS = 500
"""Entries that one query may name."""
LONGEST_ID = 1023
"""Characters of a `queryid`, which comes back with each entry."""


class Archive(Protocol):
    """What is searched: the log of one owner, such as `OwnLog`."""

    def find(self, where: Where = ANY, *, limit: int, newest: bool = False) -> Deferred[Page]: ...

    def count(self, where: Where = ANY, stop: int = 10_000) -> Deferred[int | None]: ...


@attrs.frozen
class Query:
    """What is asked of an archive.

    `filters` say which entries match, `after` and `before` where in them the page lies.
    `newest`: the page is the last one, not the first. `flipped`: it is to be sent in reverse
    order. `groupchat` is the field `include-groupchat`, None where nothing was said.
    """

    filters: Where = ANY
    after: EntryId | None = None
    before: EntryId | None = None
    limit: int = PAGE
    newest: bool = False
    flipped: bool = False
    queryid: str | None = None
    groupchat: bool | None = None

    async def read(self, archive: Archive) -> Page:
        """The page, oldest entry first.

        Raises `StanzaError` item-not-found where an entry that the query names is not there
        (3.1.3, 3.3.2); other `StorageError`s pass.
        """
        filters = self.filters
        where, beside = filters, []
        if self.after is not None:
            after, *wider = sorted({self.after, filters.after or self.after}, reverse=True)
            where, beside = where._replace(after=after), wider
        if self.before is not None:
            before, *wider = sorted({self.before, filters.before or self.before})
            where, beside = where._replace(before=before), beside + wider
        try:
            if beside:  # the narrower of two bounds holds, but both must exist
                await archive.find(Where(ids=tuple(beside)), limit=0)
            page = await archive.find(where, limit=self.limit, newest=self.newest)
        except NoSuchEntry:
            raise StanzaError("item-not-found") from None
        return _shortened(page, self.newest)

    async def count(self, archive: Archive) -> int | None:
        """How many entries match, where that alone is asked for (XEP-0059, 2.7).

        None where more is asked for, or where there are too many to count.
        """
        return None if self.limit else await archive.count(self.filters)


def _shortened(page: Page, newest: bool) -> Page:
    """As much of a page as one may send at once, from the end where that was asked for."""
    size = 0
    for number, entry in enumerate(reversed(page.entries) if newest else page.entries):
        size += len(entry.body)
        if size > PAGE_BYTES and number:
            return Page(page.entries[-number:] if newest else page.entries[:number], True)
    return page


def parse_query(
    query: Element, *, groupchat: bool = False, page: int = PAGE, most: int = MOST
) -> Query:
    """Read a `<query/>`.

    `groupchat`: the archive knows the field `include-groupchat`. `page` and `most` are the sizes
    of a page where none is asked for, and at most.

    Raises `StanzaError`: bad-request for what is malformed, feature-not-implemented for a field
    that is not known (3.1.5), for a page by index and for a node (XEP-0442), policy-violation for
    more than `MOST_IDS` ids and for a `queryid` beyond `LONGEST_ID`.
    """
    queryid: str | None = query.getAttribute("queryid")
    try:
        fields, wanted = _fields(query, groupchat), _page_request(query)
        filters = _where(fields)
    except ValueError as problem:
        raise StanzaError("bad-request", str(problem)) from None
    if query.getAttribute("node") is not None:
        raise StanzaError("feature-not-implemented", "no archives of nodes here")
    if wanted.index is not None:
        raise StanzaError("feature-not-implemented", "pages are asked for by id")
    if len(queryid or "") > LONGEST_ID or len(filters.ids) > MOST_IDS:
        raise StanzaError("policy-violation", "too long a queryid, or too many ids")
    return Query(
        filters,
        wanted.after or None,
        wanted.before or None,
        wanted.limit(page, most),
        wanted.before is not None,
        next(query.elements(MAM, "flip-page"), None) is not None,
        queryid,
        fields.get("include-groupchat"),
    )


def _where(fields: Mapping[str, Any]) -> Where:
    jid = fields.get("with")
    return Where(
        None if jid is None else jid.bare,
        None if jid is None else jid.resource or None,
        start=fields.get("start"),
        end=fields.get("end"),
        after=fields.get("after-id"),
        before=fields.get("before-id"),
        ids=fields.get("ids") or (),
    )


def _page_request(query: Element) -> PageRequest:
    found = next(query.elements(RESULT_SETS, "set"), None)
    return PageRequest() if found is None else PageRequest.parse(found)


def _moment(field: Field) -> Any:
    text = Field(field.var, None, field.values).value
    return parse_microseconds(str(text)) if text else None


def _typed(type: FieldType) -> Callable[[Field], Any]:
    """How a field of that type is read, whatever type the form says."""
    return lambda field: Field(field.var, type, field.values).value


_FIELDS: Mapping[str, Callable[[Field], Any]] = {
    "with": _typed(FieldType.JID_SINGLE),
    "start": _moment,
    "end": _moment,
    "before-id": _typed(FieldType.TEXT_SINGLE),
    "after-id": _typed(FieldType.TEXT_SINGLE),
    "ids": lambda field: tuple(dict.fromkeys(filter(None, field.values))),
}
_GROUPCHAT = {"include-groupchat": _typed(FieldType.BOOLEAN)}


def _fields(query: Element, groupchat: bool) -> dict[str, Any]:
    """The values of the form's fields, None where one was left empty. Raises ValueError."""
    x = next(query.elements(DATA_FORMS, "x"), None)
    if x is None:
        return {}
    form = Form.parse(x)
    if form.type is not FormType.SUBMIT or form.form_type != MAM:
        raise FormError("not a submitted form of this protocol")
    readers = {**_FIELDS, **(_GROUPCHAT if groupchat else {})}
    found: dict[str, Any] = {}
    for field in form.fields:
        if field.var in found:
            raise FormError(f"{field.var} is given twice")
        if field.var == FORM_TYPE:
            continue
        if field.var not in readers:
            raise StanzaError("feature-not-implemented", f"no field {field.var}")
        found[field.var] = readers[field.var](field) if any(field.values) else None
    return found
