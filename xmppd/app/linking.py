"""Links of a router, made of what the configuration says of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString

from xmppd.app.config import link_secret
from xmppd.app.config_model import Config, LinkListen, Queue
from xmppd.link.acceptor import Acceptor, LinkRules
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.link.turn import Turn
from xmppd.link.uplink import Uplink
from xmppd.link.wire import WireSettings


class LinkService(StreamServerEndpointService):
    """Listens for the links of one place; stopping closes them."""

    def __init__(self, acceptor: Acceptor, endpoint: str, reactor: Any) -> None:
        StreamServerEndpointService.__init__(self, serverFromString(reactor, endpoint), acceptor)
        self.acceptor = acceptor

    def stopService(self) -> Any:
        """Stop listening and end all links in order; fires when they have gone."""
        closed = self.acceptor.stop()
        stopped = maybeDeferred(StreamServerEndpointService.stopService, self)
        return stopped.addCallback(lambda _: closed)


def link_services(config: Config, router: Router, reactor: Any) -> list[LinkService]:
    """A service for each place where links come. Raises ConfigError for an unusable secret."""
    turn = Turn(reactor)

    def is_free(name: str, trusted: bool) -> bool:
        taken = router.explain(name, default=False)
        if taken.table == "exact" and taken.port is not None:
            return False
        return trusted or name not in config.domains

    def acceptor(place: LinkListen) -> Acceptor:
        check = partial(is_free, trusted=place.trusted)
        return Acceptor(router, rules_of(place), reactor, turn, check)

    return [LinkService(acceptor(place), place.endpoint, reactor) for place in config.router.listen]


def uplinks(config: Config, router: Router, reactor: Any) -> list[Uplink]:
    """A service for each link that is dialed. Raises ConfigError for an unusable secret."""
    return [
        Uplink(
            router,
            place.name,
            place.endpoint,
            WireSettings(
                link_secret(place.secret_file), place.stanza_bytes, ping=float(place.ping_seconds)
            ),
            reactor,
            bounds=_bounds(place.queue),
            routes=place.routes,
            default=place.default,
        )
        for place in config.router.connect
    ]


def _bounds(queue: Queue) -> Bounds:
    return Bounds(queue.stanzas, queue.bytes, queue.seconds, queue.absent_seconds)


def rules_of(place: LinkListen) -> LinkRules:
    """What a configured link may do."""
    return LinkRules(
        name=place.name or place.endpoint,
        settings=WireSettings(
            place.secret or link_secret(place.secret_file),
            place.stanza_bytes,
            place.trusted,
            float(place.ping_seconds),
        ),
        routes=place.routes,
        default=place.default,
        instances=place.instances,
        duplicates=place.duplicates,
        balance=place.balance,
        bounds=_bounds(place.queue),
        lenient=place.lenient,
        may_bind=place.may_bind,
    )
