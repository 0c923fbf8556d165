"""Managed streams that others have opened: those there are, and the last that broke."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from xmppd.protocol.errors import StreamError
from xmppd.s2s.session import Session

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

KNOWN_SECONDS: Final = 600
"""So long after its time a session is known, to tell how much of it was handled."""

MAX_BROKEN: Final = 10_000
"""Broken ones that are known at once; beyond them the oldest are given up."""


@attrs.define
class _Broken:
    """A session whose stream has broken; `is_late`: it cannot be resumed any more."""

    session: Session
    timer: IDelayedCall
    is_late: bool = False


class Sessions:
    """Sessions by id, as long as their streams last; then by what these had proved.

    Of those that had proved the same only the last is kept, and of all so many: nobody can fill the
    memory.
    """

    def __init__(self, clock: IReactorTime, most: int = MAX_BROKEN) -> None:
        self._clock = clock
        self._most = most
        self._streams: dict[str, ServerStream] = {}
        self._broken: dict[bytes, _Broken] = {}

    def begin(self, stream: ServerStream, resumable: bool) -> Session:
        """Make a session; it has an id if it is resumable."""
        session = Session(stream.limits, secrets.token_urlsafe(18) if resumable else "")
        if session.id:
            self._streams[session.id] = stream
        return session

    def ended(self, session: Session) -> None:
        """A session is over for good."""
        self._streams.pop(session.id, None)

    def suspend(self, session: Session, stream: ServerStream) -> None:
        """Its stream is broken: keep it, and have its pairs wait, for the time agreed on."""
        self.ended(session)
        self.forget(stream)
        if len(self._broken) >= self._most:
            self._drop(next(iter(self._broken)))
        if session.unacknowledged:
            session.hold(stream.pairs)
        place = _proved(stream)
        timer = self._clock.callLater(stream.limits.resume_seconds, self._late, place)
        self._broken[place] = _Broken(session, timer)

    def take(self, id: str, stream: ServerStream) -> Session | None:
        """The session of that id, if it may go on over this stream.

        A stream that it still has ends (XEP-0198, 5).
        """
        old, place = self._streams.get(id), _proved(stream)
        if old is not None and _proved(old) == place and old.management.session is not None:
            session, old.management.session = old.management.session, None
            self._streams[id] = stream
            session.hold(old.pairs)
            old.fail(StreamError("conflict", "resumed elsewhere"))
            return session
        broken = self._broken.get(place)
        if broken is None or broken.session.id != id or broken.is_late:
            return None
        del self._broken[place]
        broken.timer.cancel()
        self._streams[id] = stream
        return broken.session

    def handled(self, id: str, stream: ServerStream) -> int | None:
        """How much of a session was handled that is too old."""
        broken = self._broken.get(_proved(stream))
        return broken.session.handled.h if broken is not None and broken.session.id == id else None

    def forget(self, stream: ServerStream) -> None:
        """Who has proved that begins anew: what was kept is given back."""
        self._drop(_proved(stream))

    def _drop(self, place: bytes) -> None:
        broken = self._broken.pop(place, None)
        if broken is not None:
            broken.timer.cancel()
            broken.session.give_up()

    def stop(self) -> None:
        """Give back all that is kept."""
        for place in list(self._broken):
            self._drop(place)

    def _late(self, place: bytes) -> None:
        broken = self._broken[place]
        if broken.is_late:
            del self._broken[place]
            return
        broken.is_late = True
        broken.timer = self._clock.callLater(KNOWN_SECONDS, self._late, place)
        broken.session.give_up()


def _proved(stream: ServerStream) -> bytes:
    """Stands for what a stream has proved, and whether it goes both ways: who resumes is the same.

    A digest, for there may be much of it.
    """
    return sha256(repr((sorted(stream.proved), stream.is_bidi)).encode()).digest()
