"""Stream management on streams that we have opened: we enable it, and we resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.protocol import acks
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.management import Management, count_in
from xmppd.s2s.session import Session

if TYPE_CHECKING:
    from xmppd.s2s.outgoing import Outgoing


class OutgoingManagement(Management):
    """The initiating side of XEP-0198, 3 and 5."""

    def __init__(self, stream: Outgoing) -> None:
        super().__init__(stream)
        self._outgoing = stream
        self._awaits = False
        self._resuming: Session | None = None

    def start(self, offered: bool, broken: Session | None) -> None:
        """Resume a session of a broken stream, else enable a new one.

        No stanza goes before that is answered: what is sent without an id to resume by could be
        doubled.
        """
        if offered and broken is not None:
            self._resuming = broken
            self._stream.write(acks.resume(broken.id, broken.handled.h))
            self._stream.wait(self._stream.limits.proof_seconds)
            return
        if broken is not None:
            broken.give_up()
        if offered:
            self._enable()
        else:
            self._outgoing.ready()

    def negotiate(self, item: Stanza) -> None:
        """Take `<enabled/>`, `<resumed/>` or `<failed/>`, where it was asked for."""
        resuming, self._resuming = self._resuming, None
        if item.name == "resumed" and resuming is not None:
            self._resumed(resuming, count_in(item))
        elif item.name == "failed" and resuming is not None:
            self._begin_anew(resuming, item)
        elif item.name == "enabled" and self._awaits and self.session is not None:
            self._enabled(self.session, item)
        elif item.name == "failed" and self._awaits:
            self._awaits = self.is_used = False
            self.session = None
            self._outgoing.ready()
        else:
            self._resuming = resuming
            raise StreamError("unsupported-stanza-type")

    def handled(self) -> None:
        """Count a stanza behind `<enabled/>`: from there on the remote counts it (XEP-0198, 4)."""
        if not self._awaits:
            super().handled()

    def suspend(self, session: Session) -> bool:
        """Resume it where that matters, and where only its first pair of domains has used it."""
        stream = self._outgoing
        if len(stream.pairs) != 1 or len(stream.proved) > 1:
            return False
        if not session.unacknowledged and not stream.is_bidi:
            return False
        stream.owner.interrupted(session)
        return True

    def ended(self, broken: bool, awaits: bool = False) -> None:
        """What was about to be resumed may be so over another stream, or is given back."""
        resuming, self._resuming = self._resuming, None
        if resuming is not None and broken and resuming.may_try_again():
            self._outgoing.owner.interrupted(resuming)
        elif resuming is not None:
            resuming.give_up()
        super().ended(broken, awaits)

    def _enable(self) -> None:
        self._awaits = True
        self._stream.write(acks.enable(True))
        self.begin(Session(self._stream.limits))
        self._stream.wait(self._stream.limits.proof_seconds)

    def _enabled(self, session: Session, item: Stanza) -> None:
        self._awaits = False
        if acks.wants_resumption(item):
            session.id = item.attrs.get("id", "")
        self._stream.touch()
        self._outgoing.ready()

    def _resumed(self, session: Session, h: int) -> None:
        session.tries = 0
        self.begin(session)
        session.settle(h)
        self.go_on(session)
        self._outgoing.ready()

    def _begin_anew(self, session: Session, item: Stanza) -> None:
        """What the remote says to have handled of it is settled; the rest goes again."""
        h = acks.count_in(item)
        try:
            if h is not None:
                session.settle(h)
        finally:
            session.give_up()
        self._enable()
