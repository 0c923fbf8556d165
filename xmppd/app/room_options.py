"""Which options rooms have, as the configuration says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any

from xmppd.app.config import error
from xmppd.app.config_key import ConfigError, Wrong
from xmppd.app.config_model import Config
from xmppd.app.config_words import shown, suggestion
from xmppd.chat.option import Field, Option
from xmppd.chat.option_set import OptionSet
from xmppd.chat.options.builtin import BUILTIN
from xmppd.chat.options.core import CORE

GROUP = "xmppd.chat_options"


def room_options(config: Config, more: Iterable[type[Option]] = ()) -> OptionSet:
    """The options to ask: ours, `more`, and of the entry points those the config names.

    Raises ConfigError for an option that does not exist, and for a default that cannot be.
    """
    try:
        chosen = (*CORE, *_chosen(config.muc.options, more))
        fields = OptionSet(chosen).fields
        return OptionSet(chosen, _defaults(fields, config.muc.defaults))
    except Wrong as problem:
        raise error(problem, config.origin) from None
    except ValueError as problem:
        raise ConfigError(f"{config.origin.name}: muc.options: {problem}") from None


def _chosen(switched: Mapping[str, bool], more: Iterable[type[Option]]) -> list[type[Option]]:
    found = {option.title(): option for option in (*BUILTIN, *more)}
    for entry in entry_points(group=GROUP):
        if entry.name in switched and entry.name not in found:
            found[entry.name] = entry.load()
    for name in sorted(switched.keys() - found):
        if name in {option.title() for option in CORE}:
            raise Wrong("every room has this one (leave it out here)", "muc", "options", name)
        raise Wrong(f"no such option ({suggestion(name, found)})", "muc", "options", name)
    return [option for name, option in found.items() if switched.get(name, option.default)]


def _defaults(fields: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            raise Wrong(f"unknown key ({suggestion(name, fields)})", "muc", "defaults", name)
        values[name] = _value(field, value)
    return values


def _value(field: Field, value: Any) -> Any:
    read = tuple(value) if isinstance(value, list) else value
    if not field.takes(read):
        wrong = f"must be {field.allowed} (got {shown(value)})"
        raise Wrong(wrong, "muc", "defaults", field.name)
    return read
