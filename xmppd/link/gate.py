"""What a link may say, and to whom: its own names, and envelopes only where it is trusted."""

from __future__ import annotations

from collections.abc import Collection

from twisted.logger import Logger

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.receipts import is_counted
from xmppd.link.router import Router
from xmppd.link.routes import Port
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Gate:
    """Checks what comes from one connection before it is routed.

    It may say a `from` of the domains that are routed to one of `ports`, which are its own; with
    `foreign` also of those that no link of the router has, as who speaks for other servers must;
    else a `trusted` one may say any. Only that utters envelopes, from its own instances and
    domains. Where it is `lenient`, stanzas without `from` get the connection's `name`.
    """

    log = Logger()

    def __init__(
        self,
        router: Router,
        name: str,
        ports: Collection[Port],
        trusted: bool = False,
        foreign: bool = False,
        lenient: bool = False,
    ) -> None:
        self._router = router
        self._name = name
        self._ports = ports
        self._trusted = trusted
        self._foreign = foreign
        self._free = trusted and not foreign
        self._stamp = Jid.parse(name) if lenient else None

    def check(self, item: Item) -> Item | None:
        """Give the item to route; None where it is not to be routed, and that has been seen to.

        Raises `StreamError`: that connection must go.
        """
        if isinstance(item, Envelope):
            if not self._trusted:
                raise StreamError("unsupported-stanza-type", "no route from here")
            if self._router.owner_of_envelopes(item.sender.domain) not in self._ports:
                raise StreamError("invalid-from", "not a name of this link")
            if self._foreign and is_counted(item) and self._is_astray(item):
                return None
            return item
        sender = item.sender
        if self._foreign and sender is not None and self._is_pretended(item, sender):
            return None
        if sender is None or item.malformed == "from":
            item = self._stamped(item)
        elif not self._free and self._router.owner(sender.domain) not in self._ports:
            self._check_domain(sender.domain)
        if item.to is None:
            self._check_lost(item)
        elif self._foreign and self._is_astray(item):
            return None
        return item

    def _is_pretended(self, item: Stanza, sender: Jid) -> bool:
        """Drop what who speaks for other servers passes on and what pretends to come from here.

        That is no fault of its own: a server elsewhere has made it believe so, and it need not
        know every domain that is routed here.
        """
        router, domain = self._router, sender.domain
        pretended = router.is_local(domain) and router.owner(domain) not in self._ports
        if pretended:
            self.log.warn("link {name}: {item} has a sender of ours", name=self._name, item=item)
        return pretended

    def _is_astray(self, item: Item) -> bool:
        """Bounce what came by the default route and is for nobody here.

        It would go back on that route: in a circle, where the other side knows no better.
        """
        astray = item.to is not None and not self._router.serves_address(item.to.domain)
        if astray:
            self._router.bounce(item)
        return astray

    def refusal(self, stanza: Stanza) -> StanzaError:
        """What a stanza without `to` is answered with, where it does not end the stream."""
        if stanza.malformed == "to":
            return StanzaError("jid-malformed")
        return StanzaError("bad-request", "a stanza without 'to'")

    def _check_domain(self, domain: str) -> None:
        if not self._foreign or self._router.is_local(domain):
            raise StreamError("invalid-from", "not this link's domain")

    def _check_lost(self, stanza: Stanza) -> None:
        if stanza.malformed != "to" and self._stamp is None:
            raise StreamError("improper-addressing", "a stanza without 'to'")

    def _stamped(self, stanza: Stanza) -> Stanza:
        if stanza.malformed == "from":
            raise StreamError("invalid-from")
        if self._stamp is None:
            raise StreamError("improper-addressing", "a stanza without 'from'")
        return stanza.readdressed(None, self._stamp)
