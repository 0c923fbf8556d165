"""The echo bot of slixmpp's guide: a component that sends messages back, until it is ended.

Called with a port for components, a domain, and the secret.
"""

import asyncio
import sys
from typing import Any

from slixmpp.componentxmpp import ComponentXMPP


class EchoComponent(ComponentXMPP):  # type: ignore[misc]
    def __init__(self, jid: str, secret: str, server: str, port: int) -> None:
        ComponentXMPP.__init__(self, jid, secret, server, port)
        self.add_event_handler("message", self.message)

    def message(self, msg: Any) -> None:
        msg.reply("Thanks for sending:\n{}".format(msg["body"])).send()


async def main(port: str, domain: str, secret: str) -> None:
    bot = EchoComponent(domain, secret, "127.0.0.1", int(port))
    for plugin in ("xep_0030", "xep_0004", "xep_0060", "xep_0199"):
        bot.register_plugin(plugin)
    bot.connect()
    await bot.disconnected


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
