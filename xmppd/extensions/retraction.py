"""XEP-0424: what somebody takes back leaves a tombstone in the archives."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.accounts.bound import OwnLog
from xmppd.component.extension import Extension, on
from xmppd.component.stages import Received, Sent
from xmppd.extensions.archive import STORE
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import message_type
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.interfaces import Entry, Where

RETRACT = "urn:xmpp:message-retract:1"

PAGE = 100
LOOK_BACK = 1_000
"""Messages with that contact among which the one taken back is sought, the newest."""


class Retraction(Extension):
    """XEP-0424: keep retractions, and put a tombstone where the message was (section 4).

    Only its author can take a message back: both came from the same bare JID (section 5).
    """

    xep = 424, "0.4.2"
    features = (RETRACT,)
    account_features = (RETRACT, f"{RETRACT}#tombstone")
    after = ("archive",)

    @on(Sent.NOTE, "message")
    def sent(self, stanza: Stanza, session: Session) -> None:
        """In the archive of whoever takes back."""
        to = stanza.to
        if stanza.has(RETRACT, "retract") and to is not None and to.bare != session.user.jid:
            self._retract(stanza, session.user, to)

    @on(Received.NOTE, "message")
    def received(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """In the archive of the other."""
        if stanza.has(RETRACT, "retract") and stanza.sender is not None:
            self._retract(stanza, user, stanza.sender)

    def _retract(self, stanza: Stanza, user: User, other: Jid) -> None:
        retract, sender = stanza.child(RETRACT, "retract"), stanza.sender
        wanted = None if retract is None else retract.getAttribute("id")
        if not wanted or not stanza.id or sender is None:
            return  # a tombstone names the retraction
        if message_type(stanza) not in ("chat", "normal"):
            return
        log: OwnLog = user.account.log(STORE)
        found = Deferred.fromCoroutine(_original(log, wanted, sender.bare, other.bare))
        found.addCallback(partial(self._bury, log, stanza.id)).addErrback(self.host.failed)

    def _bury(self, log: OwnLog, id: str, original: tuple[Entry, Stanza] | None) -> None:
        if original is None:
            return
        entry, message = original
        stamp = format_datetime(int(self.host.clock.seconds()) * 1_000_000)
        retracted = element("retracted", RETRACT, {"id": id, "stamp": stamp})
        tombstone = message.keeping([]).adding(retracted)
        log.replace(entry.id, tombstone.to_bytes()).addErrback(self.host.failed)


async def _original(
    log: OwnLog, wanted: str, author: Jid, peer: Jid
) -> tuple[Entry, Stanza] | None:
    """The newest message of that author and id, among the newest ones of the conversation."""
    before = None
    for _ in range(LOOK_BACK // PAGE):
        page = await log.find(Where(peer=peer, before=before), limit=PAGE, newest=True)
        for entry in reversed(page.entries):
            message = _message(entry, wanted)
            if message is not None and _is_of(message, author, wanted):
                return entry, message
        if not page.more:
            return None
        before = page.entries[0].id
    return None


def _message(entry: Entry, wanted: str) -> Stanza | None:
    """What an entry holds; None if that cannot be it."""
    return parse_stanza(entry.body) if wanted.encode() in entry.body else None


def _is_of(message: Stanza, author: Jid, id: str) -> bool:
    if message.sender is None or message.sender.bare != author:
        return False
    if message.has(RETRACT, "retracted") or message.has(RETRACT, "retract"):
        return False
    origin: Element | None = message.child(STANZA_IDS, "origin-id")
    return message.id == id or (origin is not None and origin.getAttribute("id") == id)
