"""Stream management on streams that others have opened: they enable it, and they resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.protocol import acks
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.management import Management
from xmppd.s2s.session import Session

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream


class IncomingManagement(Management):
    """The receiving side of XEP-0198, 3 and 5."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        self._sessions = stream.edge.sessions

    def negotiate(self, item: Stanza) -> None:
        """Take `<enable/>` or `<resume/>`."""
        if item.name not in ("enable", "resume"):
            raise StreamError("unsupported-stanza-type")
        if item.name == "enable" and self.is_used:
            raise StreamError("unsupported-stanza-type", "stream management is enabled already")
        if self.is_used or not self._stream.proved:
            self._stream.write(acks.failed("unexpected-request"))
        elif item.name == "enable":
            self._enable(acks.wants_resumption(item))
        else:
            self._resume(item.attrs.get("previd", ""), acks.count_in(item))

    def suspend(self, session: Session) -> bool:
        """Have it resumed by who proves the same."""
        self._sessions.suspend(session, self._stream)
        return True

    def ended(self, broken: bool, awaits: bool = False) -> None:
        """The stream is over."""
        if self.session is not None:
            self._sessions.ended(self.session)
        super().ended(broken, awaits)

    def _enable(self, resumable: bool) -> None:
        self._sessions.forget(self._stream)
        seconds = self._stream.limits.resume_seconds
        session = self._sessions.begin(self._stream, resumable and seconds > 0)
        self._stream.write(acks.enabled(session.id, seconds if session.id else None))
        self.begin(session)

    def _resume(self, id: str, h: int | None) -> None:
        if h is None or not id:
            self._stream.write(acks.failed("bad-request"))
            return
        session = self._sessions.take(id, self._stream)
        if session is None:
            handled = self._sessions.handled(id, self._stream)
            self._stream.write(acks.failed("item-not-found", handled))
            return
        self.begin(session)
        self._stream.write(acks.resumed(id, session.handled.h))
        try:
            session.settle(h)
            self.go_on(session)
        finally:
            for pair in session.held:
                pair.resumed(self._stream)
            session.release()
