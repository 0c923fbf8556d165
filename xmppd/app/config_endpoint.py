"""Twisted endpoint strings as configuration values: checked without listening."""

import errno
import re
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any, cast

from twisted.internet.endpoints import serverFromString

from xmppd.app.config_words import shown

HIGHEST_PORT = 65535

_REMEDY = "write it like tcp:5222 or tcp6:5222"
_ADVICE = {
    errno.EADDRINUSE: "stop what listens there, or choose another place",
    errno.EACCES: "ports below 1024 take root or CAP_NET_BIND_SERVICE: choose another place",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose another place",
}
_COLON = re.compile(r"(?<!\\):")


_NOWHERE = frozenset({"localhost", "test", "invalid", "example", "local", "onion"})
_EXAMPLES = frozenset({"example.com", "example.net", "example.org"})


def can_be_found(domain: str) -> bool:
    """Tell whether DNS may know a domain: not names for tests, examples and addresses."""
    labels = domain.split(".")
    if labels[-1] in _NOWHERE or ".".join(labels[-2:]) in _EXAMPLES or domain.startswith("["):
        return False
    return len(labels) > 1 and not labels[-1].isdigit()


def check_host_port(text: str) -> None:
    """Raise `ValueError` with a one-line reason unless this is an IP address and a port."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        if (":" in bare) != (bare != host) or not colon:
            raise ValueError
        ip_address(bare)
        if not 0 < int(port) <= HIGHEST_PORT:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"must be an IP address and a port (got {shown(text)}; write it like 192.0.2.1:5269 "
            "or [2001:db8::1]:5269)"
        ) from None


def check_endpoint(text: str, may_encrypt: bool = False) -> None:
    """Raise `ValueError` with a one-line reason unless Twisted could listen at this string.

    `may_encrypt` allows `ssl:`, whose certificate is read here.
    """
    kind = _parts(text)[0][0]
    if kind in {"ssl", "tls"} and not may_encrypt:
        raise ValueError(
            f'leave TLS to us: write a tcp: endpoint and tls = "direct" (got {shown(text)})'
        )
    try:
        # No parser touches the reactor before listen().
        serverFromString(cast(Any, None), text)
    except Exception as problem:  # parsers are plugins and raise what they like
        reason = str(problem) or type(problem).__name__
        raise ValueError(
            f"not a Twisted endpoint: {reason} (got {shown(text)}; {_REMEDY})"
        ) from None
    if kind in {"tcp", "tcp6"} and not 0 <= int(_value(text, "port", 0)) <= HIGHEST_PORT:
        raise ValueError(f"no such port (got {shown(text)}; {_REMEDY})")


def on_loopback(text: str) -> bool:
    """Tell whether a checked endpoint string is certain to be reached from this machine only."""
    kind = _parts(text)[0][0]
    if kind == "unix":
        return True
    if kind not in {"tcp", "tcp6"}:
        return False
    interface = _value(text, "interface", 1 if kind == "tcp" else 2)
    try:
        return interface == "localhost" or ip_address(interface).is_loopback
    except ValueError:
        return False


def is_private(text: str) -> bool:
    """Tell whether what comes at a checked endpoint string cannot be read on its way."""
    return _parts(text)[0][0] == "ssl" or on_loopback(text)


def reaches_privately(text: str) -> bool:
    """Tell whether what is sent to a client endpoint string cannot be read on its way."""
    kind = _parts(text)[0][0]
    if kind in {"tls", "ssl", "unix"}:
        return True
    host = _value(text, "host", 0)
    try:
        return kind == "tcp" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def shows_certificate(text: str) -> bool:
    """Tell whether a client endpoint string names a certificate for us to show."""
    positional, named = _parts(text)
    return positional[0] in {"tls", "ssl"} and not {"certificate", "certKey"}.isdisjoint(named)


def _parts(text: str) -> tuple[list[str], dict[str, str]]:
    """Split an endpoint string into its positional and its named parts."""
    pieces = [piece.replace("\\:", ":") for piece in _COLON.split(text)]
    named = dict(piece.split("=", 1) for piece in pieces if "=" in piece)
    return [piece for piece in pieces if "=" not in piece] or [""], named


def _value(text: str, name: str, place: int) -> str:
    """Return an argument of an endpoint, by its name or its place after the kind."""
    positional, named = _parts(text)
    return named.get(name, positional[place + 1] if len(positional) > place + 1 else "")


def everywhere(port: int) -> tuple[str, ...]:
    """Return the endpoint strings that make up a port on all addresses of this machine.

    Where there is IPv6 its wildcard takes IPv4 in too (RFC 3493, 5.3), and IPv4 cannot have the
    port again, unless the system says otherwise.
    """
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::", 0))
            apart = tried.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return (f"tcp:{port}",)
    return (f"tcp:{port}", f"tcp6:{port}") if apart else (f"tcp6:{port}",)


def try_places(texts: Iterable[str], where: str) -> None:
    """Raise `ValueError` with a one-line reason unless all checked endpoint strings can be bound.

    Kinds of endpoints other than TCP are left to their listening. `where` is the key that they
    come from, and its file.
    """
    with ExitStack() as held:
        for text in dict.fromkeys(texts):
            try:
                _try_place(text, held)
            except OSError as problem:
                advice = _ADVICE.get(problem.errno or 0, "choose another place")
                raise ValueError(
                    f"{where}: cannot listen at {text}: {problem.strerror} ({advice})"
                ) from None


def _try_place(text: str, held: ExitStack) -> None:
    """Listen as Twisted does, until `held` ends."""
    kind = _parts(text)[0][0]
    if kind not in {"tcp", "tcp6"}:
        return
    family = socket.AF_INET if kind == "tcp" else socket.AF_INET6
    tried = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tried.bind((_value(text, "interface", 1 if kind == "tcp" else 2), int(_value(text, "port", 0))))
    tried.listen(1)
