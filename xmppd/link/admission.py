"""Who may connect at one listening place, and as what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xmppd.link.parting import ROUTER
from xmppd.link.peer import Attach
from xmppd.link.router import Router
from xmppd.link.rules import SERVERS, LinkRules, covers
from xmppd.link.trunk import Trunk
from xmppd.protocol.errors import StreamError


class Admission:
    """Knows what the rules of a place allow; `trunks` are its own, by name."""

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
        self._lives: dict[str, Attach] = {}  # what each instance said last

    # Outside components

    def check_name(self, name: str) -> None:
        """Raise `StreamError` where nobody may connect under that name, or none more."""
        if not self._is_admissible(name):
            raise StreamError("host-unknown")
        self.check_duplicate(name)

    def _is_admissible(self, name: str) -> bool:
        rules = self._rules
        if name in self._trunks or name == rules.name or covers(rules.routes, name):
            return True
        return not rules.routes and not self._router.is_instance(name) and self._is_free(name)

    def check_duplicate(self, name: str) -> None:
        """Raise `StreamError` where somebody is connected under that name, and none more may be."""
        trunk = self._trunks.get(self.trunk_name(name))
        if trunk is not None and trunk.is_up and self._rules.duplicates == "reject":
            raise StreamError("conflict", "its link is connected already")

    def trunk_name(self, name: str) -> str:
        """The trunk of who connects under a name: the place's, or where it takes all, its own."""
        rules = self._rules
        return rules.name if rules.routes or rules.default else name

    # Instances

    def check_instance(self, attached: Attach) -> None:
        """Raise `StreamError` where an instance may not be what it says it is."""
        rules = self._rules
        if not self._is_expected(attached):
            raise StreamError("not-authorized", "no instance of that name is expected")
        if rules.routes and not all(covers(rules.routes, domain) for domain in attached.domains):
            raise StreamError("not-authorized", "domains that are not this link's")
        last = self._lives.get(attached.name)
        if last is not None and attached.is_before(last.boot):
            raise StreamError("conflict", "the instance has connected in a later life")

    def _is_expected(self, attached: Attach) -> bool:
        """Whether the instance may have its name: one that can be told from all others."""
        rules, name = self._rules, attached.name
        shared = (ROUTER, SERVERS, rules.name if rules.duplicates == "pool" else "")
        if name in shared or not attached.is_named_well:
            return False
        return not rules.instances or name in rules.instances

    def came(self, attached: Attach) -> set[str]:
        """An instance is up. Gives the domains that it had asked for and asks for no more."""
        last = self._lives.get(attached.name)
        self._lives[attached.name] = attached
        return set(() if last is None else last.domains) - set(attached.domains)
