"""Every kind of link keeps the promises of `xmppd.link.link.Link`.

Another kind gets a suite of its own: subclass `LinkSuite` and say how to make a link, what comes
out at its far end, and how to let what is under way arrive.
"""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.trial.unittest import SynchronousTestCase

from tests.link.kit import House, join, settings, settle
from xmppd.link.codec import attach
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Link, LocalLink
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

ROMEO, JULIET, NURSE = Jid("romeo@a.test/x"), Jid("juliet@b.test"), Jid("nurse@b.test")


def message(id: str, to: Jid = JULIET) -> Stanza:
    return Stanza.make("message", b"<body>%b</body>" % id.encode(), id=id, to=to, sender=ROMEO)


def said(items: list[Item]) -> list[tuple[str | None, str | None, bytes]]:
    """What can be compared on both sides of a wire."""
    return [
        (item.attrs.get("id"), item.attrs.get("to"), item.inner)
        for item in items
        if isinstance(item, Stanza)
    ]


class Ends(Protocol):
    """A link and what is behind it."""

    link: Link
    far: list[Item]

    def from_far(self, item: Item) -> None:
        """Have the router's side send an item to the component."""

    def settle(self) -> None:
        """Let what is under way arrive."""


class LinkSuite:
    """What every kind of link must pass; mix it with a TestCase."""

    assertEqual: Callable[..., Any]

    def make(self) -> Ends:
        raise NotImplementedError

    def setUp(self) -> None:
        self.ends = self.make()
        self.link = self.ends.link
        self.near: list[Item] = []
        self.link.receiver = self.near.append

    def test_order_out(self) -> None:
        items = [message(str(number)) for number in range(500)]
        for item in items:
            self.link.send(item)
        self.ends.settle()
        self.assertEqual(said(self.ends.far), said(items))

    def test_order_in(self) -> None:
        items = [message(str(number)) for number in range(500)]
        for item in items:
            self.ends.from_far(item)
        self.ends.settle()
        self.assertEqual(said(self.near), said(items))

    def test_envelopes_keep_their_place(self) -> None:
        envelope = Envelope(Jid("sm-1/x"), Jid("c2s-1/x"), (message("2"), message("3")), 4, 5, "6")
        for item in (message("1"), envelope, message("4")):
            self.link.send(item)
        self.ends.settle()
        kinds = [isinstance(item, Envelope) for item in self.ends.far]
        self.assertEqual(kinds, [False, True, False])
        far = self.ends.far[1]
        assert isinstance(far, Envelope)
        self.assertEqual((far.to, far.sender), (envelope.to, envelope.sender))
        self.assertEqual((far.epoch, far.number, far.id, far.type), (4, 5, "6", ""))
        self.assertEqual(said(list(far.items)), said(list(envelope.items)))

    def test_send_each(self) -> None:
        self.link.send(message("1"))
        self.link.send_each(message("2"), iter([JULIET, NURSE]))
        self.link.send_each(message("3"), [])
        self.link.send(message("4", NURSE))
        self.ends.settle()
        expected = [message("1"), message("2"), message("2", NURSE), message("4", NURSE)]
        self.assertEqual(said(self.ends.far), said(expected))

    def test_sent_while_receiving(self) -> None:
        """What a receiver sends comes after what it has been given, and in order."""

        def answer(item: Item) -> None:
            self.near.append(item)
            assert isinstance(item, Stanza)
            self.link.send(message(f"re {item.id}"))

        self.link.receiver = answer
        for id in ("1", "2", "3"):
            self.ends.from_far(message(id))
        self.ends.settle()
        self.assertEqual(said(self.near), said([message("1"), message("2"), message("3")]))
        self.assertEqual([item[0] for item in said(self.ends.far)], ["re 1", "re 2", "re 3"])

    def test_close(self) -> None:
        """What was sent before still arrives, what is sent or comes after that does not."""
        self.link.send(message("1"))
        self.link.close()
        self.link.send(message("2"))
        self.link.send_each(message("3"), [JULIET])
        self.ends.settle()
        self.ends.from_far(message("4"))
        self.ends.settle()
        self.assertEqual(said(self.ends.far), said([message("1")]))
        self.assertEqual(self.near, [])

    def test_close_twice(self) -> None:
        self.link.close()
        self.link.close()

    def test_close_while_receiving(self) -> None:
        def leave(item: Item) -> None:
            self.near.append(item)
            self.link.send(message("bye"))
            self.link.close()

        self.link.receiver = leave
        self.ends.from_far(message("1"))
        self.ends.from_far(message("2"))
        self.ends.settle()
        self.assertEqual(said(self.near), said([message("1")]))
        self.assertEqual([item[0] for item in said(self.ends.far)], ["bye"])

    def test_before_there_is_a_receiver(self) -> None:
        """A new link takes what comes without complaint."""
        ends = self.make()
        ends.from_far(message("1"))
        ends.settle()


