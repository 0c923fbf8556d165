"""Options that do nothing as long as their fields have the defaults: whatever they declare."""

from collections.abc import Callable, Mapping
from typing import Any

from xmppd.chat.option import Option, Stage

Method = Callable[..., Any]
POLICIES = ("moves", "hides", "shows")


def asleep(kind: type[Option]) -> type[Option]:
    """The same option, that is not there while all of its fields are at their defaults."""
    defaults = {field.name: field.default for field in kind.fields}

    def wakes(config: Mapping[str, Any]) -> bool:
        return not defaults or any(config[name] != value for name, value in defaults.items())

    def policy(method: Method) -> Method:
        def call(self: Option, config: Mapping[str, Any]) -> Any:
            return method(self, config) if wakes(config) else {}

        return call

    def hook(method: Method) -> Method:
        [*rules] = method._rules  # type: ignore[attr-defined]
        marks = rules[0].stage is Stage.MARK

        def call(self: Option, room: Any, what: Any, *rest: Any) -> Any:
            if wakes(room.config):
                return method(self, room, what, *rest)
            return what if marks else None

        call._rules = rules  # type: ignore[attr-defined]
        return call

    members = {name: policy(getattr(kind, name)) for name in POLICIES}
    hooks = {name: each for name in dir(kind) if hasattr(each := getattr(kind, name), "_rules")}
    members |= {name: hook(each) for name, each in hooks.items()}
    return type(kind.__name__, (kind,), members)
