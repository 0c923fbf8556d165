"""What describes one key of the configuration: its kind, its documentation, its bounds."""

from collections.abc import Callable
from typing import Any, NewType

import attrs

Domain = NewType("Domain", str)
"""A domain name in its prepared form (RFC 7622, 3.2)."""

Endpoint = NewType("Endpoint", str)
"""A Twisted server endpoint string."""

LinkEndpoint = NewType("LinkEndpoint", str)
"""A Twisted server endpoint string, which may say `ssl:`."""

Pattern = NewType("Pattern", str)
"""A domain, or a wildcard for all below one: `*.example.com`."""

StoreName = NewType("StoreName", str)
"""The name of a storage back-end."""

Place = tuple[str | int, ...]
"""Keys, and places in lists, that lead to a value."""

HostPort = NewType("HostPort", str)
"""An IP address and a port: `192.0.2.1:5269`, `[2001:db8::1]:5269`."""

DEFAULT = Domain("default")
"""Stands for every domain that is not named."""


class Wrong(ValueError):
    """A value that may not stand where it stands, with the path of keys that leads to it.

    `beside` leads to another one that it does not go together with.
    """

    def __init__(self, message: str, *path: str | int, beside: Place = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.beside = beside


class ConfigError(Exception):
    """The configuration cannot be used; the text is one line: file, key, what, remedy."""


def key(
    doc: str,
    default: Any = attrs.NOTHING,
    *,
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Any], None] | None = None,
) -> Any:
    """Describe one key.

    :param default: the value when the key is absent; without one the key is mandatory.
    :param least: smallest number allowed.
    :param most: largest number allowed.
    :param check: raises `ValueError` for a value that may not be.
    """

    def validate(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if value is None:  # absent
            return
        if least is not None and value < least:
            raise Wrong(f"must be {least} or more (got {value})", attribute.name)
        if most is not None and value > most:
            raise Wrong(f"must be {most} or less (got {value})", attribute.name)
        if check is not None:
            try:
                check(value)
            except ValueError as problem:
                raise Wrong(str(problem), attribute.name) from None

    metadata = {"doc": doc, "least": least, "most": most}
    return attrs.field(default=default, validator=validate, metadata=metadata)


def table(doc: str, factory: Callable[[], Any]) -> Any:
    """Describe a key that holds a table or an array of tables."""
    return attrs.field(factory=factory, metadata={"doc": doc})


def internal(default: Any) -> Any:
    """Describe an attribute that no file can set."""
    return attrs.field(default=default, eq=False, repr=False, metadata={"internal": True})


def check_distinct(values: tuple[Any, ...]) -> None:
    """Refuse a list that is empty or names something twice."""
    if not values:
        raise ValueError("must name at least one")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"names {value} twice (remove one)")
