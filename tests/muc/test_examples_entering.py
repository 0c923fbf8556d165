"""What XEP-0045 shows of entering and leaving a room (7.1, 7.2, 7.14), stanza by stanza."""

from tests.muc.script import ScriptTestCase
from xmppd.protocol.stanza import Stanza

JOIN = """
    hag66 > <presence from='hag66@shakespeare.lit/pda' id='n13mt3l'
        to='coven@chat.shakespeare.lit/thirdwitch'><x#muc>{}</x></presence>
"""
REFUSED = (
    JOIN.format("")
    + """
    hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='n13mt3l'
        to='hag66@shakespeare.lit/pda' type='error'>
      <x#muc/>
      <error by='coven@chat.shakespeare.lit' type='{}'><{}#stanzas/></error></presence>
"""
)
HISTORY = """
    hag66 < <message from='coven@chat.shakespeare.lit/firstwitch' id='{0}'
        to='hag66@shakespeare.lit/pda' type='groupchat'>
      <body>{1}</body>
      <delay#delay from='coven@chat.shakespeare.lit' stamp='{2}'/></message>
"""
CRONE = """
    hag66 < <presence from='coven@chat.shakespeare.lit/firstwitch'
        to='hag66@shakespeare.lit/pda'>
      <x#user><item affiliation='owner' role='moderator'/></x></presence>
"""
HAG = """
    hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='*'
        to='hag66@shakespeare.lit/pda'>
      <x#user><item affiliation='none' jid='hag66@shakespeare.lit/pda' role='participant'/>
        {}<status code='110'/></x></presence>
"""
HAG_TO_CRONE = """
    crone1 < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='*'
        to='crone1@shakespeare.lit/desktop'>
      <x#user><item affiliation='none' jid='hag66@shakespeare.lit/pda' role='participant'/></x>
      </presence>
"""
NO_SUBJECT = """
    hag66 < <message from='coven@chat.shakespeare.lit' to='hag66@shakespeare.lit/pda'
        type='groupchat'><subject/></message>
"""


