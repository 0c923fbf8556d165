"""Following a stanza through the processes of a server, in their debug logs.

Each process tells of a stanza by a mark made of its two addresses and its id, so that one word
finds its way through client edge, session manager and router, and nothing need travel with it.
Content is never told, nor what edges and session managers say to each other. Where debug events
are not logged none of this is in anybody's way.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from twisted.logger import Logger

from xmppd.app.ctl.watch import Watches
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Link, Receiver
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

MOST_STREAMS: Final = 100_000
"""So many streams are known by their clients' addresses."""

_log = Logger()


def mark(sender: str, to: str, id: str | None) -> str:
    """The word by which a stanza is found."""
    return blake2b(f"{sender} {to} {id or ''}".encode(), digest_size=6).hexdigest()


class TracedLink:
    """A component's link that tells of the stanzas which pass it, in traffic of legs too."""

    def __init__(self, link: Link, where: str) -> None:
        self.receiver: Receiver = link.receiver
        self.lossless = link.lossless
        self.close = link.close
        self._link = link
        self._where = where
        self._clients: dict[Jid, Jid] = {}
        link.receiver = self._receive

    def send(self, item: Item) -> None:
        """Pass one item on; never raises."""
        self._tell("sends", item)
        self._link.send(item)

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        """Send the stanza to each address; its content is shared."""
        addresses = list(addresses)
        for address in addresses:
            trace(self._where, "sends", stanza, None, address)
        self._link.send_each(stanza, addresses)

    def _receive(self, item: Item) -> None:
        self._tell("gets", item)
        self.receiver(item)

    def _tell(self, does: str, item: Item) -> None:
        if isinstance(item, Stanza):
            trace(self._where, does, item)
        elif item.epoch:
            self._tell_leg(does, item)
        elif item.number:
            for stanza in item.items:
                trace(self._where, does, stanza)
        else:
            self._learn(item)

    def _tell_leg(self, does: str, envelope: Envelope) -> None:
        """What a client says has no sender yet; without recipient it is for the account."""
        client = self._clients.get(envelope.sender)
        for item in envelope.items:
            if item.ns == CONTENT and item.name in STANZAS:
                if client is None:
                    trace(self._where, does, item)
                else:
                    trace(self._where, does, item, client, item.to or client.bare)
            elif item.name == "close":
                self._clients.pop(envelope.sender, None)

    def _learn(self, envelope: Envelope) -> None:
        """Note who has bound a resource on which stream (session protocol, 3.4)."""
        for item in envelope.items:
            if item.name in ("opened", "step") and "jid" in item.attrs:
                if len(self._clients) >= MOST_STREAMS:
                    self._clients.clear()
                self._clients[envelope.to] = Jid.parse(item.attrs["jid"])


def traced(link: Link, where: str, level: str) -> Link:
    """The link itself, or one that tells what passes where debug events are logged."""
    return TracedLink(link, where) if level == "debug" else link


def trace_router(router: Router, level: str) -> None:
    """Have a router tell what it routes, where debug events are logged."""
    if level == "debug":
        Watches.of(router).add(lambda stanza: trace("router", "routes", stanza))


def trace(
    where: str, does: str, stanza: Stanza, sender: Jid | None = None, to: Jid | None = None
) -> None:
    """Tell of a stanza; addresses that are given count more than its own."""
    sender, to = sender or stanza.sender, to or stanza.to
    _log.debug(
        "{mark} {where} {does} {name} {type} from {sender} to {to}, id {id}",
        mark=mark(sender or "", to or "", stanza.id),
        where=where,
        does=does,
        name=stanza.name,
        type=stanza.type or "-",
        sender=sender,
        to=to,
        id=stanza.id,
    )
