"""What waits for a client to read on."""

from __future__ import annotations

from collections import deque

from xmppd.protocol.stanza import Stanza


class Queue:
    """Stanzas for a client that its leg has no room for yet; `size` in bytes."""

    __slots__ = ("items", "size")

    def __init__(self) -> None:
        self.items: deque[Stanza] = deque()
        self.size = 0

    def take(self, room: int, room_bytes: int) -> list[Stanza]:
        """Take what there is room for."""
        items = self.items
        if len(items) <= room and self.size <= room_bytes:
            taken = list(items)
            items.clear()
            self.size = 0
            return taken
        taken = []
        while items and len(taken) < room and room_bytes > 0:
            taken.append(items.popleft())
            room_bytes -= len(taken[-1].inner)
        self.size -= sum([len(stanza.inner) for stanza in taken])
        return taken

    def put_back(self, stanzas: list[Stanza]) -> None:
        """Let stanzas that were taken before wait again, in front of all others."""
        self.items.extendleft(reversed(stanzas))
        self.size += sum([len(stanza.inner) for stanza in stanzas])
