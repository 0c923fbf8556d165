"""Two slixmpp clients do what people do; ends with 0 if all went as it should.

Called with a port that has STARTTLS, a domain, and the passwords of its juliet and romeo. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

PATIENCE = 60.0
PLUGINS = (
    "xep_0012", "xep_0030", "xep_0049", "xep_0054", "xep_0077", "xep_0092", "xep_0199",
    "xep_0202", "xep_0203",
)  # fmt: skip

Check = Callable[[Any], bool]


class Client(slixmpp.ClientXMPP):
    """A client that remembers what comes, so that a script can wait for it."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password)
        self.port = port
        self.came: list[Any] = []
        self._more = asyncio.Event()
        self.auto_authorize = None
        self.auto_subscribe = False
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.features_seen: set[str] = set()
        for event in (
            "message",
            "message_error",
            "presence_available",
            "presence_away",
            "presence_unavailable",
            "presence_subscribe",
            "presence_subscribed",
            "presence_unsubscribed",
            "roster_update",
        ):
            self.add_event_handler(event, self._arrived)
        self.roster_version = ""

    def _arrived(self, stanza: Any) -> None:
        self.came.append(stanza)
        self._more.set()

    async def come(self) -> None:
        """Log in and say so."""
        started = asyncio.ensure_future(self.wait_until("session_start", PATIENCE))
        failed = asyncio.ensure_future(self.wait_until("failed_all_auth", PATIENCE))
        self.connect("127.0.0.1", self.port)
        done, _ = await asyncio.wait({started, failed}, return_when=asyncio.FIRST_COMPLETED)
        failed.cancel()
        assert started in done, f"{self.boundjid} could not log in"
        self.features_seen = set(self.features)
        await self.get_roster()
        self.send_presence()

    async def go(self) -> None:
        """Say that we go, and close the stream."""
        await self.disconnect()

    async def sees(self, check: Check) -> Any:
        """Wait for a stanza; return it and take it away."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for stanza in self.came:
                    if check(stanza):
                        self.came.remove(stanza)
                        return stanza
                self._more.clear()
                await self._more.wait()


def presence(type: str, sender: Client) -> Check:
    """Whether a stanza is this presence of that client."""
    bare = sender.boundjid.bare

    def check(stanza: Any) -> bool:
        is_presence = isinstance(stanza, slixmpp.Presence)
        return is_presence and stanza["type"] == type and stanza["from"].bare == bare

    return check


def message(body: str) -> Check:
    """Whether a stanza is a message with this body."""
    return lambda stanza: isinstance(stanza, slixmpp.Message) and stanza["body"] == body


async def refused(answer: Awaitable[Any]) -> str:
    """The condition of the error that comes of it."""
    try:
        await answer
    except IqError as error:
        return str(error.condition)
    raise AssertionError("was not refused")


async def subscribe(juliet: Client, romeo: Client) -> None:
    for asking, asked in ((juliet, romeo), (romeo, juliet)):
        asking.send_presence_subscription(asked.boundjid.bare)
        await asked.sees(presence("subscribe", asking))
        asked.send_presence_subscription(asking.boundjid.bare, ptype="subscribed")
        await asking.sees(presence("subscribed", asked))
        await asking.sees(presence("available", asked))
    await juliet.get_roster()
    assert juliet.client_roster[romeo.boundjid.bare]["subscription"] == "both"


async def chat(juliet: Client, romeo: Client) -> None:
    juliet.send_message(romeo.boundjid.bare, "Wherefore art thou?", mtype="chat")
    heard = await romeo.sees(message("Wherefore art thou?"))
    assert heard["from"] == juliet.boundjid and heard["type"] == "chat"
    romeo.send_message(heard["from"], "Neither, fair saint \u2764 <&>", mtype="chat")
    heard = await juliet.sees(message("Neither, fair saint \u2764 <&>"))
    assert heard["from"] == romeo.boundjid and heard["to"] == juliet.boundjid


async def see_status(juliet: Client, romeo: Client) -> None:
    romeo.send_presence(pshow="away", pstatus="in exile")
    away = await juliet.sees(presence("away", romeo))
    assert away["status"] == "in exile"


async def miss_and_catch_up(juliet: Client, romeo: Client) -> None:
    await romeo.go()
    await juliet.sees(presence("unavailable", romeo))
    before = datetime.now(UTC) - timedelta(seconds=2)
    for number in range(3):
        juliet.send_message(romeo.boundjid.bare, f"missed {number}", mtype="chat")
    await juliet.plugin["xep_0199"].send_ping(juliet.boundjid.domain)
    await romeo.come()
    for number in range(3):
        kept = await romeo.sees(message(f"missed {number}"))
        stamp = kept["delay"]["stamp"]
        assert before <= stamp <= datetime.now(UTC) + timedelta(seconds=2), stamp
        assert kept["from"] == juliet.boundjid, kept
    await juliet.sees(presence("available", romeo))


async def roster_versions(juliet: Client, romeo: Client) -> None:
    """RFC 6121, 2.6: a client that has the roster gets only what has changed since."""
    assert "rosterver" in juliet.features_seen, juliet.features_seen

    async def ask(version: str) -> Any:
        iq = juliet.make_iq_get()
        iq["roster"]["ver"] = version
        answer = await iq.send()
        return answer.xml.find("{jabber:iq:roster}query")

    whole = await ask("")
    version = whole.get("ver")
    assert version and len(whole) == 1, ET.tostring(whole)
    assert await ask(version) is None
    juliet.update_roster("nurse@xmpp.test", name="Nurse", groups=["House"])
    pushed = await juliet.sees(lambda stanza: "nurse@xmpp.test" in str(stanza))
    assert pushed["type"] == "set" and pushed["roster"]["ver"] != version, pushed
    [contact] = pushed["roster"]["items"].values()
    assert contact["groups"] == ["House"], pushed
    await juliet.del_roster_item("nurse@xmpp.test")


async def vcard(juliet: Client, romeo: Client) -> None:
    card = juliet.plugin["xep_0054"].make_vcard()
    card["FN"] = "Juliet Capulet"
    await juliet.plugin["xep_0054"].publish_vcard(card)
    seen = await romeo.plugin["xep_0054"].get_vcard(juliet.boundjid.bare, cached=False)
    assert seen["vcard_temp"]["FN"] == "Juliet Capulet", seen


async def private_storage(juliet: Client, romeo: Client) -> None:
    def request(type: str, text: str | None) -> Any:
        iq = juliet.make_iq(itype=type)
        query = ET.SubElement(iq.xml, "{jabber:iq:private}query")
        ET.SubElement(query, "{urn:example:notes}notes").text = text
        return iq

    await request("set", "by the balcony").send()
    kept = await request("get", None).send()
    notes = kept.xml.find("{jabber:iq:private}query/{urn:example:notes}notes")
    assert notes.text == "by the balcony", kept


async def disco(juliet: Client, romeo: Client) -> None:
    info = await juliet.plugin["xep_0030"].get_info(juliet.boundjid.domain)
    kinds = {(category, kind) for category, kind, *_ in info["disco_info"]["identities"]}
    assert ("server", "im") in kinds, kinds
    features = info["disco_info"]["features"]
    for feature in ("urn:xmpp:ping", "urn:xmpp:time", "jabber:iq:version", "vcard-temp"):
        assert feature in features, (feature, features)
    info = await juliet.plugin["xep_0030"].get_info(juliet.boundjid.bare)
    kinds = {(category, kind) for category, kind, *_ in info["disco_info"]["identities"]}
    assert ("account", "registered") in kinds, kinds
    await juliet.plugin["xep_0030"].get_items(juliet.boundjid.domain)


async def ask_the_host(juliet: Client, romeo: Client) -> None:
    domain = juliet.boundjid.domain
    await juliet.plugin["xep_0199"].send_ping(domain)
    await juliet.plugin["xep_0199"].send_ping(romeo.boundjid)
    version = await juliet.plugin["xep_0092"].get_version(domain)
    assert version["software_version"]["name"] == "xmppd", version
    answer = await juliet.plugin["xep_0202"].get_entity_time(domain)
    # slixmpp's own reading of it adds a second Z
    utc = datetime.fromisoformat(answer.xml.find("{urn:xmpp:time}time/{urn:xmpp:time}utc").text)
    assert abs(utc - datetime.now(UTC)) < timedelta(minutes=1), answer
    iq = juliet.make_iq_get("urn:example:unknown", ito=domain)
    assert await refused(iq.send()) == "service-unavailable"


async def last_activity(juliet: Client, romeo: Client) -> None:
    uptime = await juliet.plugin["xep_0012"].get_last_activity(juliet.boundjid.domain)
    assert 0 <= uptime["last_activity"]["seconds"] < 600
    await romeo.go()
    await juliet.sees(presence("unavailable", romeo))
    gone = await juliet.plugin["xep_0012"].get_last_activity(romeo.boundjid.bare)
    assert 0 <= gone["last_activity"]["seconds"] < 600
    await romeo.come()
    await juliet.sees(presence("available", romeo))


async def change_password(juliet: Client, romeo: Client) -> None:
    old = juliet.password
    await juliet.plugin["xep_0077"].change_password("parting is such", jid=juliet.boundjid.domain)
    await juliet.go()
    juliet.password = "parting is such"
    juliet.credentials["password"] = juliet.password
    await juliet.come()
    await juliet.go()
    again = Client(juliet.boundjid.bare, old, juliet.port)
    try:
        await again.come()
    except AssertionError:
        await again.go()
    else:
        raise AssertionError("the old password still logs in")


STEPS = (
    subscribe, chat, see_status, miss_and_catch_up, roster_versions, vcard, private_storage,
    disco, ask_the_host, last_activity, change_password,
)  # fmt: skip


async def main(port: str, domain: str, password1: str, password2: str) -> None:
    juliet = Client(f"juliet@{domain}/balcony", password1, int(port))
    romeo = Client(f"romeo@{domain}/orchard", password2, int(port))
    await juliet.come()
    await romeo.come()
    mechanism = juliet.plugin["feature_mechanisms"].mech.name
    print("logged in by", mechanism, flush=True)
    assert mechanism.startswith("SCRAM-SHA-") and mechanism != "SCRAM-SHA-1", mechanism
    for step in STEPS:
        print(step.__name__, flush=True)
        await step(juliet, romeo)
    await romeo.go()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
