"""What XEP-0045 shows of owners (10.1 to 10.9), stanza by stanza, in order."""

from tests.muc.ruling_script import RulingTestCase, by_nick, full
from tests.muc.script import COVEN, ScriptTestCase

OWN = "<status code='110'/>"
CRONE = by_nick("firstwitch", "crone1@shakespeare.lit")
NICK = by_nick("firstwitch")
CREATE = """
    crone1 > <presence from='crone1@shakespeare.lit/desktop'
        to='coven@chat.shakespeare.lit/firstwitch'><x#muc/></presence>
    crone1 < <presence from='coven@chat.shakespeare.lit/firstwitch'
        to='crone1@shakespeare.lit/desktop'>
      <x#user><item affiliation='owner' jid='crone1@shakespeare.lit/desktop' role='moderator'/>
        <status code='110'/><status code='201'/></x></presence>
    crone1 < <message from='coven@chat.shakespeare.lit' to='crone1@shakespeare.lit/desktop'
        type='groupchat'><subject/></message>
"""
CANCEL = """
    crone1 > <iq from='crone1@shakespeare.lit/desktop' id='create2'
        to='coven@chat.shakespeare.lit' type='set'>
      <query#owner><x#data type='cancel'/></query></iq>
"""
RESULT = """
    crone1 < <iq from='coven@chat.shakespeare.lit' id='create2'
        to='crone1@shakespeare.lit/desktop' type='result'/>
"""
DESTROYED = """
    crone1 < <presence from='coven@chat.shakespeare.lit/firstwitch'
        to='crone1@shakespeare.lit/desktop' type='unavailable'>
      <x#user><item affiliation='none' role='none'/><destroy/><status code='110'/></x></presence>
"""
SUBMIT = """
    crone1 > <iq from='crone1@shakespeare.lit/desktop' id='create2'
        to='coven@chat.shakespeare.lit' type='set'>
      <query#owner><x#data type='submit'>
        <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>
        <field var='muc#roomconfig_roomname'><value>A Dark Cave</value></field>
        <field var='muc#roomconfig_roomdesc'>
          <value>The place for all good witches!</value></field>
        <field var='muc#roomconfig_enablelogging'><value>0</value></field>
        <field var='muc#roomconfig_changesubject'><value>1</value></field>
        <field var='muc#roomconfig_allowinvites'><value>0</value></field>
        <field var='muc#roomconfig_allowpm'><value>anyone</value></field>
        <field var='muc#roomconfig_maxusers'><value>10</value></field>
        <field var='muc#roomconfig_publicroom'><value>0</value></field>
        <field var='muc#roomconfig_persistentroom'><value>0</value></field>
        <field var='muc#roomconfig_moderatedroom'><value>0</value></field>
        <field var='muc#roomconfig_membersonly'><value>0</value></field>
        <field var='muc#roomconfig_passwordprotectedroom'><value>1</value></field>
        <field var='muc#roomconfig_roomsecret'><value>cauldronburn</value></field>
        <field var='muc#roomconfig_whois'><value>moderators</value></field>
        <field var='muc#maxhistoryfetch'><value>50</value></field>
        <field var='muc#roomconfig_roomadmins'>
          <value>wiccarocks@shakespeare.lit</value><value>hecate@shakespeare.lit</value></field>
      </x></query></iq>
"""
FORM = """
    crone1 > <iq from='crone1@shakespeare.lit/desktop' id='config1'
        to='coven@chat.shakespeare.lit' type='get'><query#owner/></iq>
"""
REGISTERED = {
    "text-single": ("maxhistoryfetch", "lang", "pubsub", "roomdesc", "roomname"),
    "list-single": ("allowpm", "maxusers", "whois"),
    "list-multi": ("getmemberlist", "presencebroadcast"),
    "jid-multi": ("roomadmins", "roomowners"),
    "text-private": ("roomsecret",),
    "boolean": (
        "allowinvites",
        "changesubject",
        "enablelogging",
        "membersonly",
        "moderatedroom",
        "passwordprotectedroom",
        "persistentroom",
        "publicroom",
    ),
}


def field(var: str, *values: str) -> str:
    """A field of a submitted form."""
    return f"<field var='{var}'>{''.join(f'<value>{each}</value>' for each in values)}</field>"


