"""What XEP-0045 shows of admins (9.1 to 9.8), stanza by stanza, in order."""

from tests.muc.ruling_script import RulingTestCase, by_nick
from tests.muc.script import COVEN

OWN = "<status code='110'/>"
HAG = "jid='hag66@shakespeare.lit/pda'"
CRONE = by_nick("firstwitch", "crone1@shakespeare.lit")
NICK = by_nick("firstwitch")


class BanExamples(RulingTestCase):
    room = "southampton@chat.shakespeare.lit"

    def begin(self, *people: str) -> None:
        """The bard owns the room, the king is an admin."""
        self.make("kinghenryv", *people, owner="bard", room=self.room)
        admin = "<item affiliation='admin' jid='kinghenryv@shakespeare.lit'/>"
        self.rank(admin, by="bard", room=self.room)

    def test_ban(self) -> None:
        """9.1, examples 110 to 114, and no longer."""
        self.begin("earlofcambridge", "exeter")
        self.person("earlofcambridge")
        reason = "<reason>Treason</reason>"
        items = f"<item affiliation='outcast' jid='earlofcambridge@shakespeare.lit'>{reason}</item>"
        jid = "jid='earlofcambridge@shakespeare.lit/stabber'"
        item = (
            f"<item affiliation='outcast' {{}} role='none'>{{}}{reason}</item>{{}}"
            "<status code='301'/>"
        )
        nick = by_nick("kinghenryv")
        seen = by_nick("kinghenryv", "kinghenryv@shakespeare.lit")
        earl = "earlofcambridge"
        self.play(
            self.set("kinghenryv", items)
            + self.done("kinghenryv")
            + self.present(earl, earl, item.format(jid, nick, OWN), gone=True)
            + self.present(earl, "bard", item.format(jid, seen, ""), gone=True)
            + self.present(earl, "kinghenryv", item.format(jid, seen, ""), gone=True)
            + self.present(earl, "exeter", item.format("", nick, ""), gone=True)
        )
        self.listed("kinghenryv", "affiliation='outcast'", items)

    def test_refused(self) -> None:
        """9.1, example 115: owners; and nobody bans themselves."""
        self.begin("exeter")
        ban = "<item affiliation='outcast' jid='{}@shakespeare.lit'/>"
        self.refused("kinghenryv", ban.format("bard"), "cancel", "not-allowed")
        self.refused("kinghenryv", ban.format("kinghenryv"), "cancel", "conflict")
        self.refused("bard", ban.format("bard"), "cancel", "conflict")
        self.refused("exeter", ban.format("gower"), "auth", "forbidden")
        self.refused("exeter", ban.format("exeter"), "auth", "forbidden")
        two = ban.format("gower") + ban.format("bard")
        self.refused("kinghenryv", two, "cancel", "not-allowed")
        self.listed("kinghenryv", "affiliation='outcast'", "")

    def test_list(self) -> None:
        """9.2, examples 116 to 119; a banned member's nick is nobody's any more."""
        self.begin("exeter")
        member = "<item affiliation='member' jid='pistol@shakespeare.lit' nick='scroop'/>"
        self.rank(member, by="bard", room=self.room)
        reason = "<reason>Treason</reason>"
        row = f"<item affiliation='outcast' jid='{{}}@shakespeare.lit'>{reason}</item>"
        items = row.format("pistol") + row.format("gower")
        seen = by_nick("kinghenryv", "kinghenryv@shakespeare.lit")
        told = (
            "<item affiliation='outcast' jid='{}@shakespeare.lit' role='none'>"
            f"{seen}{reason}</item>"
        )
        self.play(
            self.set("kinghenryv", items)
            + self.done("kinghenryv")
            + "".join(
                self.outside(to, told.format(who))
                for who in ("pistol", "gower")
                for to in ("bard", "kinghenryv")
            )
        )
        self.listed("kinghenryv", "affiliation='outcast'", items)
        self.listed("kinghenryv", "affiliation='member'", "")
        self.not_listed("exeter", "affiliation='outcast'")


