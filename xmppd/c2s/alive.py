"""Keeping a bound stream alive, and asking a silent client for a sign of life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.protocol.errors import StreamError
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import PING
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.acking import Acking
    from xmppd.c2s.connection import Connection


class Alive:
    """When a client was last asked for a sign of life."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked = 0

    def due(self, connection: Connection, acking: Acking | None, now: int) -> int:
        """Do what is due (RFC 6120, 4.6). Returns when to look again."""
        limits = connection.edge.limits
        checks = [now + 3600]
        if limits.keep_alive_seconds:
            if now - connection.wrote >= limits.keep_alive_seconds:
                connection.write(b" ")
            checks.append(connection.wrote + limits.keep_alive_seconds)
        if limits.idle_ping_seconds:
            checks.append(self._ask_for_life(connection, acking, now))
        return min(checks)

    def _ask_for_life(self, connection: Connection, acking: Acking | None, now: int) -> int:
        patience = connection.edge.limits.idle_ping_seconds
        if self._asked > connection.heard:
            if now - self._asked >= patience:
                connection.fail(StreamError("connection-timeout"))
            return self._asked + patience
        if now - connection.heard < patience:
            return connection.heard + patience
        self._asked = now
        if acking is not None and acking.agreed:
            connection.write(acking.request())
        else:
            connection.write(_ping(connection, now))
        return now + patience


def _ping(connection: Connection, now: int) -> bytes:
    """A question that any client answers (XEP-0199, 4.2).

    Not for one that manages its stream: it would count a stanza that its session knows nothing of.
    """
    ping, host = element("ping", PING), connection.stream.host
    return Stanza.make("iq", ping, sender=host, type="get", id=f"alive-{now}").to_bytes()
