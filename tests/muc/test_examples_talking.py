"""What XEP-0045 shows of talking, nicks, presence and invitations (7.4 to 7.9, 7.13, 8.1)."""

from tests.muc.script import ScriptTestCase

HAG = "jid='hag66@shakespeare.lit/pda'"
ADDRESSES = {
    "crone1": "crone1@shakespeare.lit/desktop",
    "wiccarocks": "wiccarocks@shakespeare.lit/laptop",
    "hag66": "hag66@shakespeare.lit/pda",
    "hecate": "hecate@shakespeare.lit/broom",
}


class TalkingExamples(ScriptTestCase):
    def coven(self, **values: object) -> None:
        """The first witch owns, the second is an admin, the third a member, Hecate nothing."""
        self.make(**values)
        self.rank(
            "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>",
            "<item affiliation='member' jid='hag66@shakespeare.lit'/>",
        )
        self.enter("wiccarocks", "hag66", "hecate")

    def to_all(self, stanza: str, but: str = "", **differing: str) -> str:
        """A stanza to each; `{to}` are their addresses, `{item}` what differs."""
        return "".join(
            f"{name} < " + stanza.format(to=address, item=differing.get(name, "")) + "\n"
            for name, address in ADDRESSES.items()
            if name != but
        )

    def test_message(self) -> None:
        """7.4, examples 44 and 45: to its author too."""
        self.coven()
        self.play(
            """
            hag66 > <message from='hag66@shakespeare.lit/pda' id='hysf1v37'
                to='coven@chat.shakespeare.lit' type='groupchat'>
              <body>Harpier cries: 'tis time, 'tis time.</body></message>
            """
            + self.to_all("""<message from='coven@chat.shakespeare.lit/thirdwitch'
                id='hysf1v37' to='{to}' type='groupchat'>
              <body>Harpier cries: 'tis time, 'tis time.</body></message>""")
        )

    def refused(self, name: str, to: str, type: str, said: str, error: str) -> None:
        """A message comes back as it is, with that error."""
        address = ADDRESSES[name]
        self.play(f"""
            {name} > <message from='{address}' id='bx71f29k' to='{to}' type='{type}'>
              {said}</message>
            {name} < <message from='{to}' id='bx71f29k' to='{address}' type='error'>
              {said}
              <error by='coven@chat.shakespeare.lit' {error}</error></message>
        """)

    def test_message_refused(self) -> None:
        """7.4: without voice, and from outside."""
        self.make("hag66", moderatedroom=1)
        said, room = "<body>Harpier cries</body>", "coven@chat.shakespeare.lit"
        self.refused("hag66", room, "groupchat", said, "type='auth'><forbidden#stanzas/>")
        outside = "type='cancel'><not-acceptable#stanzas/>"
        self.refused("hecate", room, "groupchat", said, outside)

    def test_private_message(self) -> None:
        """7.5, examples 46 and 47: the mark for carbons is there, and once."""
        self.coven()
        for mark in ("<x#user/>", ""):
            self.play(f"""
                wiccarocks > <message from='wiccarocks@shakespeare.lit/laptop' id='hgn27af1'
                    to='coven@chat.shakespeare.lit/firstwitch' type='chat'>
                  <body>I'll give thee a wind.</body>{mark}</message>
                crone1 < <message from='coven@chat.shakespeare.lit/secondwitch' id='hgn27af1'
                    to='crone1@shakespeare.lit/desktop' type='chat'>
                  <body>I'll give thee a wind.</body><x#user/></message>
            """)

    def test_private_message_refused(self) -> None:
        """7.5, example 48: of the wrong type, to nobody, from outside."""
        self.make("wiccarocks")
        said, room = "<body>I'll give thee a wind.</body>", "coven@chat.shakespeare.lit"
        wrong = "type='modify'><bad-request#stanzas/>"
        self.refused("wiccarocks", f"{room}/firstwitch", "groupchat", said, wrong)
        missing = "type='cancel'><item-not-found#stanzas/>"
        self.refused("wiccarocks", f"{room}/nobody", "chat", said, missing)
        outside = "type='cancel'><not-acceptable#stanzas/>"
        self.refused("hecate", f"{room}/firstwitch", "chat", said, outside)

    def test_nick_change(self) -> None:
        """7.6, examples 49 and 50."""
        self.coven()
        old = """<presence from='coven@chat.shakespeare.lit/thirdwitch' to='{to}'
                type='unavailable'>
              <x#user><item affiliation='member' {item} nick='oldhag' role='participant'/>
                <status code='303'/>"""
        new = """<presence from='coven@chat.shakespeare.lit/oldhag' id='ifd1c35' to='{to}'>
              <x#user><item affiliation='member' {item} role='participant'/>"""
        end, own = "</x></presence>", "<status code='110'/></x></presence>"
        mine = f"hag66 < {old}{own}\nhag66 < {new}{own}\n"
        self.play(
            """
            hag66 > <presence from='hag66@shakespeare.lit/pda' id='ifd1c35'
                to='coven@chat.shakespeare.lit/oldhag'/>
            """
            + self.to_all(old + end, but="hag66", crone1=HAG, wiccarocks=HAG)
            + self.to_all(new + end, but="hag66", crone1=HAG, wiccarocks=HAG)
            + mine.format(to=ADDRESSES["hag66"], item=HAG)
        )

    def test_nick_conflict(self) -> None:
        """7.6, example 52: in use, or reserved; the error is from where the presence went."""
        self.make("hag66")
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit' nick='oldhag'/>")
        for nick in ("oldhag", "firstwitch"):
            self.play(f"""
                hag66 > <presence from='hag66@shakespeare.lit/pda' id='ifd1c35'
                    to='coven@chat.shakespeare.lit/{nick}'/>
                hag66 < <presence from='coven@chat.shakespeare.lit/{nick}' id='ifd1c35'
                    to='hag66@shakespeare.lit/pda' type='error'>
                  <x#muc/>
                  <error by='coven@chat.shakespeare.lit' type='cancel'>
                    <conflict#stanzas/></error></presence>
            """)

    def test_nicks_locked_down(self) -> None:
        """7.6, example 53."""
        self.make("hag66", **{"{urn:xmppd:rooms:0}fixednicks": 1})
        self.play("""
            hag66 > <presence from='hag66@shakespeare.lit/pda' id='ifd1c35'
                to='coven@chat.shakespeare.lit/oldhag'/>
            hag66 < <presence from='coven@chat.shakespeare.lit/oldhag' id='ifd1c35'
                to='hag66@shakespeare.lit/pda' type='error'>
              <x#muc/>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <not-acceptable#stanzas/></error></presence>
        """)

    def test_presence(self) -> None:
        """7.7, 17.2 rule 6, examples 54 and 55: without what only the room may say."""
        self.coven()
        seen = """<presence from='coven@chat.shakespeare.lit/secondwitch' id='kr7v143h' to='{to}'>
              <show>xa</show><status>gone where the goblins go</status>
              <x#user><item affiliation='admin' {item} role='moderator'/>"""
        jid = "jid='wiccarocks@shakespeare.lit/laptop'"
        others = self.to_all(seen + "</x></presence>", but="wiccarocks", crone1=jid)
        mine = seen + "<status code='110'/></x></presence>"
        self.play(
            """
            wiccarocks > <presence from='wiccarocks@shakespeare.lit/laptop' id='kr7v143h'
                to='coven@chat.shakespeare.lit/secondwitch'>
              <show>xa</show><status>gone where the goblins go</status>
              <x#user><item affiliation='owner' role='moderator'/><status code='307'/></x>
              </presence>
            """
            + others
            + f"wiccarocks < {mine}".format(to=ADDRESSES["wiccarocks"], item=jid)
        )

    def test_subject(self) -> None:
        """8.1, examples 84, 85, 87 and 88."""
        self.coven()
        for subject in ("Fire Burn and Cauldron Bubble!", ""):
            self.play(
                f"""
                wiccarocks > <message from='wiccarocks@shakespeare.lit/laptop' id='lh2bs617'
                    to='coven@chat.shakespeare.lit' type='groupchat'>
                  <subject>{subject}</subject></message>
                """
                + self.to_all(f"""<message from='coven@chat.shakespeare.lit/secondwitch'
                    id='lh2bs617' to='{{to}}' type='groupchat'>
                  <subject>{subject}</subject></message>""")
            )
        said = "<subject>Fire Burn and Cauldron Bubble!</subject>"
        room = "coven@chat.shakespeare.lit"
        self.refused("hag66", room, "groupchat", said, "type='auth'><forbidden#stanzas/>")

    def test_voice_request(self) -> None:
        """7.13, 8.6, examples 79, 108 and 109."""
        self.make("hag66", "hecate", moderatedroom=1)
        self.play("""
            hag66 > <message from='hag66@shakespeare.lit/pda' id='yd53c486'
                to='coven@chat.shakespeare.lit'>
              <x#data type='submit'>
                <field var='FORM_TYPE'>
                  <value>http://jabber.org/protocol/muc#request</value></field>
                <field var='muc#role' type='list-single' label='Requested role'>
                  <value>participant</value></field></x></message>
            crone1 < <message from='coven@chat.shakespeare.lit' id='*'
                to='crone1@shakespeare.lit/desktop'>
              <x#data type='form'>
                <title>Voice request</title>
                <field var='FORM_TYPE' type='hidden'>
                  <value>http://jabber.org/protocol/muc#request</value></field>
                <field var='muc#role' type='list-single'>
                  <value>participant</value>
                  <option><value>participant</value></option></field>
                <field var='muc#jid' type='jid-single'>
                  <value>hag66@shakespeare.lit/pda</value></field>
                <field var='muc#roomnick' type='text-single'>
                  <value>thirdwitch</value></field>
                <field var='muc#request_allow' type='boolean'>
                  <value>0</value></field></x></message>

            crone1 > <message from='crone1@shakespeare.lit/desktop' id='approve'
                to='coven@chat.shakespeare.lit'>
              <x#data type='submit'>
                <field var='FORM_TYPE' type='hidden'>
                  <value>http://jabber.org/protocol/muc#request</value></field>
                <field var='muc#role'><value>participant</value></field>
                <field var='muc#jid'><value>hag66@shakespeare.lit/pda</value></field>
                <field var='muc#roomnick'><value>thirdwitch</value></field>
                <field var='muc#request_allow'><value>true</value></field></x></message>
            hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='none' jid='hag66@shakespeare.lit/pda'
                role='participant'><actor nick='firstwitch'/></item>
                <status code='110'/></x></presence>
            hecate < <presence from='coven@chat.shakespeare.lit/thirdwitch'
                to='hecate@shakespeare.lit/broom'>
              <x#user><item affiliation='none' role='participant'>
                <actor nick='firstwitch'/></item></x></presence>
            crone1 < <presence from='coven@chat.shakespeare.lit/thirdwitch'
                to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='none' jid='hag66@shakespeare.lit/pda'
                role='participant'>
                <actor nick='firstwitch' jid='crone1@shakespeare.lit'/></item></x></presence>
        """)

    def test_approval_after_a_change_of_nick(self) -> None:
        """8.6: voice is for who asked, not for who has taken the nick since."""
        self.make("hag66", "hecate", moderatedroom=1)
        approved = """<message to='coven@chat.shakespeare.lit'>
            <x xmlns='jabber:x:data' type='submit'>
              <field var='FORM_TYPE'>
                <value>http://jabber.org/protocol/muc#request</value></field>
              <field var='muc#role'><value>participant</value></field>
              <field var='muc#jid'><value>hag66@shakespeare.lit/pda</value></field>
              <field var='muc#roomnick'><value>thirdwitch</value></field>
              <field var='muc#request_allow'><value>true</value></field></x></message>"""
        for name, nick in (("hag66", "oldhag"), ("hecate", "thirdwitch")):
            self.person(name).send(f"<presence to='coven@chat.shakespeare.lit/{nick}'/>")
        self.forget()
        self.person("crone1").send(approved)
        [told] = self.person("crone1").received()
        self.assertEqual(told.sender, "coven@chat.shakespeare.lit/oldhag")
        self.assertIn(b"role='participant'", told.inner)
        self.person("hag66").send(
            "<presence type='unavailable' to='coven@chat.shakespeare.lit/oldhag'/>"
        )
        self.forget()
        self.person("crone1").send(approved)
        [told] = self.person("crone1").received()
        self.assertEqual(told.type, "error")
        self.assertIn(b"<item-not-found ", told.inner)

    def test_other_roles(self) -> None:
        """7.13: by a request for voice nobody asks for more."""
        self.make("hag66")
        self.play("""
            hag66 > <message id='v' to='coven@chat.shakespeare.lit'>
              <x#data type='submit'><field var='FORM_TYPE'>
                <value>http://jabber.org/protocol/muc#request</value></field>
                <field var='muc#role'><value>moderator</value></field></x></message>
            hag66 < <message from='coven@chat.shakespeare.lit' id='v'
                to='hag66@shakespeare.lit/pda' type='error'>
              <x#data type='submit'><field var='FORM_TYPE'>
                <value>http://jabber.org/protocol/muc#request</value></field>
                <field var='muc#role'><value>moderator</value></field></x>
              <error type='modify'><bad-request#stanzas/></error></message>
        """)


