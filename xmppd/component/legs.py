"""All legs of one instance: reports, asking, and leases (session protocol, 3.5 and 3.7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import count
from typing import Final, Generic, TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from xmppd.component.lease import Lease, Peer
from xmppd.component.leg import Leg
from xmppd.component.report import AGAIN, ASK, GONE, Entry, Report, read_report, report_numbers
from xmppd.component.session import instance_of
from xmppd.link.envelope import Envelope
from xmppd.link.link import Link
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

PACE: Final = 0.02
"""Seconds between two reports to the same instance, on a link that may lose things."""
ASK_SECONDS: Final = 1.0
"""After so long without news a leg of which something is kept is asked for."""
COMPARE_SECONDS: Final = 300.0
"""How often all legs are asked for."""

L = TypeVar("L", bound=Leg)


class Legs(ABC, Generic[L]):
    """The legs of an instance, by the instances at their other ends.

    On a lossless link it tells what has come and is done with `delay` seconds later, and nothing
    else: nothing is asked for, and nobody is given up.
    """

    log = Logger()

    def __init__(self, link: Link, address: Jid, clock: IReactorTime, delay: float) -> None:
        self.lossless = link.lossless
        self.address = address
        self.clock = clock
        self._send = link.send
        self._delay = delay
        self._peers: dict[Jid, Peer] = {}
        self._waiting: dict[L, float] = {}  # for news, and since when
        self._denied: set[tuple[Jid, Entry | None]] = set()
        self._numbers = count(1)
        self._ticking = False

    # What each side does its own way

    @abstractmethod
    def find(self, instance: Jid, stream: str) -> L | None:
        """The leg that a stream of that number has with that instance."""

    @abstractmethod
    def all(self) -> list[L]:
        """All legs."""

    @abstractmethod
    def settle(self, leg: L, entry: Entry) -> None:
        """The other end says how far it is."""

    @abstractmethod
    def absent(self, leg: L) -> None:
        """The other end has no such leg."""

    @abstractmethod
    def is_silent(self, lease: Lease, now: float) -> bool:
        """Whether to give up on the other side."""

    @abstractmethod
    def is_due(self, lease: Lease, now: float) -> bool:
        """Whether to send a report although there is nothing to say."""

    @abstractmethod
    def silent(self, peer: Peer) -> None:
        """The other side is given up."""

    @abstractmethod
    def may_come(self, stream: str) -> bool:
        """Whether a stream without a leg may be about to get one."""

    @abstractmethod
    def look_after(self, leg: L, now: float) -> None:
        """Look at a leg that waits for news, once a second."""

    # Legs come and go

    def peer(self, instance: Jid) -> Peer:
        """The other side of that name and boot; legs to an older boot of that name end."""
        peer = self._peers.get(instance)
        if peer is None:
            self._end_older(instance)
            peer = self._peers[instance] = Peer(instance, self.clock.seconds())
        return peer

    def attach(self, leg: L) -> None:
        """A leg begins."""
        leg.peer.legs += 1
        if not self.lossless:
            self._peers.setdefault(leg.peer.address, leg.peer)
            self.await_news(leg)
            self._start()

    def detach(self, leg: L) -> None:
        """A leg has come to its end."""
        peer = leg.peer
        peer.legs -= 1
        self._waiting.pop(leg, None)
        if not peer.legs:
            self._peers.pop(peer.address, None)

    def await_news(self, leg: L) -> None:
        """Something has been sent on a leg that is kept until news come."""
        self._waiting.setdefault(leg, self.clock.seconds())

    def relinked(self) -> None:
        """The link is there again: ask for all legs whose news may have been lost."""
        self._ask(list(self._waiting))

    # Telling

    def note(self, leg: L) -> None:
        """Tell of a leg soon; all that goes to one instance is one report."""
        if leg.noted:
            return
        leg.noted = True
        peer = leg.peer
        peer.noted.append(leg)
        if not peer.scheduled:
            self._schedule(peer)

    def tell(self, leg: L) -> None:
        """Tell of a leg at once, or as soon as the pace allows."""
        if self.lossless:
            self._report(leg.peer, [leg.entry()])
        else:
            self.note(leg)

    def _schedule(self, peer: Peer) -> None:
        """Send a report soon."""
        peer.scheduled = True
        delay = self._delay
        if not self.lossless:
            delay = max(0.0, peer.lease.sent + PACE - self.clock.seconds())
        self.clock.callLater(delay, self._tell_noted, peer)

    def _tell_noted(self, peer: Peer) -> None:
        peer.scheduled = False
        noted, peer.noted = peer.noted, []
        entries = []
        for leg in noted:
            leg.noted = False
            if leg.untold or not self.lossless:
                entries.append(leg.entry())
        if entries or not self.lossless:
            self._report(peer, entries)

    def _report(self, peer: Peer, entries: list[Entry]) -> None:
        number = 0
        if not self.lossless:
            number = next(self._numbers)
            peer.lease.sending(number, self.clock.seconds())
        item = Report(entries, number, peer.lease.seen)
        self._send(Envelope(peer.address, self.address, (item,)))

    def _ask(self, legs: Iterable[L]) -> None:
        now = self.clock.seconds()
        asked: dict[Peer, list[Entry]] = {}
        for leg in legs:
            if leg in self._waiting:
                self._waiting[leg] = now
            asked.setdefault(leg.peer, []).append(Entry(leg.stream, leg.epoch, mark=ASK))
        for peer, entries in asked.items():
            self._report(peer, entries)

    def _deny(self, instance: Jid, entries: Iterable[Entry | None]) -> None:
        """Say that there are no such legs, of each once a second; None: that we are here."""
        keys = {(instance, entry) for entry in entries} - self._denied
        if keys:
            if not self._denied:
                self.clock.callLater(ASK_SECONDS, self._denied.clear)
            self._denied |= keys
            item = Report([entry for _, entry in keys if entry is not None], 0, 0)
            self._send(Envelope(instance, self.address, (item,)))

    # Hearing

    def stray(self, envelope: Envelope, stream: Jid) -> None:
        """A route of that stream without a leg here, or for an older life of this instance."""
        if self.lossless or not envelope.sender.resource:
            return
        entry = None
        if envelope.epoch and instance_of(envelope.to) == self.address:
            entry = Entry(number_of(stream), envelope.epoch, mark=GONE)
        self._deny(instance_of(envelope.sender), [entry])

    def heard(self, instance: Jid) -> Peer | None:
        """There is a sign of life; returns whom from, if there are legs to it."""
        if self.lossless:
            return None
        peer = self._peers.get(instance)
        if peer is None:
            self._end_older(instance)
        else:
            peer.lease.heard = self.clock.seconds()
        return peer

    def _end_older(self, instance: Jid) -> None:
        """A newer boot of a name ends the legs to the older ones."""
        for peer in [each for each in self._peers.values() if each.is_older_than(instance)]:
            for leg in self.legs_to(peer):
                self.absent(leg)

    def legs_to(self, peer: Peer) -> list[L]:
        """All legs to one instance."""
        return [leg for leg in self.all() if leg.peer is peer]

    def reported(self, envelope: Envelope) -> None:
        """Take a report."""
        instance = envelope.sender
        unknown: list[Entry] = []
        peer = self.heard(instance)
        for item in envelope.items:
            if item.name != "report":
                continue
            if peer is not None:
                self._renew(peer, item)
            for entry in read_report(item):
                leg = self.find(instance, entry.stream)
                if leg is not None and leg.epoch == entry.epoch:
                    self._take(leg, entry)
                elif entry.mark != GONE and not self.may_come(entry.stream):
                    unknown.append(Entry(entry.stream, entry.epoch, mark=GONE))
        if unknown and not self.lossless:
            self._deny(instance, unknown)

    def _renew(self, peer: Peer, item: Stanza) -> None:
        number, seen = report_numbers(item)
        answer = peer.lease.reported(number, seen, self.clock.seconds())
        if answer and not peer.scheduled:
            self._schedule(peer)

    def _take(self, leg: L, entry: Entry) -> None:
        if entry.mark == GONE:
            self.absent(leg)
        elif entry.mark == ASK:
            leg.mark = AGAIN  # whatever was sent before the question has come or is lost
            self.note(leg)
        elif leg.is_sane(entry):
            if not self.lossless:
                self._send_again(leg, entry)
            self.settle(leg, entry)

    def _send_again(self, leg: L, entry: Entry) -> None:
        now = self.clock.seconds()
        if entry.mark == AGAIN:
            for envelope in leg.again(entry.got, now):
                self._send(envelope)
        if leg.kept is not None and entry.done < leg.sent:
            self._waiting[leg] = now
        else:
            self._waiting.pop(leg, None)

    # Time

    def _start(self) -> None:
        if not self._ticking:
            self._ticking = True
            self.clock.callLater(ASK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        try:
            self._look_around(self.clock.seconds())
        except Exception:
            self.log.failure("Looking after legs failed")
        if self._peers:
            self._start()

    def _look_around(self, now: float) -> None:
        for peer in list(self._peers.values()):
            if self.is_silent(peer.lease, now):
                peer.lease.renew(now)
                self.silent(peer)
            elif now - peer.compared >= COMPARE_SECONDS:
                peer.compared = now
                self._ask(self.legs_to(peer))
            elif self.is_due(peer.lease, now) and not peer.scheduled:
                self._schedule(peer)
        for leg in list(self._waiting):
            self.look_after(leg, now)
        self._ask([leg for leg, since in self._waiting.items() if now - since >= ASK_SECONDS])


def number_of(stream: Jid) -> str:
    """The number of a stream at its edge."""
    return stream.resource.partition(".")[2]
