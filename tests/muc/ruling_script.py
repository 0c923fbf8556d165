"""Shorthands for the examples of XEP-0045 in which somebody rules others (8 to 10)."""

from tests.muc.script import COVEN, NICKS, RESOURCES, ScriptTestCase


def full(name: str) -> str:
    """The full address of somebody."""
    return f"{name}@shakespeare.lit/{RESOURCES[name]}"


class RulingTestCase(ScriptTestCase):
    """`room` is where it happens."""

    room = COVEN

    def set(self, by: str, items: str) -> str:
        """Somebody changes roles or affiliations."""
        return f"""
            {by} > <iq from='{full(by)}' id='change' to='{self.room}' type='set'>
              <query#admin>{items}</query></iq>
        """

    def done(self, by: str) -> str:
        """They are told that it is done."""
        return f"{by} < <iq from='{self.room}' id='change' to='{full(by)}' type='result'/>\n"

    def present(self, who: str, to: str, item: str, *, gone: bool = False) -> str:
        """Somebody is told of another; `item` is the item and what stands beside it."""
        type = " type='unavailable'" if gone else ""
        sender = f"{self.room}/{NICKS.get(who, who)}"
        return f"""
            {to} < <presence from='{sender}' to='{full(to)}'{type}><x#user>{item}</x></presence>
        """

    def outside(self, to: str, item: str) -> str:
        """Somebody is told of one who is not in the room."""
        return f"""
            {to} < <message from='{self.room}' id='*' to='{full(to)}'><x#user>{item}</x></message>
        """

    def refused(self, by: str, items: str, type: str, condition: str) -> None:
        """A change is refused; the error brings back what was asked for (8.4)."""
        self.play(f"""
            {self.set(by, items)}
            {by} < <iq from='{self.room}' id='change' to='{full(by)}' type='error'>
              <query#admin>{items}</query>
              <error type='{type}'><{condition}#stanzas/></error></iq>
        """)

    def listed(self, by: str, asked: str, items: str) -> None:
        """Somebody reads a list."""
        self.play(f"""
            {by} > <iq from='{full(by)}' id='list' to='{self.room}' type='get'>
              <query#admin><item {asked}/></query></iq>
            {by} < <iq from='{self.room}' id='list' to='{full(by)}' type='result'>
              <query#admin>{items}</query></iq>
        """)

    def not_listed(self, by: str, asked: str) -> None:
        """Somebody may not read a list."""
        self.play(f"""
            {by} > <iq from='{full(by)}' id='list' to='{self.room}' type='get'>
              <query#admin><item {asked}/></query></iq>
            {by} < <iq from='{self.room}' id='list' to='{full(by)}' type='error'>
              <error type='auth'><forbidden#stanzas/></error></iq>
        """)


def by_nick(nick: str, jid: str = "") -> str:
    """Who has done it; moderators are told their address too."""
    return f"<actor nick='{nick}' jid='{jid}'/>" if jid else f"<actor nick='{nick}'/>"
