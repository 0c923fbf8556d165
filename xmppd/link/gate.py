"""What a link may say: its own names, and envelopes only where it is trusted."""

from collections.abc import Callable

from xmppd.link.link import Item
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Gate:
    """Checks what comes from one connection before it is routed.

    `speaks_for(domain)` tells whether that domain is the link's. `instance` is the name that a
    trusted link has attached under; only such a link utters envelopes, or a foreign `from`. A
    `lenient` gate stamps stanzas without `from` with the link's own name.
    """

    def __init__(
        self,
        name: str,
        speaks_for: Callable[[str], bool],
        instance: str = "",
        lenient: bool = False,
    ) -> None:
        self._speaks_for = speaks_for
        self._instance = instance
        self._stamp = Jid.parse(name) if lenient else None

    def check(self, item: Item) -> Item:
        """Give the item to route.

        Raises StreamError: that connection must go; StanzaError: that stanza bounces.
        """
        if type(item) is Stanza:
            return self._check_stanza(item)
        domain = "" if item.sender is None else item.sender.domain
        if not self._instance or (domain != self._instance and not self._speaks_for(domain)):
            raise StreamError("invalid-from", "not this link's instance")
        return item

    def _check_stanza(self, stanza: Stanza) -> Stanza:
        sender = stanza.sender
        if stanza.malformed == "from":
            raise StreamError("invalid-from")
        if sender is None:
            stanza, sender = self._stamped(stanza)
        if not self._instance and not self._speaks_for(sender.domain):
            raise StreamError("invalid-from", "not this link's domain")
        if stanza.to is None:
            if stanza.malformed == "to":
                raise StanzaError("jid-malformed")
            if self._stamp is not None:
                raise StanzaError("bad-request", "a stanza without 'to'")
            raise StreamError("improper-addressing", "a stanza without 'to'")
        return stanza

    def _stamped(self, stanza: Stanza) -> tuple[Stanza, Jid]:
        if self._stamp is None:
            raise StreamError("improper-addressing", "a stanza without 'from'")
        stamped = stanza.readdressed(None, self._stamp)
        stamped.malformed = stanza.malformed
        return stamped, self._stamp