class CreationExamples(ScriptTestCase):
    def test_instant(self) -> None:
        """10.1.1, 10.1.2, examples 153 to 155; example 61 without its 201."""
        self.play(
            CREATE
            + """
            crone1 > <iq from='crone1@shakespeare.lit/desktop' id='create2'
                to='coven@chat.shakespeare.lit' type='set'>
              <query#owner><x#data type='submit'/></query></iq>
            """
            + RESULT
        )
        self.enter("hag66")
        self.assertIsNotNone(self.server.service.rooms.live["coven"].room.occupants["thirdwitch"])

    def test_reserved(self) -> None:
        """10.1.3, examples 156, 157, 159 and 160; 163 and 165 show what was submitted."""
        self.play(CREATE)
        before = self.fields()
        self.assertEqual(before["muc#roomconfig_roomname"], [""])
        self.play(SUBMIT + self.admins_told("hecate", "wiccarocks") + RESULT)
        after = self.fields()
        submitted = {
            "muc#roomconfig_roomname": ["A Dark Cave"],
            "muc#roomconfig_roomdesc": ["The place for all good witches!"],
            "muc#roomconfig_enablelogging": ["0"],
            "muc#roomconfig_changesubject": ["1"],
            "muc#roomconfig_allowinvites": ["0"],
            "muc#roomconfig_allowpm": ["anyone"],
            "muc#roomconfig_maxusers": ["10"],
            "muc#roomconfig_presencebroadcast": ["moderator", "participant", "visitor"],
            "muc#roomconfig_publicroom": ["0"],
            "muc#roomconfig_persistentroom": ["0"],
            "muc#roomconfig_moderatedroom": ["0"],
            "muc#roomconfig_membersonly": ["0"],
            "muc#roomconfig_passwordprotectedroom": ["1"],
            "muc#roomconfig_roomsecret": ["cauldronburn"],
            "muc#roomconfig_whois": ["moderators"],
            "muc#maxhistoryfetch": ["50"],
            "muc#roomconfig_roomadmins": [
                "wiccarocks@shakespeare.lit",
                "hecate@shakespeare.lit",
            ],
            "muc#roomconfig_roomowners": ["crone1@shakespeare.lit"],
        }
        for var, values in submitted.items():
            self.assertEqual(sorted(after[var]), sorted(values), var)
        self.assertEqual(before.keys(), after.keys())

    def admins_told(self, *names: str) -> str:
        """The owner is told that the configuration is another, and of admins who are outside."""
        return """
            crone1 < <message from='coven@chat.shakespeare.lit' id='*'
                to='crone1@shakespeare.lit/desktop' type='groupchat'>
              <x#user><status code='104'/></x></message>
        """ + "".join(
            f"""
            crone1 < <message from='coven@chat.shakespeare.lit' id='*'
                to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='admin' jid='{name}@shakespeare.lit' role='none'>
                {CRONE}</item></x></message>
            """
            for name in names
        )

    def fields(self) -> dict[str, list[str]]:
        """The values in the form that the room gives its owner (example 157)."""
        answer = self.person("crone1").ask(
            "<iq id='create1' to='coven@chat.shakespeare.lit' type='get'>"
            "<query xmlns='http://jabber.org/protocol/muc#owner'/></iq>"
        )
        query = answer.child("http://jabber.org/protocol/muc#owner", "query")
        assert query is not None
        [x] = query.elements()
        self.assertEqual((x.uri, x["type"]), ("jabber:x:data", "form"))
        return {
            str(each["var"]): [str(value) for value in each.elements() if value.name == "value"]
            for each in x.elements()
            if each.name == "field"
        }

    def test_registry(self) -> None:
        """15.5.3, example 211: all fields that are registered, each of its type."""
        self.make()
        answer = self.person("crone1").ask(
            "<iq id='create1' to='coven@chat.shakespeare.lit' type='get'>"
            "<query xmlns='http://jabber.org/protocol/muc#owner'/></iq>"
        )
        for type, fields in REGISTERED.items():
            for name in fields:
                var = f"muc#{name}" if name == "maxhistoryfetch" else f"muc#roomconfig_{name}"
                self.assertRegex(
                    answer.inner.decode(),
                    f"<field (?=[^>]* ?type='{type}')(?=[^>]*var='{var}')",
                )

    def test_unacceptable(self) -> None:
        """10.1.3, example 161: no password; the room stays locked."""
        self.play(CREATE)
        blank = SUBMIT.replace("<value>cauldronburn</value>", "<value></value>")
        _, _, query = blank.partition("<query#owner>")
        query, _, _ = query.partition("</query>")
        self.play(
            blank
            + f"""
            crone1 < <iq from='coven@chat.shakespeare.lit' id='create2'
                to='crone1@shakespeare.lit/desktop' type='error'>
              <query#owner>{query}</query>
              <error type='modify'><not-acceptable#stanzas/></error></iq>
            """
        )
        self.assertTrue(self.server.service.rooms.live["coven"].room.saved.locked)

    def test_cancelled(self) -> None:
        """10.1.3, example 162: that ends the room; as does it when the owner goes."""
        self.play(CREATE + CANCEL + DESTROYED + RESULT)
        self.play(CREATE)
        self.play(
            """
            crone1 > <presence type='unavailable' to='coven@chat.shakespeare.lit/firstwitch'/>
            """
            + DESTROYED
        )
        self.assertEqual(self.server.service.rooms.live, {})

    def test_cancelled_later(self) -> None:
        """10.2, example 166: nothing is changed."""
        self.make(roomname="A Dark Cave")
        before = self.fields()
        self.play(CANCEL + RESULT)
        self.assertEqual(self.fields(), before)


