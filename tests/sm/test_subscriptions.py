"""Presence subscriptions (RFC 6121, sections 2.5, 3 and appendix A)."""

from collections import deque
from typing import Literal, cast, get_args

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.accounts.contacts import Contact, Subscription
from xmppd.protocol.jid import Jid
from xmppd.sm.subscriptions import Kind, Outcome, inbound, outbound, removal

USER = Jid("juliet@example.com")
PEER = Jid("romeo@example.net")
KINDS: tuple[Kind, ...] = get_args(Kind)
SAME = "no state change"

# The tables of the RFC's appendix A, row by row: existing state, route or deliver, new state.
A_2_1_OUTBOUND_SUBSCRIBE = """
None                  | MUST     | None + Pending Out
None + Pending Out    | MUST     | no state change
None + Pending In     | MUST     | None + Pending Out+In
None + Pending Out+In | MUST     | no state change
To                    | MUST     | no state change
To + Pending In       | MUST     | no state change
From                  | MUST     | From + Pending Out
From + Pending Out    | MUST     | no state change
Both                  | MUST     | no state change
"""
A_2_2_OUTBOUND_UNSUBSCRIBE = """
None                  | MUST     | no state change
None + Pending Out    | MUST     | None
None + Pending In     | MUST     | no state change
None + Pending Out+In | MUST     | None + Pending In
To                    | MUST     | None
To + Pending In       | MUST     | None + Pending In
From                  | MUST     | no state change
From + Pending Out    | MUST     | From
Both                  | MUST     | From
"""
A_2_3_OUTBOUND_SUBSCRIBED = """
None                  | MUST NOT | no state change
None + Pending Out    | MUST NOT | no state change
None + Pending In     | MUST     | From
None + Pending Out+In | MUST     | From + Pending Out
To                    | MUST NOT | no state change
To + Pending In       | MUST     | Both
From                  | MUST NOT | no state change
From + Pending Out    | MUST NOT | no state change
Both                  | MUST NOT | no state change
"""
A_2_4_OUTBOUND_UNSUBSCRIBED = """
None                  | MUST NOT | no state change
None + Pending Out    | MUST NOT | no state change
None + Pending In     | MUST     | None
None + Pending Out+In | MUST     | None + Pending Out
To                    | MUST NOT | no state change
To + Pending In       | MUST     | To
From                  | MUST     | None
From + Pending Out    | MUST     | None + Pending Out
Both                  | MUST     | To
"""
A_3_1_INBOUND_SUBSCRIBE = """
None                  | MUST     | None + Pending In
None + Pending Out    | MUST     | None + Pending Out+In
None + Pending In     | MUST NOT | no state change
None + Pending Out+In | MUST NOT | no state change
To                    | MUST     | To + Pending In
To + Pending In       | MUST NOT | no state change
From                  | MUST NOT | no state change
From + Pending Out    | MUST NOT | no state change
Both                  | MUST NOT | no state change
"""
A_3_2_INBOUND_UNSUBSCRIBE = """
None                  | MUST NOT | no state change
None + Pending Out    | MUST NOT | no state change
None + Pending In     | MUST     | None
None + Pending Out+In | MUST     | None + Pending Out
To                    | MUST NOT | no state change
To + Pending In       | MUST     | To
From                  | MUST     | None
From + Pending Out    | MUST     | None + Pending Out
Both                  | MUST     | To
"""
A_3_3_INBOUND_SUBSCRIBED = """
None                  | MUST NOT | no state change
None + Pending Out    | MUST     | To
None + Pending In     | MUST NOT | no state change
None + Pending Out+In | MUST     | To + Pending In
To                    | MUST NOT | no state change
To + Pending In       | MUST NOT | no state change
From                  | MUST NOT | no state change
From + Pending Out    | MUST     | Both
Both                  | MUST NOT | no state change
"""
A_3_4_INBOUND_UNSUBSCRIBED = """
None                  | MUST NOT | no state change
None + Pending Out    | MUST     | None
None + Pending In     | MUST NOT | no state change
None + Pending Out+In | MUST     | None + Pending In
To                    | MUST     | None
To + Pending In       | MUST     | None + Pending In
From                  | MUST NOT | no state change
From + Pending Out    | MUST     | From
Both                  | MUST     | From
"""


