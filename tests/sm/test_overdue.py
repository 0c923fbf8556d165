"""A storage that has gone away: what waits for it, and for how long (session protocol, 3.5, 4)."""

from typing import Any

from twisted.internet.defer import Deferred

from tests.extensions.test_stream_management import CHAT, ManagedCase
from tests.sm.kit import Client
from tests.sm.test_resuming import told_h
from xmppd.extensions.offline import Offline
from xmppd.extensions.stream_management import StreamManagement
from xmppd.protocol.namespaces import STREAMS
from xmppd.sm.overdue import LOOK_SECONDS, PATIENCE

ROSTER = "<query xmlns='jabber:iq:roster'><item jid='a@remote.test'/></query>"
SET = f"<iq type='set' id='r'>{ROSTER}</iq>"
READ = "<iq type='get' id='v'><query xmlns='jabber:iq:roster'/></iq>"


class OverdueCase(ManagedCase):
    extensions: tuple[Any, ...] = (StreamManagement, Offline)

    def setUp(self) -> None:
        super().setUp()
        self.commits: list[Deferred[None]] = self.hold_commits()

    def keep(self) -> None:
        """Storage is back."""
        while self.commits:
            commits, self.commits[:] = self.commits[:], []
            for commit in commits:
                commit.callback(None)
            self.house.settle(1)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.house.settle(1)

    def error(self, client: Client) -> bytes:
        closed = client.closed
        assert closed is not None
        return closed.child_bytes(STREAMS, "error") or b""


class RequestTest(OverdueCase):
    def test_answered_with_an_error(self) -> None:
        """RFC 6120, 8.2.3: there is an answer, and one alone; 8.3.3.6."""
        self.romeo.send(SET)
        self.wait(PATIENCE - 1)
        self.assertEqual(self.romeo.taken(), [])
        self.wait(LOOK_SECONDS + 1)
        [error] = self.romeo.taken()
        self.assertEqual((error.type, error.id), ("error", "r"))
        self.assertIn(b"<internal-server-error", error.inner)
        self.assertIsNone(self.romeo.closed)
        self.keep()
        self.assertEqual([one for one in self.romeo.taken() if one.type != "set"], [])

    def test_what_has_to_wait_for_what_was_sent_before(self) -> None:
        """An answer that is no error would say that all before is kept."""
        self.romeo.send(SET, READ)
        self.wait(PATIENCE + LOOK_SECONDS)
        answers = self.romeo.taken()
        self.assertEqual({one.id for one in answers}, {"r", "v"})
        self.assertEqual({one.type for one in answers}, {"error"})

    def test_slow_is_not_away(self) -> None:
        for number in range(5):
            self.romeo.send(SET.replace("a@", f"a{number}@"))
            self.wait(PATIENCE - 2 * LOOK_SECONDS)
            self.commits.pop(0).callback(None)
        self.house.settle(1)
        self.assertIsNone(self.romeo.closed)
        self.assertEqual({one.type for one in self.romeo.taken()} - {"set"}, {"result"})

    def test_who_sent_nothing_notices_nothing(self) -> None:
        self.romeo.send(SET)
        self.wait(2 * PATIENCE)
        self.assertIsNone(self.juliet.closed)

    def test_from_outside(self) -> None:
        """What waits for an earlier stanza of its sender is answered as well."""
        form = "<{} from='a@remote.test' to='romeo@example.com' {}/>"
        self.house.from_outside(form.format("presence", "type='subscribe'"))
        self.house.from_outside(form.format("iq", "type='get' id='q'"))
        self.assertEqual(self.house.left, [])
        self.wait(PATIENCE + LOOK_SECONDS)
        [error] = self.house.left
        self.assertEqual((error.name, error.type, error.id), ("iq", "error", "q"))
        self.assertIn(b"<internal-server-error", error.inner)


class StreamTest(OverdueCase):
    def setUp(self) -> None:
        super().setUp()
        self.previd = self.juliet.enable().attrs["id"]
        self.romeo.close()

    def test_managed(self) -> None:
        """It ends, with what it could not be told is handled; nothing is lost."""
        self.juliet.send(CHAT.format("1"))
        self.wait(PATIENCE - 1)
        self.assertIsNone(self.juliet.closed)
        self.wait(LOOK_SECONDS + 1)
        self.assertIn(b"<internal-server-error", self.error(self.juliet))
        self.assertIn(self.session(), self.manager.detached)
        self.keep()
        self.assertEqual(told_h(self.juliet.resume(self.previd, 0)), 1)

    def test_resumed_meanwhile(self) -> None:
        """Its count is not final, so there is no answer; but an end."""
        self.juliet.send(CHAT.format("1"))
        self.wait(PATIENCE - LOOK_SECONDS)
        self.juliet.cut()
        with self.assertRaises(KeyError):
            self.juliet.resume(self.previd, 0)
        self.wait(2 * LOOK_SECONDS)
        answer = self.house.answers[max(self.house.answers, key=int)].items[0]  # the last
        self.assertEqual((answer.name, answer.attrs["how"]), ("close", "kick"))
        self.assertIn(b"<internal-server-error", answer.child_bytes(STREAMS, "error") or b"")
        self.assertIn(self.session(), self.manager.detached)
        self.keep()
        self.assertEqual(told_h(self.juliet.resume(self.previd, 0)), 1)

    def test_not_managed(self) -> None:
        """What was sent behind something that waits would wait for ever."""
        romeo = self.house.client("romeo", "y")
        romeo.send("<presence to='a@remote.test' type='subscribe'/>", "<presence/>")
        self.wait(PATIENCE + LOOK_SECONDS)
        self.assertIn(b"<internal-server-error", self.error(romeo))
        romeo.close("error")
        self.assertNotIn(romeo.session, self.manager.sessions)
