"""XEP-0198: acknowledgements of what is kept, and streams that can be resumed."""

from __future__ import annotations

import secrets
from typing import Any

import attrs

from xmppd.component.extension import SessionExtension, stream_element
from xmppd.protocol.acks import FEATURE, count_in, enabled, failed, wants_resumption
from xmppd.protocol.errors import StreamError
from xmppd.protocol.namespaces import STREAM_MANAGEMENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.managed import Managed
from xmppd.sm.session import Session

ID_BYTES = 16
"""Nobody guesses by what a session is resumed."""


class StreamManagement(SessionExtension):
    """XEP-0198: a client learns what of its stanzas is handled, and the server what of its own
    has come; after a broken connection the session goes on over the next one, by whichever edge.
    """

    xep = 198, "1.6.3"
    after_login = (FEATURE,)

    @attrs.frozen
    class Options:
        resume_seconds: int = 600
        """How long a session without a stream waits for its client; clients may ask for less.
        0: sessions cannot be resumed."""
        detached_per_account: int = 10
        """Sessions of one account that may wait; above that the longest waiting ends."""
        detached: int = 10_000
        """The same for all accounts together."""
        detached_bytes: int = 268_435_456
        """What may wait for all of them together, in bytes of memory, about; above that the one for
        which most waits ends. 0: no limit."""
        location: str = ""
        """Where clients are told to resume: a host name or IP address, and a port if need be."""

    def setup(self) -> None:
        self.host.detaching = self.options

    def reload(self, options: Any) -> None:
        self.options = self.host.detaching = options

    @stream_element(STREAM_MANAGEMENT, "enable")
    def enable(self, element: Stanza, session: Session) -> None:
        """XEP-0198, 3: once in a stream; what is sent and comes from now on counts."""
        if session.managed is not None:
            session.deliver(parse_stanza(failed("unexpected-request")))
            session.close(StreamError("policy-violation", "stream management is enabled already"))
            return
        most = self.options.resume_seconds
        seconds = min(count_in(element, "max") or most, most)
        id = secrets.token_urlsafe(ID_BYTES) if wants_resumption(element) and seconds else ""
        session.managed = Managed(session, id, seconds)
        answer = enabled(id, seconds, self.options.location) if id else enabled()
        session.deliver(parse_stanza(answer))