def rows(table: str) -> list[tuple[str, bool, str]]:
    """Split a table into (existing state, whether to route or deliver, new state)."""
    found = []
    for line in table.strip().splitlines():
        old, must, new = (cell.strip() for cell in line.split("|"))
        found.append((old, must == "MUST", old if new == SAME else new))
    return found


def contact_in(state: str) -> tuple[Contact, bool]:
    """Give the roster item in a state of A.1, and whether a request of the contact waits."""
    subscription, _, pending = state.partition(" + Pending ")
    asked = "Out" in pending
    lowered = cast(Subscription, subscription.lower())
    return Contact(PEER, "Romeo", ("Lovers",), lowered, asked), "In" in pending


def state_of(contact: Contact | None, pending_in: bool) -> str:
    """Name the state as A.1 does."""
    pending = [way for way, on in (("Out", contact and contact.asked), ("In", pending_in)) if on]
    name = contact.subscription.capitalize() if contact else "None"
    return f"{name} + Pending {'+'.join(pending)}" if pending else name


def send(kind: Kind, contact: Contact | None, pending_in: bool = False) -> Outcome:
    return outbound(kind, PEER, contact, pending_in)


class AppendixTests(SynchronousTestCase):
    """Every row of the eight tables."""

    def check_outbound(self, kind: Kind, table: str) -> None:
        for old, route, new in rows(table):
            contact, pending_in = contact_in(old)
            outcome = send(kind, contact, pending_in)
            self.assertEqual((outcome.route, self.end_of(outcome)), (route, new), old)
            self.check_rest(contact, outcome)

    def check_inbound(self, kind: Kind, table: str) -> None:
        for old, deliver, new in rows(table):
            contact, pending_in = contact_in(old)
            outcome = inbound(kind, contact, pending_in)
            self.assertEqual((outcome.route, self.end_of(outcome)), (deliver, new), old)
            self.check_rest(contact, outcome)

    def end_of(self, outcome: Outcome) -> str:
        return state_of(outcome.contact, outcome.pending_in)

    def check_rest(self, old: Contact, outcome: Outcome) -> None:
        """Name and groups stay, and clients hear of every change and of nothing else."""
        assert outcome.contact is not None
        self.assertEqual(outcome.contact.name, "Romeo")
        self.assertEqual(outcome.contact.groups, ("Lovers",))
        self.assertEqual(outcome.push, outcome.contact != old)

    def test_a_2_1(self) -> None:
        self.check_outbound("subscribe", A_2_1_OUTBOUND_SUBSCRIBE)

    def test_a_2_2(self) -> None:
        self.check_outbound("unsubscribe", A_2_2_OUTBOUND_UNSUBSCRIBE)

    def test_a_2_3(self) -> None:
        self.check_outbound("subscribed", A_2_3_OUTBOUND_SUBSCRIBED)

    def test_a_2_4(self) -> None:
        self.check_outbound("unsubscribed", A_2_4_OUTBOUND_UNSUBSCRIBED)

    def test_a_3_1(self) -> None:
        self.check_inbound("subscribe", A_3_1_INBOUND_SUBSCRIBE)

    def test_a_3_2(self) -> None:
        self.check_inbound("unsubscribe", A_3_2_INBOUND_UNSUBSCRIBE)

    def test_a_3_3(self) -> None:
        self.check_inbound("subscribed", A_3_3_INBOUND_SUBSCRIBED)

    def test_a_3_4(self) -> None:
        self.check_inbound("unsubscribed", A_3_4_INBOUND_UNSUBSCRIBED)

    def test_tables_are_whole(self) -> None:
        """Guard the transcription: nine states each, the same ones, no others as a result."""
        states = [old for old, _, _ in rows(A_2_1_OUTBOUND_SUBSCRIBE)]
        self.assertEqual(len(set(states)), 9)
        for name, table in globals().items():
            if name.startswith("A_"):
                self.assertEqual([old for old, _, _ in rows(table)], states, name)
                self.assertLessEqual({new for _, _, new in rows(table)}, set(states), name)


