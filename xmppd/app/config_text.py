"""Configuration for people to read: what is in force, and what could be written."""

import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from xmppd.app.config_key import Domain, Endpoint, HostPort, LinkEndpoint, Pattern, StoreName
from xmppd.app.config_links import LinkConnect, LinkListen
from xmppd.app.config_model import Config, Extension
from xmppd.app.config_words import shown
from xmppd.protocol.jid import Jid

_SECURITY = {
    "none": "plain text",
    "starttls": "STARTTLS, required",
    "direct": "direct TLS",
}
_TYPES: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "file name",
    Domain: "domain",
    Endpoint: "endpoint",
    LinkEndpoint: "endpoint",
    Pattern: "domain or wildcard",
    HostPort: "IP address and port",
    StoreName: "name of a back-end",
    Jid: "bare JID",
    Any: "value",
}


def explain(config: Config) -> str:
    """Return what a configuration means, with its defaults: one fact a line, no secrets."""
    lines = [("configuration", config.origin.name)]
    lines += [("domain", domain) for domain in config.domains]
    for place in config.c2s.listen:
        reach = ", this machine only" if place.is_private else ""
        lines.append(("clients", f"{place.endpoint} ({_SECURITY[place.tls]}{reach})"))
    lines += [
        *_servers(config),
        *_links(config),
        ("data", str(config.data)),
        ("certificates", f"{config.certificates} (made where none is found)"),
        *_stores(config),
        ("resource conflict", config.resource_conflict),
        *_rooms(config),
        *(("limit", fact) for fact in _facts(config.c2s.limits)),
        *(("administrator", str(admin)) for admin in config.admins),
        *_extensions(config),
        ("log", f"{config.log.format}, {config.log.level} and above"),
        *(("warning", warning) for warning in config.warnings),
    ]
    return "".join(f"{name:<18} {fact}\n" for name, fact in lines)


def reference() -> str:
    """Return every key with its type, default and meaning, in Markdown."""
    return "\n".join(_section(Config, ""))


def _servers(config: Config) -> Iterable[tuple[str, str]]:
    if not config.federates:
        yield "servers", "none are talked to"
        return
    for place in config.server_places:
        yield "servers", f"{place.endpoint} ({_SECURITY[place.tls]})"
    for domain, policy in config.s2s.policy.items():
        yield "servers", f"{domain}: {policy}"
    yield from (("server limit", fact) for fact in _facts(config.s2s.limits))


def _stores(config: Config) -> Iterable[tuple[str, str]]:
    yield "storage", config.storage.use
    for store, used in config.storage.stores.items():
        yield "storage", f"{used} for {store}"
    for domain, host in config.host.items():
        if host.storage.use:
            yield "storage", f"{host.storage.use} on {domain}"
        for store, used in host.storage.stores.items():
            yield "storage", f"{used} for {store} on {domain}"


def _links(config: Config) -> Iterable[tuple[str, str]]:
    router = config.router
    if router.address is not None:
        yield "router", f"reached at {router.address}"
    for place in router.listen:
        trusted = ", trusted" if place.trusted else ""
        yield "link", f"{place.name or 'any'} comes to {place.endpoint}{trusted}{_routed(place)}"
    for dialed in router.connect:
        yield "link", f"{dialed.name} is dialed at {dialed.endpoint}{_routed(dialed)}"
    if router.listen:
        for limit in ("unproved", "unproved_per_address"):
            yield "router", f"{limit} = {getattr(router, limit)}"


def _routed(link: LinkListen | LinkConnect) -> str:
    rest = ("everything else",) if link.default else ()
    return "".join(f", {route}" for route in (*link.routes, *rest))


def _rooms(config: Config) -> Iterable[tuple[str, str]]:
    yield "rooms", config.muc.domain or "none"
    if config.muc.domain is not None:
        yield from (("rooms", fact) for fact in _facts(config.muc) if "domain" not in fact)


def _facts(table: Any, above: str = "") -> Iterable[str]:
    """Yield what a table says, key by key, and the tables in it."""
    for field in attrs.fields(type(table)):
        value = getattr(table, field.name)
        if attrs.has(type(value)):
            yield from _facts(value, f"{above}{field.name}.")
        elif isinstance(value, Mapping):
            yield from (f"{above}{field.name}.{key} = {shown(each)}" for key, each in value.items())
        else:
            yield f"{above}{field.name} = {shown(value)}"


def _extensions(config: Config) -> Iterable[tuple[str, str]]:
    names = {name for host in config.host.values() for name in host.extensions}
    for name in sorted(names | config.extensions.keys()):
        yield "extension", f"{name}: {_settings(config.extension(name))}"
        for domain, host in config.host.items():
            if name in host.extensions:
                settings = _settings(config.extension(name, domain))
                yield "extension", f"{name} on {domain}: {settings}"


def _settings(extension: Extension) -> str:
    enabled = {} if extension.enabled is None else {"enabled": extension.enabled}
    settings = {**enabled, **extension.options}
    return ", ".join(f"{name} = {shown(value)}" for name, value in settings.items()) or "defaults"


def _section(cls: type, heading: str) -> Iterable[str]:
    """Yield the lines of one table, then those of the tables in it."""
    if heading:
        yield f"## `{heading}`\n"
    yield f"{(cls.__doc__ or '').strip()}\n"
    fields = [field for field in attrs.fields(cls) if not field.metadata.get("internal")]
    if keys := [field for field in fields if _below(field.type) is None]:
        yield "| key | type | default | meaning |"
        yield "|---|---|---|---|"
        yield from map(_row, keys)
        yield ""
    for field in fields:
        if (below := _below(field.type)) is Extension:
            name = _heading(heading, field).replace("*", "NAME")
            yield f"## `{name}`\n\n{field.metadata['doc']}\n"
        elif below is not None:
            yield from _section(below, _heading(heading, field))


def _row(field: Any) -> str:
    default = "mandatory" if field.default is attrs.NOTHING else f"`{default_of(field.default)}`"
    kind = type_of(field.type) + _range(field.metadata)
    return f"| `{field.name}` | {kind} | {default} | {field.metadata['doc']} |"


def default_of(value: Any) -> str:
    """The default of a key, as it would be written."""
    if value is attrs.NOTHING:
        return "mandatory"
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        value = value.factory()
    return "-" if value is None else shown(value)


def _range(metadata: Mapping[str, Any]) -> str:
    least, most = metadata["least"], metadata["most"]
    if most is not None:
        return f", {least} to {most}"
    return "" if least is None else f", {least} or more"


def type_of(kind: Any) -> str:
    """What may be written for a key of that type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"list: {type_of(arguments[0])}"
    if origin is Mapping:
        return f"table: {type_of(arguments[1])}"
    if origin in (Union, types.UnionType):
        return type_of(arguments[0])
    if attrs.has(kind):
        return "{" + ", ".join(field.name for field in attrs.fields(kind)) + "}"
    return _TYPES[kind]


def _below(kind: Any) -> Any:
    """Return the class of the table, or of the tables, that a key holds; None for a value."""
    inner = {tuple: 0, Mapping: 1}.get(get_origin(kind))
    if inner is not None:
        kind = get_args(kind)[inner]
    return kind if attrs.has(kind) else None


def _heading(above: str, field: Any) -> str:
    name = f"{above.strip('[]')}.{field.name}" if above else field.name
    origin = get_origin(field.type)
    if origin is Mapping:
        return f'[{name}."example.com"]' if _below(field.type) is not Extension else f"[{name}.*]"
    return f"[[{name}]]" if origin is tuple else f"[{name}]"
