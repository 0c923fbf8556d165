"""RFC 6121, 8.5, as a table: who gets a message, and what its sender hears."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.protocol.stanza import Stanza

TYPES = ("normal", "chat", "headline", "groupchat", "error", "unknown")
MESSAGE = "<message {}to='{}' type='{}' id='m'><body>hi</body></message>"

REFUSED = "refused"
"""Answered with service-unavailable."""
SILENCE = "silence"
TOP = "top"
"""To the available sessions of the highest priority."""
ALL = "all"
"""To all available sessions whose priority is not negative."""

BARE = {
    "normal": TOP,
    "unknown": TOP,
    "chat": TOP,
    "headline": ALL,
    "groupchat": REFUSED,
    "error": SILENCE,
}
"""8.5.2.1.1."""
BARE_AWAY = {
    "normal": REFUSED,
    "unknown": REFUSED,
    "chat": REFUSED,
    "headline": SILENCE,
    "groupchat": REFUSED,
    "error": SILENCE,
}
"""8.5.2.2.1, in a house that keeps nothing offline."""
GONE = {
    "normal": REFUSED,
    "unknown": REFUSED,
    "headline": REFUSED,
    "groupchat": REFUSED,
    "error": SILENCE,
}
"""8.5.3.2.1; a chat message goes the way of the bare JID."""
NOBODY = {
    "normal": REFUSED,
    "unknown": REFUSED,
    "chat": REFUSED,
    "headline": REFUSED,
    "groupchat": REFUSED,
    "error": SILENCE,
}
"""8.5.1."""


def refusal(stanza: Stanza) -> tuple[str | None, str | None, bool]:
    """Type, id, and whether it says service-unavailable of type cancel."""
    said = stanza.inner.startswith(b"<error type='cancel'><service-unavailable ")
    return stanza.type, stanza.id, said


class DeliveryTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()

    def deliver(
        self, to: str, type: str, priorities: tuple[int | None, ...], outside: bool
    ) -> tuple[list[int], str]:
        """Who of romeo's sessions r0, r1... got it, and what the sender heard.

        A session without priority is connected, and no more.
        """
        house = self.house
        house.left.clear()
        sessions = [house.client("romeo", f"r{number}") for number in range(len(priorities))]
        for session, priority in zip(sessions, priorities, strict=True):
            if priority is not None:
                session.send(f"<presence><priority>{priority}</priority></presence>")
        for session in sessions:
            session.taken()
        answers = self._send(house, to, type, outside)
        for answer in answers:
            self.assertEqual(refusal(answer), ("error", "m", True))
            self.assertEqual(answer.sender, to)
        got = [number for number, one in enumerate(sessions) if self._got(one)]
        for session in sessions:
            session.close()
        self.assertLessEqual(len(answers), 1)
        return got, REFUSED if answers else SILENCE

    def _send(self, house: House, to: str, type: str, outside: bool) -> list[Stanza]:
        if outside:
            house.from_outside(MESSAGE.format("from='nurse@remote.test/x' ", to, type))
            return list(house.left)
        juliet = house.client("juliet")
        juliet.send(MESSAGE.format("", to, type))
        answers = juliet.taken()
        juliet.close()
        return answers

    def _got(self, client: Client) -> bool:
        taken = client.taken()
        for stanza in taken:
            self.assertEqual(stanza.inner, b"<body>hi</body>")
        self.assertLessEqual(len(taken), 1)
        return bool(taken)

    def check(
        self,
        table: dict[str, str],
        to: str,
        type: str,
        priorities: tuple[int | None, ...],
        outside: bool,
    ) -> None:
        present = [
            n
            for n, priority in enumerate(priorities)
            if (priority or 0) >= 0 and priority is not None
        ]
        highest = max((priorities[n] or 0 for n in present), default=0)
        top = [n for n in present if priorities[n] == highest]
        rule = table[type]
        expected = {
            TOP: (top, SILENCE),
            ALL: (present, SILENCE),
            SILENCE: ([], SILENCE),
            REFUSED: ([], REFUSED),
        }[rule]
        self.assertEqual(self.deliver(to, type, priorities, outside), expected)

    def test_bare_jid_that_is_there(self) -> None:
        for type, priorities, outside in product(
            TYPES, [(0,), (5, 5), (1, 3), (3, -1), (None, 0)], (False, True)
        ):
            with self.subTest(type=type, priorities=priorities, outside=outside):
                self.check(BARE, "romeo@example.com", type, priorities, outside)

    def test_bare_jid_that_is_not(self) -> None:
        """8.5.2.2: without sessions, with such as have sent no presence, or negative ones."""
        for type, priorities, outside in product(
            TYPES, [(), (None,), (-1,), (-1, -128)], (False, True)
        ):
            with self.subTest(type=type, priorities=priorities, outside=outside):
                self.check(BARE_AWAY, "romeo@example.com", type, priorities, outside)

    def test_full_jid(self) -> None:
        """8.5.3.1: a connected resource gets it whatever its presence or priority."""
        for type, priority, outside in product(TYPES, (None, 0, -1), (False, True)):
            with self.subTest(type=type, priority=priority, outside=outside):
                found = self.deliver("romeo@example.com/r1", type, (7, priority), outside)
                self.assertEqual(found, ([1], SILENCE))

    def test_full_jid_that_is_gone(self) -> None:
        for type, priorities, outside in product(GONE, [(), (0,), (-1,)], (False, True)):
            with self.subTest(type=type, priorities=priorities, outside=outside):
                self.check(GONE, "romeo@example.com/gone", type, priorities, outside)

    def test_chat_to_full_jid_that_is_gone(self) -> None:
        """8.5.3.2.1: as if it had been sent to the bare JID."""
        gone = "romeo@example.com/gone"
        self.check(BARE, gone, "chat", (1, 2), False)
        self.check(BARE, gone, "chat", (1, 1), True)
        self.check(BARE_AWAY, gone, "chat", (), False)
        self.check(BARE_AWAY, gone, "chat", (-1,), True)

    def test_no_account(self) -> None:
        for to, type, outside in product(
            ("nobody@example.com", "nobody@example.com/x"), TYPES, (False, True)
        ):
            with self.subTest(to=to, type=type, outside=outside):
                self.check(NOBODY, to, type, (), outside)

    def test_host(self) -> None:
        """10.5.1: nobody reads what is sent to the domain."""
        for type, outside in product(TYPES, (False, True)):
            with self.subTest(type=type, outside=outside):
                self.check(NOBODY, "example.com", type, (), outside)

    @settings(deadline=None, max_examples=20)
    @given(
        st.lists(st.none() | st.integers(-128, 127), max_size=4).map(tuple), st.sampled_from(TYPES)
    )
    def test_any_priorities(self, priorities: tuple[int | None, ...], type: str) -> None:
        there = any(priority is not None and priority >= 0 for priority in priorities)
        self.check(BARE if there else BARE_AWAY, "romeo@example.com", type, priorities, False)

    def test_to_oneself(self) -> None:
        """RFC 6120, 10.3.1: without `to` it is for one's own account."""
        house = self.house
        one, other = house.client("juliet", "one"), house.client("juliet", "other")
        other.send("<presence/>")
        other.taken()
        one.send("<message type='chat'><body>note</body></message>")
        [message] = other.taken()
        self.assertEqual((message.to, message.sender), ("juliet@example.com", one.jid))

    def test_a_session_being_closed_gets_nothing_new(self) -> None:
        """What is sent meanwhile goes to the others, and is not lost."""
        house = self.house
        first, second = house.client("romeo", "first"), house.client("romeo", "second")
        first.send("<presence><priority>9</priority></presence>")
        second.send("<presence/>")
        first.send("<message from='intruder@example.com'/>")
        self.assertIsNotNone(first.closed)
        second.taken()
        house.from_outside(MESSAGE.format("from='a@remote.test' ", first.jid, "chat"))
        house.from_outside(MESSAGE.format("from='a@remote.test' ", "romeo@example.com", "chat"))
        self.assertEqual(len(second.taken()), 2)
