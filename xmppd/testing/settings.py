"""The configuration of servers in tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from xmppd.app.config import error
from xmppd.app.config_key import Wrong
from xmppd.app.config_model import Config, Origin
from xmppd.app.config_structure import structure
from xmppd.protocol.jid import Jid

DOMAINS = ("example.com",)


def memory_config(domains: Sequence[str], config: Mapping[str, Any] | None) -> Config:
    """The configuration that tables describe; what they leave out is as tests want it.

    Raises ConfigError.
    """
    values = _over(
        {
            "domains": list(domains),
            "storage": {"use": "memory"},
            "c2s": {"listen": [], "limits": {"enabled": False}},
        },
        config or {},
    )
    origin = Origin("config")
    try:
        return attrs.evolve(structure(values, Config, origin.folder), origin=origin)
    except Wrong as problem:
        raise error(problem, origin) from None


def address_of(config: Config, name: str) -> Jid:
    """The account that a test means; without a domain one of the first. Raises InvalidJid."""
    return Jid.parse(name if "@" in name else f"{name}@{config.domains[0]}")


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables put over each other, key by key."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            merged[key] = _over(below[key], above[key])
    return merged
