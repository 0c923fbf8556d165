"""From parsed TOML to checked objects; the first thing wrong is told by the path of its keys."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.gen import make_dict_structure_fn, override

from xmppd.app.config_endpoint import check_endpoint, check_host_port
from xmppd.app.config_key import Domain, Endpoint, HostPort, LinkEndpoint, Pattern, StoreName, Wrong
from xmppd.app.config_model import Extension
from xmppd.app.config_words import KeyPath, shown, suggestion
from xmppd.protocol.jid import InvalidJid, Jid

T = TypeVar("T")

BUILT_IN_STORES = ("memory", "directory", "sqlite", "postgresql")
STORAGE_GROUP = "xmppd.storage"

_PLAIN_TYPES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


def structure(value: Any, cls: type[T], folder: Path) -> T:
    """Make an object of a configuration class from parsed TOML.

    :param folder: what relative file names are relative to.
    :raises Wrong: names the first key that is unknown, missing or has a wrong value.
    """
    try:
        return _converter(folder).structure(value, cls)
    except Exception as problem:
        raise _first(problem, ()) from None


def _first(problem: BaseException, path: KeyPath) -> Wrong:
    """Find the first reason in a tree of cattrs errors, with its path."""
    if isinstance(problem, ClassValidationError | IterableValidationError):
        noted, others = problem.group_exceptions()
        # An unknown key goes first: it explains a missing one.
        for other in others:
            return _first(other, path)
        inner, note = noted[0]
        step = note.name if isinstance(note, AttributeValidationNote) else note.index
        return _first(inner, (*path, step))
    if isinstance(problem, ForbiddenExtraKeysError):
        word = min(map(str, problem.extra_fields))
        return Wrong(f"unknown key ({suggestion(word, _keys(problem.cl))})", *path, word)
    if isinstance(problem, KeyError):
        return Wrong("is missing (add it)", *path)
    if isinstance(problem, Wrong):
        beside = problem.beside and (*path, *problem.beside)
        return Wrong(problem.message, *path, *problem.path, beside=beside)
    return Wrong(str(problem) or type(problem).__name__, *path)


def _fields(cls: Any) -> tuple[Any, ...]:
    return tuple(attrs.fields(cls)) if attrs.has(cls) else fields(cls)


def _keys(cls: type) -> list[str]:
    return [field.name for field in _fields(cls) if not field.metadata.get("internal")]


def _converter(folder: Path) -> Converter:
    """Return a converter that takes no value for what it is not."""
    converter = Converter(forbid_extra_keys=True)
    for plain in _PLAIN_TYPES:
        converter.register_structure_hook(plain, _plain)
    converter.register_structure_hook(Path, lambda value, _: folder / _path(value))
    converter.register_structure_hook(Domain, lambda value, _: _domain(value))
    converter.register_structure_hook(Endpoint, lambda value, _: _endpoint(value))
    converter.register_structure_hook(LinkEndpoint, lambda value, _: _endpoint(value, True))
    converter.register_structure_hook(Pattern, lambda value, _: _pattern(value))
    converter.register_structure_hook(HostPort, lambda value, _: _host_port(value))
    converter.register_structure_hook(StoreName, lambda value, _: _store_name(value))
    converter.register_structure_hook(Jid, lambda value, _: _account(value))
    converter.register_structure_hook(Extension, lambda value, _: _extension(value))
    converter.register_structure_hook_func(_is_literal, _choice)
    converter.register_structure_hook_factory(_is_table, lambda cls: _table(cls, converter))
    converter.register_structure_hook_factory(_is_list, lambda cls: _list(cls, converter))
    converter.register_structure_hook_factory(_is_mapping, lambda cls: _mapping(cls, converter))
    return converter


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_table(kind: Any) -> bool:
    return kind is not Extension and (attrs.has(kind) or is_dataclass(kind))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _plain(value: Any, kind: type) -> Any:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise Wrong(f"must be {_PLAIN_TYPES[kind]} (got {shown(value)})")
    return kind(value)


def _text(value: Any) -> str:
    text: str = _plain(value, str)
    return text


def _path(value: Any) -> Path:
    if not _text(value) or "\0" in value:
        raise Wrong(f"must be a file name (got {shown(value)})")
    return Path(value)


def _domain(value: Any) -> str:
    try:
        return Jid.of("", _text(value)).domain
    except InvalidJid as problem:
        raise Wrong(f"not a domain: {problem} (got {shown(value)})") from None


def _account(value: Any) -> Jid:
    try:
        jid = Jid.parse(_text(value))
    except InvalidJid as problem:
        raise Wrong(f"not a JID: {problem} (got {shown(value)})") from None
    if not jid.local or not jid.is_bare:
        raise Wrong(f"must be an account, as in juliet@example.com (got {shown(value)})")
    return jid


def _pattern(value: Any) -> str:
    text = _text(value)
    domain = text.removeprefix("*.")
    return text[: len(text) - len(domain)] + _domain(domain)


def _endpoint(value: Any, may_encrypt: bool = False) -> str:
    check_endpoint(_text(value), may_encrypt)
    return str(value)


def _host_port(value: Any) -> str:
    check_host_port(_text(value))
    return str(value)


def _store_name(value: Any) -> str:
    known = {*BUILT_IN_STORES, *entry_points(group=STORAGE_GROUP).names}
    if _text(value) not in known:
        raise Wrong(f"no such storage (got {shown(value)}; {suggestion(value, known)})")
    return str(value)


def _choice(value: Any, kind: Any) -> Any:
    choices = get_args(kind)
    if value not in choices or isinstance(value, bool):
        raise Wrong(f"must be one of {', '.join(map(str, choices))} (got {shown(value)})")
    return value


def _extension(value: Any) -> Extension:
    options = dict(_dict(value))
    enabled = options.pop("enabled", None)
    if enabled is not None and not isinstance(enabled, bool):
        raise Wrong(f"must be true or false (got {shown(enabled)})", "enabled")
    return Extension(enabled, options)


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"must be a table (got {shown(value)})")
    return value


def _table(cls: type, converter: Converter) -> Callable[[Any, Any], Any]:
    internal = {
        field.name: override(omit=True) for field in _fields(cls) if field.metadata.get("internal")
    }
    # make_dict_structure_fn's parameters cannot be told from the names of attributes.
    make: Any = make_dict_structure_fn
    fill = make(cls, converter, _cattrs_forbid_extra_keys=True, **internal)
    return lambda value, kind: fill(_dict(value), kind)


def _list(cls: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    plain: Any = GenericAlias(list, get_args(cls)[:1])

    def fill(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise Wrong(f"must be a list (got {shown(value)})")
        return tuple(converter.structure(value, plain))

    return fill


def _mapping(cls: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    plain: Any = GenericAlias(dict, get_args(cls))
    return lambda value, _: converter.structure(_dict(value), plain)
