"""`<route/>`: what trusted components say to each other, beside the stanzas they pass on."""

from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Envelope:
    """A frame of the session protocol: verbs and a client's stanzas, addressed to an instance.

    `number` is that of the first item of a leg's traffic, `epoch` the leg's; both are 0 where the
    items are verbs. A request has an `id` which its answer repeats; `type` is `error` where a
    router or the receiver refused it.
    """

    __slots__ = ("epoch", "id", "items", "number", "sender", "to", "type")

    def __init__(
        self,
        to: Jid,
        sender: Jid,
        items: tuple[Stanza, ...],
        epoch: int = 0,
        number: int = 0,
        id: str = "",
        type: str = "",
    ) -> None:
        self.to = to
        self.sender = sender
        self.items = items
        self.epoch = epoch
        self.number = number
        self.id = id
        self.type = type

    def answer(self, *items: Stanza, sender: Jid | None = None, type: str = "") -> "Envelope":
        """The answer to this request."""
        return Envelope(self.sender, sender or self.to, items, id=self.id, type=type)

    def __repr__(self) -> str:
        """No content: envelopes carry passwords."""
        return f"<Envelope {self.sender} to {self.to}, {len(self.items)} items>"
