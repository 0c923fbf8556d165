"""The beginning of a server: a configuration file, a data directory, records for the DNS."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from textwrap import wrap
from typing import Any

import attrs

from xmppd.app.config_model import Config
from xmppd.app.config_words import shown
from xmppd.app.ctl.verb import Refused
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.tls.certificate_names import ascii_name

SERVICES = (
    ("_xmpp-client._tcp", 5222),
    ("_xmpps-client._tcp", 5223),
    ("_xmpp-server._tcp", 5269),
    ("_xmpps-server._tcp", 5270),
)
"""What clients and servers look up (RFC 6120, 3.2.1; XEP-0368), with the default ports."""

_HEAD = """\
# Configuration of xmppd. A key behind a single # stands with its default.
"""


def begin(config: Path, data: Path, domains: Sequence[str]) -> dict[str, Any]:
    """Write a configuration file and make the data directory. Raises `Refused`.

    Nothing is changed where the file is there already.
    """
    served = [_domain(domain) for domain in domains]
    folder = config.absolute().parent
    text = template(served, os.path.relpath(data, folder) if _inside(data, folder) else str(data))
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise Refused(f"{problem.filename}: exists, and stays as it is") from None
    except OSError as problem:
        why = f"{problem.strerror} (running as uid {os.geteuid()})"
        raise Refused(f"{problem.filename}: {why}") from None
    return {"config": str(config), "data": str(data), "dns": list(records(served))}


def template(domains: Sequence[str], data: str) -> str:
    """Return a configuration file with all keys explained."""
    given = {"domains": domains, "data": data}
    return "\n".join([_HEAD, *_table(Config(), "", given)])


def records(domains: Iterable[str]) -> Iterable[str]:
    """Yield the SRV records of domains; what has no place in the DNS has none."""
    for domain in domains:
        name = ascii_name(domain)
        if not _is_local(name):
            for service, port in SERVICES:
                yield f"{service}.{name}. 3600 IN SRV 0 5 {port} {name}."


def _table(value: Any, heading: str, given: Mapping[str, object]) -> Iterable[str]:
    """Yield the keys of a table, then the tables in it."""
    fields = [(field, getattr(value, field.name)) for field in _explained(value)]
    for field, content in fields:
        if not _is_table(content):
            yield from _prose(field.metadata["doc"])
            yield _key(field.name, content, given)
            yield ""
    for field, content in fields:
        if _is_table(content):
            yield from _prose(field.metadata["doc"])
            yield from _below(content, f"{heading}{field.name}")


def _key(name: str, content: object, given: Mapping[str, object]) -> str:
    if name in given:
        return f"{name} = {_toml(given[name])}"
    return f"# {name} = ..." if content is None else f"#{name} = {_toml(content)}"


def _below(content: Any, heading: str) -> Iterable[str]:
    if isinstance(content, Mapping):
        yield from (f"#[{heading}]", "")
    elif isinstance(content, tuple):
        yield from _list(content, heading)
    else:
        yield f"#[{heading}]"
        yield from _table(content, f"{heading}.", {})


def _list(tables: tuple[Any, ...], heading: str) -> Iterable[str]:
    """Yield a list of tables; only the first has its keys explained."""
    first, *others = tables
    yield f"#[[{heading}]]"
    yield from _table(first, f"{heading}.", {})
    for each in others:
        yield f"#[[{heading}]]"
        for field in _explained(each):
            yield _key(field.name, getattr(each, field.name), {})
        yield ""


def _explained(value: Any) -> list[Any]:
    return [field for field in attrs.fields(type(value)) if "doc" in field.metadata]


def _is_table(content: Any) -> bool:
    first = content[0] if isinstance(content, tuple) and content else content
    return attrs.has(type(first)) or isinstance(content, Mapping)


def _prose(text: str) -> Iterable[str]:
    return [f"# {line}" for line in wrap(text, 96)]


def _toml(value: object) -> str:
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)


def _domain(text: str) -> str:
    try:
        return Jid.of("", text).domain
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None


def _inside(path: Path, folder: Path) -> bool:
    return path.absolute().is_relative_to(folder)


def _is_local(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return True
