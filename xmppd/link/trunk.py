"""A router's end of a configured link: its live connections, and queues while they cannot take.

A link may have several connections at once, which then share its routes as a pool.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from twisted.internet.interfaces import IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.member import Carrier, Member, member_of
from xmppd.link.pool import Balance, RoundRobin, Sticky
from xmppd.link.pressure import Pressure
from xmppd.link.queue import Bounds, Queue
from xmppd.link.receipts import is_counted
from xmppd.link.routes import Producer
from xmppd.link.unanswered import wants_answer
from xmppd.protocol.stanza import Stanza


class Trunk:
    """One link as its router knows it, whether it is up or down.

    `bounce(item, condition)` is the router's. With `watch`, the requests (iq) that a connection
    leaves unanswered when it is lost are refused, and with `retry` those that change nothing (iq
    get) go to another one. `owner` tells whose a domain is: who asks over this very link is not
    waited for, as it may be answered without the router.
    """

    def __init__(
        self,
        name: str,
        clock: IReactorTime,
        bounce: Callable[[Item, str], None],
        balance: Balance | None = None,
        bounds: Bounds | None = None,
        retry: bool = False,
        watch: bool = True,
        owner: Callable[[str], object] | None = None,
    ) -> None:
        self.name = name
        self.members: list[Member] = []
        self._clock = clock
        self._bounce = bounce
        self._balance = balance or RoundRobin()
        self._bounds = bounds or Bounds()
        self._retry = retry
        self._watch = watch
        self._owner = owner or _unknown
        self._retired: list[Member] = []
        self._absent = self._new_queue(absent=True)
        self._inherited: list[tuple[float, Item]] = []
        self._pressure = Pressure(clock, self._bounds.patience)

    @property
    def is_up(self) -> bool:
        """Whether somebody is there to take what comes."""
        return bool(self.members)

    @property
    def absent_seconds(self) -> float:
        """How long what comes waits while nobody is there to take it."""
        return self._bounds.absent

    @property
    def waiting(self) -> int:
        """Items in queues."""
        return len(self._absent) + sum([len(member.queue) for member in self.members])

    def deliver(self, item: Item, producer: Producer | None = None) -> None:
        """Pass an item on, or have it wait."""
        members = self.members
        if len(members) == 1:
            member = members[0]
        elif members:
            member = self._balance.choose(members, item)
        else:
            self._wait(item)
            return
        if member.queue.waiting or member.carrier.full:
            member.queue.push(item)
            if producer is not None and member.queue.is_high:
                self._pressure.pause(producer)
        else:
            self._give(member, item)

    def _wait(self, item: Item, since: float | None = None) -> None:
        """Have an item wait for somebody to come."""
        if not self._bounds.envelopes and isinstance(item, Envelope) and not is_counted(item):
            self._bounce(item, "service-unavailable")
        else:
            self._absent.push(item, since)

    def _give(self, member: Member, item: Item) -> None:
        if self._watch and wants_answer(item) and (self._retry or not self._is_ours(item)):
            member.unanswered.note(item)
        member.carrier.send(item)

    def _is_ours(self, item: Stanza) -> bool:
        return item.sender is not None and self._owner(item.sender.domain) is self

    def member_for(self, item: Item) -> str | None:
        """The connection that takes what is like that, by its name; None where it takes turns."""
        members = self.members
        if len(members) > 1 and not isinstance(self._balance, Sticky):
            return None
        return self._balance.choose(members, item).name if members else None

    # Members

    def inherit(self, waited: list[tuple[float, Item]]) -> None:
        """Take over what has waited elsewhere, each since then, for the next who joins."""
        if self.members:
            for since, item in waited:
                self._again(item, since)
        else:
            self._inherited += waited

    def join(self, carrier: Carrier, name: str = "") -> None:
        """A connection is up: what waited for anybody goes to it.

        So does what waits for others and is its own now, as all that comes from here on: before
        that.
        """
        name = name or self._free_name()
        waited = self._inherited + self._absent.empty()
        self._inherited, self._absent = [], self._new_queue(absent=True)
        for member in self.members:
            if not member.is_held:
                waited += member.queue.empty()
        self.members.append(Member(name, carrier, self._new_queue()))
        for since, item in waited:
            self._again(item, since)
        self._ease()

    def hold(self, carrier: Carrier) -> None:
        """A connection is given no more, and gives back what it has not passed on.

        What comes for it waits until it has gone, so that nothing overtakes that.
        """
        member = member_of(carrier, self.members)
        if member is not None:
            member.hold(self._new_queue(), self._clock.seconds())

    def take_back(self, carrier: Carrier, item: Item) -> None:
        """Have an item wait again that a connection has not passed on; see `hold`."""
        member = member_of(carrier, self.members)
        if member is None or not member.take_back(item):
            self._bounce(item, "remote-server-timeout")

    def retire(self, carrier: Carrier) -> None:
        """A connection is given no more, but may still answer what it has got."""
        member = member_of(carrier, self.members)
        if member is not None:
            self.members.remove(member)
            self._retired.append(member)
            self._hand_over(member)

    def leave(self, carrier: Carrier) -> None:
        """A connection is lost: what it leaves goes to the others, or waits."""
        self.retire(carrier)
        member = member_of(carrier, self._retired)
        if member is None:
            return
        self._retired.remove(member)
        for request in member.unanswered.take():
            if self._retry and request.type == "get":
                self._again(request, self._clock.seconds())
            else:
                self._bounce(request, "remote-server-timeout")

    def _hand_over(self, member: Member) -> None:
        """What waits for one that takes no more goes to the others, or waits for anybody."""
        for since, item in member.empty():
            self._again(item, since)
        self._ease()

    def _again(self, item: Item, since: float) -> None:
        """Pass on what has waited already."""
        if not self.members:
            self._wait(item, since)
            return
        member = self._balance.choose(self.members, item)
        if member.is_ready:
            self._give(member, item)
        else:
            member.queue.push(item, since)

    def _free_name(self) -> str:
        """A place in the pool: who comes back takes the one that was left, with its keys."""
        names = {member.name for member in self.members}
        return next(name for n in count() if (name := f"{self.name}#{n}") not in names)

    # Queues

    def drain(self) -> None:
        """Pass on what waits, as far as it is taken; then let producers go on."""
        for member in self.members:
            queue, carrier = member.queue, member.carrier
            while queue.waiting and not carrier.full:
                self._pressure.moved()
                self._give(member, queue.pop()[1])
        self._ease()

    def flush(self) -> None:
        """Pass on what waits for the connections, whether they are full or not."""
        for member in self.members:
            for _, item in member.queue.empty():
                member.carrier.send(item)

    def close(self) -> None:
        """The link is gone for good: refuse what waits."""
        self._absent.refuse_all("service-unavailable")
        for member in self.members:
            for _, item in member.empty():
                self._bounce(item, "service-unavailable")
        self._pressure.ease()

    def _ease(self) -> None:
        if not any([member.queue.is_high for member in self.members]):
            self._pressure.ease()

    def _new_queue(self, absent: bool = False) -> Queue:
        return Queue(self._clock, self._bounds, self._bounce, self._ease, absent)

    # Requests

    def answered(self, answer: Stanza) -> None:
        """One of the connections has sent an iq result or error: nobody need be asked again."""
        for member in (*self.members, *self._retired):
            if member.unanswered.answered(answer):
                return


def _unknown(domain: str) -> None:
    """Whose a domain is, where nobody tells."""
