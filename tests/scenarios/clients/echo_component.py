"""A component that sends every message back, and answers every request, until it is ended.

Called with a port for components, a domain, and the file with the secret.
"""

import sys
from pathlib import Path

from twisted.internet import reactor

from xmppd.link.dialer import Dialer
from xmppd.link.link import Item
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.stanza import Stanza


def main(port: str, name: str, secret_file: str) -> None:
    settings = WireSettings(Path(secret_file).read_text().strip())
    link = Dialer(name, f"tcp:127.0.0.1:{port}", settings, reactor)

    def echo(item: Item) -> None:
        if not isinstance(item, Stanza) or item.type in ("error", "result"):
            return
        if item.name == "iq":
            link.send(item.reply())
        elif item.name == "message":
            link.send(item.readdressed(item.sender, item.to))

    link.receiver = echo
    reactor.callWhenRunning(link.startService)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*sys.argv[1:])
