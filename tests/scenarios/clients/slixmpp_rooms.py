"""Two slixmpp clients in a room; ends with 0 if all went as it should.

Called with a port that has STARTTLS, a domain, the room, and the passwords of its juliet and
romeo. Its certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from typing import Any

import slixmpp
from slixmpp.exceptions import IqError

PATIENCE = 60.0
PLUGINS = ("xep_0004", "xep_0030", "xep_0045", "xep_0059", "xep_0199", "xep_0249")
CONFIG = "http://jabber.org/protocol/muc#roomconfig"


class Client(slixmpp.ClientXMPP):
    """A client that remembers what comes from the room."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password)
        self.port = port
        self.came: asyncio.Queue[Any] = asyncio.Queue()
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for event in ("groupchat_message", "groupchat_subject", "groupchat_presence"):
            self.add_event_handler(event, self.came.put_nowait)
        self.add_event_handler("message", self._private)

    def _private(self, message: Any) -> None:
        if message["type"] != "groupchat":
            self.came.put_nowait(message)

    @property
    def muc(self) -> Any:
        return self["xep_0045"]

    async def come(self) -> None:
        started = asyncio.ensure_future(self.wait_until("session_start", PATIENCE))
        self.connect("127.0.0.1", self.port)
        await started
        self.send_presence()

    async def until(self, wanted: Any) -> Any:
        """Wait for something from the room; what else comes is let go."""
        async with asyncio.timeout(PATIENCE):
            while not wanted(found := await self.came.get()):
                pass
        return found

    async def hears(self, body: str) -> Any:
        return await self.until(lambda stanza: stanza.name == "message" and stanza["body"] == body)


async def scenario(juliet: Client, romeo: Client, room: str) -> None:
    await asyncio.gather(juliet.come(), romeo.come())
    await juliet.muc.join_muc_wait(room, "juliet", timeout=PATIENCE)
    form = await juliet.muc.get_room_config(room)
    assert form["type"] == "form", form
    values = {
        "FORM_TYPE": CONFIG,
        "muc#roomconfig_roomname": "Orchard",
        "muc#roomconfig_persistentroom": True,
    }
    submitted = juliet["xep_0004"].make_form(ftype="submit")
    for var, value in values.items():
        submitted.add_field(var=var, value=value)
    await juliet.muc.set_room_config(room, submitted)
    print("made and configured")

    info = await romeo["xep_0030"].get_info(jid=room)
    assert "muc_persistent" in info["disco_info"]["features"], info
    items = await romeo["xep_0030"].get_items(jid=room.partition("@")[2])
    assert [item[0] for item in items["disco_items"]["items"]] == [room], items
    print("found")

    await romeo.muc.join_muc_wait(room, "romeo", timeout=PATIENCE)
    romeo.send_message(room, "But soft!", mtype="groupchat")
    await juliet.hears("But soft!")
    await romeo.hears("But soft!")
    juliet.send_message(f"{room}/romeo", "psst", mtype="chat")
    await romeo.hears("psst")
    juliet.muc.set_subject(room, "Balcony")
    await romeo.until(lambda stanza: stanza.name == "message" and stanza["subject"] == "Balcony")
    print("talked")

    romeo.send_presence(pto=f"{room}/montague")
    await juliet.until(lambda stanza: stanza["from"].resource == "montague")
    print("renamed")

    await juliet.muc.set_affiliation(room, "member", jid=romeo.boundjid.bare)
    listed = await juliet.muc.get_affiliation_list(room, "member")
    assert [str(jid) for jid in listed] == [romeo.boundjid.bare], listed
    try:
        await romeo.muc.set_role(room, "juliet", "none")
        raise AssertionError("a member kicks the owner")
    except IqError as error:
        assert error.condition == "not-allowed", error.condition
    await juliet.muc.set_role(room, "montague", "none")
    gone = await romeo.until(
        lambda stanza: (
            stanza.name == "presence" and stanza["type"] == "unavailable" and "307" in str(stanza)
        )
    )
    assert gone["from"].resource == "montague"
    print("kicked")

    await juliet.muc.set_affiliation(room, "outcast", jid=romeo.boundjid.bare)
    try:
        await romeo.muc.join_muc_wait(room, "romeo", timeout=PATIENCE)
        raise AssertionError("an outcast gets in")
    except slixmpp.exceptions.PresenceError as error:
        assert error.condition == "forbidden", error.condition
    print("banned")


async def main(port: str, domain: str, room: str, *passwords: str) -> None:
    people = [
        Client(f"{name}@{domain}/{name}", password, int(port))
        for name, password in zip(("juliet", "romeo"), passwords, strict=True)
    ]
    await scenario(people[0], people[1], room)
    for person in people:
        await person.disconnect()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
