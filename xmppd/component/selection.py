"""Which hooks a stanza meets: those for every one, and those for what this one has.

Most hooks are about something that few stanzas have. They say so (see `extension.on`), and what
all the others cost is one look at the names of a stanza's children.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from xmppd.component.extension import HookRule
from xmppd.component.stages import Hook
from xmppd.protocol.spans import Child as Found
from xmppd.protocol.stanza import Stanza

Child = tuple[str, str]
Condition = Child | type
"""A child by namespace and name, or a note of an account."""

_REMEMBERED = 256
"""Combinations of conditions that stanzas have met; each costs a few hundred bytes."""


_NONE: Final[frozenset[Condition]] = frozenset()


class Look:
    """Which of the children that any hook is about a stanza has.

    The last answer is remembered: a stanza passes several stages, and copies of it that go to
    many share their children.
    """

    __slots__ = ("_children", "_names", "last", "met")

    def __init__(self, children: Iterable[Child]) -> None:
        self._children = frozenset(children)
        self._names = frozenset([name for _, name in self._children])
        self.last: tuple[Found, ...] = ()
        self.met = _NONE

    def at(self, children: tuple[Found, ...]) -> frozenset[Condition]:
        """Those among a stanza's children."""
        names, self.last = self._names, children
        met = [child[:2] for child in children if child[1] in names]
        self.met = self._children.intersection(met) if met else _NONE
        return self.met


def look_for(rules: Iterable[HookRule]) -> Look:
    """For the children that these rules are about."""
    return Look(child for rule in rules for child in rule.having)


class Selection:
    """The hooks of a stage, or of several, for stanzas of one name, in their order.

    `look` is shared with the other stages that the same stanzas pass.
    """

    __slots__ = ("_hooks", "_look", "_meeting", "_notes", "always")

    def __init__(
        self, hooks: Sequence[tuple[Hook, HookRule]] = (), look: Look | None = None
    ) -> None:
        self._hooks = tuple(hooks)
        self._look = look or look_for(rule for _, rule in hooks)
        self._notes = tuple({rule.noted for _, rule in hooks if rule.noted is not None})
        self._meeting = lru_cache(_REMEMBERED)(self._select)
        self.always = self._select(_NONE)

    def of(self, stanza: Stanza, notes: Mapping[type, object]) -> tuple[Hook, ...]:
        """The hooks for a stanza of an account with those notes, as both are now."""
        look, children = self._look, stanza.children
        met = look.met if children is look.last else look.at(children)
        for note in self._notes:
            if note in notes:
                met = met | {note}
        return self._meeting(met) if met else self.always

    def _select(self, met: frozenset[Condition]) -> tuple[Hook, ...]:
        return tuple(
            [
                hook
                for hook, rule in self._hooks
                if (not rule.having or not met.isdisjoint(rule.having))
                and (rule.noted is None or rule.noted in met)
            ]
        )
