"""What others may not say in somebody's name: elements with an address that is not theirs."""

import re
from functools import lru_cache

from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

_ATTRIBUTE = re.compile(rb" ([\w:.-]+)='([^'<&\s]*)'")
_PLAIN = re.compile(rb"<[\w:.-]+(?: [\w:.-]+='[^'<&\s]*')*/>")
"""An empty element without references or white space in its values, as rooms make them."""
_SHORT = 2_048
"""Bytes of content that is remembered: all copies of a message for many have the same."""


def without_claims(
    stanza: Stanza, ns: str, name: str, attribute: str, address: Jid
) -> Stanza | None:
    """The stanza without the children of that name whose attribute names that address.

    None where there are none, as hooks of the stage MARK say it.
    """
    declared: tuple[tuple[str, str], ...] = ()
    if "xmlns:" in "".join(stanza.attrs):
        declared = tuple([item for item in stanza.attrs.items() if item[0][:6] == "xmlns:"])
    read = _claims if len(stanza.inner) <= _SHORT else _claims.__wrapped__
    claims = read(stanza.inner, declared, ns, name, attribute)
    if address not in claims:
        return None
    left = iter(claims)
    return stanza.keeping(
        child
        for child in stanza.children
        if child[1] != name or child[0] != ns or next(left) != address
    )


@lru_cache(256)
def _claims(
    inner: bytes, declared: tuple[tuple[str, str], ...], ns: str, name: str, attribute: str
) -> tuple[Jid | None, ...]:
    """The addresses that children of that name give; `declared` are prefixes of their parent."""
    parent = Stanza(CONTENT, "x", dict(declared), inner)
    return tuple(
        _address(inner[start:stop], declared, attribute)
        for child_ns, child_name, start, stop in parent.children
        if child_name == name and child_ns == ns
    )


def _address(child: bytes, declared: tuple[tuple[str, str], ...], attribute: str) -> Jid | None:
    """The address that an element gives."""
    if _PLAIN.fullmatch(child) is not None:
        value = dict(_ATTRIBUTE.findall(child)).get(attribute.encode(), b"").decode()
    else:
        element = Stanza(CONTENT, "x", dict(declared), child).payload()
        value = "" if element is None else element.getAttribute(attribute, "")
    try:
        return Jid.parse(value)
    except InvalidJid:
        return None
