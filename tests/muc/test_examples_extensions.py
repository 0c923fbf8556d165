"""What other XEPs show of rooms: 0313, 0359, 0410, 0421, 0424, 0425; 0249 is in `_talking`."""

from tests.muc.script import COVEN, ScriptTestCase
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.stanza import Stanza

CRONE, HAG, BARD = (
    "crone1@shakespeare.lit/desktop",
    "hag66@shakespeare.lit/pda",
    "bard@shakespeare.lit/globe",
)


class SelfPingExamples(ScriptTestCase):
    def test_pings(self) -> None:
        """XEP-0410, 3.2 and 3.3: the room itself answers, whether one is inside or not."""
        self.make("hag66")
        ping = """
            {0} > <iq from='{1}' id='s2c1' type='get' to='{2}'><ping#ping/></iq>
            {0} < <iq from='{2}' id='s2c1' type='{3}' to='{1}'>{4}</iq>
        """
        refused = "<error type='cancel'><not-acceptable#stanzas/></error>"
        self.play(
            ping.format("hag66", HAG, f"{COVEN}/thirdwitch", "result", "")
            + ping.format("hag66", HAG, f"{COVEN}/ThirdWitch", "result", "")
            + ping.format("bard", BARD, f"{COVEN}/TheBard", "error", refused)
            + ping.format("bard", BARD, f"{COVEN}/thirdwitch", "error", refused)
            + ping.format("bard", BARD, "none@chat.shakespeare.lit/x", "error", refused)
        )
        self.enter("bard", room="forres@chat.shakespeare.lit")  # not opened yet
        locked = "forres@chat.shakespeare.lit/thirdwitch"
        self.play(ping.format("hag66", HAG, locked, "error", refused))

    def test_another_occupant(self) -> None:
        """XEP-0045, 17.4 rule 3: a ping to somebody else is theirs to answer."""
        self.make("hag66")
        self.play("""
            hag66 > <iq id='p' type='get' to='coven@chat.shakespeare.lit/firstwitch'>
              <ping#ping/></iq>
            crone1 < <iq from='coven@chat.shakespeare.lit/thirdwitch' id='*' type='get'
                to='crone1@shakespeare.lit/desktop'><ping#ping/></iq>
        """)


class OccupantIdExamples(ScriptTestCase):
    def test_presence_and_messages(self) -> None:
        """XEP-0421, 3 and 4: in all that comes from an occupant, once, and nobody's own."""
        self.make("hag66")
        forged = "<occupant-id#occupant id='forged'/>"
        own = "<occupant-id#occupant id='{}'/>"
        ids = {
            each.nick: each.id
            for each in self.server.service.rooms.live["coven"].room.occupants.values()
        }
        self.assertEqual(len(set(ids.values())), 2)
        mine = own.format(ids["thirdwitch"])
        said = f"<body>Harpier cries</body>{mine}"
        told = """
            {0} < <message from='coven@chat.shakespeare.lit/thirdwitch' id='hysf1v37' to='{1}'
                type='{2}'>{3}</message>
        """
        self.play(
            f"""
            hag66 > <message id='hysf1v37' to='coven@chat.shakespeare.lit' type='groupchat'>
              <body>Harpier cries</body>{forged}</message>
            """
            + told.format("hag66", HAG, "groupchat", said)
            + told.format("crone1", CRONE, "groupchat", said)
            + f"""
            hag66 > <message id='hysf1v37' to='coven@chat.shakespeare.lit/firstwitch' type='chat'>
              <body>Harpier cries</body>{forged}</message>
            """
            + told.format("crone1", CRONE, "chat", said + "<x#user/>")
            + f"""
            hag66 > <presence to='coven@chat.shakespeare.lit/oldhag' type='unavailable'>
              {forged}</presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{HAG}'
                type='unavailable'>
              <x#user><item affiliation='none' jid='{HAG}' role='none'/>
                <status code='110'/></x>{mine}</presence>
            crone1 < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{CRONE}'
                type='unavailable'>
              <x#user><item affiliation='none' jid='{HAG}' role='none'/></x>{mine}</presence>
            hag66 > <presence to='coven@chat.shakespeare.lit/another'><x#muc/></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/firstwitch' to='{HAG}'>
              <x#user><item affiliation='owner' role='moderator'/></x>
              {own.format(ids["firstwitch"])}</presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/another' to='{HAG}'>
              <x#user><item affiliation='none' jid='{HAG}' role='participant'/>
                <status code='110'/></x>{mine}</presence>
            hag66 < <message from='coven@chat.shakespeare.lit/thirdwitch' id='hysf1v37' to='{HAG}'
                type='groupchat'>{said}
              <delay#delay from='coven@chat.shakespeare.lit' stamp='*'/></message>
            hag66 < <message from='coven@chat.shakespeare.lit' to='{HAG}' type='groupchat'>
              <subject/></message>
            crone1 < <presence from='coven@chat.shakespeare.lit/another' to='{CRONE}'>
              <x#user><item affiliation='none' jid='{HAG}' role='participant'/></x>
              {mine}</presence>
            """
        )

    def test_absent_members(self) -> None:
        """XEP-0421, 4: also in the presence of members who are not there (15.6.2, 102)."""
        self.make(**{"{urn:xmppd:rooms:0}absentmembers": 1})
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit' nick='Hecate'/>")
        room = self.server.service.rooms.live["coven"].room
        self.play(f"""
            hag66 > <presence to='coven@chat.shakespeare.lit/thirdwitch'><x#muc/></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/firstwitch' to='{HAG}'>
              <x#user><item affiliation='owner' role='moderator'/></x></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/Hecate' to='{HAG}'
                type='unavailable'>
              <x#user><item affiliation='member' role='none'/></x>
              <occupant-id#occupant id='{room.id_of("hecate@shakespeare.lit")}'/></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{HAG}'>
              <x#user><item affiliation='none' jid='{HAG}' role='participant'/>
                <status code='110'/></x></presence>
            hag66 < <message from='coven@chat.shakespeare.lit' to='{HAG}' type='groupchat'>
              <subject/></message>
            crone1 < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{CRONE}'>
              <x#user><item affiliation='none' jid='{HAG}' role='participant'/></x></presence>
        """)


