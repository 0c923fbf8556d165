"""The routes that a connection wants for one of its trunks."""

from __future__ import annotations

import attrs

from xmppd.link.router import Router
from xmppd.link.trunk import Trunk


@attrs.frozen
class Claim:
    """What a trunk is to have: domains and wildcards, names of instances, the default route."""

    trunk: Trunk
    domains: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    default: bool = False

    def unmet(self, router: Router) -> Claim:
        """What of it the trunk does not have yet."""
        known = {route.match for route in router.routes() if route.port is self.trunk}
        domains, names = [
            tuple([name for name in wanted if name not in known])
            for wanted in (self.domains, self.names)
        ]
        return Claim(self.trunk, domains, names, self.default and "*" not in known)

    def check(self, router: Router) -> None:
        """Raise `RouteTaken` where some of it is another's."""
        router.check_free(self.domains + self.names, self.default)

    def attach(self, router: Router, trusted: bool) -> None:
        """Give it to the trunk; raises `RouteTaken`."""
        router.attach(self.trunk, self.domains, self.names, self.default, trusted)
