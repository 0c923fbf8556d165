"""Sessions that go on over another stream (XEP-0198, 5; session protocol, 3.4 and 3.10)."""

from typing import Any

from tests.extensions.test_stream_management import CHAT, FULL, ManagedCase, Missed, Waiting
from tests.sm.kit import Client, House
from tests.sm.test_session import bodies
from xmppd.component.extension import Extension, on
from xmppd.component.session import WINDOW_DOWN, verb
from xmppd.component.stages import Life
from xmppd.extensions.offline import Offline
from xmppd.extensions.stream_management import StreamManagement
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import DELAY, MUC_USER, STANZA_ERRORS, STREAM_MANAGEMENT, STREAMS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.detached import REMEMBERED_SECONDS
from xmppd.sm.ending import kick
from xmppd.sm.session import Session
from xmppd.sm.waiting import MAX_QUEUE


class Resumed(Extension):
    """Collects what is told of sessions."""

    name = "resumed"

    def setup(self) -> None:
        self.host.told = self.told = []

    @on(Life.DETACHED)
    def detached(self, session: Session) -> None:
        self.told.append(("detached", session.jid))

    @on(Life.RESUMED)
    def resumed(self, session: Session) -> None:
        self.told.append(("resumed", session.jid))

    @on(Life.UNAVAILABLE)
    def unavailable(self, session: Session) -> None:
        self.told.append(("unavailable", session.jid))


def told_h(answer: Stanza) -> int:
    """The count in the answer to a resumption that succeeded."""
    element = answer.child(STREAM_MANAGEMENT, "resumed")
    assert element is not None, answer.to_bytes()
    return int(element["h"])


class ResumeCase(ManagedCase):
    extensions = (StreamManagement, Missed, Waiting, Resumed)

    def setUp(self) -> None:
        super().setUp()
        self.previd = self.juliet.enable().attrs["id"]
        self.juliet.send("<presence/>")
        self.juliet.report(h=1)
        self.juliet.taken()

    @property
    def missed(self) -> list[str | None]:
        return bodies(self.house.host.missed)  # type: ignore[union-attr]

    @property
    def told(self) -> list[Any]:
        found: list[Any] = self.house.host.told  # type: ignore[union-attr]
        return found

    def come(self, *texts: object) -> None:
        self.come_to("juliet@example.com", *texts)

    def come_to(self, to: object, *texts: object) -> None:
        """Have messages come, all in one turn."""
        for text in texts:
            form = "<message from='a@remote.test' to='{}' type='chat'><body>{}</body></message>"
            self.house.outside.send(parse_stanza(form.format(to, text).encode()))
        self.house.settle()

    def failed(self, answer: Stanza) -> tuple[str, str | None]:
        """The condition and the count of a failure."""
        self.assertEqual((answer.ns, answer.name), (STREAM_MANAGEMENT, "failed"))
        [(ns, name, _, _)] = answer.children
        self.assertEqual(ns, STANZA_ERRORS)
        return name, answer.attrs.get("h")


