"""Messages to rooms and to those inside: what no example shows (XEP-0045, 7.4 to 8.6; row M)."""

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, codes, error, form, item
from xmppd.muc import names
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza

HAG = "hag@example.com"


class TalkingTest(RoomsTestCase):
    def test_content_is_kept(self) -> None:
        """17.1, 4: what the room does not know passes as it came, byte by byte."""
        self.make({}, (self.hag, "hag"))
        more = "<b xmlns='urn:x' c='&lt;'>&lt;<d/> <d xmlns='jabber:client'/></b>"
        self.say(self.hag, "x", more)
        self.assertIn(more.encode(), self.only(self.crone).inner)

    def test_only_rooms_say_that(self) -> None:
        """M3."""
        self.make({}, (self.hag, "hag"))
        forged = [
            f"<x xmlns='{names.MUC_USER}'><status code='110'/></x>",
            f"<occupant-id xmlns='{names.OCCUPANT_ID}' id='forged'/>",
            f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='forged'/>",
            f"<delay xmlns='urn:xmpp:delay' from='{ROOM}' stamp='2002-09-10T23:08:25Z'/>",
            f"<delay xmlns='urn:xmpp:delay' from='{ROOM}/crone' stamp='2002-09-10T23:08:25Z'/>",
            "<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/>",
            f"<sent xmlns='{names.CARBONS}'><forged/></sent>",
            f"<addresses xmlns='{names.ADDRESSES}'>"
            "<address type='ofrom' jid='forged@x'/></addresses>",
            f"<result xmlns='{MAM}' id='forged'/>",
            f"<received xmlns='{names.CARBONS}'><forged/></received>",
            f"<retract xmlns='{names.RETRACT}' id='forged'>"
            f"<moderated xmlns='{names.MODERATE}'/></retract>",
        ]
        honest = (
            "<stanza-id xmlns='urn:xmpp:sid:0' by='elsewhere.test' id='mine'/>"
            f"<delay xmlns='urn:xmpp:delay' from='{self.hag.jid}' stamp='2004-09-29T01:54:37Z'/>"
        )
        self.say(self.hag, "x", "".join(forged) + honest)
        found = self.only(self.crone)
        self.assertNotIn(b"forged", found.inner)
        self.assertNotIn(b"110", found.inner)
        self.assertNotIn(b"moderated", found.inner)
        self.assertNotIn(b"2002", found.inner)
        self.assertIn(honest.encode(), found.inner)

    def test_private_messages_limited(self) -> None:
        self.make({"allowpm": "moderators"}, (self.hag, "hag"))
        self.hag.send(f"<message type='chat' to='{ROOM}/crone'><body>x</body></message>")
        self.assertEqual(error(self.only(self.hag)), ("cancel", "policy-violation"))
        self.crone.send(f"<message type='chat' to='{ROOM}/hag'><body>x</body></message>")
        self.assertEqual(self.bodies(self.hag.received()), ["x"])

    def test_subject(self) -> None:
        """8.1: a subject and no body; told to who comes later."""
        self.make({}, (self.hag, "hag"))
        subject = f"<message type='groupchat' to='{ROOM}'><subject>Fire burn</subject></message>"
        self.hag.send(subject)
        self.assertEqual(error(self.only(self.hag)), ("auth", "forbidden"))
        self.crone.send(subject)
        self.assertEqual(self.only(self.hag).text("", "subject"), "Fire burn")
        *_, last = self.enter(self.wizard, "wizard")
        self.assertEqual((last.sender, last.text("", "subject")), (f"{ROOM}/crone", "Fire burn"))
        self.assertTrue(last.has("urn:xmpp:delay", "delay"))
        self.configure({"changesubject": 1})
        self.forget()
        self.hag.send(subject)
        self.assertEqual(self.only(self.crone).sender, f"{ROOM}/hag")

    def test_subject_with_body_is_a_message(self) -> None:
        self.make({}, (self.hag, "hag"))
        self.say(self.hag, "x", "<subject>no topic</subject>")
        self.assertEqual(self.bodies(self.crone.received()), ["x"])

    def invite(self, to: str, more: str = "") -> None:
        self.hag.send(
            f"<message to='{ROOM}'><x xmlns='{names.MUC_USER}'>"
            f"<invite to='{to}'><reason>Hey</reason>{more}</invite></x></message>"
        )

    def test_mediated_invitation(self) -> None:
        """7.8.2: with password and reason; declined to who invited."""
        self.make({"passwordprotectedroom": 1, "roomsecret": "cauldron"})
        right = f"<x xmlns='{names.MUC}'><password>cauldron</password></x>"
        self.enter(self.hag, "hag", right)
        self.forget()
        self.invite("macbeth@example.com", "<continue thread='t1'/>")
        found = self.only(self.macbeth)
        x = found.child(names.MUC_USER, "x").toXml()
        self.assertEqual(found.sender, ROOM)
        self.assertIn(f"{ROOM}/hag", x)
        self.assertNotIn(HAG, x)
        for said in ("Hey", "cauldron", "thread"):
            self.assertIn(said, x)
        self.assertTrue(found.has(names.DIRECT_INVITE, "x"))
        self.macbeth.send(
            f"<message to='{ROOM}'><x xmlns='{names.MUC_USER}'>"
            f"<decline to='{ROOM}/hag'><reason>busy</reason></decline></x></message>"
        )
        self.assertIn(b"busy", self.only(self.hag).inner)
        self.macbeth.send(
            f"<message to='{ROOM}'><x xmlns='{names.MUC_USER}'><decline to='{HAG}'/></x></message>"
        )
        self.assertEqual(error(self.only(self.macbeth)), ("auth", "forbidden"))

    def test_invitation_that_cannot_arrive(self) -> None:
        """7.8.2: its sender learns so, once, and nothing but the condition."""
        self.make({}, (self.hag, "hag"))
        far = self.server.elsewhere("far.test")
        self.invite("nobody@far.test")
        far.received()
        bounce = (
            f"<message type='error' from='nobody@far.test' to='{ROOM}'><error type='cancel'>"
            "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>secret</text></error></message>"
        )
        far.send(bounce)
        told = self.only(self.hag)
        self.assertEqual((told.sender, error(told)), (ROOM, ("cancel", "item-not-found")))
        self.assertIn(b"to='nobody@far.test'", told.inner)
        self.assertNotIn(b"secret", told.inner)
        far.send(bounce)
        self.assertEqual(self.hag.received() + self.crone.received(), [])

    def test_direct_invitation_passes_by(self) -> None:
        """XEP-0249: from client to client; the room has no part in it."""
        self.hag.send(
            f"<message to='{self.crone.jid}'>"
            f"<x xmlns='{names.DIRECT_INVITE}' jid='{ROOM}'/></message>"
        )
        self.assertEqual(self.only(self.crone).sender, self.hag.jid)

    def test_voice_request(self) -> None:
        """7.13, 8.6: the moderators are asked; one of them agrees."""
        self.make({"moderatedroom": 1}, (self.hag, "hag"))
        asked = form("submit", names.REQUEST, {"muc#role": "participant"})
        self.hag.send(f"<message to='{ROOM}'>{asked}</message>")
        found = self.only(self.crone)
        self.assertIn(b"muc#request_allow", found.inner)
        self.assertIn(str(self.hag.jid).encode(), found.inner)
        answer = {"muc#role": "participant", "muc#roomnick": "hag", "muc#request_allow": "true"}
        self.crone.send(f"<message to='{ROOM}'>{form('submit', names.REQUEST, answer)}</message>")
        self.assertEqual(item(self.only(self.hag))["role"], "participant")

    def relayed(self) -> Stanza:
        self.make({}, (self.hag, "hag"))
        self.hag.send(f"<iq type='get' id='v' to='{ROOM}/crone'><q xmlns='urn:q'/></iq>")
        found = self.only(self.crone)
        self.assertEqual((found.sender, found.to), (f"{ROOM}/hag", self.crone.jid))
        self.assertNotIn(HAG, found.to_bytes().decode())
        return found

    def test_request_to_an_occupant(self) -> None:
        """17.4, 3: neither learns the other's address."""
        asked = self.relayed()
        self.crone.send(
            f"<iq type='result' id='{asked.id}' to='{ROOM}/hag'><q xmlns='urn:q'>a</q></iq>"
        )
        answer = self.only(self.hag)
        self.assertEqual((answer.id, answer.sender), ("v", f"{ROOM}/crone"))

    def test_error_of_an_occupant(self) -> None:
        """M5: the condition alone is passed on."""
        asked = self.relayed()
        self.crone.send(
            f"<iq type='error' id='{asked.id}' to='{ROOM}/hag'><error type='cancel' "
            f"by='{self.crone.jid}'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:crone@"
            "example.com</gone><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>crone@example.com"
            "</text></error></iq>"
        )
        answer = self.only(self.hag)
        self.assertEqual(error(answer), ("cancel", "gone"))
        self.assertNotIn(b"crone@example.com", answer.to_bytes().replace(ROOM.encode(), b""))

    def test_request_from_outside(self) -> None:
        self.make()
        answer = self.hag.ask(f"<iq type='get' id='v' to='{ROOM}/crone'><q xmlns='urn:q'/></iq>")
        self.assertEqual(error(answer), ("cancel", "not-acceptable"))

    def test_nobody_handles(self) -> None:
        self.make()
        for to in (ROOM, SERVICE):
            answer = self.hag.ask(f"<iq type='get' id='v' to='{to}'><q xmlns='urn:q'/></iq>")
            self.assertEqual(error(answer), ("cancel", "service-unavailable"))

    def refuse(self, id: str, to: str) -> None:
        """Have the hag's client say that a message could not be delivered."""
        self.hag.send(
            f"<message type='error' id='{id}' to='{to}'><error type='cancel' by='{self.hag.jid}'>"
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            f"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{HAG}</text></error></message>"
        )

    def test_private_message_refused(self) -> None:
        """M5: its sender learns the condition, and nobody is taken for a ghost."""
        self.make({}, (self.hag, "hag"))
        self.crone.send(f"<message type='chat' to='{ROOM}/hag' id='p1'><body>x</body></message>")
        self.refuse("p1", f"{ROOM}/crone")
        found = self.only(self.crone)
        self.assertEqual((found.id, found.sender), ("p1", f"{ROOM}/hag"))
        self.assertEqual(error(found), ("cancel", "service-unavailable"))
        self.assertNotIn(HAG.encode(), found.inner)

    def test_message_to_all_refused(self) -> None:
        """RFC 6121, 8.5.3.2: so a server says that there is no such session."""
        self.make({}, (self.hag, "hag"))
        self.say(self.crone, "x")
        self.crone.received()
        self.refuse("said", f"{ROOM}/crone")
        self.assertEqual(codes(self.only(self.crone)), [333])