class EnteringExamples(ScriptTestCase):
    def test_entering(self) -> None:
        """7.1, 7.2.1 to 7.2.4, examples 18 and 20 to 22: a semi-anonymous room, in that order."""
        self.make("hecate")
        self.rank(
            "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>",
            "<item affiliation='member' jid='hag66@shakespeare.lit'/>",
        )
        self.enter("wiccarocks")
        seen = """
            {0} < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='n13mt3l' to='{1}'>
              <x#user><item affiliation='member' {2} role='participant'/></x></presence>
        """
        jid = "jid='hag66@shakespeare.lit/pda'"
        self.play(
            JOIN.format("")
            + CRONE
            + """
            hag66 < <presence from='coven@chat.shakespeare.lit/Hecate'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='none' role='participant'/></x></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/secondwitch'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='admin' role='moderator'/></x></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='n13mt3l'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='member' jid='hag66@shakespeare.lit/pda'
                role='participant'/><status code='110'/></x></presence>
            """
            + NO_SUBJECT
            + seen.format("crone1", "crone1@shakespeare.lit/desktop", jid)
            + seen.format("wiccarocks", "wiccarocks@shakespeare.lit/laptop", jid)
            + seen.format("hecate", "hecate@shakespeare.lit/broom", "")
        )

    def test_again(self) -> None:
        """7.2.1, 17.2 rule 3: whoever is inside is told everything anew, the others nothing."""
        self.make("hag66")
        self.play(JOIN.format("") + CRONE + HAG.format("").replace(" id='*'", "") + NO_SUBJECT)

    def test_no_nick(self) -> None:
        """7.2.1, example 19."""
        self.make()
        self.play("""
            hag66 > <presence from='hag66@shakespeare.lit/pda' id='273hs51g'
                to='coven@chat.shakespeare.lit'><x#muc/></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit' id='273hs51g'
                to='hag66@shakespeare.lit/pda' type='error'>
              <x#muc/>
              <error by='coven@chat.shakespeare.lit' type='modify'>
                <jid-malformed#stanzas/></error></presence>
        """)

    def test_other_types(self) -> None:
        """17.2, rules 1, 2 and 5: no other presence enters a room or leaves it."""
        self.make("hag66")
        for type in ("probe", "subscribe", "unsubscribed"):
            self.person("bard").send(
                f"<presence to='coven@chat.shakespeare.lit/bard' type='{type}'>"
                "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
            )
            self.person("hag66").send(
                f"<presence to='coven@chat.shakespeare.lit/thirdwitch' type='{type}'/>"
            )
        self.expect("")
        self.play("bard > <presence to='coven@chat.shakespeare.lit/x' type='unavailable'/>")

    def test_non_anonymous(self) -> None:
        """7.2.3, examples 23 and 24: everybody sees addresses, and is warned of it."""
        self.make("hecate", whois="anyone")
        self.play(
            JOIN.format("")
            + """
            hag66 < <presence from='coven@chat.shakespeare.lit/firstwitch'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='owner' jid='crone1@shakespeare.lit/desktop'
                role='moderator'/></x></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/Hecate'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='none' jid='hecate@shakespeare.lit/broom'
                role='participant'/></x></presence>
            """
            + HAG.format("<status code='100'/>")
            + NO_SUBJECT
            + HAG_TO_CRONE
            + """
            hecate < <presence from='coven@chat.shakespeare.lit/thirdwitch' id='n13mt3l'
                to='hecate@shakespeare.lit/broom'>
              <x#user><item affiliation='none' jid='hag66@shakespeare.lit/pda'
                role='participant'/></x></presence>
            """
        )

    def test_password(self) -> None:
        """7.2.5, examples 25 and 26."""
        self.make(passwordprotectedroom=1, roomsecret="cauldronburn")
        self.play(REFUSED.format("auth", "not-authorized"))
        wrong = REFUSED.replace("<x#muc></x>", "<x#muc><password>x</password></x>")
        self.play(wrong.format("auth", "not-authorized"))
        right = JOIN.format("<password>cauldronburn</password>")
        self.play(right + CRONE + HAG.format("") + NO_SUBJECT + HAG_TO_CRONE)

    def test_members_only(self) -> None:
        """7.2.6, example 27."""
        self.make(membersonly=1)
        self.play(REFUSED.format("auth", "registration-required"))

    def test_banned(self) -> None:
        """7.2.7, example 28."""
        self.make()
        self.rank("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>")
        self.play(REFUSED.format("auth", "forbidden"))

    def test_nick_conflict(self) -> None:
        """7.2.8, example 29: in use, or reserved."""
        self.make()
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit' nick='thirdwitch'/>")
        self.play(REFUSED.format("cancel", "conflict"))
        self.enter("hecate")
        in_use = REFUSED.replace("thirdwitch", "Hecate")
        self.play(in_use.format("cancel", "conflict"))

    def test_full(self) -> None:
        """7.2.9, example 30: but for owners and admins."""
        self.make(maxusers=10)
        self.server.service.rooms.live["coven"].room.config["limit"] = 1
        self.play(REFUSED.format("wait", "service-unavailable"))
        self.rank("<item affiliation='admin' jid='hag66@shakespeare.lit'/>")
        self.person("hag66").send(
            "<presence to='coven@chat.shakespeare.lit/thirdwitch'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        self.assertEqual(len(self.person("hag66").received()), 3)

    def test_locked(self) -> None:
        """7.2.10, 17.1 rule 3, example 31: for nobody else there is such a room yet."""
        self.enter("crone1")
        self.play(
            REFUSED.format("cancel", "item-not-found")
            + """
            hag66 > <message id='m1' to='coven@chat.shakespeare.lit' type='groupchat'>
              <body>Harpier cries</body></message>
            hag66 < <message from='coven@chat.shakespeare.lit' id='m1'
                to='hag66@shakespeare.lit/pda' type='error'>
              <body>Harpier cries</body>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <item-not-found#stanzas/></error></message>

            hag66 > <message id='m2' to='coven@chat.shakespeare.lit/firstwitch' type='chat'>
              <body>Harpier cries</body></message>
            hag66 < <message from='coven@chat.shakespeare.lit/firstwitch' id='m2'
                to='hag66@shakespeare.lit/pda' type='error'>
              <body>Harpier cries</body>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <item-not-found#stanzas/></error></message>

            hag66 > <iq id='jw81b36f' to='coven@chat.shakespeare.lit' type='get'>
              <query#register/></iq>
            hag66 < <iq from='coven@chat.shakespeare.lit' id='jw81b36f'
                to='hag66@shakespeare.lit/pda' type='error'>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <item-not-found#stanzas/></error></iq>
            """
        )

    def test_logged(self) -> None:
        """7.2.12, example 32: 100, 110 and 170 together; 210 is of 7.2.2."""
        self.make(whois="anyone", enablelogging=1, **{"{urn:xmppd:rooms:0}fixednicks": 1})
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit' nick='oldhag'/>")
        self.play(
            JOIN.format("")
            + """
            hag66 < <presence from='coven@chat.shakespeare.lit/firstwitch'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='owner' jid='crone1@shakespeare.lit/desktop'
                role='moderator'/></x></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/oldhag' id='n13mt3l'
                to='hag66@shakespeare.lit/pda'>
              <x#user><item affiliation='member' jid='hag66@shakespeare.lit/pda'
                role='participant'/>
                <status code='100'/><status code='110'/><status code='170'/>
                <status code='210'/></x></presence>
            """
            + NO_SUBJECT
            + """
            crone1 < <presence from='coven@chat.shakespeare.lit/oldhag' id='n13mt3l'
                to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='member' jid='hag66@shakespeare.lit/pda'
                role='participant'/></x></presence>
            """
        )

    def talk(self) -> None:
        """Have three things been said, at eight o'clock and after."""
        self.make()
        lines = (
            "Thrice the brinded cat hath mew'd.",
            "Thrice and once the hedge-pig whined.",
            "Harpier cries 'Tis time, 'tis time.",
        )
        for number, line in enumerate(lines):
            self.person("crone1").send(
                f"<message id='h{number}' to='coven@chat.shakespeare.lit' type='groupchat'>"
                f"<body>{line}</body></message>"
            )
            self.server.advance(120)
        self.forget()
        self.said = [HISTORY.format(f"h{number}", line, "*") for number, line in enumerate(lines)]

    def welcome(self, history: str, *told: str) -> None:
        """The hag enters, and is told that much of what was said; then she goes."""
        script = JOIN.format(history) + CRONE + HAG.format("")
        self.play(script + "".join(told) + NO_SUBJECT + HAG_TO_CRONE)
        self.person("hag66").send(
            "<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>"
        )
        self.forget()

    def test_history(self) -> None:
        """7.2.13, 7.2.14, examples 33 and 35 to 39."""
        self.talk()
        self.welcome("", *self.said)
        self.welcome("<history maxchars='65000'/>", *self.said)
        self.welcome("<history maxstanzas='20'/>", *self.said)
        self.welcome("<history maxstanzas='2'/>", *self.said[1:])
        self.welcome("<history seconds='180'/>", self.said[2])
        self.welcome("<history since='1970-01-01T00:00:00Z'/>", *self.said)
        self.welcome("<history maxchars='0'/>")
        self.welcome("<history maxstanzas='2' seconds='180'/>", self.said[2])

    def test_characters(self) -> None:
        """7.2.14: those of the complete stanzas, as the newcomer gets them."""
        self.talk()
        entered = self.entered("")
        sizes = [len(each.to_bytes()) for each in entered if b"<body>" in each.inner]
        whole = sum(sizes)
        for most, number in ((whole, 3), (whole - 1, 2), (sizes[2], 1), (sizes[2] - 1, 0)):
            entered = self.entered(f"<history maxchars='{most}'/>")
            told = [each for each in entered if b"<body>" in each.inner]
            self.assertEqual(len(told), number, most)

    def entered(self, history: str) -> list[Stanza]:
        """What the hag gets when she enters; then she goes."""
        hag = self.person("hag66")
        hag.send(
            "<presence to='coven@chat.shakespeare.lit/thirdwitch'>"
            f"<x xmlns='http://jabber.org/protocol/muc'>{history}</x></presence>"
        )
        found = hag.received()
        hag.send("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>")
        self.forget()
        return found

    def test_subject(self) -> None:
        """7.2.15, examples 40 and 41: also one that was taken away."""
        self.make()
        for subject in ("Fire Burn and Cauldron Bubble!", ""):
            self.person("crone1").send(
                "<message id='s1' to='coven@chat.shakespeare.lit' type='groupchat'>"
                f"<subject>{subject}</subject></message>"
            )
            self.forget()
            self.play(
                JOIN.format("")
                + CRONE
                + HAG.format("")
                + f"""
                hag66 < <message from='coven@chat.shakespeare.lit/firstwitch' id='s1'
                    to='hag66@shakespeare.lit/pda' type='groupchat'>
                  <subject>{subject}</subject>
                  <delay#delay from='coven@chat.shakespeare.lit' stamp='*'/></message>
                """
                + HAG_TO_CRONE
            )
            self.person("hag66").send(
                "<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>"
            )
            self.forget()

    def test_no_x(self) -> None:
        """7.2.17, examples 42 and 43: with the affiliation that there really is."""
        self.make()
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit'/>")
        told = """
            {0} > <presence id='ng91xs69' to='coven@chat.shakespeare.lit/thirdwitch'/>
            {0} < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{1}'
                type='unavailable'>
              <x#user>
                <item affiliation='{2}' role='none'>
                  <reason>You are not in the room.</reason></item>
                <status code='110'/><status code='307'/><status code='333'/></x></presence>
        """
        self.play(told.format("hag66", "hag66@shakespeare.lit/pda", "none"))
        self.play(told.format("hecate", "hecate@shakespeare.lit/broom", "member"))


class LeavingExamples(ScriptTestCase):
    def leave(self, status: str) -> None:
        self.make("wiccarocks")
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit'/>")
        self.enter("hag66")
        item = """<x#user><item affiliation='member' {} role='none'/>{}</x>"""
        jid = "jid='hag66@shakespeare.lit/pda'"
        gone = """
            {} < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{}'
                type='unavailable'>{}{}</presence>
        """
        self.play(
            f"""
            hag66 > <presence from='hag66@shakespeare.lit/pda'
                to='coven@chat.shakespeare.lit/thirdwitch' type='unavailable'>{status}</presence>
            """
            + gone.format(
                "hag66",
                "hag66@shakespeare.lit/pda",
                status,
                item.format(jid, "<status code='110'/>"),
            )
            + gone.format("crone1", "crone1@shakespeare.lit/desktop", status, item.format(jid, ""))
            + gone.format(
                "wiccarocks", "wiccarocks@shakespeare.lit/laptop", status, item.format("", "")
            )
        )

    def test_leaving(self) -> None:
        """7.14, examples 80 to 82."""
        self.leave("")

    def test_leaving_with_a_word(self) -> None:
        """7.14, example 83."""
        self.leave("<status>gone where the goblins go</status>")