class ResumeTest(ResumeCase):
    def test_what_was_not_acknowledged_comes_again(self) -> None:
        """XEP-0198, 5: what is still unhandled after the client's count, before anything new."""
        self.come(1, 2, 3)
        self.juliet.cut()
        self.come(4)
        self.juliet.resume(self.previd, 2)
        self.come(5)
        self.assertEqual(bodies(self.juliet.taken()), ["2", "3", "4", "5"])
        self.juliet.report(h=6)
        self.assertEqual(len(self.managed().out), 0)

    def test_counts_go_on(self) -> None:
        """XEP-0198, 5: they are carried over."""
        self.juliet.send("<presence/>", "<presence/>")
        self.juliet.cut()
        answer = self.juliet.resume(self.previd, 1)
        self.assertEqual(told_h(answer), 3)
        self.assertEqual((answer.attrs["managed"], answer.attrs["e"]), ("true", "2"))
        self.juliet.send("<presence/>")
        self.assertEqual((self.managed().h, self.session().leg.h), (4, 4))

    def test_the_address_stays(self) -> None:
        address, jid = self.juliet.session, self.juliet.jid
        self.juliet.cut()
        self.juliet.resume(self.previd, 1)
        self.assertEqual((self.juliet.session, self.juliet.jid), (address, jid))

    def test_presence_stays(self) -> None:
        """A session without a stream stays available; nobody hears of all this."""
        self.juliet.cut()
        self.assertTrue(self.session().available)
        self.assertIn(self.session(), self.manager.detached)
        self.juliet.resume(self.previd, 1)
        jid = self.juliet.jid
        self.assertEqual(self.told, [("detached", jid), ("resumed", jid)])
        self.assertEqual(len(self.manager.detached), 0)

    def test_again_and_again(self) -> None:
        for turn in range(2, 6):
            self.come(turn)
            self.juliet.cut()
            self.juliet.resume(self.previd, 1)
            self.assertEqual(self.juliet.epoch, turn)
        self.assertEqual(bodies(self.juliet.taken()), ["2", "3", "4", "5"])

    def test_the_edge_is_lost(self) -> None:
        """A newer boot of its edge, or its silence (3.7)."""
        self.come(1)
        self.manager.edges.absent(self.session().leg)
        self.assertIn(self.session(), self.manager.detached)
        self.juliet.resume(self.previd, 1)
        self.assertEqual(bodies(self.juliet.taken()), ["1"])

    def test_an_error_that_was_not_the_clients_fault(self) -> None:
        """3.7: a shutdown or a time-out loses the stream; any other error ends the session."""
        for condition, remains in (
            ("system-shutdown", True),
            ("connection-timeout", True),
            ("not-well-formed", False),
        ):
            client = self.house.client("juliet", condition)
            client.enable()
            close = {"how": "error", "condition": condition, "written": "1"}
            client.pass_on(Stanza("urn:xmppd:session:0", "close", close))
            self.assertIs(client.session in self.manager.sessions, remains)

    def test_while_the_former_stream_is_there(self) -> None:
        """XEP-0198, 5: it is closed with conflict."""
        self.come(1)
        former = self.juliet.stream
        self.juliet.resume(self.previd, 1)
        self.assertEqual(bodies(self.juliet.taken()), ["1"])
        [close] = self.juliet.former
        self.assertIn(b"<conflict", close.child_bytes(STREAMS, "error") or b"")
        self.assertEqual({*self.manager.legs}, {self.romeo.stream, self.juliet.stream})
        self.assertNotEqual(former, self.juliet.stream)

    def test_nothing_comes_by_the_former_stream(self) -> None:
        """The fence: a lower epoch is nobody's (3.4)."""
        former, number = self.juliet.stream, self.juliet._number
        self.juliet.resume(self.previd, 1)
        stream, self.juliet.stream, self.juliet.epoch = self.juliet.stream, former, 1
        self.juliet._number = number
        self.juliet.send("<presence type='unavailable'/>")
        self.assertTrue(self.session().available)
        self.assertEqual(self.managed().h, 1)
        self.assertEqual(self.session().leg.other, stream)

    def test_the_former_stream_may_end_then(self) -> None:
        former, number = self.juliet.stream, self.juliet._number
        self.juliet.resume(self.previd, 1)
        self.juliet.stream, self.juliet.epoch, self.juliet._number = former, 1, number
        self.juliet.close()
        self.assertIn(self.juliet.session, self.manager.sessions)

    def test_it_may_end_cleanly(self) -> None:
        self.juliet.cut()
        self.juliet.resume(self.previd, 1)
        self.come(1)
        self.juliet.close()
        self.assertNotIn(self.juliet.session, self.manager.sessions)
        self.assertEqual(self.missed, ["1"])


