"""Looking on at the stanzas of one address as they pass the router."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.app.ctl.router import address
from xmppd.app.ctl.verb import Parameter, Refused, Routing, Tell, Verb
from xmppd.link.link import Item
from xmppd.link.router import Router
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.spans import uri_of
from xmppd.protocol.stanza import Stanza

SECONDS, MOST_SECONDS = 60, 3600
STANZAS, MOST_STANZAS = 1000, 10_000
"""How many are shown at most."""
MOST_BYTES = 65_536
"""So much of a stanza is shown, where its content is asked for."""
MOST_WATCHES = 8

_log = Logger()


class Watches:
    """All that look on at one router. While there are none the router does not know of it."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._each: list[Callable[[Stanza], None]] = []

    @classmethod
    def of(cls, router: Router) -> "Watches":
        """Those of a router."""
        return router.watch if isinstance(router.watch, cls) else cls(router)

    def add(self, look: Callable[[Stanza], None]) -> None:
        """Look on from now on. Raises `Refused` where too many do already."""
        if len(self._each) >= MOST_WATCHES:
            raise Refused(f"{MOST_WATCHES} are watching already (end one)")
        self._each.append(look)
        self._router.watch = self

    def remove(self, look: Callable[[Stanza], None]) -> None:
        """Look on no more."""
        self._each.remove(look)
        if not self._each:
            self._router.watch = None

    def __call__(self, item: Item) -> None:
        """The router passes a stanza on; an envelope is nobody's to see."""
        if isinstance(item, Stanza):
            for look in tuple(self._each):
                try:
                    look(item)
                except Exception:
                    _log.failure("A stanza could not be shown")


async def watch_stanzas(
    server: Routing,
    tell: Tell,
    jid: str,
    seconds: int = SECONDS,
    stanzas: int = STANZAS,
    bodies: bool = False,
) -> dict[str, Any]:
    """Tell of each stanza from or to an address, its resources or its domain's users."""
    _check("seconds", seconds, MOST_SECONDS)
    _check("stanzas", stanzas, MOST_STANZAS)
    watched, ended, shown = address(jid), Deferred[str](), 0

    def look(stanza: Stanza) -> None:
        nonlocal shown
        if shown < stanzas and (is_of(stanza.to, watched) or is_of(stanza.sender, watched)):
            shown += 1
            tell(described(stanza, server.reactor.seconds(), bodies))
            if shown == stanzas:
                ended.callback("stanzas")

    watches = Watches.of(server.router)
    watches.add(look)
    what = "with their content" if bodies else "without their content"
    _log.info("an administrator watches the stanzas of {jid}, {what}", jid=watched, what=what)
    timer = server.reactor.callLater(seconds, ended.callback, "seconds")
    tell({"watching": watched})
    try:
        limit = await ended
    finally:
        watches.remove(look)
        if timer.active():
            timer.cancel()
        _log.info("{count} stanzas of {jid} were watched", count=shown, jid=watched)
    return {"stanzas": shown, "limit": limit}


def is_of(jid: Jid | None, watched: Jid) -> bool:
    """Whether an address is the one that is watched, or below it."""
    return jid is not None and watched in (jid, jid.bare, jid.domain)


def described(stanza: Stanza, now: float, bodies: bool) -> dict[str, Any]:
    """A stanza without what it says, unless that is wanted."""
    data = stanza.to_bytes()
    facts: dict[str, Any] = {
        "time": format_datetime(int(now * 1_000_000)),
        "name": stanza.name,
        "type": stanza.type,
        "id": stanza.id,
        "from": stanza.attrs.get("from"),
        "to": stanza.attrs.get("to"),
        "bytes": len(data),
        "children": [
            {"name": name, "ns": None if ns == CONTENT else uri_of(ns), "bytes": stop - start}
            for ns, name, start, stop in stanza.children
        ],
    }
    if bodies:
        facts["xml"] = data[:MOST_BYTES].decode("utf-8", "replace")
    return facts


def _check(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise Refused(f"{name}: must be 1 to {most} (got {value})")


VERBS = (
    Verb(
        "watch_stanzas",
        "Show the stanzas from and to an address or a domain, as they pass the router.",
        watch_stanzas,
        (
            Parameter("jid", "jid", "The address, with or without a resource, or a domain."),
            Parameter("seconds", "number", "For how long.", required=False),
            Parameter("stanzas", "number", "How many at most.", required=False),
            Parameter("bodies", "flag", "With what they say.", required=False),
        ),
        needs="server",
        role="router",
        who="owner",
        seconds=MOST_SECONDS + 30,
        streams=True,
    ),
)
