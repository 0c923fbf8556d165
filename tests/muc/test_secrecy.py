"""Random lives of rooms, looked at as bytes: who may not know an address is never told one."""

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.histories import ACCOUNTS
from tests.chat.life import Life
from tests.chat.machine import history
from xmppd.chat.commands import Command
from xmppd.chat.events import Configured, Declined, RegistrationAsked, VoiceAsked
from xmppd.chat.model import Message, Person, Presence, Sight, Text
from xmppd.chat.outcome import Done, Notice, SaveMessage
from xmppd.muc.archive import without_author
from xmppd.muc.content import StanzaContent
from xmppd.muc.encode import Encoder
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

ASKING = (Declined, RegistrationAsked, VoiceAsked)
"""What is told to those who decide about somebody, with the address."""


def in_stanzas(command: Command) -> Command:
    """The same command, with content as XMPP has it."""
    changes: dict[str, Any] = {}
    content = getattr(command, "content", None)
    if isinstance(content, Text):
        body = Stanza.make("message", element("body", None, None, content.text), type="groupchat")
        changes["content"] = StanzaContent(body, content.storable)
    presence = getattr(command, "presence", None)
    if isinstance(presence, Presence) and isinstance(presence.content, Text):
        shown = Stanza.make("presence", element("status", None, None, presence.content.text))
        changes["presence"] = Presence(StanzaContent(shown), presence.priority)
    if hasattr(command, "wire"):
        person = command.person
        changes["wire"] = Jid.parse(f"{person.account}/{person.session}")
    return attrs.evolve(command, **changes) if changes else command


class SecretLife(Life):
    """Each session's bytes are looked at."""

    def prepare(self, command: Command) -> Command:
        self.was_open = self.room.open
        return in_stanzas(command)

    def check_outcome(self, command: Command, outcome: Done, people: set[Person]) -> None:
        super().check_outcome(command, outcome, people)
        encoder = Encoder(Jid.parse(self.room.saved.address))
        for notice in outcome.notices:
            for stanza, to in encoder.encode(notice):
                self.check_stanza(notice, stanza, to)
        for write in outcome.writes:
            if isinstance(write, SaveMessage):
                self.check_archived(encoder, write.message)

    def check_archived(self, encoder: Encoder, message: Message) -> None:
        """Who may not know whose account it was reads the archive and learns of none."""
        account = message.author.account
        occupants = self.room.all_of(account) if account else [None]
        body = encoder.said.archived(message, occupants[0], f"{account}/x")
        assert account.encode() in body
        parse_stanza(without_author(body))
        for each in ACCOUNTS:
            assert each.encode() not in without_author(body)

    def check_stanza(self, notice: Notice, stanza: Stanza, to: tuple[Jid, ...]) -> None:
        data = stanza.to_bytes()
        parse_stanza(data)
        if notice.sight is Sight.FULL or isinstance(notice.event, (*ASKING, Configured)):
            return
        if self.room.open or self.was_open:
            return
        own = {jid.bare for jid in to}
        for account in ACCOUNTS:
            if account not in own:
                assert account.encode() not in data, (notice, data)


class SecrecyTest(SynchronousTestCase):
    def test_random_lives(self) -> None:
        for seed in range(200):
            history(seed, SecretLife)
