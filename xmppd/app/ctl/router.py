"""Verbs on the router: its links, its routes, and the way that a stanza would take."""

from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from xmppd.app.config_words import shown, suggestion
from xmppd.app.ctl.remote import way_to
from xmppd.app.ctl.verb import WAY, Parameter, Refused, Routing, Verb
from xmppd.link.acceptor import Acceptor
from xmppd.link.expected import EXPECTED_SECONDS, Expected
from xmppd.link.routes import Port, Route
from xmppd.link.trunk import Trunk
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.stanza import Stanza

HERE = "this process"
"""The peer of a link that is no wire."""

_log = Logger()


async def link_list(server: Routing) -> list[dict[str, Any]]:
    """Every link, be it up or down."""
    routes = server.router.routes()
    return [_described(server, name, port, routes) for name, port in links(server).items()]


async def route_list(server: Routing) -> list[dict[str, Any]]:
    """Every route. One whose link has gone bounces, and names none."""
    names = {port: name for name, port in links(server).items()}
    return [
        {
            "table": route.table,
            "match": route.match,
            "link": None if route.port is None else names.get(route.port),
            "state": state(route.port),
        }
        for route in server.router.routes()
    ]


async def route_explain(server: Any, sender: str, to: str) -> dict[str, Any]:
    """The way that a stanza between two addresses would take now, without sending one.

    `instance` is the process that would get it, where several share a link; `remote` how it would
    go on to another server, where this very process speaks with those.
    """
    router, recipient = server.router, address(to)
    route = router.explain(recipient.domain)
    names = {port: name for name, port in links(server).items()}
    speaker = router.owner(address(sender).domain)
    wait = 0.0 if route.port is None else _patience(route.port)
    return {
        "from": address(sender),
        "to": recipient,
        "table": route.table,
        "match": route.match,
        "link": None if route.port is None else names.get(route.port),
        "state": state(route.port),
        "waits_seconds": wait,
        "condition": router.condition(recipient) if wait == 0 else None,
        "spoken_by": None if speaker is None else names.get(speaker),
        "instance": _instance(route.port, address(sender), recipient),
        "remote": await _remote(server, route, address(sender), recipient),
    }


def _instance(port: Port | None, sender: Jid, to: Jid) -> str | None:
    """Who would get it of those that share a link."""
    like = Stanza.make("message", to=to, sender=sender)
    return port.member_for(like) if isinstance(port, Trunk) else None


async def _remote(server: Any, route: Route, sender: Jid, to: Jid) -> dict[str, Any] | None:
    federation = getattr(server, "federation", None)
    if route.table != "default" or federation is None or isinstance(route.port, Trunk):
        return None
    return await way_to(federation.edge, sender.host, to.host)


async def bind(server: Routing, link: str, domain: str) -> dict[str, Any]:
    """Give a link one more domain, or a wildcard, until it is taken away or the router stops."""
    return _changed(server, link, domain, Acceptor.bind, "now")


async def unbind(server: Routing, link: str, domain: str) -> dict[str, Any]:
    """Take a domain, or a wildcard, from a link: what is sent there bounces."""
    return _changed(server, link, domain, Acceptor.unbind, "no more")


def _changed(
    server: Routing,
    link: str,
    domain: str,
    change: Callable[[Acceptor, str, str], None],
    since: str,
) -> dict[str, Any]:
    """Have a link's domains be others, and say so in the log."""
    pattern = _pattern(domain)
    try:
        change(acceptor_of(server, link), link, pattern)
    except StanzaError as error:
        raise Refused(_refusal(link, pattern, error.condition)) from None
    _log.info(
        "{domain} is routed to {link} {since}, as an administrator wants",
        domain=pattern,
        link=link,
        since=since,
    )
    return {"link": link, "domain": pattern}