class PresenceTests(SynchronousTestCase):
    """What the contact gets to see of the user's presence, and what is answered for him."""

    def test_approval_shows_presence(self) -> None:
        """After 'subscribed' the contact is sent the current presence (3.1.5)."""
        for old, route, _ in rows(A_2_3_OUTBOUND_SUBSCRIBED):
            outcome = send("subscribed", *contact_in(old))
            self.assertEqual(outcome.send_presence, route, old)

    def test_presence_ends_with_the_subscription(self) -> None:
        """Who could see us and no longer can is sent 'unavailable' (3.2.2, 3.3.3)."""
        for old, _, _ in rows(A_2_4_OUTBOUND_UNSUBSCRIBED):
            seen = old.startswith(("From", "Both"))
            cancelled = send("unsubscribed", *contact_in(old))
            self.assertEqual(cancelled.send_unavailable, seen, old)
            left = inbound("unsubscribe", *contact_in(old))
            self.assertEqual(left.send_unavailable, seen, old)

    def test_nothing_shown_otherwise(self) -> None:
        """No other event makes presence flow (a denied contact, 3.2.2, learns nothing)."""
        for old, _, _ in rows(A_2_1_OUTBOUND_SUBSCRIBE):
            for kind in KINDS:
                sent, heard = send(kind, *contact_in(old)), inbound(kind, *contact_in(old))
                self.assertFalse(sent.send_presence and kind != "subscribed")
                self.assertFalse(heard.send_presence and kind != "subscribe")
                self.assertFalse(sent.send_unavailable and kind != "unsubscribed")
                self.assertFalse(heard.send_unavailable and kind != "unsubscribe")

    def test_subscribed_already(self) -> None:
        """A request of a subscribed contact is answered and not delivered (3.1.3)."""
        for old in ("From", "From + Pending Out", "Both"):
            contact, pending_in = contact_in(old)
            self.assertEqual(
                inbound("subscribe", contact, pending_in),
                Outcome(contact, False, reply="subscribed", send_presence=True),
            )

    def test_no_other_answers(self) -> None:
        for old, _, _ in rows(A_2_1_OUTBOUND_SUBSCRIBE):
            for kind in KINDS:
                self.assertIsNone(send(kind, *contact_in(old)).reply)
                seen = old.startswith(("From", "Both"))
                if not (kind == "subscribe" and seen):
                    self.assertIsNone(inbound(kind, *contact_in(old)).reply)


