"""What one network address may do at once, and in a minute (XEP-0205)."""

from ipaddress import IPv6Address, ip_address, ip_network

from twisted.internet.interfaces import IAddress

MAX_ADDRESSES = 100_000
"""Addresses whose attempts are counted within a minute; those beyond go uncounted."""


def plain_address(address: IAddress | None) -> str:
    """The IP address as text, IPv4 also where it came over an IPv6 socket; empty: no IP."""
    host = str(getattr(address, "host", "") or "").partition("%")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def shown_address(address: IAddress | None) -> str:
    """For people: host and port, the path of a UNIX socket, or just that it is one."""
    host, port = plain_address(address), getattr(address, "port", "?")
    if host:
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = getattr(address, "name", None)
    return name.decode("utf-8", "replace") if name else "a UNIX socket"


def address_key(address: IAddress | None) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64; empty where nothing counts."""
    text = plain_address(address)
    return str(ip_network((text, 64), strict=False)) if ":" in text else text


class AddressLimits:
    """Counts connections and attempts to log in by address.

    `connections` may be open at once, `attempts` made within a minute; 0 is no limit.
    """

    def __init__(self, connections: int = 0, attempts: int = 0) -> None:
        self.connections = connections
        self.attempts = attempts
        self._open: dict[str, int] = {}
        self._tried: dict[str, int] = {}

    def connected(self, key: str) -> bool:
        """Count a connection. False: it is one too many, and not counted."""
        if not key:
            return True
        count = self._open.get(key, 0)
        if self.connections and count >= self.connections:
            return False
        self._open[key] = count + 1
        return True

    def disconnected(self, key: str) -> None:
        """Count a connection no more."""
        count = self._open.get(key, 0) - 1
        if count > 0:
            self._open[key] = count
        else:
            self._open.pop(key, None)

    def tried(self, key: str) -> bool:
        """Count an attempt to log in. False: it is one too many."""
        if not key or not self.attempts:
            return True
        count = self._tried.get(key, 0) + 1
        if count > 1 or len(self._tried) < MAX_ADDRESSES:
            self._tried[key] = count
        return count <= self.attempts

    def next_minute(self) -> None:
        """Forget the attempts of the last one."""
        self._tried.clear()
