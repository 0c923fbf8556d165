"""Links of a router, made of what the configuration says of them."""

from __future__ import annotations

from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.endpoints import serverFromString

from xmppd.app.config import link_secret
from xmppd.app.config_model import Config, LinkListen
from xmppd.link.acceptor import Acceptor, LinkRules
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.link.turn import Turn
from xmppd.link.wire import WireSettings


class LinkService(StreamServerEndpointService):
    """Listens for the links of one place; stopping closes them."""

    def __init__(self, acceptor: Acceptor, endpoint: str, reactor: Any) -> None:
        StreamServerEndpointService.__init__(
            self, serverFromString(reactor, endpoint), acceptor
        )
        self.acceptor = acceptor

    def stopService(self) -> Any:
        """Stop listening and end all links in order."""
        self.acceptor.stop()
        return StreamServerEndpointService.stopService(self)


def link_services(config: Config, router: Router, reactor: Any) -> list[LinkService]:
    """A service for each place where links come. Raises ConfigError for an unusable secret."""
    turn = Turn(reactor)

    def is_free(name: str) -> bool:
        ours = (*config.domains, config.muc.domain)
        return name not in ours and not router.serves(name)

    return [
        LinkService(
            Acceptor(router, rules_of(place), reactor, turn, is_free), place.endpoint, reactor
        )
        for place in config.router.listen
    ]


def rules_of(place: LinkListen) -> LinkRules:
    """What a configured link may do."""
    queue = place.queue
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
        bounds=Bounds(queue.stanzas, queue.bytes, queue.seconds, queue.absent_seconds),
        lenient=place.lenient,
    )
