"""What a room option is: a small policy that declares its fields, rights and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room

Check = Callable[[Any, "Room", Any], None]


@attrs.frozen
class Field:
    """One value of the configuration.

    `kind` is bool, int (0 to `most`) or str (one of `choices`, where there are any).
    """

    name: str
    kind: type
    default: Any
    label: str
    choices: Mapping[str, str] = attrs.field(factory=dict)
    most: int = 1_000_000
    longest: int = 1_000

    def takes(self, value: Any) -> bool:
        """Whether the field can have that value."""
        if type(value) is not self.kind:
            return False
        if isinstance(value, str):
            return value in self.choices if self.choices else len(value) <= self.longest
        return isinstance(value, int) and 0 <= value <= self.most


class Option:
    """One policy. At its default it changes nothing.

    `checks` says which method is asked before which command; it raises `Refusal`.
    """

    fields: ClassVar[tuple[Field, ...]] = ()
    checks: ClassVar[Mapping[type, Check]] = {}

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """What another need of a right is, under that configuration."""
        return {}
