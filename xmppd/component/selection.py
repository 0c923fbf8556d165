"""Which hooks a stanza meets: those for every one, and those for what this one has.

Most hooks are about something that few stanzas have. They say so (see `extension.on`), and what
all the others cost is one look at the names of a stanza's children.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from xmppd.component.extension import HookRule
from xmppd.component.stages import Hook
from xmppd.protocol.stanza import Stanza

Condition = tuple[str, str] | type
"""A child by namespace and name, or a note of an account."""

_REMEMBERED = 256
"""Combinations of conditions that stanzas have met; each costs a few hundred bytes."""


class Selection:
    """The hooks of a stage, or of several, for stanzas of one name, in their order."""

    __slots__ = ("_children", "_hooks", "_meeting", "_names", "_notes", "always")

    def __init__(self, hooks: Sequence[tuple[Hook, HookRule]] = ()) -> None:
        self._hooks = tuple(hooks)
        self._children = frozenset([child for _, rule in hooks for child in rule.having])
        self._names = frozenset([name for _, name in self._children])
        self._notes = tuple({rule.noted for _, rule in hooks if rule.noted is not None})
        self._meeting = lru_cache(_REMEMBERED)(self._select)
        self.always = self._select(frozenset())

    def of(self, stanza: Stanza, notes: Mapping[type, object]) -> tuple[Hook, ...]:
        """The hooks for a stanza of an account with those notes, as both are now."""
        names = self._names
        met: list[Condition] = []
        if names:
            for ns, name, _, _ in stanza.children:
                if name in names and (ns, name) in self._children:
                    met.append((ns, name))
        for note in self._notes:
            if note in notes:
                met.append(note)
        return self._meeting(frozenset(met)) if met else self.always

    def _select(self, met: frozenset[Condition]) -> tuple[Hook, ...]:
        return tuple(
            [
                hook
                for hook, rule in self._hooks
                if (not rule.having or not met.isdisjoint(rule.having))
                and (rule.noted is None or rule.noted in met)
            ]
        )
