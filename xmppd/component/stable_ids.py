"""Unique and stable ids of stanzas (XEP-0359)."""

from xmppd.component.claims import without_claims
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.stanza import Stanza


def without_stanza_id(stanza: Stanza, by: Jid) -> Stanza | None:
    """The stanza without ids that others gave in the name of `by` (3, rule 2); None: none."""
    return without_claims(stanza, STANZA_IDS, "stanza-id", "by", by)


def stanza_id(id: str, by: Jid) -> bytes:
    """The `<stanza-id/>` by which `by` knows a stanza."""
    return element("stanza-id", STANZA_IDS, {"id": id, "by": by})


def with_stanza_id(stanza: Stanza, id: str, by: Jid) -> Stanza:
    """The stanza with that id of `by` and no other (3, rule 4)."""
    return (without_stanza_id(stanza, by) or stanza).adding(stanza_id(id, by))


def given_id(stanza: Stanza, by: Jid) -> str | None:
    """The id that `with_stanza_id` has given, or None."""
    for ns, name, start, stop in reversed(stanza.children):
        if ns == STANZA_IDS and name == "stanza-id":
            said = stanza.inner[start:stop]
            id = said[len(_HEAD) :].partition(b"'")[0].decode()
            if said == stanza_id(id, by):
                return id
    return None


_HEAD = element("stanza-id", STANZA_IDS, {"id": ""})[: -len("'/>")]