class RestrictedExamples(ScriptTestCase):
    settings = {"create": "admins"}  # noqa: RUF012

    def test_creation(self) -> None:
        """10.1.1, example 152."""
        self.play("""
            hag66 > <presence from='hag66@shakespeare.lit/pda'
                to='coven@chat.shakespeare.lit/thirdwitch'><x#muc/></presence>
            hag66 < <presence from='coven@chat.shakespeare.lit/thirdwitch'
                to='hag66@shakespeare.lit/pda' type='error'>
              <x#muc/>
              <error by='coven@chat.shakespeare.lit' type='cancel'>
                <not-allowed#stanzas/></error></presence>
        """)


class ConfigurationExamples(RulingTestCase):
    room = COVEN

    def submit(self, *fields: str) -> str:
        """The owner submits some fields of the form."""
        form_type = field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig")
        return f"""
            crone1 > <iq from='{full("crone1")}' id='change' to='{self.room}' type='set'>
              <query#owner><x#data type='submit'>{form_type}{"".join(fields)}</x></query></iq>
        """

    def test_not_the_owner(self) -> None:
        """10.2, examples 163 and 164."""
        self.make("wiccarocks")
        self.rank("<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>")
        self.play("""
            wiccarocks > <iq from='wiccarocks@shakespeare.lit/laptop' id='configures'
                to='coven@chat.shakespeare.lit' type='get'><query#owner/></iq>
            wiccarocks < <iq from='coven@chat.shakespeare.lit' id='configures'
                to='wiccarocks@shakespeare.lit/laptop' type='error'>
              <query#owner/>
              <error type='auth'><forbidden#stanzas/></error></iq>
        """)

    def ranked(self, affiliation: str, role: str, *more: str) -> str:
        """Everybody is told what the second witch is now."""
        item = f"<item affiliation='{affiliation}' {{}} role='{role}'>{{}}</item>{{}}"
        jid = "jid='wiccarocks@shakespeare.lit/laptop'"
        return (
            self.present("wiccarocks", "wiccarocks", item.format(jid, NICK, OWN))
            + "".join(more)
            + self.present("wiccarocks", "crone1", item.format(jid, CRONE, ""))
            + self.present("wiccarocks", "hag66", item.format("", NICK, ""))
        )

    def test_lists(self) -> None:
        """10.2, examples 167 to 170: an owner who is none any longer is an admin."""
        self.make("wiccarocks", "hag66")
        now_seen = "".join(
            self.present(who, "wiccarocks", item)
            for who, item in (
                (
                    "crone1",
                    "<item affiliation='owner' jid='crone1@shakespeare.lit/desktop' "
                    "role='moderator'/>",
                ),
                (
                    "hag66",
                    "<item affiliation='none' jid='hag66@shakespeare.lit/pda' role='participant'/>",
                ),
            )
        )
        crone, second = "crone1@shakespeare.lit", "wiccarocks@shakespeare.lit"
        owners, admins = "muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"
        done = self.done("crone1")
        self.play(
            self.submit(field(admins, second)) + self.ranked("admin", "moderator", now_seen) + done
        )
        self.play(self.submit(field(admins)) + self.ranked("none", "participant") + done)
        self.play(
            self.submit(field(owners, crone, second))
            + self.ranked("owner", "moderator", now_seen)
            + done
        )
        self.play(
            self.submit(field(owners, crone), field(admins))
            + self.ranked("admin", "moderator")
            + done
        )
        self.play(
            self.submit(field(owners))
            + f"""
            crone1 < <iq from='{self.room}' id='change' to='{full("crone1")}' type='error'>
              <query#owner><x#data type='submit'>
                {field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig")}
                {field(owners)}</x></query>
              <error type='cancel'><conflict#stanzas/></error></iq>
            """
        )

    def test_status_codes(self) -> None:
        """10.2.1, example 171; 104 is for what has nothing to do with privacy."""
        self.make("hag66")
        for var, value, code in (
            ("enablelogging", 1, 170),
            ("enablelogging", 0, 171),
            ("whois", "anyone", 172),
            ("whois", "moderators", 173),
            ("roomname", "Cave", 104),
        ):
            told = "".join(
                f"""
                {to} < <message from='{self.room}' id='*' to='{full(to)}' type='groupchat'>
                  <x#user><status code='{code}'/></x></message>
                """
                for to in ("hag66", "crone1")
            )
            script = self.submit(field(f"muc#roomconfig_{var}", str(value)))
            self.play(script + told + self.done("crone1"))

    def test_members_only(self) -> None:
        """10.2: 322 for who is in a room that only members may be in from now on."""
        self.make("hag66", "hecate")
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit'/>")
        told = "".join(
            f"""
            {to} < <message from='{self.room}' to='{full(to)}' type='groupchat'>
              <x#user><status code='104'/></x></message>
            """
            for to in ("crone1", "hag66", "hecate")
        )
        item = "<item affiliation='none' {} role='none'/>{}<status code='322'/>"
        jid = "jid='hag66@shakespeare.lit/pda'"
        self.play(
            self.submit(field("muc#roomconfig_membersonly", "1"))
            + told
            + self.present("hag66", "hag66", item.format(jid, OWN), gone=True)
            + self.present("hag66", "crone1", item.format(jid, ""), gone=True)
            + self.present("hag66", "hecate", item.format("", ""), gone=True)
            + self.done("crone1")
        )


