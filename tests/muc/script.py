"""Examples of a XEP as scripts: who sends what, and what exactly everybody then gets.

    self.play('''
    hag66 > <presence to='coven@chat.shakespeare.lit/thirdwitch' .../>
    crone1 < <presence from='coven@chat.shakespeare.lit/thirdwitch' .../>
    ''')

What is sent and received between two sendings must be all that anybody receives, each client's
stanzas in that order. Stanzas are compared whole, but

- white space at the ends of texts, and the order of children, do not count;
- `*` stands for any value or text; an `id`, and the `by` of an error, may be there though they
  are not expected;
- `occupant-id`, `stanza-id`, the text of errors and the labels of forms may be there unless they
  are expected;
- `<x#user>` is short for `<x xmlns='http://jabber.org/protocol/muc#user'>`; see `_SHORT`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from twisted.trial.unittest import SynchronousTestCase

from tests.muc.kit import form
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS
from xmppd.muc import names
from xmppd.protocol.namespaces import (
    CLIENT,
    DATA_FORMS,
    DELAY,
    FORWARD,
    MAM,
    RESULT_SETS,
    STANZA_ERRORS,
    STANZA_IDS,
)
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client
from xmppd.testing.server import TestServer

DOMAIN, SERVICE = "shakespeare.lit", "chat.shakespeare.lit"
COVEN = f"coven@{SERVICE}"
RESOURCES = {
    "crone1": "desktop",
    "wiccarocks": "laptop",
    "hag66": "pda",
    "hecate": "broom",
    "bard": "globe",
    "fluellen": "pda",
    "pistol": "harfleur",
    "gower": "cell",
    "kinghenryv": "throne",
    "earlofcambridge": "stabber",
    "exeter": "pda",
}
"""The resources of the persons of the play."""
NICKS = {
    "crone1": "firstwitch",
    "wiccarocks": "secondwitch",
    "hag66": "thirdwitch",
    "hecate": "Hecate",
    "bard": "TheBard",
}
_MAY_BE_THERE = {
    "{urn:ietf:params:xml:ns:xmpp-stanzas}text",
    "{urn:xmpp:occupant-id:0}occupant-id",
    "{urn:xmpp:sid:0}stanza-id",
}
_SHORT = {
    "admin": names.MUC_ADMIN,
    "client": CLIENT,
    "data": DATA_FORMS,
    "delay": DELAY,
    "direct": names.DIRECT_INVITE,
    "fasten": names.FASTEN,
    "forward": FORWARD,
    "info": DISCO_INFO,
    "items": DISCO_ITEMS,
    "mam": MAM,
    "moderate": names.MODERATE,
    "moderate0": names.MODERATE_0,
    "muc": names.MUC,
    "occupant": names.OCCUPANT_ID,
    "owner": names.MUC_OWNER,
    "ping": names.PING,
    "register": names.REGISTER,
    "retract": names.RETRACT,
    "retract0": names.RETRACT_0,
    "sets": RESULT_SETS,
    "sid": STANZA_IDS,
    "stanzas": STANZA_ERRORS,
    "user": names.MUC_USER,
}
_WITH_NAMESPACE = re.compile(r"<([\w-]+)#(\w+)")
_LINE = re.compile(r"^\s*(\w+) ([<>]) ", re.MULTILINE)


class ScriptTestCase(SynchronousTestCase):
    """A service of rooms, and the persons of the play, who log in when they are first named.

    `settings` are those of `[muc]`.
    """

    settings: dict[str, Any] = {}  # noqa: RUF012
    domains = (DOMAIN,)

    def setUp(self) -> None:
        config = {
            "muc": {"domain": SERVICE, "name": "Chatroom Service", **self.settings},
            "s2s": {"enabled": False},
        }
        self.server = self.make_server({}, config)
        self.addCleanup(self.server.stop)
        self.people: dict[str, Client] = {}

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        """Start the server."""
        return TestServer(self.domains, accounts, config)

    def person(self, name: str) -> Client:
        """The client of somebody."""
        if name not in self.people:
            self.server.add_account(name, "secret")
            self.people[name] = self.server.client(name, RESOURCES[name])
            self.people[name].received()
        return self.people[name]

    def forget(self) -> None:
        """Let nobody have received anything."""
        for client in self.people.values():
            client.received()

    def enter(self, *people: str, room: str = COVEN, more: str = "") -> None:
        """Have people enter a room under their nicks; nobody looks at what comes of it."""
        for name in people:
            nick = NICKS.get(name, name)
            x = f"<x xmlns='{names.MUC}'>{more}</x>"
            self.person(name).send(f"<presence to='{room}/{nick}'>{x}</presence>")
        self.forget()

    def configure(self, values: dict[str, Any], owner: str = "crone1", room: str = COVEN) -> None:
        """Submit the room's configuration form; nobody looks at what comes of it."""
        named = {
            f"muc#roomconfig_{key}" if key.isalpha() else key: value
            for key, value in values.items()
        }
        submitted = form("submit", names.ROOM_CONFIG, named)
        answer = self.person(owner).ask(
            f"<iq type='set' id='set-up' to='{room}'>"
            f"<query xmlns='{names.MUC_OWNER}'>{submitted}</query></iq>"
        )
        self.assertEqual(answer.type, "result", answer.to_bytes())
        self.forget()

    def make(self, *people: str, owner: str = "crone1", room: str = COVEN, **values: Any) -> None:
        """Have somebody make a room that is so, and others enter it."""
        self.enter(owner, room=room)
        self.configure(values, owner, room)
        self.enter(*people, room=room)

    def rank(self, *items: str, by: str = "crone1", room: str = COVEN) -> None:
        """Change roles or affiliations; nobody looks at what comes of it."""
        answer = self.person(by).ask(
            f"<iq type='set' id='set-up' to='{room}'>"
            f"<query xmlns='{names.MUC_ADMIN}'>{''.join(items)}</query></iq>"
        )
        self.assertEqual(answer.type, "result", answer.to_bytes())
        self.forget()

    def play(self, script: str) -> None:
        """Play a script."""
        sent = ""
        expected: dict[str, list[str]] = {}
        lines = list(_lines(script))
        for name, _, _ in lines:
            self.person(name)
        for name, direction, stanza in lines:
            if direction == "<":
                expected.setdefault(name, []).append(stanza)
                continue
            if sent or expected:
                self._check(sent, expected)
            sent, expected = stanza, {}
            self.person(name).send(stanza)
        self._check(sent, expected)

    def expect(self, script: str) -> None:
        """The same for what comes without anybody having sent anything."""
        expected: dict[str, list[str]] = {}
        for name, _, stanza in _lines(script):
            expected.setdefault(name, []).append(stanza)
        self._check("what happened", expected)

    def _check(self, sent: str, expected: dict[str, list[str]]) -> None:
        self.server.settle()
        for name, client in self.people.items():
            found = client.received()
            wanted = [_parsed(each) for each in expected.get(name, [])]
            seen = [_parsed(each) for each in map(_text, found)]
            if len(wanted) != len(seen) or not all(map(_matches, wanted, seen)):
                self.fail(
                    f"after\n{sent}\n{name} got\n\n{_shown(seen)}\n\ninstead of\n\n{_shown(wanted)}"
                )


