"""One link for several receivers: each gets what is for its domains."""

from collections.abc import Iterable

from twisted.internet.interfaces import IReactorTime

from xmppd.link.custodian import Custodian
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Link, LocalLink, Receiver
from xmppd.link.receipts import is_counted
from xmppd.protocol.jid import Jid


class SharedLink:
    """Opens links for further domains over one that is there.

    What is for none of them goes to `receiver`, whose link this is.
    """

    def __init__(self, link: Link, clock: IReactorTime) -> None:
        self._link = link
        self._clock = clock
        self._custodians: dict[LocalLink, Custodian] = {}
        self._others: dict[str, LocalLink] = {}
        self.receiver: Receiver = link.receiver
        self.send = link.send
        self.send_each = link.send_each
        self.close = link.close
        self.lossless = link.lossless
        link.receiver = self._receive

    @property
    def domains(self) -> list[str]:
        """The domains for which links have been opened."""
        return list(self._others)

    def open(self, domains: Iterable[str]) -> LocalLink:
        """A link that serves those domains."""
        link, domains = LocalLink(self.send, self._detach), list(domains)
        address = Jid.of("", domains[0])
        self._custodians[link] = Custodian(address, self.send, self._clock, link.deliver)
        self._others.update(dict.fromkeys(domains, link))
        return link

    def _detach(self, link: LocalLink) -> None:
        for domain in [domain for domain, found in self._others.items() if found is link]:
            del self._others[domain]
        self._custodians.pop(link, None)

    def _receive(self, item: Item) -> None:
        other = self._others.get(item.to.domain) if item.to is not None else None
        if other is None:
            self.receiver(item)
        elif not isinstance(item, Envelope):
            other.receiver(item)
        elif is_counted(item):
            self._custodians[other].came(item)