class _LocalEnds:
    def __init__(self) -> None:
        self.far: list[Item] = []
        self.gone = False
        self.link = LocalLink(self.far.append, self._detach)

    def _detach(self, link: LocalLink) -> None:
        self.gone = True

    def from_far(self, item: Item) -> None:
        if not self.gone:
            self.link.deliver(item)

    def settle(self) -> None:
        pass


class LocalLinkTests(LinkSuite, SynchronousTestCase):
    """Both ends of a link inside one process."""

    def make(self) -> Ends:
        return _LocalEnds()

    def test_nothing_is_copied(self) -> None:
        item = message("1")
        self.link.send(item)
        self.assertEqual([item is other for other in self.ends.far], [True])
        self.link.send_each(item, [NURSE])
        far = self.ends.far[1]
        assert isinstance(far, Stanza)
        self.assertEqual(far.inner is item.inner, True)


class _RoutedEnds:
    """Both components hang on one router."""

    def __init__(self) -> None:
        self.router = Router()
        self.far: list[Item] = []
        self.link = self.router.link(["a.test"], ["c2s-1"])
        self.other = self.router.link(["b.test"], ["sm-1"])
        self.other.receiver = self.far.append

    def from_far(self, item: Item) -> None:
        assert isinstance(item, Stanza)
        self.router.attach(port := _Once(self.link), ["once.test"])
        self.router.route(item.readdressed(Jid("once.test")))
        self.router.detach(port)

    def settle(self) -> None:
        pass


class _Once:
    """Delivers under the address that the suite compares."""

    def __init__(self, link: LocalLink) -> None:
        self._link = link

    def deliver(self, item: Item, producer: object = None) -> None:
        if isinstance(item, Stanza):
            self._link.deliver(item.readdressed(JULIET))


class RoutedLinkTests(LinkSuite, SynchronousTestCase):
    """The same with a router between two links."""

    def make(self) -> Ends:
        return _RoutedEnds()


class _DialedEnds:
    """A component that dials a router; the other component is in the router's process."""

    def __init__(self) -> None:
        house = House(home="a.test")
        house.home.close()
        self.house = house
        rules = {"settings": settings(trusted=True), "bounds": Bounds(absent=0)}
        self.link = house.dialer(
            "c2s-1",
            settings=settings(trusted=True),
            attach=attach("c2s-1", "1", "c2s", ["a.test"]),
        )
        self.connection = join(house.clock, house.acceptor(**rules))
        self.far: list[Item] = []
        other = house.component("b.test", names=("sm-1",))
        other.receiver = self.far.append

    def from_far(self, item: Item) -> None:
        """To the component's own link, whatever the address that the suite compares."""
        (trunk,) = [route.port for route in self.house.router.routes() if route.match == "c2s-1"]
        assert trunk is not None
        trunk.deliver(item)

    def settle(self) -> None:
        settle(self.house.clock, self.connection)


class DialedLinkTests(LinkSuite, SynchronousTestCase):
    """A component over a wire, and the router that it has dialed."""

    def make(self) -> Ends:
        return _DialedEnds()