class DrainTest(ResumeCase):
    """3.4: `h` in the answer is final."""

    def test_waits_for_the_storage(self) -> None:
        commits = self.hold_commits()
        self.open_message()
        self.house.settle(0.3)
        self.assertEqual((len(commits), self.managed().h), (1, 1))
        self.juliet.cut()
        element = self.ask()
        self.assertTrue(self.managed().draining)
        commits[0].callback(None)
        self.house.settle()
        self.assertFalse(self.managed().draining)
        self.juliet.attach(self.house.answers[element].items[0])
        self.assertEqual(told_h(self.house.answers[element].items[0]), 2)

    def ask(self, h: int = 1) -> str:
        """Ask to resume, without waiting for the answer."""
        self.juliet.begin()
        with self.assertRaises(KeyError):
            self.juliet.resume(self.previd, h, stream=False)
        return str(len(self.house.answers) + 1)

    def open_message(self) -> None:
        """One that romeo's edge has not written."""
        self.juliet.send(FULL.format("open"))
        self.assertEqual(self.managed().h, 1)

    def test_by_way_of_the_journal(self) -> None:
        """After 250 ms what is not settled by others is kept here."""
        self.open_message()
        self.juliet.cut()
        id = self.ask()
        self.house.settle(0.3)
        self.assertEqual(told_h(self.house.answers[id].items[0]), 2)

    def test_what_is_in_check_is_forgotten(self) -> None:
        """Its client sends it again."""
        self.juliet.send(CHAT.format("wait"), "<presence/>")
        self.juliet.cut()
        answer = self.juliet.resume(self.previd, 1)
        self.assertEqual(told_h(answer), 1)
        self.waiting[0].callback(None)
        self.house.settle()
        self.assertEqual(self.missed, [])
        self.juliet.send(CHAT.format("again"), "<presence/>")
        self.assertEqual((self.missed, self.managed().h), (["again"], 3))

    def test_two_at_once(self) -> None:
        """3.10: the later stream gets the session, the earlier one a conflict."""
        self.open_message()
        self.juliet.cut()
        first, one = self.ask(), self.juliet.stream
        self.juliet.begin()
        with self.assertRaises(KeyError):
            self.juliet.resume(self.previd, 1, stream=False)
        refused = self.house.answers[first].items[0]
        self.assertEqual(refused.name, "close")
        self.assertIn(b"<conflict", refused.child_bytes(STREAMS, "error") or b"")
        self.house.settle(0.3)
        [answer] = [
            each.items[0]
            for each in self.house.answers.values()
            if each.to == self.juliet.stream and each.items[0].name == "opened"
        ]
        self.assertEqual((told_h(answer), answer.attrs["e"]), (2, "3"))
        self.assertNotIn(one, self.manager.legs)

    def test_the_next_stream_is_lost_too(self) -> None:
        self.open_message()
        self.juliet.cut()
        self.ask()
        self.manager.edges.absent(self.session().leg)
        self.assertIn(self.session(), self.manager.detached)
        self.house.settle(0.3)
        self.assertEqual(told_h(self.juliet.resume(self.previd, 1)), 2)

    def test_much_comes_meanwhile(self) -> None:
        """3.6: what there is no room for is missed, and the session goes on."""
        commits = self.hold_commits()
        self.open_message()
        self.house.settle(0.3)
        self.juliet.cut()
        id = self.ask()
        self.come(*range(MAX_QUEUE + 5))
        self.assertEqual(len(self.missed), 4)
        commits[0].callback(None)
        self.house.settle()
        self.juliet.attach(self.house.answers[id].items[0])
        for _ in range(MAX_QUEUE // WINDOW_DOWN + 2):
            self.juliet.report()
        self.assertEqual(len(self.juliet.taken()), MAX_QUEUE + 1)
        self.juliet.send("<presence/>")
        self.assertEqual(self.managed().h, 3)

    def test_too_much_comes_meanwhile(self) -> None:
        """What nobody else can have ends the session, as it does without a stream."""
        commits = self.hold_commits()
        self.open_message()
        self.house.settle(0.3)
        self.juliet.cut()
        id = self.ask()
        self.come(*range(MAX_QUEUE + 2))
        self.house.from_outside(
            f"<iq type='result' id='1' from='a@remote.test' to='{self.juliet.jid.bare}/x'/>"
        )
        self.house.from_outside("<presence from='a@remote.test/r' to='juliet@example.com'/>")
        self.assertNotIn(self.juliet.session, self.manager.sessions)
        self.assertEqual(self.house.answers[id].items[0].name, "close")
        commits[0].callback(None)

    def gone(self) -> None:
        """The edge says that the newest stream ended before it had a session."""
        gone = Envelope(Jid.parse("example.com"), self.juliet.stream, (verb("gone"),))
        self.house.edge.send(gone)
        self.house.settle()

    def test_the_next_stream_has_gone(self) -> None:
        """Its edge may have given up waiting for the answer, and will not hear it."""
        commits = self.hold_commits()
        self.open_message()
        self.house.settle(0.3)
        self.juliet.cut()
        self.ask()
        self.gone()
        commits[0].callback(None)
        self.house.settle()
        self.assertIn(self.session(), self.manager.detached)
        self.assertEqual(told_h(self.juliet.resume(self.previd, 1)), 2)

    def test_an_answer_that_nobody_waited_for(self) -> None:
        self.juliet.cut()
        self.juliet.resume(self.previd, 1)
        self.assertTrue(self.session().attached)
        self.gone()
        self.assertIn(self.session(), self.manager.detached)

    def test_kicked_meanwhile(self) -> None:
        self.open_message()
        self.juliet.cut()
        id = self.ask()
        self.assertEqual(kick(self.session().user, StreamError("policy-violation")), 1)
        self.house.settle(0.3)
        self.assertEqual(self.house.answers[id].items[0].name, "close")
        self.assertEqual((self.manager.legs.keys(), self.session_count()), ({self.romeo.stream}, 1))

    def session_count(self) -> int:
        return len(self.manager.sessions)


class RefusedTest(ResumeCase):
    """XEP-0198, 5 and 6: the stream may bind then, or try again."""

    def test_unknown(self) -> None:
        self.assertEqual(self.failed(self.juliet.resume("x", 0)), ("item-not-found", None))

    def test_somebody_elses(self) -> None:
        self.juliet.cut()
        self.assertEqual(self.failed(self.romeo.resume(self.previd, 0)), ("item-not-found", None))
        self.assertIn(self.session(), self.manager.detached)

    def test_without_a_count(self) -> None:
        self.juliet.cut()
        for h in ("", "x", "-1", "4294967296"):
            self.assertEqual(self.failed(self.juliet.resume(self.previd, h)), ("bad-request", None))

    def test_too_high(self) -> None:
        """3.4: the stream ends, the session stays as it is."""
        self.come(1)
        self.juliet.cut()
        answer = self.juliet.resume(self.previd, 3)
        self.assertEqual(answer.name, "close")
        self.assertIn(b"<handled-count-too-high", answer.child_bytes(STREAMS, "error") or b"")
        self.assertIn(self.session(), self.manager.detached)
        self.juliet.resume(self.previd, 1)
        self.assertEqual(bodies(self.juliet.taken()), ["1"])

    def test_ended(self) -> None:
        """XEP-0198, 5: with what was handled before."""
        self.juliet.send("<presence/>")
        self.juliet.close()
        self.assertEqual(self.failed(self.juliet.resume(self.previd, 0)), ("item-not-found", "2"))
        self.assertEqual(self.failed(self.romeo.resume(self.previd, 0)), ("item-not-found", None))

    def test_ended_long_ago(self) -> None:
        self.juliet.close()
        self.house.settle(REMEMBERED_SECONDS + 1)
        self.assertEqual(self.failed(self.juliet.resume(self.previd, 0)), ("item-not-found", None))

    def test_disabled_since_login(self) -> None:
        """Its session has been ended; what has logged in before gets none either."""
        self.juliet.begin()
        user = self.session().user
        user.account.disabled = True
        kick(user, StreamError("not-authorized"))
        answer = self.juliet.resume(self.previd, 1, stream=False)
        self.assertIn(b"<not-authorized", answer.inner)
        opening = self.house.ask(
            "juliet@example.com", self.juliet.stream, verb("open", ticket=self.juliet.ticket)
        )
        self.assertIn(b"<not-authorized", opening.items[0].inner)
        self.assertEqual(list(user.sessions), ["balcony"])  # until its edge has heard

    def test_a_failure_leaves_the_ticket(self) -> None:
        """3.4: the same stream may bind."""
        self.juliet.resume("x", 0)
        answer = self.juliet.resume("y", 0, stream=False)
        self.assertEqual(self.failed(answer), ("item-not-found", None))

    def test_without_a_ticket(self) -> None:
        self.juliet.begin()
        self.juliet.ticket = "stolen"
        self.assertEqual(self.juliet.resume(self.previd, 0, stream=False).name, "refused")

    def test_not_resumable(self) -> None:
        client = self.house.client("juliet", "other")
        client.enable(resume="false")
        client.cut()
        self.assertNotIn(client.session, self.manager.sessions)

    def test_not_supported(self) -> None:
        """XEP-0198, 5: feature-not-implemented."""
        client = House(()).client("juliet")
        self.assertEqual(self.failed(client.resume("x", 0)), ("feature-not-implemented", None))


class DetachedTest(ResumeCase):
    def test_until_max(self) -> None:
        """3.7: then it ends as any other."""
        self.come(1)
        self.juliet.cut()
        self.come(2)
        self.house.settle(599)
        self.assertEqual(self.missed, [])
        self.house.settle(2)
        self.assertEqual(self.missed, ["1", "2"])
        jid = self.juliet.jid
        self.assertEqual(self.told, [("detached", jid), ("unavailable", jid)])
        self.assertEqual(self.failed(self.juliet.resume(self.previd, 0)), ("item-not-found", "1"))

    def test_what_the_client_asked_for(self) -> None:
        client = self.house.client("juliet", "other")
        client.enable(max="5")
        client.cut()
        self.house.settle(6)
        self.assertNotIn(client.session, self.manager.sessions)

    def test_another_session_gets_what_is_left(self) -> None:
        """Never twice, never to nowhere (RFC 6121, 8.5.3), and in order."""
        other = self.house.client("juliet", "other")
        self.come(1, 2)
        self.juliet.cut()
        other.send("<presence><priority>1</priority></presence>")
        other.taken()
        self.house.settle(601)
        self.assertEqual(bodies([s for s in other.taken() if s.name == "message"]), ["1", "2"])
        self.assertEqual(self.missed, [])

    def test_kick(self) -> None:
        self.come(1)
        self.juliet.cut()
        self.assertEqual(kick(self.session().user, StreamError("policy-violation")), 1)
        self.assertEqual((self.missed, len(self.manager.detached)), (["1"], 0))

    def test_bound_anew(self) -> None:
        """The same resource: the session that had it ends."""
        self.come(1)
        self.juliet.cut()
        self.house.client("juliet")
        self.assertEqual((self.missed, len(self.manager.detached)), (["1"], 0))

    def test_overflow(self) -> None:
        """3.6: what is beyond the bound is missed, and the session stays resumable; what was
        missed comes behind what was not."""
        self.juliet.cut()
        self.come(*range(MAX_QUEUE + 5))
        self.assertEqual(self.missed, [str(MAX_QUEUE + n) for n in range(1, 5)])
        self.juliet.resume(self.previd, 1)
        for _ in range(MAX_QUEUE // WINDOW_DOWN + 2):
            self.juliet.report()
        got = bodies(self.juliet.taken())
        self.assertEqual(got, [str(number) for number in range(MAX_QUEUE + 1)])
        self.assertFalse(self.session().full)

    def test_overflow_by_what_nobody_else_can_have(self) -> None:
        """Rather than leave a gap the session ends."""
        self.juliet.cut()
        self.come(*range(MAX_QUEUE + 1))
        self.house.from_outside("<presence from='a@remote.test/r' to='juliet@example.com'/>")
        self.assertNotIn(self.juliet.session, self.manager.sessions)
        self.assertEqual(len(self.missed), MAX_QUEUE + 1)

    def test_a_client_that_acknowledges_nothing(self) -> None:
        """3.6: closed with policy-violation, and resumable."""
        for number in range(MAX_QUEUE + 1):
            self.come(number)
            self.juliet.report()
        closed = self.juliet.closed
        assert closed is not None
        self.assertIn(b"<policy-violation", closed.child_bytes(STREAMS, "error") or b"")
        self.assertIn(self.session(), self.manager.detached)
        self.assertEqual(self.missed, [])
        read = len(self.juliet.taken())
        self.juliet.resume(self.previd, read + 1)
        self.assertEqual(read + len(self.juliet.taken()), MAX_QUEUE + 1)


class BoundsTest(ResumeCase):
    extensions = (
        (StreamManagement, StreamManagement.Options(detached_per_account=2, detached=3)),
        Missed,
        Waiting,
        Resumed,
    )

    def detach(self, name: str, resource: str) -> Client:
        client = self.house.client(name, resource)
        client.enable()
        client.cut()
        return client

    def test_of_an_account(self) -> None:
        one, two, three = [self.detach("romeo", resource) for resource in "abc"]
        self.assertNotIn(one.session, self.manager.sessions)
        self.assertIn(two.session, self.manager.sessions)
        self.assertIn(three.session, self.manager.sessions)

    def test_of_the_server(self) -> None:
        clients = [self.detach("romeo", "a"), self.detach("romeo", "b")]
        clients += [self.detach("juliet", "a"), self.detach("juliet", "b")]
        found = [client.session in self.manager.sessions for client in clients]
        self.assertEqual(found, [False, True, True, True])

    def at_once(self, *clients: Client) -> list[bool]:
        """Their edge dies; who of them is still there."""
        sessions = [self.session(client) for client in clients]
        for client in clients:
            client.enable()
        for session in sessions:
            self.manager.edges.absent(session.leg)
        self.house.settle()  # at the end of the turn
        return [session.address in self.manager.sessions for session in sessions]

    def test_many_at_once(self) -> None:
        """However many an edge takes with it, no more than the bound stay."""
        names = "romeo", "juliet", "romeo", "juliet"
        clients = [self.house.client(name, str(n)) for n, name in enumerate(names)]
        host = self.house.host
        assert host is not None and host.accounts is not None
        host.accounts.create("mercutio", "secret")
        more = self.house.client("mercutio")
        found = self.at_once(*clients, more)
        self.assertEqual(found, [False, False, True, True, True])

    def test_many_of_an_account_at_once(self) -> None:
        clients = [self.house.client("romeo", resource) for resource in "abcd"]
        self.assertEqual(self.at_once(*clients), [False, False, True, True])


class TogetherTest(ResumeCase):
    """What waits for all sessions without streams together has a bound (3.6, P4)."""

    extensions = (
        (StreamManagement, StreamManagement.Options(detached_bytes=40_000)),
        Missed,
        Waiting,
        Resumed,
    )

    def setUp(self) -> None:
        super().setUp()
        self.juliet.cut()
        self.romeo = self.house.client("romeo", "orchard")
        self.romeos = self.romeo.enable().attrs["id"]
        self.romeo.send("<presence/>")

    def come_long(self, name: str, *texts: int) -> None:
        self.come_to(f"{name}@example.com", *[f"{text}{' ' * 3000}" for text in texts])

    def alive(self) -> list[bool]:
        return [one.session in self.manager.sessions for one in (self.juliet, self.romeo)]

    def texts(self) -> list[str]:
        return [text.strip() for text in self.missed if text is not None]

    def test_the_largest_gives_way(self) -> None:
        self.romeo.cut()
        self.come_long("romeo", 1, 2)
        self.come_long("juliet", *range(6))
        self.assertEqual((self.alive(), self.missed), ([True, True], []))
        self.come_long("romeo", 3, 4)
        self.assertEqual(self.alive(), [False, True])
        self.assertEqual(self.texts(), [str(number) for number in range(6)])
        self.romeo.resume(self.romeos, 1)
        self.assertEqual(len(bodies(self.romeo.taken())), 4)

    def test_as_it_loses_its_stream(self) -> None:
        """What it had not acknowledged before counts."""
        self.come_long("juliet", 1, 2, 3)
        self.come_long("romeo", *range(9))
        self.assertEqual(self.alive(), [True, True])
        self.romeo.cut()
        self.assertEqual(self.alive(), [True, False])

    def test_who_has_a_stream_does_not_count(self) -> None:
        self.come_long("juliet", *range(6))
        self.come_long("romeo", *range(9))
        self.assertEqual(self.alive(), [True, True])

    def test_who_came_back_counts_no_more(self) -> None:
        self.romeo.cut()
        for turn in range(5):
            self.come_long("juliet", *range(8))
            self.juliet.resume(self.previd, 1 + 8 * turn)
            self.juliet.report(h=9 + 8 * turn)
            self.juliet.cut()
        self.come_long("romeo", *range(7))
        self.assertEqual(self.alive(), [True, True])

    def test_small_ones_count_too(self) -> None:
        """A stanza takes more memory than its bytes."""
        self.come(*range(37))
        self.assertEqual(self.alive()[0], True)
        self.come(*range(9))
        self.assertEqual(self.alive()[0], False)

    def test_what_replaces_counts_once(self) -> None:
        self.romeo.cut()
        for _ in range(20):
            self.house.from_outside("<presence from='a@remote.test/r' to='juliet@example.com'/>")
        self.assertEqual(self.alive(), [True, True])

    def test_none(self) -> None:
        """0: no bound."""
        self.house.host.detaching = StreamManagement.Options(detached_bytes=0)  # type: ignore[union-attr]
        self.come_long("juliet", *range(50))
        self.assertEqual(self.alive()[0], True)


class LateTest(ResumeCase):
    """XEP-0198, 5: what a session has got in vain says since when it waits (XEP-0203)."""

    extensions = (StreamManagement, Offline)

    def stamps(self, client: Client) -> list[list[str]]:
        """Of each message that the client has got, in seconds since the first."""
        return [
            [child["stamp"][14:19] for child in stanza.element().elements(DELAY, "delay")]
            for stanza in client.taken()
            if stanza.name == "message"
        ]

    def setUp(self) -> None:
        super().setUp()
        self.come(1)
        self.house.settle(10)
        self.juliet.cut()
        self.house.settle(10)
        self.come(2)
        self.house.settle(10)

    def test_by_another_device(self) -> None:
        other = self.house.client("juliet", "other")
        other.send("<presence/>")
        self.house.settle(601)
        self.assertEqual(self.stamps(other), [["00:00"], ["00:20"]])

    def test_offline(self) -> None:
        """The time is the one at which it came, and it is said once."""
        self.house.settle(601)
        other = self.house.client("juliet", "other")
        other.send("<presence/>")
        self.assertEqual(self.stamps(other), [["00:00"], ["00:20"]])

    def test_twice_in_vain(self) -> None:
        other = self.house.client("juliet", "other")
        other.enable()
        other.send("<presence/>")
        self.house.settle(601)
        other.taken()
        other.cut()
        third = self.house.client("juliet", "third")
        third.send("<presence/>")
        self.house.settle(601)
        self.assertEqual(self.stamps(third), [["00:00"], ["00:20"]])

    def test_resumed(self) -> None:
        """What has waited for the client says so; what comes then does not."""
        self.juliet.resume(self.previd, 1)
        self.come(3)
        self.come(4)
        self.assertEqual(self.stamps(self.juliet), [["00:00"], ["00:20"], [], []])
        self.juliet.report(h=5)
        self.assertEqual(len(self.managed().out), 0)


MANY = MAX_QUEUE - 20


class HandedOverTest(ResumeCase):
    """3.6: what a session leaves does not count as what another client is slow to read."""

    def setUp(self) -> None:
        super().setUp()
        self.juliet.cut()
        self.other = self.house.client("juliet", "other")
        self.other.send("<presence><priority>-1</priority></presence>")

    def leave(self, count: int, client: Client | None = None) -> None:
        """A session gets so many, and ends without having read any."""
        to = client or self.juliet
        self.come_to(to.jid, *range(count))
        if self.session(self.other).attached:
            self.other.send("<presence/>")
        kick(self.session(to).user, StreamError("conflict"), to.jid.resource)
        self.house.settle()

    def read_all(self) -> list[str | None]:
        for _ in range(MAX_QUEUE // WINDOW_DOWN + 2):
            self.other.report()
        return bodies([one for one in self.other.taken() if one.name == "message"])

    def test_as_it_reads(self) -> None:
        self.leave(MANY)
        self.come(*range(MANY, MANY + 100))
        self.assertIsNone(self.other.closed)
        self.assertEqual(self.read_all(), [str(number) for number in range(MANY + 100)])
        self.assertEqual(self.missed, [])

    def test_who_reads_nothing_is_still_closed(self) -> None:
        self.leave(MANY)
        self.come(*range(MAX_QUEUE + 200))
        self.assertIsNotNone(self.other.closed)

    def test_more_than_there_is_room_for(self) -> None:
        """It is missed, and so is all behind it."""
        third = self.house.client("juliet", "third")
        third.enable()
        third.send("<presence><priority>-1</priority></presence>")
        third.cut()
        self.leave(MANY)
        self.leave(40, third)
        self.assertEqual(self.missed, [str(number) for number in range(20, 40)])
        self.assertEqual(len(self.read_all()), MAX_QUEUE)
        self.come("new")
        self.assertEqual(self.read_all(), ["new"])

    def test_another_without_a_stream(self) -> None:
        """It has no more room than usual, and does not end for that."""
        self.other.enable()
        self.other.send("<presence/>")
        self.other.cut()
        self.come_to(self.other.jid, *range(30))
        self.leave(MANY)
        self.assertIn(self.other.session, self.manager.sessions)
        self.assertEqual(self.session(self.other).load[0], MAX_QUEUE)
        self.assertEqual(self.missed, [str(n) for n in range(MANY - len(self.missed), MANY)])


class PresenceOfDetachedTest(ResumeCase):
    """Rule 13, and 3.6: only the newest presence of a contact is kept."""

    def presences(self, *inner: str) -> None:
        """Presence comes, of two addresses in turn."""
        for number, content in enumerate(inner):
            attributes = f"from='a@remote.test/{number % 2}' to='{self.juliet.jid}'"
            stanza = f"<presence {attributes}>{content}</presence>"
            self.house.outside.send(parse_stanza(stanza.encode()))
        self.house.settle()

    def test_only_the_newest(self) -> None:
        self.juliet.cut()
        self.come("first")
        self.presences(*[f"<status>{number}</status>" for number in range(2 * MAX_QUEUE)])
        self.come("last")
        session = self.session()
        self.assertFalse(session.full)
        self.juliet.resume(self.previd, 1)
        for _ in range(MAX_QUEUE // WINDOW_DOWN + 2):
            self.juliet.report()
        got = self.juliet.taken()
        self.assertEqual((bodies(got)[0], bodies(got)[-1]), ("first", "last"))
        statuses = [one.text("", "status") for one in got if one.name == "presence"]
        self.assertEqual(statuses[-2:], [str(2 * MAX_QUEUE - 2), str(2 * MAX_QUEUE - 1)])
        self.assertLess(len(got), MAX_QUEUE)

    def test_not_of_rooms(self) -> None:
        self.juliet.cut()
        self.presences(*[f"<x xmlns='{MUC_USER}'/>"] * (MAX_QUEUE + 2))
        self.assertNotIn(self.juliet.session, self.manager.sessions)
