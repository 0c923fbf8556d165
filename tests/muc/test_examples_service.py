"""What XEP-0045 shows of discovery and of the service's own doings (6, 11, 17.1.1)."""

from tests.muc.script import ScriptTestCase


class DiscoveryExamples(ScriptTestCase):
    def test_service(self) -> None:
        """6.1, 6.2, examples 1 to 4: beside its own features and what else the server has."""
        self.play("""
            hag66 > <iq from='hag66@shakespeare.lit/pda' id='lx09df27'
                to='chat.shakespeare.lit' type='get'>
              <query#info/></iq>
            hag66 < <iq from='chat.shakespeare.lit' id='lx09df27'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#info>
                <identity category='conference' name='Chatroom Service' type='text'/>
                <feature var='http://jabber.org/protocol/disco#info'/>
                <feature var='http://jabber.org/protocol/disco#items'/>
                <feature var='http://jabber.org/protocol/muc'/>
                <feature var='http://jabber.org/protocol/muc#stable_id'/>
                <feature var='http://jabber.org/protocol/rsm'/>
                <feature var='jid\\20escaping'/>
                <feature var='urn:xmpp:occupant-id:0'/>
                <feature var='urn:xmpp:ping'/>
                <feature var='vcard-temp'/>
              </query></iq>
        """)
        hag = self.person("hag66")
        items = hag.ask(
            "<iq from='hag66@shakespeare.lit/pda' id='h7ns81g' to='shakespeare.lit' type='get'>"
            "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>"
        )
        self.assertIn(b"<item jid='chat.shakespeare.lit' name='Chatroom Service'/>", items.inner)

    def test_rooms(self) -> None:
        """6.3, examples 5 to 7: those that are not hidden; or a page of them."""
        rooms = {"heath": "A Lonely Heath", "coven": "A Dark Cave", "forres": "The Palace"}
        for name, called in rooms.items():
            self.make(room=f"{name}@chat.shakespeare.lit", roomname=called)
        self.make(room="inverness@chat.shakespeare.lit", roomname="Hidden", publicroom=0)
        self.play("""
            hag66 > <iq from='hag66@shakespeare.lit/pda' id='zb8q41f4'
                to='chat.shakespeare.lit' type='get'>
              <query#items/></iq>
            hag66 < <iq from='chat.shakespeare.lit' id='zb8q41f4'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#items>
                <item jid='heath@chat.shakespeare.lit' name='A Lonely Heath'/>
                <item jid='coven@chat.shakespeare.lit' name='A Dark Cave'/>
                <item jid='forres@chat.shakespeare.lit' name='The Palace'/>
              </query></iq>

            hag66 > <iq from='hag66@shakespeare.lit/pda' id='hx51v49s'
                to='chat.shakespeare.lit' type='get'>
              <query#items>
                <set xmlns='http://jabber.org/protocol/rsm'><max>2</max></set>
              </query></iq>
            hag66 < <iq from='chat.shakespeare.lit' id='hx51v49s'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#items>
                <item jid='coven@chat.shakespeare.lit' name='A Dark Cave'/>
                <item jid='forres@chat.shakespeare.lit' name='The Palace'/>
                <set xmlns='http://jabber.org/protocol/rsm'>
                  <first index='0'>coven</first><last>forres</last><count>3</count>
                </set>
              </query></iq>
        """)

    def test_room(self) -> None:
        """6.4, examples 8 to 10: all that a room has been told of itself."""
        own = "{urn:xmppd:rooms:0}"
        self.make(
            "wiccarocks",
            roomname="A Dark Cave",
            roomdesc="The place for all good witches!",
            publicroom=0,
            whois="anyone",
            passwordprotectedroom=1,
            roomsecret="cauldronburn",
            changesubject=1,
            lang="en",
            enablelogging=1,
            pubsub="xmpp:pubsub.shakespeare.lit?;node=the-coven-node",
            **{
                f"{own}publishedat": "http://www.shakespeare.lit/chatlogs/coven/",
                f"{own}contacts": "crone1@shakespeare.lit",
                "muc#maxhistoryfetch": 50,
            },
        )
        self.person("crone1").send(
            "<message to='coven@chat.shakespeare.lit' type='groupchat'>"
            "<subject>Spells</subject></message>"
        )
        self.forget()
        asked = """<iq from='{0}' id='ik3vs715' to='coven@chat.shakespeare.lit' type='get'>
              <query#info/></iq>"""
        answer = """<iq from='coven@chat.shakespeare.lit' id='ik3vs715' to='{0}' type='result'>
              <query#info>
                <identity category='conference' name='A Dark Cave' type='text'/>
                <feature var='http://jabber.org/protocol/disco#info'/>
                <feature var='http://jabber.org/protocol/disco#items'/>
                <feature var='http://jabber.org/protocol/muc'/>
                <feature var='http://jabber.org/protocol/muc#register'/>
                <feature var='http://jabber.org/protocol/muc#request'/>
                <feature var='http://jabber.org/protocol/muc#roomconfig'/>
                <feature var='http://jabber.org/protocol/muc#roominfo'/>
                <feature var='http://jabber.org/protocol/muc#self-ping-optimization'/>
                <feature var='http://jabber.org/protocol/muc#stable_id'/>
                <feature var='jabber:iq:register'/>
                <feature var='muc_hidden'/>
                <feature var='muc_nonanonymous'/>
                <feature var='muc_open'/>
                <feature var='muc_passwordprotected'/>
                <feature var='muc_temporary'/>
                <feature var='muc_unmoderated'/>
                <feature var='urn:xmpp:message-moderate:1'/>
                <feature var='urn:xmpp:message-retract:1'/>
                <feature var='urn:xmpp:occupant-id:0'/>
                <feature var='urn:xmpp:ping'/>
                <feature var='urn:xmpp:sid:0'/>
                <feature var='vcard-temp'/>
                <x#data type='result'>
                  <field type='hidden' var='FORM_TYPE'>
                    <value>http://jabber.org/protocol/muc#roominfo</value></field>
                  <field type='text-single' var='muc#roomconfig_roomname'>
                    <value>A Dark Cave</value></field>
                  <field type='text-single' var='muc#roominfo_description'>
                    <value>The place for all good witches!</value></field>
                  <field type='jid-multi' var='muc#roominfo_contactjid'>
                    <value>crone1@shakespeare.lit</value></field>
                  {1}
                  <field type='boolean' var='muc#roominfo_subjectmod'><value>1</value></field>
                  <field type='boolean' var='muc#roomconfig_changesubject'>
                    <value>1</value></field>
                  <field type='text-single' var='muc#roominfo_occupants'>
                    <value>1</value></field>
                  <field type='text-single' var='muc#roominfo_lang'><value>en</value></field>
                  <field type='text-single' var='muc#roominfo_logs'>
                    <value>http://www.shakespeare.lit/chatlogs/coven/</value></field>
                  <field type='text-single' var='muc#maxhistoryfetch'>
                    <value>50</value></field>
                  <field type='text-single' var='muc#roomconfig_pubsub'>
                    <value>xmpp:pubsub.shakespeare.lit?;node=the-coven-node</value></field>
                </x>
              </query></iq>"""
        subject = """<field type='text-single' var='muc#roominfo_subject'>
                    <value>Spells</value></field>"""
        crone, hag = "crone1@shakespeare.lit/desktop", "hag66@shakespeare.lit/pda"
        self.play(f"""
            crone1 > {asked.format(crone)}
            crone1 < {answer.format(crone, subject)}

            hag66 > {asked.format(hag)}
            hag66 < {answer.format(hag, "")}
        """)  # 13.4: the subject leaks to nobody who has not entered

    def test_types(self) -> None:
        """15.3, example 208: of each two features that say what a room is like, one."""
        pairs = (
            ({"publicroom": 1}, "muc_public", {"publicroom": 0}, "muc_hidden"),
            ({"persistentroom": 1}, "muc_persistent", {"persistentroom": 0}, "muc_temporary"),
            ({"membersonly": 1}, "muc_membersonly", {"membersonly": 0}, "muc_open"),
            ({"moderatedroom": 1}, "muc_moderated", {"moderatedroom": 0}, "muc_unmoderated"),
            ({"whois": "anyone"}, "muc_nonanonymous", {"whois": "moderators"}, "muc_semianonymous"),
            (
                {"passwordprotectedroom": 1, "roomsecret": "cauldronburn"},
                "muc_passwordprotected",
                {"passwordprotectedroom": 0},
                "muc_unsecured",
            ),
        )
        self.make()
        for one, feature, other, opposite in pairs:
            for values, there, not_there in ((one, feature, opposite), (other, opposite, feature)):
                self.configure(values)
                answer = self.person("crone1").ask(
                    "<iq id='i' to='coven@chat.shakespeare.lit' type='get'>"
                    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
                )
                self.assertIn(f"<feature var='{there}'/>".encode(), answer.inner)
                self.assertNotIn(f"<feature var='{not_there}'/>".encode(), answer.inner)

    def test_occupants(self) -> None:
        """6.5, examples 11 to 13: to occupants of a room that hides nobody, in others to none."""
        self.make("wiccarocks", whois="anyone")
        self.play("""
            wiccarocks > <iq id='kl2fax27' to='coven@chat.shakespeare.lit' type='get'>
              <query#items/></iq>
            wiccarocks < <iq from='coven@chat.shakespeare.lit' id='kl2fax27'
                to='wiccarocks@shakespeare.lit/laptop' type='result'>
              <query#items>
                <item jid='coven@chat.shakespeare.lit/firstwitch'/>
                <item jid='coven@chat.shakespeare.lit/secondwitch'/>
              </query></iq>

            hag66 > <iq id='kl2fax27' to='coven@chat.shakespeare.lit' type='get'><query#items/></iq>
            hag66 < <iq from='coven@chat.shakespeare.lit' id='kl2fax27'
                to='hag66@shakespeare.lit/pda' type='result'><query#items/></iq>
        """)
        self.configure({"whois": "moderators"})
        self.play("""
            wiccarocks > <iq id='kl2fax27' to='coven@chat.shakespeare.lit' type='get'>
              <query#items/></iq>
            wiccarocks < <iq from='coven@chat.shakespeare.lit' id='kl2fax27'
                to='wiccarocks@shakespeare.lit/laptop' type='result'><query#items/></iq>
        """)

    def test_occupant(self) -> None:
        """6.6: only occupants' requests are passed on, and 17.4, 3 without their addresses."""
        self.make("hag66")
        self.play("""
            bard > <iq id='a1' to='coven@chat.shakespeare.lit/thirdwitch' type='get'>
              <query#info/></iq>
            bard < <iq from='coven@chat.shakespeare.lit/thirdwitch' id='a1'
                to='bard@shakespeare.lit/globe' type='error'>
              <error by='coven@chat.shakespeare.lit' type='modify'>
                <bad-request#stanzas/></error></iq>

            crone1 > <iq id='a1' to='coven@chat.shakespeare.lit/thirdwitch' type='get'>
              <query#info/></iq>
            hag66 < <iq from='coven@chat.shakespeare.lit/firstwitch' id='*'
                to='hag66@shakespeare.lit/pda' type='get'><query#info/></iq>
        """)

    def test_traffic(self) -> None:
        """17.1.1, examples 223 to 225: nothing that others define is discarded."""
        self.make(room="heath@chat.shakespeare.lit")
        self.play("""
            wiccarocks > <iq from='wiccarocks@shakespeare.lit/laptop'
                to='heath@chat.shakespeare.lit' id='allow1' type='get'>
              <query#info node='http://jabber.org/protocol/muc#traffic'/></iq>
            wiccarocks < <iq from='heath@chat.shakespeare.lit'
                to='wiccarocks@shakespeare.lit/laptop' id='allow1' type='error'>
              <error type='cancel'><service-unavailable#stanzas/></error></iq>

            wiccarocks > <iq to='heath@chat.shakespeare.lit' id='a2' type='get'>
              <query#info node='urn:no-such-node'/></iq>
            wiccarocks < <iq from='heath@chat.shakespeare.lit'
                to='wiccarocks@shakespeare.lit/laptop' id='a2' type='error'>
              <error type='cancel'><item-not-found#stanzas/></error></iq>
        """)

    def test_reserved_nick(self) -> None:
        """7.12, examples 77 and 78; before and after entering."""
        self.make()
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>")
        script = """
            hag66 > <iq from='hag66@shakespeare.lit/pda' id='getnick1'
                to='coven@chat.shakespeare.lit' type='get'>
              <query#info node='x-roomuser-item'/></iq>
            hag66 < <iq from='coven@chat.shakespeare.lit' id='getnick1'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#info node='x-roomuser-item'>
                <identity category='conference' name='thirdwitch' type='text'/></query></iq>
        """
        self.play(script)
        self.enter("hag66")
        self.play(script)
        self.play("""
            bard > <iq id='getnick1' to='coven@chat.shakespeare.lit' type='get'>
              <query#info node='x-roomuser-item'/></iq>
            bard < <iq from='coven@chat.shakespeare.lit' id='getnick1'
                to='bard@shakespeare.lit/globe' type='result'>
              <query#info node='x-roomuser-item'/></iq>
        """)


