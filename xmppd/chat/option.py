"""What a room option is: a small policy that declares its fields, rights and hooks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args

import attrs

from xmppd.chat.commands import Command, Leave, Lose, Readmit, Shutdown, Tick
from xmppd.chat.events import Outside
from xmppd.chat.model import Role
from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.outcome import Changes
    from xmppd.chat.room import Room

F = TypeVar("F", bound=Callable[..., Any])


@attrs.frozen
class Field:
    """One value of the configuration.

    `kind` is bool, int (0 to `most`), str (one of `choices`, where there are any) or tuple: of
    such str, `most` of them. What is `private` is not shown while somebody types it.
    """

    name: str
    kind: type
    default: Any
    label: str
    choices: Mapping[str, str] = attrs.field(factory=dict)
    most: int = 1_000_000
    longest: int = 1_000
    private: bool = False

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

    @property
    def allowed(self) -> str:
        """What it can be, for people to read."""
        if self.kind is bool:
            return "true or false"
        if self.kind is int:
            return f"a whole number up to {self.most}"
        length = f"up to {self.longest} characters"
        if self.kind is tuple:
            each = f"of: {', '.join(self.choices)}" if self.choices else f"texts, each {length}"
            return f"up to {self.most} {each}"
        return f"one of: {', '.join(self.choices)}" if self.choices else f"text, {length}"


class Stage(Enum):
    """When an option is asked."""

    MARK = auto()
    CHECK = auto()
    NOTE = auto()


_HAPPENS = Leave, Lose, Tick, Shutdown, Readmit
"""Commands that say what is so: nobody is asked."""
_ASKS = frozenset(get_args(Command)) - set(_HAPPENS)
HOOKED: Mapping[Stage, Collection[type]] = {
    Stage.MARK: _ASKS,
    Stage.CHECK: _ASKS,
    Stage.NOTE: frozenset({Outside}),
}
"""For which commands and events there are hooks."""


@attrs.frozen
class HookRule:
    """What `mark`, `check` and `note` note on a method: the command or event it is for."""

    stage: Stage
    kind: type


def mark(*commands: type) -> Callable[[F], F]:
    """Have the method give what takes the place of such a command, before anything else.

    It is called with (room, command).
    """
    return _noting(Stage.MARK, commands)


def check(*commands: type) -> Callable[[F], F]:
    """Have the method asked before such a command is carried out; it raises `Refusal`, or not.

    It is called with (room, command) and changes nothing.
    """
    return _noting(Stage.CHECK, commands)


def note(*events: type) -> Callable[[F], F]:
    """Have the method told of such an event, to add what follows from it; see `HOOKED`.

    It is called with (room, event, changes).
    """
    return _noting(Stage.NOTE, events)


def _noting(stage: Stage, kinds: tuple[type, ...]) -> Callable[[F], F]:
    def noted(method: F) -> F:
        rules = tuple(HookRule(stage, kind) for kind in kinds)
        setattr(method, "_rules", (*getattr(method, "_rules", ()), *rules))  # noqa: B010
        return method

    return noted


class Option:
    """One policy, which many rooms share: what differs between rooms is their configuration.

    With its fields at their defaults it changes nothing. `name` is how the configuration file
    calls it, the name of its module unless set.
    """

    name: ClassVar[str] = ""
    default: ClassVar[bool] = True
    """Whether rooms have it where the configuration file says nothing of it."""
    fields: ClassVar[tuple[Field, ...]] = ()

    @classmethod
    def title(cls) -> str:
        """Its name in configuration and documentation."""
        return cls.name or cls.__module__.rpartition(".")[2]

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """What another need of a right is, under that configuration."""
        return {}

    def wake_at(self, room: Room) -> float | None:
        """When something is due in a room, in seconds since 1970; None: nothing is."""
        return None

    def tick(self, room: Room, out: Changes) -> None:
        """Do what is due."""

    def hides(self, config: Mapping[str, Any]) -> Collection[Role]:
        """Roles whose occupants only some see, under that configuration."""
        return ()

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values that people may know of before they come in, by their fields' names."""
        return {}
