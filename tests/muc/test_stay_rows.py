"""Stays as they are stored, also by other releases, and damaged."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.chat.model import Affiliation, Occupancy, Occupant, Person, Role, Stay
from xmppd.muc.content import presence_of
from xmppd.muc.stay_rows import StayCodec, inside_of, read, written
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.storage.interfaces import Row

DOMAIN = "rooms.test"
ROOM = Jid(f"cave@{DOMAIN}")
WIRE = Jid("hag@home.test/pda")
PERSON = Person(WIRE.bare, WIRE.resource)
SHOWN = (
    "<presence xml:lang='de' id='7'><show>away</show><priority>3</priority>"
    "<x xmlns='jabber:x:y'>&lt;\u00e9</x></presence>"
)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = scalars | st.lists(scalars, max_size=2)
damaged = values | st.dictionaries(
    st.sampled_from(["nick", "affiliation", "role", "presence", "since"]),
    values | st.sampled_from(["member", "visitor", "<presence/>", "nick"]),
)


def row(value: Any, key: str = WIRE) -> Row[Any]:
    return Row(key, "cave", value, 1)


class StayRowsTest(SynchronousTestCase):
    def test_there_and_back(self) -> None:
        presence = presence_of(parse_stanza(SHOWN.encode()), ROOM)
        stay = Occupancy(PERSON, presence, 5, WIRE)
        occupant = Occupant("Old Hag", PERSON.account, "i", Affiliation.MEMBER, Role.VISITOR, stay)
        codec = StayCodec()
        value = codec.decode(codec.encode(written(occupant, stay)))
        found = read(row(value), DOMAIN)
        rank = Affiliation.MEMBER, Role.VISITOR
        self.assertEqual(found, Stay(PERSON, "Old Hag", presence, 5, *rank))
        self.assertEqual((found.presence.priority, found.wire), (3, WIRE))

    def test_older_form(self) -> None:
        found = read(row("hag"), DOMAIN)
        self.assertEqual((found.person, found.nick, found.affiliation), (PERSON, "hag", None))
        self.assertEqual(inside_of(row("hag"), DOMAIN), (WIRE, f"{ROOM}/hag"))

    def test_no_json(self) -> None:
        """One row does not keep the others from being read."""
        self.assertIsNone(StayCodec().decode("{"))

    @settings(max_examples=200, deadline=None)
    @given(damaged, st.sampled_from([WIRE, "@", ""]))
    def test_damaged(self, value: Any, key: str) -> None:
        """There is a stay, or ValueError."""
        try:
            found = read(row(value, key), DOMAIN)
        except ValueError:
            return
        self.assertEqual(found.wire, WIRE)
