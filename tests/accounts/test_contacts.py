"""Contacts: roster items and roster sets (RFC 6121, section 2)."""

import json
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element, elementStream

from xmppd.accounts.contacts import (
    LABEL_BYTES,
    Contact,
    RosterEdit,
    RosterError,
    Subscription,
    read_roster_set,
    removed_item,
)
from xmppd.protocol.jid import Jid

ROSTER = "jabber:iq:roster"
NURSE = Jid("nurse@example.com")

xml_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]))
labels = xml_text.filter(lambda text: 0 < len(text.encode()) <= LABEL_BYTES)
contacts = st.builds(
    Contact,
    st.sampled_from([NURSE, Jid("romeo@example.net"), Jid("gateway.example.org")]),
    xml_text,
    st.lists(labels, unique=True).map(tuple),
    st.sampled_from(get_args(Subscription)),
    st.booleans(),
    st.booleans(),
)


def query(*items: str) -> Element:
    """Build the `<query/>` of a roster set around items written as XML."""
    elements: list[Element] = []
    stream = elementStream()
    stream.DocumentStartEvent = lambda root: None
    stream.ElementEvent = elements.append
    stream.DocumentEndEvent = lambda: None
    stream.parse(f"<iq><query xmlns='{ROSTER}'>{''.join(items)}</query></iq>".encode())
    return elements[0]


def item_of(contact: Contact) -> Element:
    """Read back the item that a contact writes."""
    item: Element = next(query(contact.to_item().decode()).elements())
    return item


class ItemTests(SynchronousTestCase):
    """What clients are told of a contact (2.1.2)."""

    def test_new_contact(self) -> None:
        """An empty name, ask and approved are left out."""
        self.assertEqual(
            Contact(NURSE).to_item(), b"<item jid='nurse@example.com' subscription='none'/>"
        )

    def test_everything(self) -> None:
        contact = Contact(NURSE, "Nurse", ("Servants", "House"), "from", asked=True)
        self.assertEqual(
            contact.to_item(),
            b"<item jid='nurse@example.com' name='Nurse' subscription='from' ask='subscribe'>"
            b"<group>Servants</group><group>House</group></item>",
        )

    def test_approved(self) -> None:
        """The flag of a pre-approval is written approved='true' (2.1.2.1)."""
        self.assertEqual(item_of(Contact(NURSE, approved=True)).attributes["approved"], "true")

    def test_removed(self) -> None:
        self.assertEqual(
            removed_item(NURSE),
            b"<item jid='nurse@example.com' subscription='remove'/>",
        )

    @settings(deadline=None, max_examples=60)
    @given(contacts)
    def test_any_text_survives(self, contact: Contact) -> None:
        item = item_of(contact)
        self.assertEqual(item["jid"], contact.jid)
        self.assertEqual(item.getAttribute("name", ""), contact.name)
        self.assertEqual(item["subscription"], contact.subscription)
        self.assertEqual(item.getAttribute("ask"), "subscribe" if contact.asked else None)
        self.assertEqual(tuple(str(group) for group in item.elements()), contact.groups)


class DataTests(SynchronousTestCase):
    """The value that storage keeps."""

    @settings(deadline=None, max_examples=60)
    @given(contacts)
    def test_round_trip_through_json(self, contact: Contact) -> None:
        data = json.loads(json.dumps(contact.to_data()))
        self.assertEqual(Contact.from_data(data), contact)

    def test_defaults_are_left_out(self) -> None:
        self.assertEqual(Contact(NURSE).to_data(), {"jid": "nurse@example.com"})

    def test_plain_types(self) -> None:
        """Codecs that do not take subclasses of str can write it."""
        data = Contact(NURSE, groups=("House",)).to_data()
        self.assertIs(type(data["jid"]), str)
        self.assertEqual(data["groups"], ["House"])

    def test_spoilt(self) -> None:
        """Data changed by hand for the worse is refused with one kind of error."""
        for spoilt in (
            {},
            {"jid": "@"},
            {"jid": 7},
            {"jid": "a@b", "subscription": "remove"},
            {"jid": "a@b", "name": 1},
            {"jid": "a@b", "groups": "Friends"},
            {"jid": "a@b", "groups": [1]},
            {"jid": "a@b", "asked": "yes"},
            {"jid": "a@b", "approved": 1},
            {"jid": "a@b", "colour": "red"},
        ):
            with self.assertRaises(ValueError, msg=str(spoilt)):
                Contact.from_data(spoilt)


