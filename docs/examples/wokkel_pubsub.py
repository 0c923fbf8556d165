"""A publish-subscribe service of wokkel behind a link of xmppd.

    python wokkel_pubsub.py tcp:127.0.0.1:5347 news.example.com secret

runs it in a process of its own, where the last word is the file with the secret that the server
wants; `serve(name, router.link([name]))` runs it in the process of a router.
"""

import sys
from pathlib import Path

import xmppd.link.wokkel_shim  # first: without it wokkel cannot be imported  # noqa: F401

# isort: split
from twisted.internet import reactor
from twisted.internet.defer import succeed
from wokkel.disco import DiscoHandler
from wokkel.generic import FallbackHandler
from wokkel.ping import PingHandler
from wokkel.pubsub import PubSubService, Subscription
from wokkel.subprotocols import StreamManager

from xmppd.link.dialer import Dialer
from xmppd.link.link import Link
from xmppd.link.subprotocol import LinkStreams
from xmppd.link.wire_settings import WireSettings


class Board(PubSubService):
    """Nodes that hold nothing: what is published is told to who has subscribed."""

    def __init__(self):
        super().__init__()
        self.nodes = {}

    def subscribe(self, requestor, service, node, subscriber):
        subscription = Subscription(node, subscriber, "subscribed")
        self.nodes.setdefault(node, {})[subscriber] = subscription
        return succeed(subscription)

    def publish(self, requestor, service, node, items):
        subscriptions = self.nodes.get(node, {}).items()
        self.notifyPublish(service, node, [(who, [one], items) for who, one in subscriptions])
        return succeed(None)


def serve(name: str, link: Link) -> LinkStreams:
    """Run the service behind a link; `close` of what it gives ends it."""
    streams = LinkStreams(name)
    manager = StreamManager(streams)
    for handler in (DiscoHandler(), PingHandler(), Board(), FallbackHandler()):
        handler.setHandlerParent(manager)
    streams.attach(link)
    return streams


def main(endpoint: str, name: str, secret_file: str) -> None:
    settings = WireSettings(Path(secret_file).read_text().strip())
    link = Dialer(name, endpoint, settings, reactor)
    serve(name, link)
    reactor.callWhenRunning(link.startService)
    reactor.addSystemEventTrigger("before", "shutdown", link.stopService)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
