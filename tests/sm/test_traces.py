"""What others are told of sessions whose session manager was killed."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.extensions.blocking import BLOCKING, Blocking
from xmppd.extensions.privacy import Privacy
from xmppd.extensions.stream_management import StreamManagement
from xmppd.sm.departed import Seen
from xmppd.sm.traces import GRACE_SECONDS, STORE, WRITE_SECONDS, Trace, are_left
from xmppd.storage.codecs import AttrsCodec
from xmppd.storage.interfaces import Owner

ROOM = "orchard@remote.test/juliet"
FRIEND = "a@remote.test"


class TracesCase(SynchronousTestCase):
    extensions: tuple[Any, ...] = (StreamManagement, Privacy, Blocking)

    def setUp(self) -> None:
        self.house = House(self.extensions)
        self.juliet = self.house.client("juliet", "balcony")
        self.house.from_outside(
            f"<presence from='{FRIEND}' to='juliet@example.com' type='subscribe'/>"
        )
        self.juliet.send(f"<presence to='{FRIEND}' type='subscribed'/>")

    def show(self) -> None:
        """Juliet is online, and in a room."""
        self.juliet.send("<presence/>", f"<presence to='{ROOM}'/>")
        self.house.settle(WRITE_SECONDS)

    def kill(self) -> None:
        """The session manager is killed and starts again."""
        for call in list(self.house.clock.getDelayedCalls()):
            call.cancel()
        self.house = House(self.extensions, accounts=(), former=self.house)

    def come_back(self, resource: str = "balcony", *presence: str) -> Client:
        client = self.house.client("juliet", resource)
        client.send("<presence/>", *presence)
        self.house.left.clear()
        return client

    def told(self, seconds: float = GRACE_SECONDS + 1) -> list[tuple[str | None, str, str]]:
        """The presence that comes to remote.test: type, sender's resource, receiver."""
        self.house.settle(seconds)
        left, self.house.left[:] = self.house.left[:], []
        return sorted((one.type, one.sender.resource, str(one.to)) for one in left)

    def trace(self) -> Trace | None:
        document = self.house.backend.document(STORE, AttrsCodec(Trace))
        found = self.successResultOf(document.get(Owner("example.com", "juliet")))
        return None if found is None else found.value


class KilledTest(TracesCase):
    def test_all_who_saw_it_are_told(self) -> None:
        """Session protocol, 4: `unavailable` sent; RFC 6121, 4.5.2 and 4.6.3."""
        self.show()
        self.kill()
        self.assertEqual(self.told(GRACE_SECONDS - 1), [])
        expected = [("unavailable", "balcony", FRIEND), ("unavailable", "balcony", ROOM)]
        self.assertEqual(self.told(2), expected)
        self.assertIsNone(self.trace())

    def test_once(self) -> None:
        self.show()
        self.kill()
        self.told()
        self.kill()
        self.assertEqual(self.told(), [])

    def test_directed_presence_alone(self) -> None:
        self.juliet.send(f"<presence to='{ROOM}'/>")
        self.house.settle(WRITE_SECONDS)
        self.kill()
        self.assertEqual(self.told(), [("unavailable", "balcony", ROOM)])

    def test_killed_again_before_all_are_told(self) -> None:
        self.show()
        self.kill()
        self.come_back("garden")
        self.house.settle(WRITE_SECONDS)
        self.kill()
        resources = [resource for _, resource, to in self.told() if to == FRIEND]
        self.assertEqual(resources, ["balcony", "garden"])

    def test_who_is_blocked_hears_nothing(self) -> None:
        """XEP-0191, 3.3."""
        item = f"<item jid='{FRIEND}'/>"
        self.show()
        self.juliet.send(f"<iq type='set' id='b'><block xmlns='{BLOCKING}'>{item}</block></iq>")
        self.kill()
        self.assertEqual(self.told(), [("unavailable", "balcony", ROOM)])

    def test_an_account_that_is_no_more(self) -> None:
        self.show()
        self.juliet.house.backend.erase(Owner("example.com", "juliet"))
        self.kill()
        self.assertEqual(self.told(), [])


class BackTest(TracesCase):
    """Who comes back meanwhile does not flap."""

    def setUp(self) -> None:
        super().setUp()
        self.show()
        self.kill()

    def test_by_the_same_name(self) -> None:
        """The room does not have the new session."""
        self.come_back()
        self.assertEqual(self.told(), [("unavailable", "balcony", ROOM)])

    def test_also_to_the_room(self) -> None:
        self.come_back("balcony", f"<presence to='{ROOM}'/>")
        self.assertEqual(self.told(), [])

    def test_by_another_name(self) -> None:
        self.come_back("garden", f"<presence to='{ROOM}'/>")
        expected = [("unavailable", "balcony", FRIEND), ("unavailable", "balcony", ROOM)]
        self.assertEqual(self.told(), expected)

    def test_not_seen_yet(self) -> None:
        self.house.client("juliet", "balcony")
        self.assertEqual(len(self.told()), 2)


class KeptTest(TracesCase):
    def test_as_long_as_it_may_be_resumed(self) -> None:
        self.juliet.enable()
        self.show()
        self.juliet.cut()
        self.house.settle(WRITE_SECONDS)
        sessions = {"balcony": Seen(True, [ROOM])}
        self.assertEqual(self.trace(), Trace({str(self.house.manager.address): sessions}))
        self.assertTrue(self.successResultOf(are_left(self.house.backend, "example.com")))

    def test_nothing_of_who_has_gone(self) -> None:
        self.show()
        self.juliet.close()
        self.house.settle(WRITE_SECONDS)
        self.assertIsNone(self.trace())
        self.assertFalse(self.successResultOf(are_left(self.house.backend, "example.com")))

    def test_nothing_of_who_has_left_the_room(self) -> None:
        self.show()
        self.juliet.send(f"<presence to='{ROOM}' type='unavailable'/>")
        self.house.settle(WRITE_SECONDS)
        self.kill()
        self.assertEqual(self.told(), [("unavailable", "balcony", FRIEND)])

    def test_much_at_once_is_one_write(self) -> None:
        self.house.settle(WRITE_SECONDS)
        ticket = self.house.backend.kept
        for number in range(50):
            self.juliet.send(f"<presence to='room{number}@remote.test/j'/>")
        self.house.settle(WRITE_SECONDS)
        self.assertEqual(self.house.backend.kept, ticket + 1)
        trace = self.trace()
        assert trace is not None
        [[seen]] = [sessions.values() for sessions in trace.boots.values()]
        self.assertEqual(len(seen.directed), 50)
