"""What XEP-0045 shows of registering with a room (7.10, 9.9), stanza by stanza."""

from tests.muc.script import ScriptTestCase

ASKED = """
    hag66 > <iq from='hag66@shakespeare.lit/pda' id='jw81b36f'
        to='coven@chat.shakespeare.lit' type='get'><query#register/></iq>
"""
SUBMITTED = """
    hag66 > <iq from='hag66@shakespeare.lit/pda' id='nv71va54'
        to='coven@chat.shakespeare.lit' type='set'>
      <query#register><x#data type='submit'>
        <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>
        <field var='muc#register_first'><value>Brunhilde</value></field>
        <field var='muc#register_last'><value>Entwhistle-Throckmorton</value></field>
        <field var='muc#register_roomnick'><value>thirdwitch</value></field>
        <field var='muc#register_url'><value>http://witchesonline/~hag66/</value></field>
        <field var='muc#register_email'><value>hag66@witchesonline</value></field>
        <field var='muc#register_faqentry'><value>Just another witch.</value></field>
      </x></query></iq>
"""
DONE = """
    hag66 < <iq from='coven@chat.shakespeare.lit' id='nv71va54'
        to='hag66@shakespeare.lit/pda' type='result'/>
"""
REFUSED = """
    hag66 < <iq from='coven@chat.shakespeare.lit' id='{}' to='hag66@shakespeare.lit/pda'
        type='error'>
      <error type='{}'><{}#stanzas/></error></iq>
"""
OPEN = {"{urn:xmppd:rooms:0}registration": "open"}


class RegistrationExamples(ScriptTestCase):
    def refused(self, request: str, type: str, condition: str) -> None:
        id = "jw81b36f" if request is ASKED else "nv71va54"
        self.play(request + REFUSED.format(id, type, condition))

    def test_no_room(self) -> None:
        """Examples 66 and 67."""
        self.refused(ASKED, "cancel", "item-not-found")
        self.refused(SUBMITTED, "cancel", "item-not-found")

    def test_not_allowed(self) -> None:
        """Example 68: outcasts, and everybody where registration is off."""
        self.make(**OPEN)
        self.rank("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>")
        self.refused(ASKED, "cancel", "not-allowed")
        self.refused(SUBMITTED, "cancel", "not-allowed")

    def test_off(self) -> None:
        """Examples 68 and 73."""
        self.make(**{"{urn:xmppd:rooms:0}registration": "off"})
        self.refused(ASKED, "cancel", "not-allowed")
        self.refused(SUBMITTED, "cancel", "service-unavailable")

    def test_registering(self) -> None:
        """Examples 70, 71, 75 and 76, then 69."""
        self.make("hag66", "hecate", moderatedroom=1, **OPEN)
        self.play(
            ASKED
            + """
            hag66 < <iq from='coven@chat.shakespeare.lit' id='jw81b36f'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#register><x#data type='form'>
                <title>Registration</title>
                <field type='hidden' var='FORM_TYPE'>
                  <value>http://jabber.org/protocol/muc#register</value></field>
                <field type='text-single' var='muc#register_roomnick'><required/></field>
              </x></query></iq>
            """
        )
        told = """
            {0} < <presence from='coven@chat.shakespeare.lit/thirdwitch' to='{1}'>
              <x#user><item affiliation='member' {2} role='participant'>
                <actor {3} nick='thirdwitch'/></item>{4}</x></presence>
        """
        jid, actor = "jid='hag66@shakespeare.lit/pda'", "jid='hag66@shakespeare.lit'"
        own = "<status code='110'/>"
        self.play(
            SUBMITTED
            + DONE
            + told.format("hag66", "hag66@shakespeare.lit/pda", jid, "", own)
            + told.format("crone1", "crone1@shakespeare.lit/desktop", jid, actor, "")
            + told.format("hecate", "hecate@shakespeare.lit/broom", "", "", "")
        )
        self.play(
            ASKED
            + """
            hag66 < <iq from='coven@chat.shakespeare.lit' id='jw81b36f'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#register><registered/><username>thirdwitch</username></query></iq>
            """
        )

    def test_reserved(self) -> None:
        """Example 72."""
        self.make(**OPEN)
        self.rank("<item affiliation='member' jid='hecate@shakespeare.lit' nick='thirdwitch'/>")
        self.refused(SUBMITTED, "cancel", "conflict")

    def test_no_form(self) -> None:
        """Example 74."""
        self.make(**OPEN)
        self.play(
            """
            hag66 > <iq id='nv71va54' to='coven@chat.shakespeare.lit' type='set'>
              <query#register><x#data type='submit'>
                <field var='FORM_TYPE'><value>urn:another</value></field></x></query></iq>
            """
            + REFUSED.format("nv71va54", "modify", "bad-request")
        )

    def test_removal(self) -> None:
        """XEP-0077, 3.2: of a member, and of nobody else."""
        self.make(**OPEN)
        removed = """
            hag66 > <iq id='nv71va54' to='coven@chat.shakespeare.lit' type='set'>
              <query#register><remove/></query></iq>
        """
        self.play(removed + REFUSED.format("nv71va54", "auth", "registration-required"))
        self.rank("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>")
        actor = "<actor jid='hag66@shakespeare.lit'/>"
        self.play(
            removed
            + DONE
            + f"""
            crone1 < <message from='coven@chat.shakespeare.lit' to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='none' jid='hag66@shakespeare.lit' role='none'>
                {actor}</item></x></message>
            """
        )

    def test_approval(self) -> None:
        """9.9, example 151: the field for the address is ours, all others are registered."""
        self.make()
        form = """
            crone1 {0} <message {1} id='407665A9-E54E-4AD5-905F-9FD8864489B3'>
              <x#data type='{2}'>{3}
                <field var='FORM_TYPE' type='hidden'>
                  <value>http://jabber.org/protocol/muc#register</value></field>
                <field var='muc#register_jid' type='jid-single'>
                  <value>hag66@shakespeare.lit</value></field>
                <field var='muc#register_roomnick' type='text-single'>
                  <value>thirdwitch</value></field>
                <field var='muc#register_allow' type='boolean'><value>{4}</value></field>
              </x></message>
        """
        asked = "from='coven@chat.shakespeare.lit' to='crone1@shakespeare.lit/desktop'"
        title = "<title>Registration request</title>"
        shown = form.format("<", asked, "form", title, 0)
        self.play(SUBMITTED + DONE + shown.replace("407665A9-E54E-4AD5-905F-9FD8864489B3", "*"))
        self.play(
            form.format(">", "to='coven@chat.shakespeare.lit'", "submit", "", 1)
            + """
            crone1 < <message from='coven@chat.shakespeare.lit' to='crone1@shakespeare.lit/desktop'>
              <x#user><item affiliation='member' jid='hag66@shakespeare.lit' role='none'>
                <actor jid='crone1@shakespeare.lit' nick='firstwitch'/></item></x></message>
            """
        )
        self.play(
            ASKED
            + """
            hag66 < <iq from='coven@chat.shakespeare.lit' id='jw81b36f'
                to='hag66@shakespeare.lit/pda' type='result'>
              <query#register><registered/><username>thirdwitch</username></query></iq>
            """
        )
