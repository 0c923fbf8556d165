"""The receiving side of a stream: headers checked and written, errors in order (RFC 6120, 4).

Nothing here reads or writes a socket: `framer` takes bytes, the methods return what to write.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Header
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import open_tag
from xmppd.protocol.namespaces import STREAMS

STANZAS: Final = frozenset({"message", "presence", "iq"})

_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}")
_VERSION = re.compile(r"([0-9]{1,5})\.[0-9]{1,5}")
_DEFAULT_LANGUAGE = "en"


class Stream:
    """One stream that a peer has opened, over its restarts.

    `host` is the domain that the peer asked for, `peer` the address it gave as its own and proved
    in no way, `lang` the language of what it sends; None and empty until `accept` has seen them.
    `id` is that of our last header.
    """

    __slots__ = (
        "_content",
        "_declared",
        "_default",
        "_opened",
        "_restarted",
        "framer",
        "host",
        "id",
        "lang",
        "peer",
    )

    def __init__(
        self,
        content: str,
        default: Jid,
        max_stanza: int,
        stop_at: frozenset[str] = frozenset(),
        declared: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param content: the content namespace of this kind of stream.
        :param default: our name towards a peer that asks for no host of ours.
        :param max_stanza: bytes of one element.
        :param stop_at: namespaces of negotiation elements; see `Framer`.
        :param declared: namespaces that our header declares besides, by prefix.
        """
        self.framer = Framer(max_stanza, stop_at)
        self.host: Jid | None = None
        self.peer: Jid | None = None
        self.lang = ""
        self.id = ""
        self._declared = {f"xmlns:{prefix}": uri for prefix, uri in (declared or {}).items()}
        self._content = content
        self._default = default
        self._opened = self._restarted = False

    def accept(self, header: Header) -> None:
        """Take the peer's header: sets `host`, `peer` and `lang`.

        Raises `StreamError`, for the first thing that is wrong in this order: the root, the
        content namespace, the host, the version, and a host other than before a restart.
        """
        if self._restarted and header.name in STANZAS:
            raise StreamError("not-authorized", "a new stream is due")
        if header.namespace != STREAMS:
            raise StreamError("invalid-namespace")
        if header.name != "stream":
            raise StreamError("bad-format", "the root element is not a stream")
        if header.content != self._content:
            raise StreamError("invalid-namespace", f"the content namespace is {self._content}")
        host = _host(header.attrs.get("to"))
        if self._restarted and host != self.host:
            raise StreamError("not-authorized", "another host than before")
        self.host = host
        self.peer = _peer(header.attrs.get("from"))
        self.lang = language_of(header.attrs)
        version = _VERSION.fullmatch(header.attrs.get("version", ""))
        if version is None or int(version[1]) < 1:
            raise StreamError("unsupported-version", "version 1.0 is spoken here")

    def refuse_host(self) -> StreamError:
        """Forget the host that was asked for; returns the error that says so."""
        self.host = None
        return StreamError("host-unknown")

    def open(self) -> bytes:
        """Our header (4.7)."""
        self._opened = True
        self.id = secrets.token_hex(16)
        attributes = {"id": self.id, "from": self.host or self._default}
        if self.peer is not None:
            attributes["to"] = self.peer
        attributes |= {"version": "1.0", "xml:lang": _DEFAULT_LANGUAGE, "xmlns:stream": STREAMS}
        attributes |= self._declared
        tag = open_tag("stream:stream", attributes, self._content)
        return f"<?xml version='1.0'?>{tag}>".encode()

    def close(self, last: bytes = b"") -> bytes:
        """A last element, such as a stream error, and the closing tag.

        Our header goes first where it was not yet sent (4.9.1.2).
        """
        return (b"" if self._opened else self.open()) + last + b"</stream:stream>"

    def restart(self, max_stanza: int, stop_at: frozenset[str] = frozenset()) -> bytes:
        """Await a new header, after TLS or SASL. Returns bytes that were read already."""
        rest = self.framer.rest()
        self.framer = Framer(max_stanza, stop_at)
        self._opened = False
        self._restarted = True
        return rest


def _host(text: str | None) -> Jid:
    if not text:
        raise StreamError("improper-addressing", "a stream header needs a 'to'")
    try:
        host = Jid.parse(text)
    except InvalidJid:
        raise StreamError("host-unknown") from None
    if host.local or host.resource:
        raise StreamError("host-unknown")
    return host


def _peer(text: str | None) -> Jid | None:
    """What a client calls itself is of no consequence, so it may be wrong."""
    try:
        return Jid.parse(text) if text else None
    except InvalidJid:
        return None


def language_of(attributes: Mapping[str, str]) -> str:
    """The language that a header gives; empty where it gives none, or no good one."""
    text = attributes.get("xml:lang", "")
    return text if _LANGUAGE.fullmatch(text) else ""