class StrangerTests(SynchronousTestCase):
    """Contacts that are not in the roster."""

    def test_request_adds(self) -> None:
        """A request puts the contact into the roster with ask='subscribe' (3.1.2)."""
        self.assertEqual(
            send("subscribe", None),
            Outcome(Contact(PEER, asked=True), False, push=True, route=True),
        )

    def test_approval_adds(self) -> None:
        """Approving somebody who is not in the roster puts him there (3.1.5)."""
        self.assertEqual(
            send("subscribed", None, pending_in=True),
            Outcome(
                Contact(PEER, subscription="from"),
                False,
                push=True,
                route=True,
                send_presence=True,
            ),
        )

    def test_request_of_a_stranger(self) -> None:
        """It is kept and delivered, but no item appears for it (3.1.3, A.1)."""
        self.assertEqual(inbound("subscribe", None, False), Outcome(None, True, route=True))
        self.assertEqual(inbound("subscribe", None, True), Outcome(None, True))

    def test_denial(self) -> None:
        """Denying sends 'unsubscribed' and leaves no trace (3.2.2)."""
        self.assertEqual(send("unsubscribed", None, True), Outcome(None, False, route=True))
        self.assertEqual(send("unsubscribed", None), Outcome(None, False))

    def test_withdrawal(self) -> None:
        """A stranger who withdraws his request: the record of it is removed (3.3.3)."""
        self.assertEqual(inbound("unsubscribe", None, True), Outcome(None, False, route=True))
        self.assertEqual(inbound("unsubscribe", None, False), Outcome(None, False))

    def test_unsubscribe(self) -> None:
        """A.2.2 routes it in any state; the contact does not get into the roster by it."""
        self.assertEqual(send("unsubscribe", None), Outcome(None, False, route=True))
        self.assertEqual(send("unsubscribe", None, True), Outcome(None, True, route=True))

    def test_unwanted_answers(self) -> None:
        """Answers to what was never asked are ignored (3.1.6, 3.2.3)."""
        for pending_in in (False, True):
            ignored = Outcome(None, pending_in)
            self.assertEqual(inbound("subscribed", None, pending_in), ignored)
            self.assertEqual(inbound("unsubscribed", None, pending_in), ignored)


class PreApprovalTests(SynchronousTestCase):
    """Approvals that are given before the request (3.4)."""

    def test_noted(self) -> None:
        """In None, None + Pending Out and To the flag is set and pushed, nothing routed."""
        for old in ("None", "None + Pending Out", "To"):
            contact, _ = contact_in(old)
            approved = attrs.evolve(contact, approved=True)
            self.assertEqual(send("subscribed", contact), Outcome(approved, False, push=True))
            self.assertEqual(send("subscribed", approved), Outcome(approved, False))

    def test_stranger(self) -> None:
        """Somebody not in the roster gets an item (3.4.2)."""
        self.assertEqual(
            send("subscribed", None), Outcome(Contact(PEER, approved=True), False, push=True)
        )

    def test_ignored(self) -> None:
        """In From, From + Pending Out and Both nothing happens."""
        for old in ("From", "From + Pending Out", "Both"):
            contact, _ = contact_in(old)
            self.assertEqual(send("subscribed", contact), Outcome(contact, False))

    def test_used(self) -> None:
        """The request is answered in the user's stead, not delivered, and the item pushed."""
        for old, new in (
            ("None", "From"),
            ("None + Pending Out", "From + Pending Out"),
            ("To", "Both"),
        ):
            contact, _ = contact_in(old)
            self.assertEqual(
                inbound("subscribe", attrs.evolve(contact, approved=True), False),
                Outcome(
                    contact_in(new)[0], False, push=True, reply="subscribed", send_presence=True
                ),
            )

    def test_cancelled(self) -> None:
        """'unsubscribed' takes the flag away, pushes, and is not routed (3.2.2)."""
        for old in ("None", "None + Pending Out", "To"):
            contact, _ = contact_in(old)
            self.assertEqual(
                send("unsubscribed", attrs.evolve(contact, approved=True)),
                Outcome(contact, False, push=True),
            )

    def test_survives_the_rest(self) -> None:
        """Only the user cancels it: neither his own requests nor what the contact sends."""
        for old in ("None", "None + Pending Out", "To"):
            contact = attrs.evolve(contact_in(old)[0], approved=True)
            for outcome in (
                send("subscribe", contact),
                send("unsubscribe", contact),
                inbound("unsubscribe", contact, False),
                inbound("subscribed", contact, False),
                inbound("unsubscribed", contact, False),
            ):
                assert outcome.contact is not None
                self.assertTrue(outcome.contact.approved)