class ArchiveExamples(ScriptTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make("hag66", persistentroom=1, enablearchiving=1)

    def say(self, name: str, id: str, text: str) -> str:
        """Somebody says something; gives the id that the room has for it."""
        client = self.person(name)
        client.send(
            f"<message id='{id}' to='{COVEN}' type='groupchat'><body>{text}</body></message>"
        )
        [told] = client.received()
        self.forget()
        return self.stanza_id(told)

    def stanza_id(self, told: Stanza) -> str:
        found = told.child(STANZA_IDS, "stanza-id")
        assert found is not None and found["by"] == COVEN
        return str(found["id"])

    def archive(self, name: str, address: str, *entries: tuple[str, str]) -> None:
        """Somebody reads the archive, and this is in it: under such ids, such messages."""
        results = "".join(
            f"""
            {name} < <message from='{COVEN}' to='{address}'>
              <result#mam queryid='g27' id='{id}'><forwarded#forward>
                <delay#delay stamp='*'/>{message}</forwarded></result></message>
            """
            for id, message in entries
        )
        first, last = entries[0][0], entries[-1][0]
        self.play(
            f"""
            {name} > <iq id='q' to='{COVEN}' type='set'><query#mam queryid='g27'/></iq>
            {results}
            {name} < <iq from='{COVEN}' id='q' to='{address}' type='result'>
              <fin#mam complete='true'><set#sets><first>{first}</first><last>{last}</last>
                </set></fin></iq>
            """
        )

    def test_archive(self) -> None:
        """XEP-0313, 6.1.2: without `to`; addresses for those who may know them."""
        one = self.say("crone1", "a1", "Thrice the brinded cat hath mew'd.")
        two = self.say("hag66", "a2", "Thrice and once the hedge-pig whined.")
        self.person("hag66").send(  # a private message is no part of it
            f"<message to='{COVEN}/firstwitch' type='chat'><body>x</body></message>"
        )
        self.forget()
        message = """<message#client from='coven@chat.shakespeare.lit/{}' id='{}' type='groupchat'>
              <body>{}</body>{}</message>"""
        lines = (
            ("firstwitch", "a1", "Thrice the brinded cat hath mew'd."),
            ("thirdwitch", "a2", "Thrice and once the hedge-pig whined."),
        )
        item = "<x#user><item affiliation='{}' jid='{}' role='{}'/></x>"
        items = item.format("owner", CRONE, "moderator"), item.format("none", HAG, "participant")
        known = [message.format(*line, item) for line, item in zip(lines, items, strict=True)]
        self.archive("crone1", CRONE, (one, known[0]), (two, known[1]))
        unknown = [message.format(*line, "") for line in lines]
        self.archive("bard", BARD, (one, unknown[0]), (two, unknown[1]))
        self.configure({"whois": "anyone"})
        self.archive("bard", BARD, (one, known[0]), (two, known[1]))

    def test_access(self) -> None:
        """XEP-0313, 6.1.2: neither outcasts, nor anybody else to whom the room is closed."""
        refused = f"""
            bard > <iq id='q' to='{COVEN}' type='set'><query#mam queryid='g27'/></iq>
            bard < <iq from='{COVEN}' id='q' to='{BARD}' type='error'>
              <error type='auth'><forbidden#stanzas/></error></iq>
        """
        self.rank("<item affiliation='outcast' jid='bard@shakespeare.lit'/>")
        self.play(refused)
        self.rank("<item affiliation='none' jid='bard@shakespeare.lit'/>")
        self.configure({"membersonly": 1})
        self.play(refused)

    def test_ids(self) -> None:
        """XEP-0359, 3: the room's own id alone is replaced, all others stay."""
        kept = """<stanza-id#sid id='other' by='room@muc.example.com'/>
            <origin-id#sid id='de305d54-75b4-431b-adb2-eb6b9e546013'/>"""
        told = f"""
            {{}} < <message from='{COVEN}/thirdwitch' id='i1' to='{{}}' type='groupchat'>
              <body>Typical body text</body>{kept}<stanza-id#sid id='*' by='{COVEN}'/></message>
        """
        self.play(
            f"""
            hag66 > <message id='i1' to='{COVEN}' type='groupchat'>
              <body>Typical body text</body>{kept}
              <stanza-id#sid id='forged' by='{COVEN}'/></message>
            """
            + told.format("hag66", HAG)
            + told.format("crone1", CRONE)
        )
        self.person("hag66").send(
            f"<message id='i2' to='{COVEN}' type='groupchat'><body>x</body>"
            f"<stanza-id xmlns='{STANZA_IDS}' id='forged' by='{COVEN}'/></message>"
        )
        [found] = self.person("hag66").received()
        self.assertNotEqual(self.stanza_id(found), "forged")

    def test_retraction(self) -> None:
        """XEP-0424, 3 and 4: passed on as it is; the archive has a tombstone, and it."""
        given = self.say("hag66", "wrong-1", "Have not saints lips?")
        said = f"""<retract#retract id='{given}'/>
            <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>
            <body>/me retracted a previous message</body><store xmlns='urn:xmpp:hints'/>"""
        told = f"""{{}} < <message from='{COVEN}/thirdwitch' id='retract-1' to='{{}}'
            type='groupchat'>{said}</message>
        """
        self.play(
            f"""
            crone1 > <message id='retract-1' to='{COVEN}' type='groupchat'>{said}</message>
            crone1 < <message from='{COVEN}' id='retract-1' to='{CRONE}' type='error'>{said}
              <error type='auth'><forbidden#stanzas/></error></message>

            hag66 > <message id='retract-1' to='{COVEN}' type='groupchat'>{said}</message>
            """
            + told.format("hag66", HAG)
            + told.format("crone1", CRONE)
        )
        self.archive(
            "bard",
            BARD,
            (
                given,
                f"""<message#client from='{COVEN}/thirdwitch' id='wrong-1' type='groupchat'>
                  <retracted#retract id='retract-1' stamp='*'/>
                  <occupant-id#occupant id='*'/></message>""",
            ),
            (
                "*",
                f"""<message#client from='{COVEN}/thirdwitch' id='retract-1' type='groupchat'>
                  {said}</message>""",
            ),
        )

    def test_moderation(self) -> None:
        """XEP-0425, 3 and 4: everybody is told, the moderator of success after that."""
        given = self.say("hag66", "inappropriate-1", "DM me for free magic potions!")
        asked = f"""
            {{}} > <iq type='set' to='{COVEN}' id='retract-request-1'>
              <moderate#moderate id='{given}'><retract#retract/>
                <reason>This is no such forum</reason></moderate></iq>
        """
        by = f"""<moderated#moderate by='{COVEN}/firstwitch'>
            <occupant-id#occupant id='*'/></moderated><reason>This is no such forum</reason>"""
        content = f"""<retract#retract id='{given}'>{by}</retract>
            <apply-to#fasten id='{given}'><moderated#moderate0 by='{COVEN}/firstwitch'>
              <retract#retract0/><reason>This is no such forum</reason></moderated></apply-to>"""
        told = f"""
            {{}} < <message type='groupchat' id='*' from='{COVEN}' to='{{}}'>{content}</message>
        """
        self.play(
            asked.format("hag66")
            + f"""
            hag66 < <iq type='error' from='{COVEN}' to='{HAG}' id='retract-request-1'>
              <error type='auth'><forbidden#stanzas/></error></iq>
            """
            + asked.format("crone1")
            + told.format("crone1", CRONE)
            + told.format("hag66", HAG)
            + f"""
            crone1 < <iq type='result' from='{COVEN}' to='{CRONE}' id='retract-request-1'/>
            """
        )
        self.archive(
            "bard",
            BARD,
            (
                given,
                f"""<message#client type='groupchat' from='{COVEN}/thirdwitch' id='inappropriate-1'>
                  <occupant-id#occupant id='*'/>
                  <retracted#retract id='*' stamp='*'>{by}</retracted></message>""",
            ),
            ("*", f"<message#client type='groupchat' from='{COVEN}' id='*'>{content}</message>"),
        )
