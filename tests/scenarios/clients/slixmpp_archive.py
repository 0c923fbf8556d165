"""Two people and their archives, with slixmpp; ends with 0 if all went well.

Called with a port that has STARTTLS, a domain, and the passwords of its juliet and romeo. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from slixmpp.exceptions import IqError

from tests.scenarios.clients import slixmpp_pair
from tests.scenarios.clients.slixmpp_pair import message

PLUGINS = ("xep_0059", "xep_0280", "xep_0313", "xep_0334", "xep_0359", "xep_0424", "xep_0441")
MESSAGES = 30
RETRACT = "{urn:xmpp:message-retract:1}"
SID = "{urn:xmpp:sid:0}"


class Client(slixmpp_pair.Client):
    """A client that reads its archive."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password, port)
        for plugin in PLUGINS:
            self.register_plugin(plugin)

    async def tells(self, other: "Client", body: str) -> Any:
        """Send a message, and wait until it has come."""
        self.send_message(other.boundjid.bare, body, mtype="chat")
        return await other.sees(message(body))

    async def found(self, **asked: Any) -> list[Any]:
        """Messages of the archive, page by page."""
        results = self.plugin["xep_0313"].iterate(**asked)
        return [result["mam_result"]["forwarded"]["stanza"] async for result in results]

    async def bodies(self, **asked: Any) -> list[str]:
        return [str(one["body"]) for one in await self.found(**asked)]


async def pages(romeo: Client, juliet: Client) -> None:
    """XEP-0313, 3.3: forward and back, on both sides."""
    for number in range(MESSAGES):
        sender, receiver = (romeo, juliet) if number % 3 else (juliet, romeo)
        await sender.tells(receiver, f"message {number}")
    said = [f"message {number}" for number in range(MESSAGES)]
    for client in romeo, juliet:
        assert await client.bodies(rsm={"max": 7}) == said
        assert await client.bodies(rsm={"max": 10}, reverse=True) == said[::-1]


async def filters(romeo: Client, juliet: Client) -> None:
    """XEP-0313, 3.1: by address and time, and by the ids that messages bear; 4: the ends."""
    between = datetime.now(UTC)
    last = await romeo.tells(juliet, "the last one")
    juliet.send_message("nobody@xmpp.invalid", "to somebody else", mtype="chat")
    assert await juliet.bodies(with_jid=romeo.boundjid, start=between) == ["the last one"]
    assert await juliet.bodies(with_jid="nobody@xmpp.invalid") == ["to somebody else"]
    assert len(await juliet.bodies(end=between)) == MESSAGES
    id = last["stanza_id"]["id"]
    ends = await juliet.plugin["xep_0313"].get_archive_metadata()
    assert ends["mam_metadata"]["start"]["id"] < id < ends["mam_metadata"]["end"]["id"], ends
    after = await juliet.plugin["xep_0313"].retrieve(rsm={"after": id})
    assert len(after["mam"]["results"]) == 1, after
    try:
        await juliet.plugin["xep_0313"].retrieve(rsm={"after": "nothing"})
    except IqError as error:
        assert error.condition == "item-not-found", error
    else:
        raise AssertionError("an unknown id was found")
    try:
        await juliet.plugin["xep_0313"].retrieve(jid=romeo.boundjid.bare)
    except IqError as error:
        assert error.condition == "forbidden", error
    else:
        raise AssertionError("somebody else's archive was read")


async def ids(romeo: Client, juliet: Client) -> None:
    """XEP-0359: nobody gives ids in an account's name; XEP-0334: what is not to be kept."""
    forged = juliet.make_message(romeo.boundjid.bare, "as if known", mtype="chat")
    forged["stanza_id"]["id"] = "forged"
    forged["stanza_id"]["by"] = romeo.boundjid.bare
    forged["origin_id"]["id"] = "my own"
    forged.send()
    seen = await romeo.sees(message("as if known"))
    [id] = [one.get("id") for one in seen.xml.findall(f"{SID}stanza-id")]
    found = await romeo.plugin["xep_0313"].retrieve(rsm={"after": id})  # so it is known there
    assert not found["mam"]["results"], found
    assert seen["origin_id"]["id"] == "my own", seen
    fleeting = juliet.make_message(romeo.boundjid.bare, "off the record", mtype="chat")
    fleeting.enable("no-store")
    fleeting.send()
    await romeo.sees(message("off the record"))
    for client in romeo, juliet:
        assert "off the record" not in await client.bodies()


async def preferences(romeo: Client, juliet: Client) -> None:
    """XEP-0441: whom not to archive."""
    plugin = juliet.plugin["xep_0441"]
    default, always, never = await plugin.get_preferences()
    assert (default, list(always), list(never)) == ("always", [], []), default
    await plugin.set_preferences("always", [], [romeo.boundjid.bare])
    await romeo.tells(juliet, "between us")
    assert "between us" not in await juliet.bodies()
    assert "between us" in await romeo.bodies()
    await plugin.set_preferences("never", [romeo.boundjid.bare], [])
    _, always, _ = await plugin.get_preferences()
    assert {str(jid) for jid in always} == {romeo.boundjid.bare}, always
    await romeo.tells(juliet, "to be remembered")
    assert (await juliet.bodies())[-1] == "to be remembered"
    await plugin.set_preferences("always", [], [])


async def retraction(romeo: Client, juliet: Client) -> None:
    """XEP-0424: a tombstone in both archives, and the retraction."""
    sent = await romeo.tells(juliet, "to be forgotten")
    romeo.plugin["xep_0424"].send_retraction(juliet.boundjid.bare, sent["id"])
    await juliet.sees(lambda one: one.xml.find(f"{RETRACT}retract") is not None)
    for client in romeo, juliet:
        *_, tombstone, taken_back = await client.found()
        assert tombstone["id"] == sent["id"] and not tombstone["body"], tombstone
        assert tombstone.xml.find(f"{RETRACT}retracted").get("id") == taken_back["id"], tombstone
        assert taken_back.xml.find(f"{RETRACT}retract").get("id") == sent["id"], taken_back


STEPS = (pages, filters, ids, preferences, retraction)


async def main(port: str, domain: str, password1: str, password2: str) -> None:
    juliet = Client(f"juliet@{domain}/balcony", password1, int(port))
    romeo = Client(f"romeo@{domain}/orchard", password2, int(port))
    for client in juliet, romeo:
        await client.come()
    for step in STEPS:
        print(step.__name__, flush=True)
        await step(romeo, juliet)
    for client in juliet, romeo:
        await client.go()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
