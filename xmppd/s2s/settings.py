"""What federation wants to know of its configuration, whatever keeps it."""

from collections.abc import Mapping
from typing import Any, Protocol


class Limits(Protocol):
    """What one server, or one address, may ask; the configuration's `ServerLimits` fits."""

    @property
    def connections_per_address(self) -> int: ...
    @property
    def stanza_bytes_before_proof(self) -> int: ...
    @property
    def stanza_bytes(self) -> int: ...
    @property
    def bytes_per_second(self) -> int: ...
    @property
    def proof_seconds(self) -> int: ...
    @property
    def verifications(self) -> int: ...
    @property
    def connect_seconds(self) -> int: ...
    @property
    def idle_seconds(self) -> int: ...
    @property
    def queue_stanzas(self) -> int: ...
    @property
    def queue_bytes(self) -> int: ...
    @property
    def queue_seconds(self) -> int: ...


class Settings(Protocol):
    """The configuration's `Federation` fits."""

    @property
    def limits(self) -> Limits: ...
    @property
    def private_addresses(self) -> bool: ...
    @property
    def static(self) -> Mapping[Any, Any]:
        """By domain where it is: `connect`, an address and port, and `tls`."""

    def policy_of(self, domain: str) -> str:
        """What proves a domain: `certificate`, `dialback-over-tls`, `plaintext-dialback`."""
