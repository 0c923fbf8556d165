"""Receipts: whoever has taken charge of a message tells whoever had that before (session protocol,
3.9).

A message that somebody counts travels in an envelope with a number of its origin's boot. `epoch` is
the number of the one before it on the same way that its origin still keeps, 0 where there is none:
so whoever takes them knows what is missing, whatever has become of others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs

from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import SESSION_PROTOCOL
from xmppd.protocol.stanza import Stanza

NAME = "receipts"
COUNTED = "counted"
"""The type of envelopes with such messages; a leg's traffic is numbered as well."""
MOST_DONE = 100_000
"""Numbers that one may say to be done with at once."""


@attrs.frozen
class Way:
    """From the users of one domain to one bare address: what goes there keeps its order."""

    local: str
    to: str

    @classmethod
    def of(cls, stanza: Stanza) -> Way:
        """That of a stanza that has both addresses."""
        assert stanza.sender is not None and stanza.to is not None
        return cls(stanza.sender.domain, stanza.to.bare)


@attrs.frozen
class Receipts:
    """What has become of messages on one way.

    `boot` names the life of whoever says it, `got` the newest that it has taken. It is done with
    the numbers in `done`; with an `error` condition, where it could not be. `again`: what comes
    after `got` is to be sent again.
    """

    boot: str
    way: Way
    got: int = 0
    done: Collection[int] = ()
    again: bool = False
    error: str = ""

    def to_xml(self) -> Stanza:
        """As it travels."""
        attributes = {
            "boot": self.boot,
            "local": self.way.local,
            "to": self.way.to,
            "got": str(self.got),
            "done": _written(self.done),
            "again": "true" if self.again else "",
            "error": self.error,
        }
        return Stanza(
            SESSION_PROTOCOL, NAME, {key: text for key, text in attributes.items() if text}
        )

    @classmethod
    def parse(cls, stanza: Stanza) -> Receipts:
        """Read the element; raises ValueError."""
        said = stanza.attrs
        return cls(
            said.get("boot", ""),
            Way(said.get("local", ""), said.get("to", "")),
            int(said.get("got", "0")),
            list(_read(said.get("done", ""))),
            "again" in said,
            said.get("error", ""),
        )


def is_counted(envelope: Envelope) -> bool:
    """Whether that holds messages, and is an envelope only because somebody counts them."""
    return envelope.type == COUNTED


def counted(origin: Jid, stanza: Stanza, number: int, before: int) -> Envelope:
    """A message that somebody counts, on its way."""
    assert stanza.to is not None
    return Envelope(stanza.to, origin, (stanza,), before, number, type=COUNTED)


def is_receipt(envelope: Envelope) -> bool:
    """Whether it says what has become of messages."""
    return bool(envelope.items) and envelope.items[0].name == NAME


def refused(envelope: Envelope, condition: str) -> Envelope:
    """Tell the origin of counted messages that nobody takes them."""
    [stanza, *_] = envelope.items
    numbers = range(envelope.number, envelope.number + len(envelope.items))
    said = Receipts("", Way.of(stanza), done=numbers, error=condition)
    return Envelope(envelope.sender, envelope.to, (said.to_xml(),))


def passed_on(envelope: Envelope) -> Envelope:
    """Tell the origin of counted messages that they have gone where nobody counts."""
    return refused(envelope, "")


def _written(numbers: Collection[int]) -> str:
    """Numbers, and ranges of them, as in `881 883-890`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


def _read(text: str) -> Iterator[int]:
    left = MOST_DONE
    for run in text.split():
        first, _, last = run.partition("-")
        numbers = range(int(first), int(last or first) + 1)
        left -= len(numbers)
        if left < 0:
            raise ValueError("more numbers than anybody counts")
        yield from numbers