class ServiceExamples(ScriptTestCase):
    def test_shutdown(self) -> None:
        """11.2, example 207."""
        room = "harfleur@chat.shakespeare.lit"
        self.make("pistol", owner="fluellen", room=room)
        self.server.service.rooms.shut_down()
        self.expect("""
            fluellen < <presence from='harfleur@chat.shakespeare.lit/fluellen'
                to='fluellen@shakespeare.lit/pda' type='unavailable'>
              <x#user><item affiliation='owner' jid='fluellen@shakespeare.lit/pda' role='none'/>
                <status code='110'/><status code='332'/></x></presence>
            pistol < <presence from='harfleur@chat.shakespeare.lit/pistol'
                to='pistol@shakespeare.lit/harfleur' type='unavailable'>
              <x#user><item affiliation='none' jid='pistol@shakespeare.lit/harfleur' role='none'/>
                <status code='110'/><status code='332'/></x></presence>
        """)

    def test_error(self) -> None:
        """11.1, examples 205 and 206."""
        room = "harfleur@chat.shakespeare.lit"
        self.make("pistol", "gower", owner="fluellen", room=room)
        self.play("""
            pistol > <presence type='error' to='harfleur@chat.shakespeare.lit/gower'>
              <error type='cancel'><remote-server-not-found#stanzas/></error></presence>
            pistol < <presence from='harfleur@chat.shakespeare.lit/pistol'
                to='pistol@shakespeare.lit/harfleur' type='unavailable'>
              <x#user><item affiliation='none' jid='pistol@shakespeare.lit/harfleur' role='none'/>
                <status code='110'/><status code='333'/></x></presence>
            gower < <presence from='harfleur@chat.shakespeare.lit/pistol'
                to='gower@shakespeare.lit/cell' type='unavailable'>
              <x#user><item affiliation='none' role='none'/><status code='333'/></x></presence>
            fluellen < <presence from='harfleur@chat.shakespeare.lit/pistol'
                to='fluellen@shakespeare.lit/pda' type='unavailable'>
              <x#user><item affiliation='none' jid='pistol@shakespeare.lit/harfleur' role='none'/>
                <status code='333'/></x></presence>
        """)