def links(server: Routing) -> dict[str, Port]:
    """Every link by its name: those that have connected, and those that have a route."""
    found: dict[str, Port] = {
        trunk.name: trunk for each in _acceptors(server) for trunk in each.trunks.values()
    }
    known = set(found.values())
    routes = [
        route
        for route in server.router.routes()
        if route.port is not None and not isinstance(route.port, Expected)
    ]
    # an instance is called by its name rather than by its first domain
    for route in sorted(routes, key=lambda route: route.table != "instance"):
        port = route.port
        if port is not None and port not in known:
            known.add(port)
            found[port.name if isinstance(port, Trunk) else route.match] = port
    return found


def _acceptors(server: Routing) -> list[Acceptor]:
    return [acceptor for service in server.links for acceptor in service.acceptors]


def acceptor_of(server: Routing, link: str) -> Acceptor:
    """The place where a link comes. Raises `Refused`."""
    for acceptor in _acceptors(server):
        if link in acceptor.trunks:
            return acceptor
    known = links(server)
    if link in known:
        raise Refused(f"{link}: its domains are what the configuration says (change that)")
    raise Refused(f"no such link: {shown(link)} ({suggestion(link, known)})")


def state(port: Port | None) -> str:
    """`up` or `down`."""
    if port is None or isinstance(port, Expected):
        return "down"
    return "up" if not isinstance(port, Trunk) or port.is_up else "down"


def address(text: str) -> Jid:
    """An address. Raises `Refused`."""
    try:
        return Jid.parse(text)
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None


def _pattern(text: str) -> str:
    """A domain or wildcard in its prepared form. Raises `Refused`."""
    wildcard = "*." if text.startswith("*.") else ""
    try:
        return wildcard + Jid.of("", text.removeprefix(wildcard)).domain
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None


def _refusal(link: str, domain: str, condition: str) -> str:
    said: Mapping[str, str] = {
        "forbidden": f"{link} may not have {domain} (add it to the link's may_bind)",
        "conflict": f"{domain} is another link's (unbind it there)",
        "item-not-found": f"{domain} is not routed to {link}",
    }
    return said.get(condition, f"{domain}: {condition}")


def _described(server: Routing, name: str, port: Port, routes: list[Route]) -> dict[str, Any]:
    own = [route for route in routes if route.port is port]
    members = port.members if isinstance(port, Trunk) else None
    return {
        "link": name,
        "state": state(port),
        "peers": [HERE] if members is None else [_peer(each.connection) for each in members],
        "routes": [route.match for route in own if route.table in ("exact", "wildcard")],
        "instances": [route.match for route in own if route.table == "instance"],
        "default": any(route.table == "default" for route in own),
        "waiting": port.waiting if isinstance(port, Trunk) else 0,
        "trusted": _is_trusted(server, port),
    }


def _is_trusted(server: Routing, port: Port) -> bool:
    for acceptor in _acceptors(server):
        if port in acceptor.trunks.values():
            return acceptor.rules.settings.trusted
    return server.router.is_trusted(port)


def _patience(port: Port) -> float | None:
    """Seconds that a stanza waits for a link which is down; None where it goes at once."""
    if isinstance(port, Expected):
        return EXPECTED_SECONDS
    return port.absent_seconds if isinstance(port, Trunk) and not port.is_up else None


def _peer(carrier: Any) -> str:
    return str(getattr(carrier, "peer", ""))


_LINK = Parameter("link", "link", "The link, by its name.")
_ROUTED = Parameter("domain", "domain", "The domain, or a wildcard such as *.example.com.")

VERBS = (
    Verb("link_list", "List the links of the router.", link_list, needs="server", role="router"),
    Verb("route_list", "List the routes.", route_list, needs="server", role="router"),
    Verb(
        "route_explain",
        "Tell the way of a stanza between two addresses.",
        route_explain,
        WAY,
        needs="server",
        role="router",
    ),
    Verb(
        "bind",
        "Route a domain to a link, until the router stops.",
        bind,
        (_LINK, _ROUTED),
        needs="server",
        role="router",
        who="owner",
        changes=True,
    ),
    Verb(
        "unbind",
        "Take a domain from a link: what is sent there bounces.",
        unbind,
        (_LINK, _ROUTED),
        needs="server",
        role="router",
        who="owner",
        changes=True,
    ),
)
