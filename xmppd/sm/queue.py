"""What waits for a client to read on."""

from __future__ import annotations

from collections import deque
from typing import Final

from xmppd.protocol.namespaces import MUC_USER
from xmppd.protocol.stanza import Stanza

WORTH: Final = 16
"""The part of a queue that has to go lest it be looked through again for each stanza."""


def is_replaceable(stanza: Stanza) -> bool:
    """Whether newer presence of the same address says all that this one does.

    That is so of available and unavailable presence, unless it is a room's.
    """
    return (
        stanza.name == "presence"
        and stanza.type in (None, "unavailable")
        and not stanza.has(MUC_USER, "x")
    )


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

    def drop_replaced(self) -> bool:
        """Keep only the newest presence of each address. Returns whether that was worth the work.

        Only what nobody has counted yet may be dropped.
        """
        items = self.items
        newest = {item.sender: item for item in items if is_replaceable(item)}
        kept = [one for one in items if not is_replaceable(one) or newest[one.sender] is one]
        dropped = len(items) - len(kept)
        self.items = deque(kept)
        self.size = sum([len(stanza.inner) for stanza in kept])
        return dropped * WORTH > len(kept)

    def put_back(self, stanzas: list[Stanza]) -> None:
        """Let stanzas that were taken before wait again, in front of all others."""
        self.items.extendleft(reversed(stanzas))
        self.size += sum([len(stanza.inner) for stanza in stanzas])