class MembershipExamples(RulingTestCase):
    room = COVEN

    def member(self, affiliation: str, more: str, reason: str) -> None:
        """The hag becomes a member, or is none any longer; she is in the room."""
        said = f"<reason>{reason}</reason>" if reason else ""
        items = (
            f"<item affiliation='{affiliation}' jid='hag66@shakespeare.lit' {more}>{said}</item>"
        )
        item = f"<item affiliation='{affiliation}' {{}} role='participant'>{{}}{said}</item>{{}}"
        self.play(
            self.set("crone1", items)
            + self.done("crone1")
            + self.present("hag66", "hag66", item.format(HAG, NICK, OWN))
            + self.present("hag66", "crone1", item.format(HAG, CRONE, ""))
            + self.present("hag66", "bard", item.format("", NICK, ""))
        )

    def test_membership(self) -> None:
        """9.3, 9.4, examples 120 to 127, 133 and 136."""
        self.make("hag66", "bard")
        self.member("member", "nick='thirdwitch'", "")
        self.member("none", "", "")
        self.member("member", "nick='thirdwitch'", "A worthy witch indeed!")
        self.member("none", "", "Not so worthy after all!")

    def test_removed(self) -> None:
        """9.4, 9.5, example 128: one presence, with 321 and without the loss of membership."""
        self.make(membersonly=1)
        for name in ("hag66", "bard"):
            self.rank(f"<item affiliation='member' jid='{name}@shakespeare.lit'/>")
        self.enter("hag66", "bard")
        item = "<item affiliation='none' {} role='none'>{}</item>{}<status code='321'/>"
        self.play(
            self.set("crone1", "<item affiliation='none' jid='hag66@shakespeare.lit'/>")
            + self.done("crone1")
            + self.present("hag66", "hag66", item.format(HAG, NICK, OWN), gone=True)
            + self.present("hag66", "crone1", item.format(HAG, CRONE, ""), gone=True)
            + self.present("hag66", "bard", item.format("", NICK, ""), gone=True)
        )

    def test_list(self) -> None:
        """9.5, examples 129 to 132, and 17.4 rule 6: no roles in it, but reserved nicks."""
        self.make("hag66")
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>")
        row = "<item affiliation='member' jid='hag66@shakespeare.lit' {}/>"
        self.listed("crone1", "affiliation='member'", row.format("nick='thirdwitch'"))
        self.not_listed("hag66", "affiliation='member'")
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit' nick=''/>")
        self.listed("crone1", "affiliation='member'", row.format(""))
        item = "<item affiliation='none' {} role='participant'>{}</item>{}"
        hecate = "<item affiliation='member' jid='hecate@shakespeare.lit' role='none'>{}</item>"
        self.play(
            self.set(
                "crone1",
                "<item affiliation='none' jid='hag66@shakespeare.lit'/>"
                "<item affiliation='member' jid='hecate@shakespeare.lit'/>",
            )
            + self.done("crone1")
            + self.present("hag66", "hag66", item.format(HAG, NICK, OWN))
            + self.present("hag66", "crone1", item.format(HAG, CRONE, ""))
            + self.outside("crone1", hecate.format(CRONE))
        )
        self.configure({"whois": "anyone"})
        for name in ("crone1", "hecate"):  # a member of a room that hides nobody
            row = "<item affiliation='member' jid='hecate@shakespeare.lit'/>"
            self.listed(name, "affiliation='member'", row)

    def test_invited(self) -> None:
        """9.5, examples 134 and 135; what only admins may do, members may where all may."""
        self.make(membersonly=1, passwordprotectedroom=1, roomsecret="cauldronburn")
        self.person("hecate")
        invited = """
            {} < <message from='coven@chat.shakespeare.lit' id='*' to='{}@shakespeare.lit'>
              <x#user><invite from='coven@chat.shakespeare.lit/{}'/>
                <password>cauldronburn</password></x>
              <x#direct jid='coven@chat.shakespeare.lit' password='cauldronburn'/></message>
        """
        added = "<item affiliation='member' jid='{}@shakespeare.lit' role='none'>{}</item>"
        self.play(
            self.set("crone1", "<item affiliation='member' jid='hecate@shakespeare.lit'/>")
            + self.done("crone1")
            + self.outside("crone1", added.format("hecate", CRONE))
            + invited.format("hecate", "hecate", "firstwitch")
        )
        self.enter("hecate", more="<password>cauldronburn</password>")
        asks = """
            hecate > <message id='C6E14DF6' to='coven@chat.shakespeare.lit'>
              <x#user><invite to='bard@shakespeare.lit'/></x></message>
        """
        self.play(
            asks
            + """
            hecate < <message from='coven@chat.shakespeare.lit' id='C6E14DF6'
                to='hecate@shakespeare.lit/broom' type='error'>
              <x#user><invite to='bard@shakespeare.lit'/></x>
              <error type='auth'><forbidden#stanzas/></error></message>
            """
        )
        self.configure({"allowinvites": 1})
        actor = by_nick("Hecate", "hecate@shakespeare.lit")
        self.play(
            asks
            + self.outside("crone1", added.format("bard", actor))
            + invited.format("bard", "bard", "Hecate")
        )