class RemovalTests(SynchronousTestCase):
    """What is sent to a contact whose item is removed."""

    def test_subscriptions_end(self) -> None:
        """The RFC's cases (2.5.2)."""
        for state, kinds in (
            ("None", ()),
            ("To", ("unsubscribe",)),
            ("From", ("unsubscribed",)),
            ("Both", ("unsubscribe", "unsubscribed")),
        ):
            self.assertEqual(removal(*contact_in(state)), kinds)

    def test_requests_end(self) -> None:
        """Open requests are withdrawn and denied, as A.2.2 and A.2.4 have it."""
        self.assertEqual(removal(Contact(PEER, asked=True), False), ("unsubscribe",))
        self.assertEqual(removal(Contact(PEER), True), ("unsubscribed",))

    def test_nothing_is_left(self) -> None:
        """Sending these one by one leads to None, from every state."""
        for old, _, _ in rows(A_2_1_OUTBOUND_SUBSCRIBE):
            contact, pending_in = contact_in(old)
            for kind in removal(contact, pending_in):
                outcome = send(kind, contact, pending_in)
                self.assertTrue(outcome.route, old)
                assert outcome.contact is not None
                contact, pending_in = outcome.contact, outcome.pending_in
            self.assertEqual(state_of(contact, pending_in), "None")


class SpoiltDataTests(SynchronousTestCase):
    """Items that no table knows, such as one edited by hand."""

    def test_any_combination(self) -> None:
        """What can be stored is handled, and what comes out is one of the nine states."""
        states = {old for old, _, _ in rows(A_2_1_OUTBOUND_SUBSCRIBE)}
        for subscription in get_args(Subscription):
            for bits in range(8):
                asked, approved, pending_in = (bool(bits & bit) for bit in (1, 2, 4))
                contact = Contact(PEER, "", (), subscription, asked, approved)
                for kind in KINDS:
                    outcome = send(kind, contact, pending_in)
                    self.assertIn(state_of(outcome.contact, outcome.pending_in), states)
                    inbound(kind, contact, pending_in)


Event = Kind | Literal["remove", "hear"]


class Party:
    """One of two accounts, with what it keeps about the other and what it has sent to it.

    `crossed` tells that a request of this party and an answer of the other have been under way
    at the same time.
    """

    def __init__(self, jid: Jid) -> None:
        self.jid = jid
        self.contact: Contact | None = None
        self.pending_in = False
        self.sent: deque[Kind] = deque()
        self.crossed = False
        self.other = self

    def utter(self, kind: Kind) -> None:
        """Put a presence on its way."""
        if kind == "subscribe":
            self.crossed |= not {"subscribed", "unsubscribed"}.isdisjoint(self.other.sent)
        elif kind != "unsubscribe":
            self.other.crossed |= "subscribe" in self.other.sent
        self.sent.append(kind)

    def take(self, outcome: Outcome) -> None:
        self.contact, self.pending_in = outcome.contact, outcome.pending_in
        if outcome.reply:
            self.utter(outcome.reply)

    def do(self, event: Event) -> None:
        """Do what a user can do."""
        if event == "hear":
            self.hear()
        elif event == "remove":
            self.remove()
        else:
            outcome = outbound(event, self.other.jid, self.contact, self.pending_in)
            self.take(outcome)
            if outcome.route:
                self.utter(event)

    def remove(self) -> None:
        if self.contact is not None:
            for kind in removal(self.contact, self.pending_in):
                self.utter(kind)
            self.contact, self.pending_in = None, False

    def hear(self) -> None:
        """Take the oldest presence that the other has sent."""
        if self.other.sent:
            self.take(inbound(self.other.sent.popleft(), self.contact, self.pending_in))

    @property
    def sees(self) -> bool:
        return self.contact is not None and self.contact.user_subscribed

    @property
    def asks(self) -> bool:
        return self.contact is not None and self.contact.asked

    @property
    def is_seen(self) -> bool:
        return self.contact is not None and self.contact.contact_subscribed


def pair() -> tuple[Party, Party]:
    """Give two accounts that know nothing of each other."""
    a, b = Party(USER), Party(PEER)
    a.other, b.other = b, a
    return a, b


