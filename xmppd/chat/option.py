"""What a room option is: a small policy that declares its fields, rights and checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from xmppd.chat.model import Role
from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.outcome import Changes
    from xmppd.chat.room import Room

Check = Callable[[Any, "Room", Any], None]
Mark = Callable[[Any, "Room", Any], Any]
Note = Callable[[Any, "Room", Any, "Changes"], None]


@attrs.frozen
class Field:
    """One value of the configuration.

    `kind` is bool, int (0 to `most`), str (one of `choices`, where there are any) or tuple: of
    such str, `most` of them.
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
        if isinstance(value, tuple):
            return len(value) <= self.most and all(map(self._takes_text, value))
        if isinstance(value, str):
            return self._takes_text(value)
        return isinstance(value, int) and 0 <= value <= self.most

    def _takes_text(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        return value in self.choices if self.choices else len(value) <= self.longest


class Option:
    """One policy. At its default it changes nothing.

    `marks` says which method may put another command in the place of which one, before anything
    else; `checks` which is asked before which command: it raises `Refusal`; `notes` which is told
    of which event, to add what follows from it.
    """

    fields: ClassVar[tuple[Field, ...]] = ()
    marks: ClassVar[Mapping[type, Mark]] = {}
    checks: ClassVar[Mapping[type, Check]] = {}
    notes: ClassVar[Mapping[type, Note]] = {}

    def wake_at(self, room: Room) -> float | None:
        """When something is due in a room, in seconds since 1970; None: nothing is."""
        return None

    def tick(self, room: Room, out: Changes) -> None:
        """Do what is due."""

    def hides(self, config: Mapping[str, Any]) -> Collection[Role]:
        """Roles whose occupants only some see, under that configuration."""
        return ()

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """What another need of a right is, under that configuration."""
        return {}
