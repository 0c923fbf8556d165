"""What one configured link may do."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from xmppd.link.queue import Bounds
from xmppd.link.wire_settings import WireSettings

SERVERS = "s2s"
"""The role of those that speak with other servers: they share the default route."""


@attrs.frozen
class LinkRules:
    """What one configured link may do.

    `routes` are the domains and wildcards that it serves, and together with the name it connects
    under all it may say a `from` of. Without any, it may take each name that is free. `default`
    gives it what has no other route; then it speaks for all that is not local. A trusted link
    attaches under one of `instances`, any where there are none, with domains that `routes` cover,
    any where there are none. `may_bind` are further domains that it may take at run time.
    """

    name: str
    settings: WireSettings
    routes: tuple[str, ...] = ()
    default: bool = False
    instances: tuple[str, ...] = ()
    duplicates: str = "reject"
    balance: str = "round-robin"
    bounds: Bounds = attrs.field(factory=Bounds)
    lenient: bool = False
    may_bind: tuple[str, ...] = ()

    def fit(self, name: str) -> tuple[int, int]:
        """How well a name goes with this link: for the choice among those that share a place.

        A route, or the link's own name, goes before the longest wildcard, that before the name
        of an instance, and that before a link which takes any name.
        """
        if self.settings.trusted:
            takes_all = not self.instances and "." not in name
            return (2, 0) if name in self.instances else (1 if takes_all else -1, 1)
        if name == self.name or name in self.routes:
            return 4, 0
        longest = max([len(route) for route in self.routes if covers([route], name)], default=0)
        return (3, longest) if longest else (0 if self.routes else 1, 0)


def covers(routes: Iterable[str], domain: str) -> bool:
    """Whether one of the routes is that domain or wildcard, or a wildcard above the domain."""
    known = set(routes)
    if domain in known:
        return True
    rest = "" if domain.startswith("*") else domain
    while rest:
        _, _, rest = rest.partition(".")
        if f"*.{rest}" in known:
            return True
    return False