def settle(*parties: Party) -> None:
    """Deliver all that is under way."""
    while any(party.sent for party in parties):
        for party in parties:
            party.hear()


sides = st.integers(0, 1)
acts: st.SearchStrategy[Event] = st.sampled_from([*KINDS, "remove"])
steps: st.SearchStrategy[Event] = acts | st.just("hear")


class TwoPartiesTests(SynchronousTestCase):
    """Both ends of a subscription agree on it.

    The exception, which the RFC's tables leave open: a request that crosses an answer. Romeo,
    subscribed, asks again (routed without a change of state) while Juliet cancels: his roster
    says None, hers has his request pending, and her approval will be ignored. An 'unsubscribe'
    of the one who asked, or a new request, puts it right.
    """

    def assert_agreed(self, subscriber: Party) -> None:
        publisher = subscriber.other
        self.assertEqual(
            (subscriber.sees, subscriber.asks), (publisher.is_seen, publisher.pending_in)
        )

    def assert_sane(self, party: Party) -> None:
        """No request waits that is answered, and no approval that was used is kept."""
        self.assertFalse(party.sees and party.asks)
        self.assertFalse(party.is_seen and party.pending_in)
        approved = party.contact is not None and party.contact.approved
        self.assertFalse(approved and (party.is_seen or party.pending_in))

    @settings(deadline=None, max_examples=150)
    @given(st.lists(st.tuples(sides, acts), max_size=30))
    def test_one_event_at_a_time(self, events: list[tuple[int, Event]]) -> None:
        """If nothing crosses, the two agree after every event."""
        parties = pair()
        for side, event in events:
            parties[side].do(event)
            settle(*parties)
            for party in parties:
                self.assert_agreed(party)
                self.assert_sane(party)

    @settings(deadline=None, max_examples=300)
    @given(st.lists(st.tuples(sides, steps), max_size=40))
    def test_any_order(self, events: list[tuple[int, Event]]) -> None:
        """With both ways FIFO, the two agree in the end unless a request crossed an answer."""
        parties = pair()
        for side, event in events:
            parties[side].do(event)
            for party in parties:
                self.assert_sane(party)
        settle(*parties)
        for party in parties:
            if not party.crossed:
                self.assert_agreed(party)

    @settings(deadline=None, max_examples=150)
    @given(st.lists(st.tuples(sides, steps), max_size=40), sides)
    def test_unsubscribe_heals(self, events: list[tuple[int, Event]], side: int) -> None:
        """Whatever crossed, an 'unsubscribe' makes the two agree again."""
        parties = pair()
        for which, event in events:
            parties[which].do(event)
        settle(*parties)
        parties[side].do("unsubscribe")
        settle(*parties)
        self.assert_agreed(parties[side])

    @settings(deadline=None, max_examples=150)
    @given(st.lists(st.tuples(sides, steps), max_size=40), sides)
    def test_asking_again_heals(self, events: list[tuple[int, Event]], side: int) -> None:
        """Whatever crossed, a new request that is approved leads to a subscription."""
        parties = pair()
        for which, event in events:
            parties[which].do(event)
        settle(*parties)
        asking, asked = parties[side], parties[1 - side]
        asking.do("subscribe")
        settle(*parties)
        asked.do("subscribed")
        settle(*parties)
        self.assert_agreed(asking)
        self.assertTrue(asking.sees)

    def test_the_exception(self) -> None:
        """The crossing of the class's description, spelt out."""
        juliet, romeo = pair()
        romeo.do("subscribe")
        settle(juliet, romeo)
        juliet.do("subscribed")
        settle(juliet, romeo)
        romeo.do("subscribe")
        juliet.do("unsubscribed")
        settle(juliet, romeo)
        self.assertTrue(romeo.crossed)
        self.assertEqual((romeo.sees, romeo.asks), (False, False))
        self.assertTrue(juliet.pending_in)
