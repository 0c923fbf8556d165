"""Two slixmpp clients in a room with an archive; ends with 0 if all went as it should.

Called with a port that has STARTTLS, a domain, the room, and the passwords of its juliet and
romeo. Its certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from typing import Any

import slixmpp

from tests.scenarios.clients.slixmpp_rooms import PATIENCE, Client

PLUGINS = ("xep_0313", "xep_0359", "xep_0421", "xep_0424", "xep_0425")
TEXTS = [f"line {number}" for number in range(25)]


async def archive(reader: Client, room: str, **query: Any) -> list[Any]:
    """What the archive holds, as a client pages through it."""
    found = reader["xep_0313"].iterate(jid=slixmpp.JID(room), **query)
    return [message["mam_result"] async for message in found]


def texts(results: list[Any]) -> list[str]:
    return [result["forwarded"]["stanza"]["body"] for result in results]


async def scenario(juliet: Client, romeo: Client, room: str) -> None:
    await asyncio.gather(juliet.come(), romeo.come())
    await juliet.muc.join_muc_wait(room, "juliet", timeout=PATIENCE)
    form = juliet["xep_0004"].make_form(ftype="submit")
    for field in ("persistentroom", "enablearchiving"):
        form.add_field(var=f"muc#roomconfig_{field}", value=True)
    await juliet.muc.set_room_config(room, form)
    await romeo.muc.join_muc_wait(room, "romeo", timeout=PATIENCE)
    for text in TEXTS:
        romeo.send_message(room, text, mtype="groupchat")
    last = await juliet.hears(TEXTS[-1])
    print("talked")

    found = await archive(juliet, room)
    assert texts(found) == TEXTS, texts(found)
    assert found[-1]["id"] == last["stanza_id"]["id"], last
    backwards = await archive(romeo, room, reverse=True, total=5)
    assert texts(backwards) == TEXTS[-5:][::-1], texts(backwards)
    print("read")

    moderated = asyncio.ensure_future(romeo.wait_until("moderated_message", PATIENCE))
    await juliet["xep_0425"].moderate(slixmpp.JID(room), found[0]["id"], "enough")
    told = await moderated
    assert told["retract"]["id"] == found[0]["id"], told
    assert told["retract"]["moderated"]["by"] == f"{room}/juliet", told
    print("moderated")

    retracted = asyncio.ensure_future(juliet.wait_until("message_retract", PATIENCE))
    romeo["xep_0424"].send_retraction(
        slixmpp.JID(room), found[1]["id"], mtype="groupchat", fallback_text="taken back"
    )
    told = await retracted
    assert told["retract"]["id"] == found[1]["id"], told
    left = await archive(romeo, room)
    assert texts(left)[:3] == ["", "", TEXTS[2]], texts(left)
    assert [result["forwarded"]["stanza"]["retracted"]["id"] != "" for result in left[:2]]
    print("retracted")


async def main(port: str, domain: str, room: str, *passwords: str) -> None:
    people = [
        Client(f"{name}@{domain}/{name}", password, int(port))
        for name, password in zip(("juliet", "romeo"), passwords, strict=True)
    ]
    for person in people:
        for plugin in PLUGINS:
            person.register_plugin(plugin)
    await scenario(people[0], people[1], room)
    for person in people:
        await person.disconnect()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
