"""How a process of a server is: what it does tells what it has to say."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xmppd.app.ctl.router import links, state
from xmppd.app.ctl.verb import Verb
from xmppd.extensions.version import software_version


async def status(server: Any) -> dict[str, Any]:
    """How the process is: itself, its link to a router, its sessions, its streams, its links."""
    config = server.config
    facts = {
        "version": software_version(),
        "pid": os.getpid(),
        "uptime_seconds": int(server.reactor.seconds() - server.since),
        "memory_bytes": memory(),
        "configuration": config.origin.name,
        "data": str(config.data),
    }
    if hasattr(server, "linked"):
        facts["router"] = "up" if server.linked else "down"
    for has, part in _PARTS:
        if hasattr(server, has):
            facts |= part(server)
    return facts


def _sessions(server: Any) -> Iterable[tuple[str, Any]]:
    hosts = server.manager.hosts
    sessions = {domain: len(host.sessions()) for domain, host in hosts.items()}
    yield "storage", sorted(server.config.back_ends)
    yield "sessions", sum(sessions.values())
    yield "detached", len(server.manager.detached)
    domains = server.config.domains
    yield (
        "domains",
        [{"domain": domain, "sessions": sessions.get(domain, 0)} for domain in domains],
    )


def _clients(server: Any) -> Iterable[tuple[str, Any]]:
    places = server.config.c2s.listen
    yield "streams", server.edge.connections
    yield "listening", [{"endpoint": place.endpoint, "tls": place.tls} for place in places]


def _servers(server: Any) -> Iterable[tuple[str, Any]]:
    if server.federation is None:
        return
    edge = server.federation.edge
    yield "server_streams", len(edge.live)
    yield "unproved", {"open": len(edge.unproved), "ended_for_newer": edge.unproved.ended}


def _links(server: Any) -> Iterable[tuple[str, Any]]:
    states = [state(port) for port in links(server).values()]
    yield "links", {"up": states.count("up"), "down": states.count("down")}
    yield "links_at", [place.endpoint for place in server.config.router.listen]


_PARTS = (
    ("manager", _sessions),
    ("edge", _clients),
    ("federation", _servers),
    ("router", _links),
)


def memory() -> int | None:
    """Return the bytes of memory in use by this process; None where nothing tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


VERBS = (Verb("status", "Tell how the server is.", status, needs="server", role="any"),)
