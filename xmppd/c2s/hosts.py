"""What session managers say of the hosts they serve (session protocol, 3.1)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

from xmppd.c2s.requests import Requests, said
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
    """The hosts that clients have asked for. Those that nobody serves are not remembered."""

    def __init__(self, requests: Requests, wheel: Wheel[Any], sender: Jid) -> None:
        self._requests = requests
        self._wheel = wheel
        self._sender = sender
        self._known: dict[Jid, tuple[HostFacts, int]] = {}
        self._waiting: dict[Jid, list[Found]] = {}

    def find(self, host: Jid, call: Found) -> None:
        """Call with what is known of a host, at once or when it has answered."""
        facts, until = self._known.get(host, (None, 0))
        if facts is not None and self._wheel.now < until:
            call(facts, True)
            return
        waiting = self._waiting.get(host)
        if waiting is not None:
            waiting.append(call)
            return
        self._waiting[host] = [call]
        self._requests.ask(host, self._sender, hello(), partial(self._said, host))

    def learned(self, host: Jid, rev: str | None) -> None:
        """Note the revision that an answer named: a new one means to ask again."""
        facts, _ = self._known.get(host, (None, 0))
        if rev and facts is not None and facts.rev != rev:
            del self._known[host]

    def _said(self, host: Jid, answer: Envelope | None) -> None:
        item = said(answer)
        facts = HostFacts.read(item) if item is not None and item.name == "host" else None
        if facts is not None:
            self._known[host] = facts, self._wheel.now + FRESH_SECONDS
        else:
            self._known.pop(host, None)
        for call in self._waiting.pop(host):
            call(facts, answer is not None)
