"""Addresses: JIDs as values that are prepared once (RFC 7622, RFC 6122)."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import final

from xmppd.protocol.preparation import (
    MAXIMUM_BYTES,
    prepare_domain,
    prepare_local,
    prepare_new_local,
    prepare_resource,
)

CACHED_JIDS = 32_768
"""Prepared JIDs kept at once; at a few hundred bytes each, about 15 MB when full."""

CACHED_LENGTH = 256
"""Longest text that is cached, so that what the cache holds stays bounded in bytes too."""

_LABEL = "[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_ASCII_JID = re.compile(
    rf"(?:([!#-%(-.0-9;=?A-Z\[-~]+)@)?({_LABEL}(?:\.{_LABEL})*)\.?(?:/([ -~]+))?"
)


class InvalidJid(ValueError):
    """A text is no JID; the message says why in one line, quoting nothing of the text."""


@final
class Jid(str):
    """A prepared JID. It is a `str`: the whole address, ready for an attribute or as a key.

    `local` and `resource` are empty when the address has none. `Jid(text)` is `Jid.parse(text)`.
    """

    __slots__ = ("_bare", "domain", "local", "resource")

    local: str
    domain: str
    resource: str
    _bare: "Jid | None"

    def __new__(cls, text: str) -> "Jid":
        return cls.parse(text)

    @staticmethod
    def parse(text: str) -> "Jid":
        """Prepare an address that comes from outside.

        Raises `InvalidJid`. Addresses of at most `CACHED_LENGTH` characters are cached: equal
        texts give the same object.
        """
        if isinstance(text, Jid):
            return text
        return _cached(text) if len(text) <= CACHED_LENGTH else _prepared(text)

    @staticmethod
    def of(local: str, domain: str, resource: str = "") -> "Jid":
        """Prepare an address given in parts; an empty local or resource means none.

        Raises `InvalidJid`.
        """
        return _assembled(
            _part("localpart", prepare_local, local) if local else "",
            _part("domainpart", prepare_domain, domain),
            _part("resourcepart", prepare_resource, resource) if resource else "",
        )

    @property
    def is_bare(self) -> bool:
        """Whether the address has no resource."""
        return not self.resource

    @property
    def bare(self) -> "Jid":
        """The address without its resource."""
        if not self.resource:
            return self
        if self._bare is None:
            self._bare = _assembled(self.local, self.domain, "")
        return self._bare

    @property
    def host(self) -> "Jid":
        """The address of the domain alone."""
        if not self.local and not self.resource:
            return self
        return _assembled("", self.domain, "")

    def with_resource(self, resource: str) -> "Jid":
        """The same account or domain with another resource, which alone is prepared.

        Raises `InvalidJid`, for an empty resource too.
        """
        prepared = _part("resourcepart", prepare_resource, resource)
        return _assembled(self.local, self.domain, prepared)

    def __repr__(self) -> str:
        return f"Jid({str(self)!r})"

    def __reduce__(self) -> tuple[Callable[[str, str, str], "Jid"], tuple[str, str, str]]:
        return _assembled, (self.local, self.domain, self.resource)


def new_local(text: str) -> str:
    """Prepare the localpart of an account to be made here.

    It must be valid and identical under RFC 6122 and RFC 7622, without the characters RFC 7622,
    3.3.1 excludes. Raises `InvalidJid`.
    """
    return _part("localpart", prepare_new_local, text)


def _part(name: str, prepare: Callable[[str], str], text: str) -> str:
    try:
        return prepare(text)
    except ValueError as error:
        raise InvalidJid(f"bad {name}: {error}") from None


def _assembled(local: str, domain: str, resource: str) -> Jid:
    text = f"{local}@{domain}" if local else domain
    jid = str.__new__(Jid, f"{text}/{resource}" if resource else text)
    jid.local = local
    jid.domain = domain
    jid.resource = resource
    jid._bare = None
    return jid


def _prepared(text: str) -> Jid:
    plain = _ASCII_JID.fullmatch(text) if len(text) <= MAXIMUM_BYTES else None
    if plain is None:
        return _prepared_by_parts(text)
    local, domain, resource = plain.groups("")
    domain = domain.lower()
    if "xn--" in domain:
        return _prepared_by_parts(text)
    return _assembled(local.lower(), domain, resource)


_cached = lru_cache(CACHED_JIDS)(_prepared)


def _prepared_by_parts(text: str) -> Jid:
    """Split before preparing, at the first slash and the first at-sign (RFC 7622, 3.2)."""
    address, slash, resource = text.partition("/")
    local, at, domain = address.partition("@") if "@" in address else ("", "", address)
    return _assembled(
        _part("localpart", prepare_local, local) if at else "",
        _part("domainpart", prepare_domain, domain),
        _part("resourcepart", prepare_resource, resource) if slash else "",
    )
