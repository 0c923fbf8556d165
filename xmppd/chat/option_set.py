"""Options put together: what the rooms of a service ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xmppd.chat.model import Role
from xmppd.chat.option import HOOKED, Field, HookRule, Option, Stage
from xmppd.chat.rights import NEEDS, Need, Right

Hooks = Mapping[type, tuple[Callable[..., Any], ...]]
"""What is called for which command or event."""


class OptionSet:
    """Options that many rooms have, ready to be asked.

    `defaults` are values that hold where owners have said nothing, instead of the fields' own.
    Raises ValueError where two options have a field of one name, for a default that cannot be, and
    for a hook that would never be called.
    """

    def __init__(
        self, options: Iterable[type[Option]], defaults: Mapping[str, Any] | None = None
    ) -> None:
        self.options = tuple(option() for option in options)
        self.fields = _by_name(self.options)
        self.defaults = {name: field.default for name, field in self.fields.items()}
        for name, value in (defaults or {}).items():
            if name not in self.fields or not self.fields[name].takes(value):
                raise ValueError(f"{name} cannot be {value!r}")
            self.defaults[name] = value
        self.wakers = tuple(each for each in self.options if _wakes(each))
        self.marks = self._hooks(Stage.MARK)
        self.checks = self._hooks(Stage.CHECK)
        self.notes = self._hooks(Stage.NOTE)

    def config(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The whole configuration of a room; what no option takes any more is as by default."""
        said = {
            name: value
            for name, value in stored.items()
            if name in self.fields and self.fields[name].takes(value)
        }
        return {**self.defaults, **said}

    def needs(self, config: Mapping[str, Any]) -> dict[Right, Need]:
        """What is needed for each right."""
        needs = dict(NEEDS)
        for option in self.options:
            needs.update(option.moves(config))
        return needs

    def unseen(self, config: Mapping[str, Any]) -> frozenset[Role]:
        """Roles whose occupants only some see."""
        return frozenset(role for option in self.options for role in option.hides(config))

    def shown(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What people may know of before they come in, by field."""
        return {
            name: value for option in self.options for name, value in option.shows(config).items()
        }

    def _hooks(self, stage: Stage) -> Hooks:
        found: dict[type, tuple[Callable[..., Any], ...]] = {}
        for option in self.options:
            for hook, rule in _marked(option):
                if rule.stage is stage:
                    if rule.kind not in HOOKED[stage]:
                        what = f"{stage.name.lower()} {rule.kind.__name__}"
                        raise ValueError(f"the option {option.title()} cannot {what}")
                    found[rule.kind] = (*found.get(rule.kind, ()), hook)
        return found


def _wakes(option: Option) -> bool:
    return type(option).wake_at is not Option.wake_at


def _by_name(options: Iterable[Option]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for option in options:
        for field in option.fields:
            if field.name in fields:
                raise ValueError(f"two options have a field {field.name}")
            fields[field.name] = field
    return fields


def _marked(option: Option) -> Iterable[tuple[Callable[..., Any], HookRule]]:
    """The hooks of an option, with what each is for."""
    for name in dir(type(option)):
        for rule in getattr(getattr(type(option), name), "_rules", ()):
            yield getattr(option, name), rule