class OwnershipExamples(RulingTestCase):
    room = COVEN

    def status(self, affiliation: str, role: str, reason: str, *more: str) -> None:
        """Hecate, who is in the room, is from now on an owner, an admin or nothing."""
        said = f"<reason>{reason}</reason>" if reason else ""
        items = f"<item affiliation='{affiliation}' jid='hecate@shakespeare.lit'>{said}</item>"
        item = f"<item affiliation='{affiliation}' {{}} role='{role}'>{{}}{said}</item>{{}}"
        jid = "jid='hecate@shakespeare.lit/broom'"
        self.play(
            self.set("crone1", items)
            + self.done("crone1")
            + self.present("hecate", "hecate", item.format(jid, NICK, OWN))
            + "".join(more)
            + self.present("hecate", "crone1", item.format(jid, CRONE, ""))
            + self.present("hecate", "hag66", item.format("", NICK, ""))
        )

    def seen(self) -> tuple[str, ...]:
        """What Hecate is told who sees addresses from now on."""
        rows = (
            ("crone1", "owner", "moderator"),
            ("hag66", "none", "participant"),
        )
        return tuple(
            self.present(
                who, "hecate", f"<item affiliation='{standing}' jid='{full(who)}' role='{role}'/>"
            )
            for who, standing, role in rows
        )

    def test_inside(self) -> None:
        """10.3, 10.4, 10.6, 10.7, examples 172 to 175, 177 to 180, 186 to 189, 191 to 194."""
        self.make("hecate", "hag66")
        for status in ("owner", "admin"):
            self.status(status, "moderator", "", *self.seen())
            self.status("none", "participant", "")
            self.status(status, "moderator", "A worthy witch indeed!", *self.seen())
            if status == "owner":
                self.status("admin", "moderator", "Not so worthy after all!")
            self.status("none", "participant", "Not so worthy after all!")

    def test_outside(self) -> None:
        """10.3, 10.6, 10.7, examples 176, 190 and 195, and a full address is taken as bare."""
        self.make("hag66")
        for status in ("owner", "none", "admin", "none"):
            item = f"<item affiliation='{status}' jid='{{}}' {{}}>{{}}</item>"
            self.play(
                self.set("crone1", item.format("hecate@shakespeare.lit/broom", "", ""))
                + self.done("crone1")
                + self.outside(
                    "crone1", item.format("hecate@shakespeare.lit", "role='none'", CRONE)
                )
            )

    def test_lists(self) -> None:
        """10.5, 10.8, examples 181 to 185 and 196 to 200."""
        self.make("wiccarocks", "hag66")
        row = "<item affiliation='{}' jid='{}@shakespeare.lit'/>"
        self.rank(row.format("admin", "wiccarocks"))
        self.listed("crone1", "affiliation='owner'", row.format("owner", "crone1"))
        self.listed("crone1", "affiliation='admin'", row.format("admin", "wiccarocks"))
        for asked in ("owner", "admin"):
            for by in ("wiccarocks", "hag66"):
                self.not_listed(by, f"affiliation='{asked}'")
                for item in (row.format(asked, "hecate"), row.format("none", "crone1")):
                    self.refused(by, item, "auth", "forbidden")
        self.refused("wiccarocks", row.format("none", "wiccarocks"), "auth", "forbidden")
        self.rank(row.format("none", "wiccarocks"), row.format("admin", "hecate"))
        self.listed("crone1", "affiliation='admin'", row.format("admin", "hecate"))

    def test_last_owner(self) -> None:
        """10.4, 10.5: an owner stays, another may go."""
        self.make()
        row = "<item affiliation='{}' jid='{}@shakespeare.lit'/>"
        for status in ("admin", "member", "none"):
            self.refused("crone1", row.format(status, "crone1"), "cancel", "conflict")
        self.rank(row.format("owner", "hecate"))
        self.rank(row.format("none", "crone1"))
        self.listed("hecate", "affiliation='owner'", row.format("owner", "hecate"))