class RosterSetTests(SynchronousTestCase):
    """What a client may ask for (2.3 to 2.5)."""

    def assert_refused(self, condition: str, *items: str) -> None:
        with self.assertRaises(RosterError) as caught:
            read_roster_set(query(*items))
        self.assertEqual(caught.exception.condition, condition)

    def test_add(self) -> None:
        """Name and groups are the client's (2.3.1)."""
        edit = read_roster_set(
            query("<item jid='Nurse@example.com' name='Nurse'><group>Servants</group></item>")
        )
        self.assertEqual(edit, RosterEdit(NURSE, "Nurse", ("Servants",)))

    def test_remove(self) -> None:
        """subscription='remove' is the one value that means something (2.5.1)."""
        edit = read_roster_set(query("<item jid='nurse@example.com' subscription='remove'/>"))
        self.assertEqual(edit, RosterEdit(NURSE, remove=True))

    def test_states_are_not_the_clients(self) -> None:
        """Any other subscription, and ask, are ignored (2.1.2.2, 2.1.2.5)."""
        for value in ("both", "to", "from", "none", "foobar", ""):
            edit = read_roster_set(
                query(
                    f"<item jid='nurse@example.com' subscription='{value}' ask='subscribe'"
                    " approved='true'/>"
                )
            )
            self.assertEqual(edit, RosterEdit(NURSE))

    def test_resource_is_dropped(self) -> None:
        edit = read_roster_set(query("<item jid='nurse@example.com/chamber'/>"))
        self.assertEqual(edit.jid, NURSE)

    def test_number_of_items(self) -> None:
        """More or less than one item is a bad-request (2.3.3)."""
        item = "<item jid='nurse@example.com'/>"
        self.assert_refused("bad-request", item, item)
        self.assert_refused("bad-request")
        self.assert_refused("bad-request", "<item xmlns='urn:other' jid='nurse@example.com'/>")

    def test_jid(self) -> None:
        for attribute in ("", "jid=''", "jid='@example.com'", "jid='a@b@c d'"):
            self.assert_refused("bad-request", f"<item {attribute}/>")
            self.assert_refused("bad-request", f"<item {attribute} subscription='remove'/>")

    def test_groups(self) -> None:
        """A group named twice is a bad-request, an empty one not-acceptable (2.3.3)."""
        item = "<item jid='nurse@example.com'>{}</item>"
        self.assert_refused("bad-request", item.format("<group>A</group>" * 2))
        self.assert_refused("bad-request", item.format("<group/>" * 2))
        self.assert_refused("not-acceptable", item.format("<group/>"))
        self.assert_refused("not-acceptable", item.format("<group>A</group><group></group>"))

    def test_group_names_are_case_sensitive(self) -> None:
        edit = read_roster_set(
            query("<item jid='nurse@example.com'><group>a</group><group>A</group></item>")
        )
        self.assertEqual(edit.groups, ("a", "A"))

    def test_long_names(self) -> None:
        """Names over the limit are not-acceptable, counted in bytes (2.3.3)."""
        longest = "é" * (LABEL_BYTES // 2) + "e"
        item = "<item jid='nurse@example.com' name='{0}'><group>{1}</group></item>"
        edit = read_roster_set(query(item.format(longest, longest)))
        self.assertEqual((edit.name, edit.groups), (longest, (longest,)))
        self.assert_refused("not-acceptable", item.format(longest + "e", "A"))
        self.assert_refused("not-acceptable", item.format("A", longest + "e"))

    def test_apply(self) -> None:
        """An edit replaces name and groups and leaves the subscriptions alone (2.4)."""
        old = Contact(NURSE, "N.", ("House",), "from", asked=True, approved=True)
        edit = RosterEdit(NURSE, "Nurse", ("Servants",))
        self.assertEqual(
            edit.apply(old), Contact(NURSE, "Nurse", ("Servants",), "from", True, True)
        )
        self.assertEqual(edit.apply(None), Contact(NURSE, "Nurse", ("Servants",)))

    @settings(deadline=None, max_examples=60)
    @given(contacts)
    def test_own_items_are_taken(self, contact: Contact) -> None:
        """What we push, a client may send back with its changes."""
        if len(contact.name.encode()) <= LABEL_BYTES:
            edit = read_roster_set(query(contact.to_item().decode()))
            self.assertEqual(edit, RosterEdit(contact.jid, contact.name, contact.groups))
