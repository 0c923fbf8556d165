"""Unique and stable ids of stanzas (XEP-0359)."""

from functools import lru_cache

from xmppd.component.claims import without_claims
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import escape_attribute
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.stanza import Stanza


def without_stanza_id(stanza: Stanza, by: Jid) -> Stanza | None:
    """The stanza without ids that others gave in the name of `by` (3, rule 2); None: none."""
    return without_claims(stanza, STANZA_IDS, "stanza-id", "by", by)


def stanza_id(id: str, by: Jid) -> bytes:
    """The `<stanza-id/>` by which `by` knows a stanza."""
    return b"%b%b%b" % (_HEAD, escape_attribute(id).encode(), _tail(by))


def with_stanza_id(stanza: Stanza, id: str, by: Jid) -> Stanza:
    """The stanza with that id of `by` and no other (3, rule 4)."""
    return identified(without_stanza_id(stanza, by) or stanza, id, by)


def identified(stanza: Stanza, id: str, by: Jid) -> Stanza:
    """The same for a stanza that has no id of `by`."""
    return stanza.adding_child(STANZA_IDS, "stanza-id", stanza_id(id, by))


def given_id(stanza: Stanza, by: Jid) -> str | None:
    """The id that `with_stanza_id` has given, or None."""
    for ns, name, start, stop in reversed(stanza.children):
        if ns == STANZA_IDS and name == "stanza-id":
            said, tail = stanza.inner[start:stop], _tail(by)
            if said.startswith(_HEAD) and said.endswith(tail):
                return said[len(_HEAD) : -len(tail)].decode()
    return None


_HEAD = f"<stanza-id xmlns='{STANZA_IDS}' id='".encode()


@lru_cache(1_000)
def _tail(by: Jid) -> bytes:
    return f"' by='{escape_attribute(by)}'/>".encode()
