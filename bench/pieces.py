"""The parts of the hot path, one by one, beside Twisted's own."""

from collections.abc import Iterator
from itertools import count

from twisted.words.protocols.jabber.jid import JID, internJID

from bench import stock
from bench.material import CLIENT_HEADER, COMPONENT_HEADER, message
from bench.table import Row
from bench.timing import each
from xmppd.link.router import Router
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

BATCH = 8
"""Stanzas in one read."""

_new = count()


def rows() -> Iterator[Row]:
    """All rows of this part."""
    yield from _framing()
    yield from _addresses()
    yield from _routing()


def _framing() -> Iterator[Row]:
    data = message("user1@localhost") * BATCH
    framer = Framer()
    framer.feed(CLIENT_HEADER)
    parse = stock.parsing(CLIENT_HEADER, lambda element: None)
    yield Row(
        "parse a message",
        each(lambda: parse(data), BATCH),
        each(lambda: framer.feed(data), BATCH),
    )
    forward = stock.parsing(CLIENT_HEADER, stock.forward)
    yield Row(
        "parse it and its address, write it",
        each(lambda: forward(data), BATCH),
        each(lambda: [_bytes(item) for item in framer.feed(data)], BATCH),
    )


def _addresses() -> Iterator[Row]:
    plain, other = "user@example.com/phone", "jürgen@example.com/téléphone"
    yield Row(
        "JID never seen before, ASCII",
        each(lambda: JID(f"{plain}{next(_new)}")),
        each(lambda: Jid.parse(f"{plain}{next(_new)}")),
    )
    yield Row(
        "JID never seen before, other",
        each(lambda: JID(f"{other}{next(_new)}")),
        each(lambda: Jid.parse(f"{other}{next(_new)}")),
    )
    yield Row("JID seen before", each(lambda: internJID(plain)), each(lambda: Jid.parse(plain)))


def _routing() -> Iterator[Row]:
    data = message("b@c2.localhost", "a@c1.localhost") * BATCH
    theirs = stock.component_journey()
    framer, router = Framer(), Router()
    framer.feed(COMPONENT_HEADER)
    written: list[bytes] = []
    router.link(["c2.localhost"]).receiver = lambda item: written.append(_bytes(item))

    def ours() -> None:
        for item in framer.feed(data):
            assert isinstance(item, Stanza)
            router.route(item)
        written.clear()

    yield Row(
        "component to component, bytes to bytes",
        each(lambda: theirs(data), BATCH),
        each(ours, BATCH),
    )


def _bytes(item: object) -> bytes:
    assert isinstance(item, Stanza)
    return item.to_bytes()
