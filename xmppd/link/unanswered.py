"""Requests that a component has been given and not yet answered."""

from typing import TypeGuard

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.queue import size_of
from xmppd.protocol.stanza import Stanza

MAX_REQUESTS = 10_000
MAX_BYTES = 4 * 1024 * 1024
"""Requests, and bytes of them, that are remembered for one connection; the newest count."""

_Key = tuple[str, str, str | None]


def wants_answer(item: Item) -> TypeGuard[Stanza]:
    """Whether that is an iq get or set of somebody to somebody."""
    if isinstance(item, Envelope) or item.name != "iq":
        return False
    return item.type in ("get", "set") and item.sender is not None and item.to is not None


def is_answer(stanza: Stanza) -> bool:
    """Whether that is an iq result or error."""
    return stanza.name == "iq" and stanza.type in ("result", "error")


class Unanswered:
    """The iq requests that one connection has not answered, oldest first."""

    __slots__ = ("_open", "_size")

    def __init__(self) -> None:
        self._open: dict[_Key, Stanza] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._open)

    def note(self, item: Stanza) -> None:
        """Remember a request, which `wants_answer`."""
        assert item.sender is not None and item.to is not None
        self._forget((item.sender, item.to, item.id))
        self._open[item.sender, item.to, item.id] = item
        self._size += size_of(item)
        while self._size > MAX_BYTES or len(self._open) > MAX_REQUESTS:
            self._forget(next(iter(self._open)))

    def answered(self, answer: Stanza) -> bool:
        """Forget what an iq result or error answers; tells whether there was such a request."""
        if answer.sender is None or answer.to is None:
            return False
        return self._forget((answer.to, answer.sender, answer.id))

    def forget(self, item: Item) -> None:
        """A request is to be answered by somebody else."""
        if wants_answer(item):
            assert item.sender is not None and item.to is not None
            self._forget((item.sender, item.to, item.id))

    def take(self) -> list[Stanza]:
        """All of them; none is remembered any more."""
        requests, self._open, self._size = list(self._open.values()), {}, 0
        return requests

    def _forget(self, key: _Key) -> bool:
        item = self._open.pop(key, None)
        if item is not None:
            self._size -= size_of(item)
        return item is not None