class DestructionExamples(RulingTestCase):
    room = "heath@chat.shakespeare.lit"
    destroy = """<query#owner><destroy jid='coven@chat.shakespeare.lit'>
        <reason>Macbeth doth come.</reason></destroy></query>"""

    def test_destruction(self) -> None:
        """10.9, examples 201 to 203: each is told of itself alone, then the owner of success."""
        self.make("wiccarocks", "hag66", room=self.room)
        item = """<item affiliation='none' role='none'/>
            <destroy jid='coven@chat.shakespeare.lit'><reason>Macbeth doth come.</reason></destroy>
            <status code='110'/>"""
        self.play(
            f"""
            crone1 > <iq from='crone1@shakespeare.lit/desktop' id='change'
                to='heath@chat.shakespeare.lit' type='set'>{self.destroy}</iq>
            """
            + "".join(
                self.present(who, who, item, gone=True) for who in ("crone1", "wiccarocks", "hag66")
            )
            + self.done("crone1")
        )

    def test_refused(self) -> None:
        """10.9, example 204."""
        self.make("wiccarocks", room=self.room)
        self.play(f"""
            wiccarocks > <iq from='wiccarocks@shakespeare.lit/laptop' id='destroytest'
                to='heath@chat.shakespeare.lit' type='set'>{self.destroy}</iq>
            wiccarocks < <iq from='heath@chat.shakespeare.lit' id='destroytest'
                to='wiccarocks@shakespeare.lit/laptop' type='error'>
              {self.destroy}
              <error type='auth'><forbidden#stanzas/></error></iq>
        """)
