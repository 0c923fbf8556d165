"""Links of a router, made of what the configuration says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.protocols.tls import TLSMemoryBIOFactory

from xmppd.app.config import link_secret
from xmppd.app.config_key import ConfigError
from xmppd.app.config_links import LinkListen, Queue
from xmppd.app.config_model import Config
from xmppd.app.config_words import shown
from xmppd.link.acceptor import Acceptor
from xmppd.link.entrance import Entrance
from xmppd.link.newcomers import Newcomers
from xmppd.link.queue import Bounds
from xmppd.link.router import Router
from xmppd.link.rules import LinkRules
from xmppd.link.turn import Turn
from xmppd.link.uplink import Uplink
from xmppd.link.wire_settings import WireSettings
from xmppd.tls.mutual import server_side, shows_name

RESTART_SECONDS = 10.0
"""What comes for a process of this server waits so long for it to be there again."""


class LinkService(StreamServerEndpointService):
    """Listens for the links of one place; stopping closes them.

    Raises CertificateError for files that cannot be used.
    """

    def __init__(
        self,
        acceptors: Sequence[Acceptor],
        place: LinkListen,
        reactor: Any,
        newcomers: Newcomers,
    ) -> None:
        self.acceptors = acceptors
        self._entrance = Entrance(acceptors, newcomers)
        factory: Any = self._entrance
        if place.certificate is not None:
            options = server_side(place.certificate, place.client_ca, datetime.now(UTC))
            factory = TLSMemoryBIOFactory(options, False, factory)
        endpoint = serverFromString(reactor, place.endpoint)
        StreamServerEndpointService.__init__(self, endpoint, factory)

    def stopService(self) -> Any:
        """Stop listening and end all links in order; fires when they have gone."""
        closed = self._entrance.stop()
        stopped = maybeDeferred(StreamServerEndpointService.stopService, self)
        return stopped.addCallback(lambda _: closed)


def link_services(config: Config, router: Router, reactor: Any) -> list[LinkService]:
    """A service for each place where links come.

    Raises ConfigError for an unusable secret, CertificateError for an unusable certificate.
    """
    turn = Turn(reactor)
    newcomers = Newcomers(config.router.unproved, config.router.unproved_per_address)

    def is_free(name: str, trusted: bool) -> bool:
        taken = router.explain(name, default=False)
        is_there = taken.port is not None and not router.is_expected(name)
        if is_there and (taken.table == "exact" or not trusted):
            return False
        return trusted or name not in (*config.domains, config.muc.domain)

    def acceptor(place: LinkListen) -> Acceptor:
        check = partial(is_free, trusted=place.trusted)
        return Acceptor(router, rules_of(place), reactor, turn, check)

    sharing: dict[str, list[LinkListen]] = {}
    for place in config.router.listen:
        sharing.setdefault(place.endpoint, []).append(place)
    return [
        LinkService([acceptor(place) for place in places], places[0], reactor, newcomers)
        for places in sharing.values()
    ]


def uplinks(config: Config, router: Router, reactor: Any) -> list[Uplink]:
    """A service for each link that is dialed.

    Raises ConfigError for an unusable secret or endpoint.
    """
    return [
        Uplink(
            router,
            place.name,
            dialable(place.endpoint, reactor),
            WireSettings(
                secret_of(place.secret_file), place.stanza_bytes, ping=float(place.ping_seconds)
            ),
            reactor,
            bounds=_bounds(place.queue),
            routes=place.routes,
            default=place.default,
        )
        for place in config.router.connect
    ]


def _bounds(queue: Queue, trusted: bool = False) -> Bounds:
    absent = queue.absent_seconds
    bounds = Bounds(queue.stanzas, queue.bytes, queue.seconds, absent or 0)
    if absent is not None or not trusted:
        return bounds
    return attrs.evolve(bounds, absent=RESTART_SECONDS, envelopes=False)


def dialable(endpoint: str, reactor: Any) -> str:
    """The client endpoint string, if it can be used, with the files that it names.

    Raises ConfigError.
    """
    try:
        clientFromString(reactor, endpoint)
    except Exception as problem:  # parsers are plugins and raise what they like
        raise ConfigError(f"{shown(endpoint)}: cannot be dialed: {problem}") from None
    return endpoint


def secret_of(file: Path | None) -> str | None:
    """The secret of a link that has one. Raises ConfigError."""
    return None if file is None else link_secret(file)


def rules_of(place: LinkListen) -> LinkRules:
    """What a configured link may do."""
    return LinkRules(
        name=place.name or place.endpoint,
        settings=WireSettings(
            place.secret or secret_of(place.secret_file),
            place.stanza_bytes,
            place.trusted,
            float(place.ping_seconds),
            partial(shows_name, place.client_names) if place.client_names else None,
        ),
        routes=place.routes,
        default=place.default,
        instances=place.instances,
        duplicates=place.duplicates,
        balance=place.balance,
        bounds=_bounds(place.queue, place.trusted),
        lenient=place.lenient,
        may_bind=place.may_bind,
    )
