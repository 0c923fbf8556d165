"""A publish-subscribe service with wokkel's own component, until it is ended.

Called with a port for components, a domain, and the secret.
"""

import sys
from typing import Any

import xmppd.link.wokkel_shim  # noqa: F401

# isort: split
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from wokkel.component import Component
from wokkel.disco import DiscoHandler
from wokkel.generic import FallbackHandler
from wokkel.ping import PingHandler
from wokkel.pubsub import PubSubService, Subscription


class Board(PubSubService):  # type: ignore[misc]
    """One node: what is published there, and who gets to hear of it."""

    def __init__(self) -> None:
        super().__init__()
        self.subscribers: dict[Any, Subscription] = {}

    def subscribe(self, requestor: Any, service: Any, node: str, who: Any) -> Deferred[Any]:
        self.subscribers[who] = Subscription(node, who, "subscribed")
        return succeed(self.subscribers[who])

    def publish(self, requestor: Any, service: Any, node: str, items: list[Any]) -> Deferred[None]:
        told = [(who, [one], items) for who, one in self.subscribers.items()]
        self.notifyPublish(service, node, told)
        return succeed(None)


def main(port: str, domain: str, secret: str) -> None:
    component = Component("127.0.0.1", int(port), domain, secret)
    for handler in (DiscoHandler(), PingHandler(), Board(), FallbackHandler()):
        handler.setHandlerParent(component)
    component.startService()
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*sys.argv[1:])
