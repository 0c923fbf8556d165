"""A person with two devices and another person, with slixmpp; ends with 0 if all went well.

Called with a port that has STARTTLS, a domain, and the passwords of its juliet and romeo. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from typing import Any

import slixmpp

from tests.scenarios.clients import slixmpp_pair
from tests.scenarios.clients.slixmpp_pair import Check, message

PLUGINS = ("xep_0280", "xep_0297", "xep_0334")


class Client(slixmpp_pair.Client):
    """A client of today."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password, port)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for event in ("carbon_received", "carbon_sent"):
            self.add_event_handler(event, self._arrived)

    async def quiet(self) -> None:
        """Wait until the server has said all that it had to say."""
        await self["xep_0199"].ping(self.boundjid.domain)


def copy(kind: str, body: str) -> Check:
    """Whether a stanza is a copy of a message with this body."""

    def check(stanza: Any) -> bool:
        plugin = f"carbon_{kind}"
        return isinstance(stanza, slixmpp.Message) and stanza[plugin]["body"] == body

    return check


async def carbons(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0280: both sides of a conversation on both devices."""
    info = await phone["xep_0030"].get_info(phone.boundjid.domain)
    assert "urn:xmpp:carbons:rules:0" in info["disco_info"]["features"], info
    for device in phone, laptop:
        await device["xep_0280"].enable()
    romeo.send_message(laptop.boundjid, "to the laptop", mtype="chat")
    await laptop.sees(message("to the laptop"))
    copied = await phone.sees(copy("received", "to the laptop"))
    assert copied["from"] == phone.boundjid.bare, copied
    phone.send_message(romeo.boundjid, "from the phone", mtype="chat")
    await romeo.sees(message("from the phone"))
    copied = await laptop.sees(copy("sent", "from the phone"))
    assert copied["carbon_sent"]["from"] == phone.boundjid, copied
    await hints(phone, laptop, romeo)


async def hints(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0334: what is for one device alone."""
    private = romeo.make_message(laptop.boundjid, "for you alone", mtype="chat")
    private.enable("no-copy")
    private.send()
    await laptop.sees(message("for you alone"))
    await phone.quiet()
    assert not any(copy("received", "for you alone")(stanza) for stanza in phone.came)


STEPS = (carbons,)


async def main(port: str, domain: str, password1: str, password2: str) -> None:
    phone = Client(f"juliet@{domain}/phone", password1, int(port))
    laptop = Client(f"juliet@{domain}/laptop", password1, int(port))
    romeo = Client(f"romeo@{domain}/orchard", password2, int(port))
    for client in phone, laptop, romeo:
        await client.come()
    for step in STEPS:
        print(step.__name__, flush=True)
        await step(phone, laptop, romeo)
    for client in phone, laptop, romeo:
        await client.go()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
