"""Options that do nothing as long as their fields have the defaults: whatever they declare."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from xmppd.chat.model import Role
from xmppd.chat.option import Option
from xmppd.chat.outcome import Changes
from xmppd.chat.rights import Need, Right
from xmppd.chat.room import Room


class Asleep(Option):
    """Another option, that is not there while all of its fields are at their defaults."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.fields = option.fields  # type: ignore[misc]
        self.marks = {kind: self._mark(hook) for kind, hook in option.marks.items()}  # type: ignore[misc]
        self.checks = {kind: self._hook(hook) for kind, hook in option.checks.items()}  # type: ignore[misc]
        self.notes = {kind: self._hook(hook) for kind, hook in option.notes.items()}  # type: ignore[misc]

    def _wakes(self, config: Mapping[str, Any]) -> bool:
        return not self.fields or any(config[f.name] != f.default for f in self.fields)

    def _mark(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        def mark(_: Option, room: Room, command: Any) -> Any:
            return hook(self.option, room, command) if self._wakes(room.config) else command

        return mark

    def _hook(self, hook: Callable[..., None]) -> Callable[..., None]:
        def call(_: Option, room: Room, *rest: Any) -> None:
            if self._wakes(room.config):
                hook(self.option, room, *rest)

        return call

    def hides(self, config: Mapping[str, Any]) -> Collection[Role]:
        return self.option.hides(config) if self._wakes(config) else ()

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        return self.option.moves(config) if self._wakes(config) else {}

    def wake_at(self, room: Room) -> float | None:
        return self.option.wake_at(room) if self._wakes(room.config) else None

    def tick(self, room: Room, out: Changes) -> None:
        self.option.tick(room, out)
