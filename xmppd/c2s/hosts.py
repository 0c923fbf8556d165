"""What session managers say of the hosts they serve (session protocol, 3.1)."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import attrs

from xmppd.c2s.requests import Requests, is_bounce, said
from xmppd.c2s.wheel import Wheel
from xmppd.component.session import hello, inner_elements
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

FRESH_SECONDS = 60
"""What a host has said is asked for again after that time."""


@attrs.frozen
class HostFacts:
    """One host: its mechanisms, the namespaces of iqs it takes before login, its features."""

    rev: str
    mechanisms: tuple[str, ...]
    pre: frozenset[str]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]

    @classmethod
    def read(cls, item: Stanza) -> "HostFacts":
        """Take a `<host/>` apart."""
        return cls(
            item.attrs.get("rev", ""),
            tuple(item.attrs.get("mechanisms", "").split()),
            frozenset(item.attrs.get("pre", "").split()),
            tuple(inner_elements(item, "before")),
            tuple(inner_elements(item, "after")),
        )


Found = Callable[[HostFacts | None, bool], None]
"""Called with what is known of a host, or with None and whether anybody answered."""


class Hosts:
    """The hosts that clients have asked for. Those that nobody serves are not remembered.

    `own` are those that must have a session manager: while none is there, perhaps because it has
    yet to start, it is asked for again each second.
    """

    def __init__(
        self, requests: Requests, wheel: Wheel[Any], sender: Jid, own: Collection[Jid] = ()
    ) -> None:
        self._requests = requests
        self._wheel = wheel
        self._sender = sender
        self._own = frozenset(own)
        self._known: dict[Jid, tuple[HostFacts, int]] = {}
        self._waiting: dict[Jid, list[tuple[Found, int]]] = {}
        self._absent: set[Jid] = set()

    def find(self, host: Jid, call: Found, until: int) -> None:
        """Call with what is known of a host, at once or when it has answered.

        For one of our own that may take until that second of the wheel.
        """
        facts, fresh = self._known.get(host, (None, 0))
        if facts is not None and self._wheel.now < fresh:
            call(facts, True)
            return
        waiting = self._waiting.get(host)
        if waiting is not None:
            waiting.append((call, until))
            return
        self._waiting[host] = [(call, until)]
        self._ask(host)

    def learned(self, host: Jid, rev: str | None) -> None:
        """Note the revision that an answer named: a new one means to ask again."""
        facts, _ = self._known.get(host, (None, 0))
        if rev and facts is not None and facts.rev != rev:
            del self._known[host]

    def ask_again(self) -> None:
        """Ask for those of our own that were not there; who has waited long enough is told so."""
        absent, self._absent = self._absent, set()
        now = self._wheel.now
        for host in absent:
            waiting = self._waiting.pop(host)
            for call, until in waiting:
                if until <= now:
                    call(None, False)
            patient = [(call, until) for call, until in waiting if until > now]
            if patient:
                self._waiting[host] = patient
                self._ask(host)

    def _ask(self, host: Jid) -> None:
        self._requests.ask(host, self._sender, hello(), partial(self._said, host))

    def _said(self, host: Jid, answer: Envelope | None) -> None:
        item = said(answer)
        facts = HostFacts.read(item) if item is not None and item.name == "host" else None
        if facts is not None:
            self._known[host] = facts, self._wheel.now + FRESH_SECONDS
        else:
            self._known.pop(host, None)
            if host in self._own and (answer is None or is_bounce(answer)):
                self._absent.add(host)
                return
        for call, _ in self._waiting.pop(host):
            call(facts, answer is not None)
