"""What others may not say in somebody's name: elements with an address that is not theirs."""

from functools import lru_cache

from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.spans import Child
from xmppd.protocol.stanza import Stanza

_SHORT = 512
"""Bytes of an element that is remembered: all copies of a message for many have the same."""


def without_claims(
    stanza: Stanza, ns: str, name: str, attribute: str, address: Jid
) -> Stanza | None:
    """The stanza without the children of that name whose attribute names that address.

    None where there are none, as hooks of the stage MARK say it.
    """
    forged = [
        child
        for child in stanza.children
        if child[1] == name and child[0] == ns and _claimed(stanza, child, attribute) == address
    ]
    if not forged:
        return None
    return stanza.keeping([child for child in stanza.children if child not in forged])


def _claimed(stanza: Stanza, child: Child, attribute: str) -> Jid | None:
    ns, name, start, stop = child
    data = stanza.inner[start:stop]
    declared = tuple([item for item in stanza.attrs.items() if item[0][:6] == "xmlns:"])
    read = _address if stop - start <= _SHORT else _address.__wrapped__
    return read(data, declared, ns, name, attribute)


@lru_cache(1_000)
def _address(
    child: bytes, declared: tuple[tuple[str, str], ...], ns: str, name: str, attribute: str
) -> Jid | None:
    """The address that an element names; `declared` are the prefixes of its parent."""
    element = Stanza(CONTENT, "x", dict(declared), child).child(ns, name)
    try:
        return None if element is None else Jid.parse(element.getAttribute(attribute, ""))
    except InvalidJid:
        return None