class ModeratorExamples(RulingTestCase):
    room = COVEN

    def moderator(self, role: str, reason: str, *more: str) -> None:
        """The hag becomes a moderator, or is none any longer."""
        said = f"<reason>{reason}</reason>" if reason else ""
        item = f"<item affiliation='none' {{}} role='{role}'>{{}}{said}</item>{{}}"
        self.play(
            self.set("crone1", f"<item nick='thirdwitch' role='{role}'>{said}</item>")
            + self.done("crone1")
            + self.present("hag66", "hag66", item.format(HAG, NICK, OWN))
            + "".join(more)
            + self.present("hag66", "crone1", item.format(HAG, CRONE, ""))
            + self.present("hag66", "hecate", item.format("", NICK, ""))
        )

    def test_moderators(self) -> None:
        """9.6, 9.7, examples 137 to 144; who becomes one is told whom they see now (7.2.4)."""
        self.make("hag66", "hecate")
        seen = (
            self.present(
                "crone1",
                "hag66",
                "<item affiliation='owner' jid='crone1@shakespeare.lit/desktop' role='moderator'/>",
            ),
            self.present(
                "hecate",
                "hag66",
                "<item affiliation='none' jid='hecate@shakespeare.lit/broom' role='participant'/>",
            ),
        )
        self.moderator("moderator", "", *seen)
        self.moderator("participant", "")
        self.moderator("moderator", "A worthy witch indeed!", *seen)
        self.moderator("participant", "Not so worthy after all!")

    def test_list(self) -> None:
        """9.7, 9.8, examples 145 to 150."""
        self.make("wiccarocks", "hag66", "hecate")
        self.rank("<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>")
        self.rank("<item nick='thirdwitch' role='moderator'/>")
        row = "<item affiliation='{}' jid='{}' nick='{}' role='moderator'/>"
        rows = (
            ("owner", "crone1@shakespeare.lit/desktop", "firstwitch"),
            ("admin", "wiccarocks@shakespeare.lit/laptop", "secondwitch"),
            ("none", "hag66@shakespeare.lit/pda", "thirdwitch"),
        )
        items = "".join(row.format(*each) for each in rows)
        self.listed("crone1", "role='moderator'", items)
        self.listed("wiccarocks", "role='moderator'", items)
        self.not_listed("hag66", "role='moderator'")
        for nick in ("firstwitch", "secondwitch"):
            items = f"<item nick='{nick}' role='participant'/>"
            self.refused("wiccarocks", items, "cancel", "not-allowed")
            items = "<item nick='thirdwitch' role='participant'/>" + items
            self.refused("wiccarocks", items, "cancel", "not-allowed")
        self.refused("hag66", "<item nick='Hecate' role='moderator'/>", "auth", "forbidden")
        answer = self.person("crone1").ask(
            "<iq id='mod4' to='coven@chat.shakespeare.lit' type='set'>"
            "<query xmlns='http://jabber.org/protocol/muc#admin'>"
            "<item nick='thirdwitch' role='participant'/><item nick='Hecate' role='moderator'/>"
            "</query></iq>"
        )
        self.assertEqual(answer.type, "result")
        self.forget()
        rows = (*rows[:2], ("none", "hecate@shakespeare.lit/broom", "Hecate"))
        items = "".join(row.format(*each) for each in rows)
        self.listed("crone1", "role='moderator'", items)

    def test_both_at_once(self) -> None:
        """17.4, rule 4."""
        self.make("hag66")
        both = "<item affiliation='member' jid='hag66@shakespeare.lit' role='moderator'/>"
        self.refused("crone1", both, "modify", "bad-request")
        each = (
            "<item affiliation='member' jid='hag66@shakespeare.lit'/>"
            "<item nick='thirdwitch' role='moderator'/>"
        )
        self.refused("crone1", each, "modify", "bad-request")
