"""Verbs on the server as a whole: another configuration, a copy of its data."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xmppd.accounts.edits import Edits
from xmppd.app.config import COMMAND_LINE, check_certificates, load
from xmppd.app.config_model import Config
from xmppd.app.config_words import shown
from xmppd.app.ctl.verb import Parameter, Refused, Server, Verb
from xmppd.app.hosting import HostMaker
from xmppd.app.rooms import FOLDER
from xmppd.storage.stores import StoreMap

_FIXED = ("domains", "data", "admins", "resource_conflict", "tls", "storage", "log", "router")
"""Keys and tables that only a restart brings into force."""


async def reload(server: Any) -> dict[str, Any]:
    """Read the configuration again and take what can change while running.

    A role in a process of its own knows by itself how; an embedded server is one that keeps all.
    """
    old = server.config
    new = server.read_again() if hasattr(server, "read_again") else checked_again(server)
    server.reload(new)
    return {"restart": waiting_for_restart(old, new), "warnings": list(new.warnings)}


async def backup(server: Any, file: str) -> dict[str, Any]:
    """Write a copy of all that this process keeps; that of rooms has `.muc` behind its name."""
    path = Path(file)
    if not path.is_absolute():
        raise Refused(f"{shown(file)}: write the whole path")
    if not path.parent.is_dir():
        raise Refused(f"{path.parent}: no such directory (make it)")
    stores: StoreMap | None = getattr(server, "stores", None)
    if stores is None:
        raise Refused("this process keeps nothing (ask sm-1, muc-1)")
    await stores.backup(path)
    rooms: StoreMap | None = getattr(server, "room_stores", None)
    if rooms is not None:
        await rooms.backup(path.with_name(f"{path.name}.{FOLDER}"))
    return {"file": file}


def checked_again(server: Server) -> Config:
    """Read the configuration of a server again, extensions and their options included.

    :raises ConfigError: in one line.
    """
    config = read_again(server.config)
    check_certificates(config)
    HostMaker(config, server.stores.of, Edits())
    return config


def read_again(config: Config) -> Config:
    """Read a configuration from where it came: file, environment, command line.

    :raises ConfigError: in one line.
    """
    origin = config.origin
    given = {path[0] for path, where in origin.elsewhere.items() if where == COMMAND_LINE}
    return load(
        None if origin.name == "defaults" else origin.folder / Path(origin.name).name,
        environ=os.environ,
        domains=config.domains if "domains" in given else (),
        data=str(config.data) if "data" in given else None,
        c2s=[place.endpoint for place in config.c2s.listen] if "c2s" in given else (),
        muc=config.muc.domain if "muc" in given else None,
    )


def waiting_for_restart(old: Config, new: Config) -> list[str]:
    """Return the keys that differ and that a running server cannot change."""
    differ = [name for name in _FIXED if getattr(old, name) != getattr(new, name)]
    if old.c2s.listen != new.c2s.listen:
        differ.append("c2s.listen")
    if old.s2s.listen != new.s2s.listen:
        differ.append("s2s.listen")
    if old.federates != new.federates:
        differ.append("s2s.enabled")
    if old.dialback_secret_file != new.dialback_secret_file:
        differ.append("s2s.dialback_secret_file")
    if old.muc.domain != new.muc.domain:
        differ.append("muc.domain")
    if [host.storage for host in old.host.values()] != [host.storage for host in new.host.values()]:
        differ.append("host.*.storage")
    return [*differ, *_switched(old, new)]


def _switched(old: Config, new: Config) -> Iterable[str]:
    """Yield the switches of extensions that were turned."""
    names = old.extensions.keys() | new.extensions.keys()
    for name in sorted(names):
        if old.extension(name).enabled != new.extension(name).enabled:
            yield f"extensions.{name}.enabled"


VERBS = (
    Verb(
        "reload",
        "Read the configuration again, in every process here.",
        reload,
        needs="server",
        role="any",
        who="owner",
        changes=True,
    ),
    Verb(
        "backup",
        "Write a copy of all that is kept.",
        backup,
        (Parameter("file", "file", "A file that does not exist yet."),),
        role="any",
        who="owner",
        seconds=3600,
        changes=True,
    ),
)
