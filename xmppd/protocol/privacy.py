"""Privacy lists (XEP-0016): rules, and what they say of who may reach whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Final, Literal

import attrs
from twisted.words.xish.domish import Element

from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element

PRIVACY: Final = "jabber:iq:privacy"

MESSAGE, IQ, PRESENCE_IN, PRESENCE_OUT = "message", "iq", "presence-in", "presence-out"
KINDS: Final = (MESSAGE, IQ, PRESENCE_IN, PRESENCE_OUT)
"""What a rule may be limited to (2.1). Whatever else goes in or out meets only those that are not
limited: subscriptions and probes, and of what a user sends all but presence notifications."""

_SUBSCRIPTIONS = frozenset({"none", "to", "from", "both"})
_MAX_ORDER = 2**32 - 1

RuleType = Literal["", "jid", "group", "subscription"]


@attrs.frozen
class Rule:
    """One `<item/>` of a list. An empty `type` fits everybody, empty `kinds` mean all stanzas."""

    deny: bool
    order: int
    type: RuleType = ""
    value: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether it is one that a blocklist can show (XEP-0191, 5)."""
        return self.deny and self.type == "jid" and not self.kinds

    def to_item(self) -> bytes:
        """The `<item/>` element."""
        attributes = {
            "type": self.type or None,
            "value": self.value if self.type else None,
            "action": "deny" if self.deny else "allow",
            "order": str(self.order),
        }
        return element("item", None, attributes, *[element(kind) for kind in self.kinds])

    @classmethod
    def parse(cls, item: Element) -> Rule:
        """Read an `<item/>`. Raises ValueError for what the syntax does not allow (2.1)."""
        action, order = item.getAttribute("action"), item.getAttribute("order", "")
        if action not in ("allow", "deny"):
            raise ValueError("an action is allow or deny")
        if not (order.isascii() and order.isdecimal() and int(order) <= _MAX_ORDER):
            raise ValueError("an order is a whole number that is not negative")
        kinds = {child.name for child in item.elements() if child.uri == PRIVACY}
        if not kinds <= set(KINDS):
            raise ValueError("no such kind of stanza")
        type, value = _subject(item.getAttribute("type", ""), item.getAttribute("value", ""))
        sorted_kinds = tuple([kind for kind in KINDS if kind in kinds])
        return cls(action == "deny", int(order), type, value, sorted_kinds)


def _subject(type: str, value: str) -> tuple[RuleType, str]:
    """Whom a rule is about."""
    if type == "":
        return "", ""
    if type == "jid":
        return "jid", Jid.parse(value)
    if type == "group" and value:
        return "group", value
    if type == "subscription" and value in _SUBSCRIPTIONS:
        return "subscription", value
    raise ValueError(f"no such {type} as a rule could be about")


def parse_rules(items: Iterable[Element]) -> tuple[Rule, ...]:
    """Read the items of a list, in their order. Raises ValueError, also for an order given
    twice (2.1)."""
    rules = sorted(map(Rule.parse, items), key=attrgetter("order"))
    if len({rule.order for rule in rules}) < len(rules):
        raise ValueError("an order is given twice")
    return tuple(rules)


class Filter:
    """The rules of a list, ready to be asked; those about JIDs are found without a search."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._jids: dict[str, list[Rule]] = {}
        self._others: list[Rule] = []
        for rule in sorted(rules, key=attrgetter("order")):
            if rule.type == "jid":
                self._jids.setdefault(rule.value, []).append(rule)
            else:
                self._others.append(rule)

    def first(
        self, kind: str | None, jid: Jid, groups: Sequence[str] = (), subscription: str = "none"
    ) -> Rule | None:
        """The rule that decides (2.2, 5 and 6), None where none does, which allows (7).

        `kind` is one of KINDS or None; `groups` and `subscription` are the other's in the roster.
        """
        found: Rule | None = None
        for key in _keys(jid):
            for rule in self._jids.get(key, ()):
                if not rule.kinds or kind in rule.kinds:
                    found = rule if found is None or rule.order < found.order else found
                    break
        for rule in self._others:
            if found is not None and found.order < rule.order:
                break
            if (not rule.kinds or kind in rule.kinds) and _fits(rule, groups, subscription):
                return rule
        return found


def _keys(jid: Jid) -> set[str]:
    """The values of rules about JIDs that fit this one (2.1)."""
    domain = jid.domain
    return {jid, jid.bare, f"{domain}/{jid.resource}" if jid.resource else domain, domain}


def _fits(rule: Rule, groups: Sequence[str], subscription: str) -> bool:
    if rule.type == "group":
        return rule.value in groups
    return rule.type == "" or rule.value == subscription


@attrs.frozen
class Lists:
    """All lists of an account by their names, and the name of the default one, empty for none."""

    default: str = ""
    lists: dict[str, tuple[Rule, ...]] = attrs.field(factory=dict)

    def blocked(self) -> tuple[str, ...]:
        """The blocklist: what the default list blocks entirely by JID (XEP-0191, 5)."""
        return tuple([rule.value for rule in self._default_rules() if rule.blocks])

    def blocking(self, jids: Iterable[str]) -> Lists:
        """With these on the blocklist, before all that the default list says otherwise."""
        first = takewhile(attrgetter("blocks"), self._default_rules())
        known = {rule.value for rule in first}
        new = [Rule(True, 0, "jid", jid) for jid in dict.fromkeys(jids) if jid not in known]
        if not new:
            return self
        values = {rule.value for rule in new}
        kept = [rule for rule in self._default_rules() if not _blocks(rule, values)]
        return self._with_default(self.default or self._unused_name(), [*new, *kept])

    def unblocking(self, jids: Iterable[str] | None) -> Lists:
        """Without these on the blocklist; None: without any."""
        values = self.blocked() if jids is None else jids
        kept = [rule for rule in self._default_rules() if not _blocks(rule, set(values))]
        if len(kept) == len(self._default_rules()):
            return self
        return self._with_default(self.default, kept)

    def with_list(self, name: str, rules: tuple[Rule, ...]) -> Lists:
        """With a list of that name; without it where there are no rules."""
        lists = {key: value for key, value in self.lists.items() if key != name}
        if rules:
            return Lists(self.default, {**lists, name: rules})
        return Lists("" if name == self.default else self.default, lists)

    def _default_rules(self) -> tuple[Rule, ...]:
        return self.lists.get(self.default, ())

    def _with_default(self, name: str, rules: Sequence[Rule]) -> Lists:
        numbered = [attrs.evolve(rule, order=number) for number, rule in enumerate(rules, 1)]
        return attrs.evolve(self, default=name).with_list(name, tuple(numbered))

    def _unused_name(self) -> str:
        names = ("blocked", *[f"blocked {number}" for number in range(2, len(self.lists) + 3)])
        return next(name for name in names if name not in self.lists)


def _blocks(rule: Rule, values: set[str]) -> bool:
    return rule.blocks and rule.value in values
