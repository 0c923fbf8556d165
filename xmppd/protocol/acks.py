"""Stream management, what of it is protocol: its elements, and counting (XEP-0198).

Both sides of every kind of stream share this. How much is kept and for how long, when to ask for
an acknowledgement, and who may resume what, is policy of those who use it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from xmppd.protocol.errors import StreamError
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_ERRORS, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza

T = TypeVar("T")

MODULUS: Final = 2**32
"""Counts go from this minus one back to zero (XEP-0198, 4)."""

FEATURE: Final = element("sm", STREAM_MANAGEMENT)
"""The stream feature, and what SASL2 offers inline."""

REQUEST: Final = element("r", STREAM_MANAGEMENT)
"""Asks for an `<a/>`."""

_DIGITS_OF_A_COUNT: Final = 10


class TooHigh(StreamError):
    """The other side acknowledges more than it was sent (XEP-0198, 6): ends the stream."""

    def __init__(self, h: int, sent: int) -> None:
        super().__init__(
            "undefined-condition",
            f"{h} stanzas are acknowledged, but {sent} were sent",
            element(
                "handled-count-too-high",
                STREAM_MANAGEMENT,
                {"h": str(h), "send-count": str(sent)},
            ),
        )


class Unacknowledged(Generic[T]):
    """What was sent and is not known to have been handled, in order.

    `sent` counts all that was ever sent, modulo 2^32, and `size` what is kept, in whatever the
    sizes given to `add` are.
    """

    __slots__ = ("_kept", "sent", "size")

    def __init__(self) -> None:
        self.sent = 0
        self.size = 0
        self._kept: deque[tuple[int, T]] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def items(self) -> list[T]:
        """What is not acknowledged, the oldest first: what a resumption sends again."""
        return [item for _, item in self._kept]

    def add(self, item: T, size: int = 0) -> None:
        """Count a stanza as sent, and keep it."""
        self.sent = (self.sent + 1) % MODULUS
        self.size += size
        self._kept.append((size, item))

    def settle(self, h: int) -> list[T]:
        """Take that the other side has handled `h` stanzas; gives those that this settles.

        Raises TooHigh. A count that goes back cannot be told from one that is too high.
        """
        handled = (h - self.sent + len(self._kept)) % MODULUS
        if handled > len(self._kept):
            raise TooHigh(h, self.sent)
        return [self._pop() for _ in range(handled)]

    def take_all(self) -> list[T]:
        """Keep nothing any more; gives what was kept. The count goes on."""
        return [self._pop() for _ in range(len(self._kept))]

    def _pop(self) -> T:
        size, item = self._kept.popleft()
        self.size -= size
        return item


class Handled:
    """How many of the other side's stanzas have been handled: `h`, modulo 2^32."""

    __slots__ = ("h",)

    def __init__(self) -> None:
        self.h = 0

    def add(self) -> None:
        """Count one more stanza."""
        self.h = (self.h + 1) % MODULUS


# Elements


def answer(h: int) -> bytes:
    """`<a/>`: so many have been handled (XEP-0198, 4)."""
    return element("a", STREAM_MANAGEMENT, {"h": str(h)})


def enable(resume: bool, max: int | None = None) -> bytes:
    """`<enable/>` (XEP-0198, 3). `max` is how many seconds a broken stream should be kept."""
    return element("enable", STREAM_MANAGEMENT, {"resume": _true(resume), "max": _text(max)})


def enabled(id: str = "", max: int | None = None, location: str = "") -> bytes:
    """`<enabled/>`; the stream can be resumed where there is an `id` (XEP-0198, 3 and 5).

    `location` is where that had best be tried.
    """
    attributes = {
        "id": id or None,
        "resume": _true(bool(id)),
        "max": _text(max),
        "location": location or None,
    }
    return element("enabled", STREAM_MANAGEMENT, attributes)


def resume(previd: str, h: int) -> bytes:
    """`<resume/>` (XEP-0198, 5)."""
    return element("resume", STREAM_MANAGEMENT, {"h": str(h), "previd": previd})


def resumed(previd: str, h: int) -> bytes:
    """`<resumed/>` (XEP-0198, 5)."""
    return element("resumed", STREAM_MANAGEMENT, {"h": str(h), "previd": previd})


def failed(condition: str, h: int | None = None) -> bytes:
    """`<failed/>` with a condition of stanza errors (XEP-0198, 6).

    `h` is what was handled of a stream that is known, and too old to be resumed.
    """
    inner = element(condition, STANZA_ERRORS)
    return element("failed", STREAM_MANAGEMENT, {"h": _text(h)}, inner)


# Reading them


def count_in(item: Stanza, name: str = "h") -> int | None:
    """An attribute that is a count of stanzas, or seconds; None where it is none."""
    text = item.attrs.get(name, "").strip(" \t\r\n")
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > _DIGITS_OF_A_COUNT or int(digits) >= MODULUS:
        return None
    return int(digits)


def wants_resumption(item: Stanza) -> bool:
    """Whether an `<enable/>` asks for, or an `<enabled/>` promises, resumption (xs:boolean)."""
    return item.attrs.get("resume", "").strip(" \t\r\n") in ("true", "1")


def _true(value: bool) -> str | None:
    return "true" if value else None


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
