"""Presence of one session to many contacts, and who is left out."""

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from tests.sm.test_presence import befriend_outside
from xmppd.component.extension import Extension, on
from xmppd.component.stages import Received, Sent
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User


class Shy(Extension):
    """Shows presence to nobody whose name begins with an x, and takes none for the balcony."""

    name = "shy"

    @on(Sent.PICK, "presence")
    def pick(self, stanza: Stanza, session: Session, to: Sequence[Jid]) -> list[Jid] | None:
        return [jid for jid in to if not jid.local.startswith("x")]

    @on(Received.PICK, "presence")
    def pick_sessions(
        self, stanza: Stanza, user: User, sessions: list[Session]
    ) -> list[Session] | None:
        return [one for one in sessions if one.jid.resource != "balcony"]


class SpreadingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Shy])
        self.juliet = self.house.client("juliet")
        for name in "ax":
            befriend_outside(self.house, self.juliet, f"{name}@remote.test")

    def left(self) -> list[tuple[str | None, Jid | None]]:
        left, self.house.left[:] = list(self.house.left), []
        return [(item.type, item.to) for item in left]

    def test_each_way_of_spreading(self) -> None:
        """Probes, initial presence and later ones, answers to probes, the end of directed ones."""
        self.juliet.send("<presence/>")
        self.assertEqual(self.left(), [(None, "a@remote.test"), ("probe", "a@remote.test")])
        for name in "ax":
            self.house.from_outside(
                f"<presence type='probe' from='{name}@remote.test' to='juliet@example.com'/>"
            )
        self.assertEqual(self.left(), [(None, "a@remote.test")])
        for name in "bx":
            self.juliet.send(f"<presence to='{name}@remote.test/y'/>")
        self.left()
        self.juliet.close()
        self.assertEqual(
            sorted(self.left()),
            [("unavailable", "a@remote.test"), ("unavailable", "b@remote.test/y")],
        )

    def test_sessions_are_picked_for_presence(self) -> None:
        garden = self.house.client("juliet", "garden")
        for client in self.juliet, garden:
            client.send("<presence/>")
        garden.taken()
        self.juliet.taken()
        self.house.from_outside(
            "<presence from='s@remote.test' to='juliet@example.com' type='subscribe'/>"
        )
        self.assertEqual([item.type for item in garden.taken()], ["subscribe"])
        self.assertEqual(self.juliet.taken(), [])
        for to in "juliet@example.com", self.juliet.jid, garden.jid:
            self.house.from_outside(f"<presence from='a@remote.test/r' to='{to}'/>")
        self.assertEqual([item.to for item in garden.taken()], ["juliet@example.com", garden.jid])
        self.assertEqual(self.juliet.taken(), [])
