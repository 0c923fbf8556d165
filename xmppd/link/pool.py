"""Choosing among several links that serve the same addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item
from xmppd.link.receipts import is_counted


class Member(Protocol):
    """One link of a pool, by the name under which it is chosen."""

    name: str

    @property
    def is_ready(self) -> bool:
        """Whether it would take an item at once."""


M = TypeVar("M", bound=Member)

Key = Callable[[Item], str]
"""What of an item decides about the member it goes to."""


def by_recipient(item: Item) -> str:
    """The bare `to`: accounts, rooms."""
    return item.to.bare if item.to is not None else ""


def by_sender(item: Item) -> str:
    """The bare `from`: gateways, whose users hang on them."""
    return item.sender.bare if item.sender is not None else ""


def by_domains(item: Item) -> str:
    """The ordered pair of domains: servers elsewhere."""
    sender, to = item.sender, item.to
    if isinstance(item, Envelope) and is_counted(item):
        sender = item.items[0].sender
    return f"{sender.domain if sender else ''} {to.domain if to else ''}"


class Balance(Protocol):
    """How a pool chooses."""

    def choose(self, members: Sequence[M], item: Item) -> M:
        """One of the members, of whom there is at least one."""


class RoundRobin:
    """The next one each time that is ready to take something; the next one where none is."""

    def __init__(self) -> None:
        self._turn = -1

    def choose(self, members: Sequence[M], item: Item) -> M:
        first = self._turn + 1
        for turn in range(first, first + len(members)):
            member = members[turn % len(members)]
            if member.is_ready:
                self._turn = turn % len(members)
                return member
        self._turn = first % len(members)
        return members[self._turn]


class Sticky:
    """The same one for the same key, by rendezvous hash.

    Whoever comes or goes, only keys of that very member move.
    """

    def __init__(self, key: Key = by_recipient) -> None:
        self._key = key

    def choose(self, members: Sequence[M], item: Item) -> M:
        if len(members) == 1:
            return members[0]
        key = self._key(item).encode()
        return max(members, key=lambda member: _weight(member.name, key))


def _weight(name: str, key: bytes) -> bytes:
    return blake2b(key, digest_size=8, key=name.encode()[:64]).digest()


BALANCES: dict[str, Callable[[], Balance]] = {
    "round-robin": RoundRobin,
    "recipient": Sticky,
    "sender": lambda: Sticky(by_sender),
    "domains": lambda: Sticky(by_domains),
}
"""The ways of choosing, by the name that configuration gives them."""
