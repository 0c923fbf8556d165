"""How a process is, as people read it."""

from collections.abc import Iterable
from typing import Any


def told_status(result: dict[str, Any]) -> Iterable[str]:
    """A status, as lines of text."""
    return [f"{name:<14} {fact}" for name, fact in _facts(result)]


def _facts(result: dict[str, Any]) -> Iterable[tuple[str, object]]:
    """What a status says; what a process does not do is left out."""
    memory = result["memory_bytes"]
    yield "version", result["version"]
    yield "process", result["pid"]
    yield "running for", duration(result["uptime_seconds"])
    yield "memory", "unknown" if memory is None else f"{memory / (1 << 20):.1f} MiB"
    yield "configuration", result["configuration"]
    yield "data", result["data"]
    if "storage" in result:
        yield "storage", ", ".join(result["storage"])
    for each in result.get("listening", ()):
        yield "listening", f"{each['endpoint']} ({each['tls']})"
    for endpoint in result.get("links_at", ()):
        yield "links come to", endpoint
    if "router" in result:
        yield "router", f"link {result['router']}"
    if "links" in result:
        yield "links", f"{result['links']['up']} up, {result['links']['down']} down"
    for name in ("streams", "sessions"):
        if name in result:
            yield name, result[name]
    if "detached" in result:
        yield "detached", f"{result['detached']} of them wait for their clients"
    for each in result.get("domains", ()):
        yield "domain", f"{each['domain']} ({each['sessions']})"
    if "unproved" in result:
        yield from _servers(result["server_streams"], result["unproved"])


def _servers(connections: int, unproved: dict[str, int]) -> Iterable[tuple[str, object]]:
    few = unproved["open"]
    yield "other servers", f"{connections - few} connections, {few} that have proved nothing"
    if unproved["ended_for_newer"]:
        yield "", f"{unproved['ended_for_newer']} more of those have ended for newer ones"


def duration(seconds: int) -> str:
    """Return a time span in days, hours, minutes and seconds."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days} d {clock}" if days else clock
