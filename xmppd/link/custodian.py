"""Taking charge of messages that somebody counts: each once, and in its order (session protocol,
3.9)."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.receipts import Receipts, Way
from xmppd.link.turn import Turn
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

MAX_WAYS: Final = 20_000
"""Ways that are remembered; of those on which nothing is open the ones that are quiet longest are
forgotten above that."""

Take = Callable[[Stanza], Deferred[Any] | None]
"""Handles a message; what it gives fires, whatever the result, when the message is kept here, or
with whoever is next, or refused. None: that is so already."""


@attrs.define
class _Coming:
    """One way from one origin: the newest that has come, what is not done with, what is."""

    got: int = 0
    open: set[int] = attrs.field(factory=set)
    done: list[int] = attrs.field(factory=list)
    again: bool = False
    noted: bool = False


class Custodian:
    """Takes counted messages, and tells their origins what becomes of them."""

    def __init__(
        self, address: Jid, send: Callable[[Item], None], clock: IReactorTime, take: Take
    ) -> None:
        """
        :param address: an address of this link, by which it speaks.
        """
        self._address = address
        self._boot = secrets.token_hex(4)
        self._send = send
        self._turn = Turn(clock)
        self._take = take
        self._ways: OrderedDict[tuple[Jid, Way], _Coming] = OrderedDict()
        self._noted: list[tuple[Jid, Way]] = []

    def came(self, envelope: Envelope) -> None:
        """Take what has come, unless it had come before or something before it is missing."""
        number = envelope.number
        for stanza in envelope.items:
            if stanza.sender is None or stanza.to is None:
                continue
            key = envelope.sender, Way.of(stanza)
            coming = self._coming(key)
            if envelope.epoch > coming.got:
                coming.again = True
            elif number > coming.got:
                coming.got = number
                self._handle(key, coming, number, stanza)
            elif number not in coming.open:
                coming.done.append(number)
            self._note(key, coming)
            number += 1

    def _coming(self, key: tuple[Jid, Way]) -> _Coming:
        coming = self._ways.get(key)
        if coming is None:
            coming = self._ways[key] = _Coming()
            if len(self._ways) > MAX_WAYS:
                self._forget_quiet()
        else:
            self._ways.move_to_end(key)
        return coming

    def _forget_quiet(self) -> None:
        quiet = [key for key, coming in self._ways.items() if not (coming.open or coming.noted)]
        for key in quiet[: MAX_WAYS // 2]:
            del self._ways[key]

    def _handle(self, key: tuple[Jid, Way], coming: _Coming, number: int, stanza: Stanza) -> None:
        def done(_: object) -> None:
            coming.open.discard(number)
            coming.done.append(number)
            self._note(key, coming)

        coming.open.add(number)
        pending = self._take(stanza)
        if pending is None:
            done(None)
        else:
            pending.addBoth(done)

    # Telling

    def _note(self, key: tuple[Jid, Way], coming: _Coming) -> None:
        if not coming.noted:
            coming.noted = True
            if not self._noted:
                self._turn.later(self._tell)
            self._noted.append(key)

    def _tell(self) -> None:
        noted, self._noted = self._noted, []
        said: dict[Jid, list[Stanza]] = {}
        for origin, way in noted:
            coming = self._ways[origin, way]
            receipts = Receipts(self._boot, way, coming.got, coming.done, coming.again)
            said.setdefault(origin, []).append(receipts.to_xml())
            coming.done, coming.again, coming.noted = [], False, False
        for origin, receipts_of in said.items():
            self._send(Envelope(origin, self._address, tuple(receipts_of)))