class InvitationExamples(ScriptTestCase):
    def test_invitation(self) -> None:
        """7.8.2, examples 56 to 59; XEP-0249 says the same in other words."""
        self.make(passwordprotectedroom=1, roomsecret="cauldronburn")
        self.play("""
            crone1 > <message from='crone1@shakespeare.lit/desktop' id='nzd143v8'
                to='coven@chat.shakespeare.lit'>
              <x#user><invite to='hecate@shakespeare.lit'>
                <reason>Hey Hecate, this is the place for all good witches!</reason></invite>
              </x></message>
            hecate < <message from='coven@chat.shakespeare.lit' id='*'
                to='hecate@shakespeare.lit'>
              <x#user>
                <invite from='coven@chat.shakespeare.lit/firstwitch'>
                  <reason>Hey Hecate, this is the place for all good witches!</reason></invite>
                <password>cauldronburn</password></x>
              <x#direct jid='coven@chat.shakespeare.lit' password='cauldronburn'
                reason='Hey Hecate, this is the place for all good witches!'/></message>

            hecate > <message from='hecate@shakespeare.lit/broom' id='jk2vs61v'
                to='coven@chat.shakespeare.lit'>
              <x#user><decline to='crone1@shakespeare.lit'>
                <reason>Sorry, I'm too busy right now.</reason></decline></x></message>
            crone1 < <message from='coven@chat.shakespeare.lit' id='*'
                to='crone1@shakespeare.lit/desktop'>
              <x#user><decline from='hecate@shakespeare.lit'>
                <reason>Sorry, I'm too busy right now.</reason></decline></x></message>
        """)

    def test_decline_after_leaving(self) -> None:
        """7.8.2: who invited and has gone learns it at home."""
        self.make("hag66")
        self.play("""
            hag66 > <message to='coven@chat.shakespeare.lit'>
              <x#user><invite to='hecate@shakespeare.lit'/></x></message>
            hecate < <message from='coven@chat.shakespeare.lit' to='hecate@shakespeare.lit'>
              <x#user><invite from='coven@chat.shakespeare.lit/thirdwitch'/></x>
              <x#direct jid='coven@chat.shakespeare.lit'/></message>
        """)
        self.person("hag66").send(
            "<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>"
        )
        self.forget()
        self.play("""
            hecate > <message to='coven@chat.shakespeare.lit'>
              <x#user><decline to='coven@chat.shakespeare.lit/thirdwitch'/></x></message>
            hag66 < <message from='coven@chat.shakespeare.lit' to='hag66@shakespeare.lit'>
              <x#user><decline from='hecate@shakespeare.lit'/></x></message>
        """)

    def test_nobody(self) -> None:
        """7.8.2: who does not exist is not found."""
        self.make()
        self.play("""
            crone1 > <message id='nzd143v8' to='coven@chat.shakespeare.lit'>
              <x#user><invite to='nobody@shakespeare.lit'/></x></message>
            crone1 < <message from='coven@chat.shakespeare.lit'
                to='crone1@shakespeare.lit/desktop' type='error'>
              <x#user><invite to='nobody@shakespeare.lit'/></x>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <item-not-found#stanzas/></error></message>
        """)

    def test_continuing(self) -> None:
        """7.9, examples 61 to 65: invitations to full addresses and bare ones; old messages."""
        self.make(whois="anyone")
        thread = "e0ffe42b28561960c6b12b944a092794b9683a38"
        said = (
            ("b4va73n0", "Thrice the brinded cat hath mew'd.", "2004-09-29T01:54:37Z"),
            ("i4hs759k", "Thrice and once the hedge-pig whined.", "2004-09-29T01:55:21Z"),
        )
        for id, line, stamp in said:
            content = f"""<thread>{thread}</thread><body>{line}</body>
              <delay#delay from='crone1@shakespeare.lit/desktop' stamp='{stamp}'/>"""
            self.play(f"""
                crone1 > <message from='crone1@shakespeare.lit/desktop' id='{id}'
                    to='coven@chat.shakespeare.lit' type='groupchat'>{content}</message>
                crone1 < <message from='coven@chat.shakespeare.lit/firstwitch' id='{id}'
                    to='crone1@shakespeare.lit/desktop' type='groupchat'>{content}</message>
            """)
        reason = "This coven needs both wiccarocks and hag66."
        invited = f"""<reason>{reason}</reason><continue thread='{thread}'/></invite>"""
        delivered = f"""
            {{}} < <message from='coven@chat.shakespeare.lit' id='*' to='{{}}'>
              <x#user><invite from='crone1@shakespeare.lit'>{invited}</x>
              <x#direct jid='coven@chat.shakespeare.lit' continue='true' thread='{thread}'
                reason='{reason}'/></message>
        """
        self.play(
            f"""
            crone1 > <message from='crone1@shakespeare.lit/desktop' id='gl3s85n7'
                to='coven@chat.shakespeare.lit'>
              <x#user>
                <invite to='wiccarocks@shakespeare.lit/laptop'>{invited}
                <invite to='hag66@shakespeare.lit'>{invited}</x></message>
            """
            + delivered.format("wiccarocks", "wiccarocks@shakespeare.lit/laptop")
            + delivered.format("hag66", "hag66@shakespeare.lit")
        )
        history = "".join(
            f"""
            wiccarocks < <message from='coven@chat.shakespeare.lit/firstwitch' id='{id}'
                to='wiccarocks@shakespeare.lit/laptop' type='groupchat'>
              <thread>{thread}</thread><body>{line}</body>
              <delay#delay from='coven@chat.shakespeare.lit' stamp='{stamp}'/></message>
            """
            for id, line, stamp in said
        )
        self.play(
            """
            wiccarocks > <presence from='wiccarocks@shakespeare.lit/laptop'
                to='coven@chat.shakespeare.lit/secondwitch'><x#muc/></presence>
            wiccarocks < <presence from='coven@chat.shakespeare.lit/firstwitch'
                to='wiccarocks@shakespeare.lit/laptop'>
              <x#user><item affiliation='owner' jid='crone1@shakespeare.lit/desktop'
                role='moderator'/></x></presence>
            wiccarocks < <presence from='coven@chat.shakespeare.lit/secondwitch'
                to='wiccarocks@shakespeare.lit/laptop'>
              <x#user><item affiliation='none' jid='wiccarocks@shakespeare.lit/laptop'
                role='participant'/>
                <status code='100'/><status code='110'/></x></presence>
            """
            + history
            + """
            wiccarocks < <message from='coven@chat.shakespeare.lit'
                to='wiccarocks@shakespeare.lit/laptop' type='groupchat'><subject/></message>
            crone1 < <presence from='coven@chat.shakespeare.lit/secondwitch'
                to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='none' jid='wiccarocks@shakespeare.lit/laptop'
                role='participant'/></x></presence>
            """
        )

    def test_dates_of_others(self) -> None:
        """7.2.13, 7.9: only an owner's messages are older than the room knows."""
        self.make("hag66")
        self.person("hag66").send(
            "<message id='m' to='coven@chat.shakespeare.lit' type='groupchat'><body>x</body>"
            "<delay xmlns='urn:xmpp:delay' from='hag66@shakespeare.lit/pda' "
            "stamp='2004-09-29T01:54:37Z'/></message>"
        )
        hecate = self.person("hecate")
        hecate.send(
            "<presence to='coven@chat.shakespeare.lit/Hecate'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        [told] = [each for each in hecate.received() if each.has("", "body")]
        delays = [name for _, name, _, _ in told.children if name == "delay"]
        self.assertEqual(len(delays), 2)
        self.assertIn(b"from='coven@chat.shakespeare.lit' stamp='2027", told.inner)

    def test_links(self) -> None:
        """15.7, examples 214, 216, 218, 220, 222: what clients send who follow a link."""
        self.make(passwordprotectedroom=1, roomsecret="cauldronburn")
        hag, room = self.person("hag66"), "coven@chat.shakespeare.lit"
        x = "<x xmlns='http://jabber.org/protocol/muc'>{}</x>"
        hag.send(f"<presence to='{room}/thirdwitch'>{x.format('')}</presence>")
        self.assertEqual([each.type for each in hag.received()], ["error"])
        password = "<password>cauldronburn</password>"
        hag.send(f"<presence to='{room}/thirdwitch'>{x.format(password)}</presence>")
        self.assertEqual(len(hag.received()), 3)
        self.forget()
        told = """
            {0} < <message from='coven@chat.shakespeare.lit' to='{0}@shakespeare.lit'>
              <x#user><invite from='coven@chat.shakespeare.lit/thirdwitch'/>
                <password>cauldronburn</password></x>
              <x#direct jid='coven@chat.shakespeare.lit' password='cauldronburn'/></message>
        """
        self.play(
            """
            hag66 > <message to='coven@chat.shakespeare.lit'>
              <x#user><invite to='hecate@shakespeare.lit'/>
                <invite to='bard@shakespeare.lit'/></x></message>
            """
            + told.format("hecate")
            + told.format("bard")
            + """
            hag66 > <message to='coven@chat.shakespeare.lit'>
              <x#user><invite to='hecate@shakespeare.lit'/>
                <password>cauldronburn</password></x></message>
            """
            + told.format("hecate")
        )
