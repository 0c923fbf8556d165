"""Names that a link takes and leaves while it is connected (XEP-0225), as its rules allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from xmppd.link.binding import Binding
from xmppd.link.router import Router
from xmppd.link.routes import RouteTaken
from xmppd.link.rules import LinkRules, covers
from xmppd.link.trunk import Trunk
from xmppd.protocol.errors import StanzaError

MAX_NAMES: Final = 10_000
"""Names that the links of one place may have taken in all: a router remembers each for good."""


class Bindings:
    """Carries out such wishes at one listening place; `trunks` are its own, by name."""

    def __init__(
        self,
        router: Router,
        rules: LinkRules,
        trunks: Mapping[str, Trunk],
        is_free: Callable[[str], bool],
    ) -> None:
        """
        :param is_free: tells whether an outside component may have a name.
        """
        self._router = router
        self._rules = rules
        self._trunks = trunks
        self._is_free = is_free
        self._names: set[str] = set()

    def carry_out(self, trunk: Trunk, binding: Binding) -> None:
        """Give a link one more domain, or take one from it; raises `StanzaError`.

        It keeps what it has taken when its connection is lost, and may then take that again.
        """
        domain = binding.domain
        if not self._is_allowed(domain):
            raise StanzaError("forbidden", "not a name of this link")
        try:
            if binding.verb == "bind":
                self._bind(trunk, domain)
            else:
                self._router.unbind(trunk, domain)
        except RouteTaken:
            raise StanzaError("conflict") from None
        except KeyError:
            raise StanzaError("item-not-found") from None

    def _bind(self, trunk: Trunk, domain: str) -> None:
        if self._router.has(trunk, domain):
            return
        if domain not in self._names and len(self._names) >= MAX_NAMES:
            raise StanzaError("resource-constraint", "too many names have been taken")
        self._router.attach(trunk, [domain], trusted=self._rules.settings.trusted)
        self._names.add(domain)

    def _is_allowed(self, domain: str) -> bool:
        allowed = self._rules.routes + self._rules.may_bind
        if domain in self._trunks or covers(allowed, domain):
            return True
        is_name = bool(domain) and "*" not in domain and not self._router.is_instance(domain)
        return not allowed and is_name and self._is_ours_or_free(domain)

    def _is_ours_or_free(self, domain: str) -> bool:
        return self._router.owner(domain) in self._trunks.values() or self._is_free(domain)