def _text(stanza: Stanza) -> str:
    return stanza.to_bytes().decode()


def _lines(script: str) -> Iterator[tuple[str, str, str]]:
    _, *parts = _LINE.split(script)
    for name, direction, stanza in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield name, direction, _WITH_NAMESPACE.sub(_lengthened, stanza).strip()


def _lengthened(tag: re.Match[str]) -> str:
    return f"<{tag[1]} xmlns='{_SHORT[tag[2]]}'"


def _parsed(stanza: str) -> ET.Element:
    [found] = ET.fromstring(f"<r xmlns='jabber:client'>{stanza}</r>")
    return found


def _matches(wanted: ET.Element, seen: ET.Element) -> bool:
    """Whether an element is what a script says; `wanted` is looked for child by child."""
    if wanted.tag != seen.tag or not _same_text(wanted.text, seen.text):
        return False
    if not seen.attrib.keys() - wanted.attrib.keys() <= _optional(seen.tag):
        return False
    for key, value in wanted.attrib.items():
        if key not in seen.attrib or value not in ("*", seen.attrib[key]):
            return False
    left = list(seen)
    for child in wanted:
        found = next((each for each in left if _matches(child, each)), None)
        if found is None:
            return False
        left.remove(found)
    return all(each.tag in _MAY_BE_THERE for each in left)


def _optional(tag: str) -> set[str]:
    """The attributes that an element may have though they are not expected."""
    if tag in ("{jabber:client}message", "{jabber:client}presence"):
        return {"id"}
    if tag == "{jabber:client}error":
        return {"by"}
    return {"label"} if tag.startswith("{jabber:x:data}") else set()


def _same_text(wanted: str | None, seen: str | None) -> bool:
    said = (wanted or "").strip()
    return said in ("*", (seen or "").strip())


def _shown(stanzas: list[ET.Element]) -> str:
    for each in stanzas:
        ET.indent(each)
    return "\n".join(ET.tostring(each, encoding="unicode") for each in stanzas) or "nothing"
