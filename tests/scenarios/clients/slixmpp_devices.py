"""A person with two devices and another person, with slixmpp; ends with 0 if all went well.

Called with a port that has STARTTLS, a domain, and the passwords of its juliet and romeo. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from typing import Any

import slixmpp
from slixmpp.xmlstream import ET

from tests.scenarios.clients import slixmpp_pair
from tests.scenarios.clients.slixmpp_pair import Check, message, presence

PLUGINS = ("xep_0016", "xep_0191", "xep_0280", "xep_0297", "xep_0334", "xep_0352", "xep_0377")

BLOCKING = "urn:xmpp:blocking"
REPORTING = "urn:xmpp:reporting:1"

OF_SERVER = {
    "http://jabber.org/protocol/commands",
    "jabber:iq:privacy",
    "msgoffline",
    "urn:xmpp:carbons:2",
    "urn:xmpp:carbons:rules:0",
    "urn:xmpp:message-retract:1",
    BLOCKING,
    REPORTING,
}
OF_ACCOUNT = {
    "urn:xmpp:mam:2",
    "urn:xmpp:mam:2#extended",
    "urn:xmpp:message-retract:1",
    "urn:xmpp:message-retract:1#tombstone",
    "urn:xmpp:push:0",
    "urn:xmpp:sid:0",
}


class Client(slixmpp_pair.Client):
    """A client of today."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password, port)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for event in ("carbon_received", "carbon_sent", "blocked", "unblocked"):
            self.add_event_handler(event, self._arrived)

    async def quiet(self) -> None:
        """Wait until the server has said all that it had to say."""
        await self.plugin["xep_0199"].ping(self.boundjid.domain)


def copy(kind: str, body: str) -> Check:
    """Whether a stanza is a copy of a message with this body."""

    def check(stanza: Any) -> bool:
        plugin = f"carbon_{kind}"
        return isinstance(stanza, slixmpp.Message) and stanza[plugin]["body"] == body

    return check


async def advertised(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0030: what the server can do, and what it does for the account."""
    for jid, expected in (phone.boundjid.domain, OF_SERVER), (phone.boundjid.bare, OF_ACCOUNT):
        info = await phone.plugin["xep_0030"].get_info(jid)
        missing = expected - info["disco_info"]["features"]
        assert not missing, missing


async def carbons(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0280: both sides of a conversation on both devices."""
    for device in phone, laptop:
        await device.plugin["xep_0280"].enable()
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


async def blocking(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0191 and XEP-0377: a contact appears to go, and cannot be reached either way."""
    await slixmpp_pair.subscribe(phone, romeo)
    for device in phone, laptop:
        assert await device.plugin["xep_0191"].get_blocked_jids() == set()
    command = phone.make_iq_set()
    block = ET.SubElement(command.xml, f"{{{BLOCKING}}}block")
    item = ET.SubElement(block, f"{{{BLOCKING}}}item", jid=romeo.boundjid.bare)
    ET.SubElement(item, f"{{{REPORTING}}}report", reason="urn:xmpp:reporting:spam")
    await command.send()
    for device in phone, laptop:
        pushed = await device.sees(is_block)
        assert [item["jid"] for item in pushed["block"]] == [romeo.boundjid.bare], pushed
        await romeo.sees(presence("unavailable", device))
    assert await refusal(romeo, phone.boundjid.bare) == "service-unavailable"
    assert await refusal(phone, romeo.boundjid.bare) == "not-acceptable"
    await privacy_lists(phone, laptop, romeo)
    await phone.plugin["xep_0191"].unblock(romeo.boundjid.bare)
    await romeo.sees(presence("available", phone))
    romeo.send_message(phone.boundjid, "is it you?", mtype="chat")
    await phone.sees(message("is it you?"))


async def privacy_lists(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0016, by a client of old: it sees what was blocked, and may be let off for itself."""
    lists = await laptop.plugin["xep_0016"].get_privacy_lists()
    name = lists["privacy"]["default"]["name"]
    [rule] = (await laptop.plugin["xep_0016"].get_list(name))["privacy"]["list"]["items"]
    assert (rule["type"], rule["value"], rule["action"]) == ("jid", romeo.boundjid.bare, "deny")
    everybody = [{"value": "", "action": "allow", "order": "1"}]
    await laptop.plugin["xep_0016"].edit_list("everybody", everybody)
    await laptop.plugin["xep_0016"].activate("everybody")
    await romeo.sees(presence("available", laptop))
    romeo.send_message(laptop.boundjid, "still here", mtype="chat")
    await laptop.sees(message("still here"))
    await laptop.plugin["xep_0016"].deactivate()
    await romeo.sees(presence("unavailable", laptop))


def is_block(stanza: Any) -> bool:
    """Whether a stanza is a push of who has been blocked."""
    return stanza.xml.find(f"{{{BLOCKING}}}block") is not None


async def refusal(sender: Client, to: str) -> str:
    """The condition of the error that a message gets."""
    sender.send_message(to, "can you hear me?", mtype="chat")
    error = await sender.sees(lambda stanza: stanza["type"] == "error")
    return str(error["error"]["condition"])


async def client_state(phone: Client, laptop: Client, romeo: Client) -> None:
    """XEP-0352: who comes and goes is no news for a phone in a pocket; what is said is."""
    assert phone.plugin["xep_0352"].enabled
    phone.plugin["xep_0352"].send_inactive()
    await phone.quiet()
    phone.came.clear()
    romeo.send_presence(pshow="away", pstatus="first")
    romeo.send_presence(pshow="away", pstatus="second")
    await laptop.sees(lambda stanza: stanza.xml.findtext("{*}status") == "second")
    assert not phone.came, phone.came
    romeo.send_message(phone.boundjid, "wake up", mtype="chat")
    await phone.sees(message("wake up"))
    seen = [stanza["status"] for stanza in phone.came if isinstance(stanza, slixmpp.Presence)]
    assert seen == ["second"], seen
    phone.plugin["xep_0352"].send_active()
    romeo.send_presence()
    await phone.sees(presence("available", romeo))


STEPS = (advertised, carbons, blocking, client_state)


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
