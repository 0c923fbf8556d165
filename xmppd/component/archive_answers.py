"""What an archive answers (XEP-0313, 3 and 4): its entries' bytes put between others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xmppd.component.archive import Query
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.forwarding import forwarded_bytes
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT, DATA_FORMS, MAM
from xmppd.protocol.paging import page_xml
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Entry, Page

_FIELDS: Final = (
    ("jid-single", "with"),
    ("text-single", "start"),
    ("text-single", "end"),
    ("text-single", "before-id"),
    ("text-single", "after-id"),
)
_ANY_IDS: Final = (
    b"<field type='list-multi' var='ids'>"
    b"<validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'><open/>"
    b"</validate></field>"
)


def results(query: Query, page: Page, archive: Jid, to: Jid) -> Iterator[Stanza]:
    """The messages that carry a page's entries, in the order to be sent (3.2, 3.3.4).

    An entry's body is what `Stanza.to_bytes` made of a message, or empty where nothing is left
    of it.
    """
    entries = reversed(page.entries) if query.flipped else page.entries
    opening = element("result", MAM, {"queryid": query.queryid})[:-2]  # its id and content follow
    attrs: dict[str, str] = {"from": archive, "to": to}
    for entry in entries:
        inner = _result(opening, entry)
        children = ((MAM, "result", 0, len(inner)),)
        yield Stanza(CONTENT, "message", attrs, inner, children, to, archive)


def _result(opening: bytes, entry: Entry) -> bytes:
    content = forwarded_bytes(entry.body, entry.time)
    return b"%b id='%b'>%b</result>" % (opening, entry.id.encode(), content)


def fin(page: Page, count: int | None = None) -> bytes:
    """The `<fin/>` that ends an answer: first and last entry, and whether that is all (3.3.2).

    `count` is what `Query.count` gives.
    """
    first, last = (page.entries[0].id, page.entries[-1].id) if page.entries else (None, None)
    complete = None if page.more else "true"
    return element("fin", MAM, {"complete": complete}, page_xml(first, last, count))


def metadata(edges: tuple[Entry, Entry] | None) -> bytes:
    """The `<metadata/>` of an archive: its oldest and its newest entry, if there is any (4)."""
    ends = [] if edges is None else zip(("start", "end"), edges, strict=True)
    content = [
        element(name, None, {"id": entry.id, "timestamp": format_datetime(entry.time)})
        for name, entry in ends
    ]
    return element("metadata", MAM, None, *content)


def form(groupchat: bool = False) -> bytes:
    """The `<query/>` with the form of all filters (3.1.5); `groupchat`: also of that."""
    fields = [element("field", None, {"type": type, "var": var}) for type, var in _FIELDS]
    fields.append(_ANY_IDS)
    if groupchat:
        fields.append(element("field", None, {"type": "boolean", "var": "include-groupchat"}))
    form_type = element(
        "field", None, {"type": "hidden", "var": "FORM_TYPE"}, element("value", None, None, MAM)
    )
    x = element("x", DATA_FORMS, {"type": "form"}, form_type, *fields)
    return element("query", MAM, None, x)
