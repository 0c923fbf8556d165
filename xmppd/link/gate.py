"""What a link may say: its own names, and envelopes only where it is trusted."""

from __future__ import annotations

from collections.abc import Collection

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.router import Port, Router
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Gate:
    """Checks what comes from one connection before it is routed.

    It may say a `from` of the domains that are routed to one of `ports`, which are its own; with
    `foreign` also of those that no link of the router has, as who speaks for other servers must;
    else a `trusted` one may say any. Only that utters envelopes, from its own instances and
    domains. Where `stamp` is a name, stanzas without `from` get that.
    """

    def __init__(
        self,
        router: Router,
        ports: Collection[Port],
        trusted: bool = False,
        foreign: bool = False,
        stamp: str = "",
    ) -> None:
        self._router = router
        self._ports = ports
        self._trusted = trusted
        self._foreign = foreign
        self._free = trusted and not foreign
        self._stamp = Jid.parse(stamp) if stamp else None

    def check(self, item: Item) -> Item:
        """Give the item to route.

        Raises `StreamError`: that connection must go.
        """
        if isinstance(item, Envelope):
            if not self._trusted:
                raise StreamError("unsupported-stanza-type", "no route from here")
            if self._router.owner_of_envelopes(item.sender.domain) not in self._ports:
                raise StreamError("invalid-from", "not a name of this link")
            return item
        sender = item.sender
        if sender is None or item.malformed == "from":
            item = self._stamped(item)
        elif not self._free and self._router.owner(sender.domain) not in self._ports:
            self._check_domain(sender.domain)
        if item.to is None:
            self._check_lost(item)
        return item

    def is_pretended(self, item: Item) -> bool:
        """Whether who speaks for other servers passes on what pretends to come from here.

        That is no fault of its own: a server elsewhere has made it believe so, and it need not
        know every domain that is routed here.
        """
        if not self._foreign or not isinstance(item, Stanza):
            return False
        sender = item.sender
        return (
            sender is not None
            and self._router.is_local(sender.domain)
            and self._router.owner(sender.domain) not in self._ports
        )

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
