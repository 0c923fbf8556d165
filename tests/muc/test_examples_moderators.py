"""What XEP-0045 shows of moderators (8.2 to 8.5), stanza by stanza, in order."""

from tests.muc.ruling_script import RulingTestCase, by_nick
from tests.muc.script import COVEN

OWN = "<status code='110'/>"
HAG = "jid='hag66@shakespeare.lit/pda'"
CRONE = by_nick("firstwitch", "crone1@shakespeare.lit")


class KickExamples(RulingTestCase):
    room = "harfleur@chat.shakespeare.lit"

    def test_kick(self) -> None:
        """8.2, examples 89 to 92: who is kicked, then the moderator, then the others."""
        self.make("pistol", "gower", owner="fluellen", room=self.room)
        reason = "<reason>Avaunt, you cullion!</reason>"
        items = "<item nick='pistol' role='none'>" + reason + "</item>"
        nick = by_nick("fluellen") + reason
        seen = by_nick("fluellen", "fluellen@shakespeare.lit") + reason
        jid = "jid='pistol@shakespeare.lit/harfleur'"
        item = "<item affiliation='none' {} role='none'>{}</item>{}<status code='307'/>"
        self.play(
            self.set("fluellen", items)
            + self.present("pistol", "pistol", item.format(jid, nick, OWN), gone=True)
            + self.done("fluellen")
            + self.present("pistol", "fluellen", item.format(jid, seen, ""), gone=True)
            + self.present("pistol", "gower", item.format("", nick, ""), gone=True)
        )

    def test_order(self) -> None:
        """8.2: the same, as one sees it who gets the stanzas of all."""
        far = self.server.elsewhere("far.test")
        for name in ("fluellen", "pistol", "gower"):
            far.send(
                f"<presence from='{name}@far.test/x' to='{self.room}/{name}'>"
                "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
            )
            if name == "fluellen":
                far.send(
                    f"<iq type='set' id='o' from='fluellen@far.test/x' to='{self.room}'>"
                    "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                    "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
                )
        far.received()
        far.send(
            f"<iq type='set' id='kick1' from='fluellen@far.test/x' to='{self.room}'>"
            "<query xmlns='http://jabber.org/protocol/muc#admin'>"
            "<item nick='pistol' role='none'/></query></iq>"
        )
        told = [(each.name, each.to.local) for each in far.received() if each.to]
        kicked, answered, *others = told
        self.assertEqual(kicked, ("presence", "pistol"))
        self.assertEqual(answered, ("iq", "fluellen"))
        self.assertEqual(sorted(others), [("presence", "fluellen"), ("presence", "gower")])

    def test_refused(self) -> None:
        """8.2, example 93; one may kick oneself."""
        self.make("gower", "pistol", owner="fluellen", room=self.room)
        self.rank(
            "<item affiliation='member' jid='gower@shakespeare.lit'/>",
            "<item affiliation='admin' jid='pistol@shakespeare.lit'/>",
            by="fluellen",
            room=self.room,
        )
        self.rank("<item nick='gower' role='moderator'/>", by="fluellen", room=self.room)
        for by, nick in (("gower", "pistol"), ("gower", "fluellen"), ("pistol", "fluellen")):
            self.refused(by, f"<item nick='{nick}' role='none'/>", "cancel", "not-allowed")
        self.refused("exeter", "<item nick='gower' role='none'/>", "auth", "forbidden")


class VoiceExamples(RulingTestCase):
    room = COVEN

    def voice(self, role: str, reason: str) -> None:
        """Voice is given or taken: the moderator learns of success, then everybody."""
        said = f"<reason>{reason}</reason>" if reason else ""
        item = f"<item affiliation='none' {{}} role='{role}'>{{}}{said}</item>{{}}"
        nick = by_nick("firstwitch")
        self.play(
            self.set("crone1", f"<item nick='thirdwitch' role='{role}'>{said}</item>")
            + self.done("crone1")
            + self.present("hag66", "hag66", item.format(HAG, nick, OWN))
            + self.present("hag66", "crone1", item.format(HAG, CRONE, ""))
            + self.present("hag66", "hecate", item.format("", nick, ""))
        )

    def test_voice(self) -> None:
        """8.3, 8.4, examples 94 to 101."""
        self.make("hag66", "hecate", moderatedroom=1)
        self.voice("participant", "")
        self.voice("visitor", "")
        self.voice("participant", "A worthy witch indeed!")
        self.voice("visitor", "Not so worthy after all!")

    def test_refused(self) -> None:
        """8.4, example 102: of an admin, an owner, and of whom a moderator does not outrank."""
        self.make("wiccarocks", "hag66", "hecate", moderatedroom=1)
        self.rank(
            "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>",
            "<item affiliation='member' jid='hag66@shakespeare.lit'/>",
            "<item affiliation='member' jid='hecate@shakespeare.lit'/>",
        )
        self.rank("<item nick='thirdwitch' role='moderator'/>")
        for by, nick in (("crone1", "secondwitch"), ("hag66", "Hecate"), ("hag66", "firstwitch")):
            items = f"<item nick='{nick}' role='visitor'/>"
            self.refused(by, items, "cancel", "not-allowed")

    def test_list(self) -> None:
        """8.5, examples 103 to 107."""
        self.make("hag66", "hecate", "bard", moderatedroom=1)
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit'/>")
        self.rank("<item nick='thirdwitch' role='participant'/>")
        self.listed(
            "crone1",
            "role='participant'",
            """
            <item affiliation='none' jid='hag66@shakespeare.lit/pda' nick='thirdwitch'
              role='participant'/>
            <item affiliation='member' jid='hecate@shakespeare.lit/broom' nick='Hecate'
              role='participant'/>
            """,
        )
        self.not_listed("bard", "role='participant'")
        self.not_listed("exeter", "role='participant'")
        worthy = "<reason>A worthy fellow.</reason>"
        items = f"""<item nick='Hecate' role='visitor'/>
            <item nick='TheBard' role='participant'>{worthy}</item>"""
        hecate = "<item affiliation='member' {} role='visitor'>{}</item>{}"
        bard = f"<item affiliation='none' {{}} role='participant'>{{}}{worthy}</item>{{}}"
        jids = "jid='hecate@shakespeare.lit/broom'", "jid='bard@shakespeare.lit/globe'"
        nick = by_nick("firstwitch")
        script = self.set("crone1", items) + self.done("crone1")
        for to in ("crone1", "hag66", "hecate", "bard"):
            actor = CRONE if to == "crone1" else nick
            for who, item, jid in (("hecate", hecate, jids[0]), ("bard", bard, jids[1])):
                seen = jid if to in ("crone1", who) else ""
                own = OWN if to == who else ""
                script += self.present(who, to, item.format(seen, actor, own))
        self.play(script)
        self.rank("<item affiliation='admin' jid='hag66@shakespeare.lit'/>")
        items = "<item nick='TheBard' role='visitor'/><item nick='firstwitch' role='visitor'/>"
        self.refused("hag66", items, "cancel", "not-allowed")
