"""What managed clients send to rooms, components and other servers: kept until somebody there has
taken charge of it (session protocol, 3.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from xmppd.link.envelope import Envelope
from xmppd.link.receipts import Receipts, Way, counted
from xmppd.link.router import answers_error
from xmppd.protocol.stanza import Stanza
from xmppd.sm.unsettled import Unsettled

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager

AGAIN_SECONDS: Final = 0.2
"""How often what is missing on one way may be sent again."""
ASK_SECONDS: Final = 1.0
"""After so long without news one message is sent again, to see what becomes of it."""
MOST_SECONDS: Final = 30.0
"""As long as there is no news, that takes twice as long each time, and at most so long."""


@attrs.define
class _Going:
    """One way: what is open there by its number, and what whoever takes it has said."""

    open: dict[int, tuple[Stanza, Unsettled]] = attrs.field(factory=dict)
    boot: str = ""
    got: int = 0
    repeated: float = float("-inf")
    due: float = 0.0
    wait: float = ASK_SECONDS


class Onward:
    """Sends such messages, and again what has been lost; each is handled when it is receipted."""

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._sent = 0
        self._ways: dict[Way, _Going] = {}
        self._watching = False

    def send(self, stanza: Stanza, unsettled: Unsettled) -> None:
        """Send a message of a client of ours to somebody elsewhere."""
        unsettled.wait()
        way = Way.of(stanza)
        going = self._ways.get(way)
        if going is None:
            due = self._manager.clock.seconds() + ASK_SECONDS
            going = self._ways[way] = _Going(due=due)
        before = next(reversed(going.open), 0)
        self._sent += 1
        going.open[self._sent] = stanza, unsettled
        self._pass_on(self._sent, before, stanza)
        if not self._watching:
            self._watch()

    def _pass_on(self, number: int, before: int, stanza: Stanza) -> None:
        self._manager.send(counted(self._manager.address, stanza, number, before))

    def reported(self, envelope: Envelope) -> None:
        """Take what somebody says of what they have been sent. Raises ValueError."""
        for item in envelope.items:
            receipts = Receipts.parse(item)
            going = self._ways.get(receipts.way)
            if going is not None:
                self._settle(receipts, going)

    def _settle(self, receipts: Receipts, going: _Going) -> None:
        reborn = self._hears(receipts, going)
        done = [going.open.pop(number, None) for number in receipts.done]
        for stanza, unsettled in filter(None, done):
            if receipts.error and answers_error(stanza):
                self._manager.send(stanza.error(receipts.error))
            unsettled.done()
        if not going.open:
            self._ways.pop(receipts.way, None)
            return
        if any(done):
            going.wait = ASK_SECONDS
        going.due = self._manager.clock.seconds() + going.wait
        if receipts.again or reborn:
            self._again(going)

    @staticmethod
    def _hears(receipts: Receipts, going: _Going) -> bool:
        """Whether that comes from another life than what was said before: what that had got may
        have died with it."""
        known, going.boot = going.boot, receipts.boot or going.boot
        reborn = known not in ("", going.boot)
        going.got = receipts.got if reborn else max(going.got, receipts.got)
        return reborn

    def relinked(self) -> None:
        """The link is there again: what was on its way is lost, or comes twice."""
        for going in self._ways.values():
            going.repeated = float("-inf")
            self._again(going)

    def _again(self, going: _Going) -> None:
        """Send all that has not come, in its order."""
        now = self._manager.clock.seconds()
        if now - going.repeated < AGAIN_SECONDS:
            return
        going.repeated, before = now, 0
        for number, (stanza, _) in list(going.open.items()):
            if number > going.got:
                self._pass_on(number, before, stanza)
            before = number

    # What nobody says anything of

    def _watch(self) -> None:
        self._watching = True
        self._manager.clock.callLater(ASK_SECONDS, self._look)

    def _look(self) -> None:
        self._watching = False
        now = self._manager.clock.seconds()
        for going in self._ways.values():
            if going.due <= now:
                self._ask(going, now)
        if self._ways:
            self._watch()

    def _ask(self, going: _Going, now: float) -> None:
        """Send one once more: the first that may not have come, else the oldest."""
        going.wait = min(2 * going.wait, MOST_SECONDS)
        going.due = now + going.wait
        before = 0
        for number, (stanza, _) in going.open.items():
            if number > going.got:
                self._pass_on(number, before, stanza)
                return
            before = number
        number, (stanza, _) = next(iter(going.open.items()))
        self._pass_on(number, 0, stanza)
