"""XEP-0424: what somebody takes back leaves a tombstone in the archives."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.words.xish.domish import Element

from xmppd.accounts.bound import OwnLog
from xmppd.component.extension import Extension, on
from xmppd.component.stages import Received, Sent
from xmppd.extensions.archive import STORE
from xmppd.extensions.archive_rules import is_worth_archiving
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element, escape_attribute
from xmppd.protocol.namespaces import MUC_USER, RETRACT, STANZA_IDS
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import is_refused
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.interfaces import Entry, Where

RETRACTION = RETRACT, "retract"

PAGE = 100
LOOK_BACK = 1_000
"""Messages with that contact among which the one taken back is sought, the newest."""
PAUSE_SECONDS = 0.1
"""Between two searches for one account."""
MAX_WAITING = 1_000
"""Searches for one account that wait; beyond, what is taken back stays in the archive."""


class Search(NamedTuple):
    """What is taken back: a message `wanted` of that author in the conversation of `own`, an
    account, with that peer. `id` is that of the retraction.
    """

    wanted: str
    author: Jid
    own: Jid
    peer: Jid
    id: str


class Retraction(Extension):
    """XEP-0424: keep retractions, and put a tombstone where the message was (section 4).

    Only its author can take a message back: both came from the same bare JID (section 5) or, in
    private messages of a room, from the same occupant.
    """

    xep = 424, "0.4.2"
    features = (RETRACT,)
    account_features = (RETRACT, f"{RETRACT}#tombstone")
    after = ("archive",)

    @on(Sent.NOTE, "message", RETRACTION)
    def sent(self, stanza: Stanza, session: Session) -> None:
        """In the archive of whoever takes back."""
        to = stanza.to
        if to is not None and to.bare != session.user.jid:
            self._retract(stanza, session.user, to)

    @on(Received.NOTE, "message", RETRACTION)
    def received(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """In the archive of the other. What is refused has not been received."""
        if stanza.sender is not None and not is_refused(user, stanza, sessions):
            self._retract(stanza, user, stanza.sender)

    def _retract(self, stanza: Stanza, user: User, other: Jid) -> None:
        retract, author = stanza.child(RETRACT, "retract"), _author(stanza, user.jid)
        wanted = None if retract is None else retract.getAttribute("id")
        if not wanted or not stanza.id or author is None:
            return  # a tombstone names the retraction
        if not is_worth_archiving(stanza):
            return  # so must it be kept itself (section 5)
        search = Search(wanted, author, user.jid, other.bare, stanza.id)
        waiting: deque[Search] | None = user.notes.get(Retraction)
        if waiting is None:
            waiting = user.notes[Retraction] = deque([search])
            Deferred.fromCoroutine(self._work(user, waiting)).addErrback(self.host.failed)
        elif len(waiting) < MAX_WAITING:
            waiting.append(search)

    async def _work(self, user: User, waiting: deque[Search]) -> None:
        """One search after the other: whoever takes back a lot is not to keep us busy."""
        log: OwnLog = user.account.log(STORE)
        try:
            while waiting:
                burying = Deferred.fromCoroutine(self._bury(log, waiting.popleft()))
                await burying.addErrback(self.host.failed)
                await deferLater(self.host.clock, PAUSE_SECONDS)
        finally:
            user.notes.pop(Retraction, None)

    async def _bury(self, log: OwnLog, search: Search) -> None:
        found = await _original(log, search)
        if found is not None:
            entry, message = found
            stamp = format_datetime(int(self.host.clock.seconds()) * 1_000_000)
            retracted = element("retracted", RETRACT, {"id": search.id, "stamp": stamp})
            await log.replace(entry.id, message.keeping([]).adding(retracted).to_bytes())


async def _original(log: OwnLog, search: Search) -> tuple[Entry, Stanza] | None:
    """The newest message of that author and id, among the newest ones of the conversation."""
    before = None
    for _ in range(LOOK_BACK // PAGE):
        page = await log.find(Where(peer=search.peer, before=before), limit=PAGE, newest=True)
        for entry in reversed(page.entries):
            message = _message(entry, search.wanted)
            if message is not None and _is_it(message, search):
                return entry, message
        if not page.more:
            return None
        before = page.entries[0].id
    return None


def _message(entry: Entry, wanted: str) -> Stanza | None:
    """What an entry holds; None if that cannot be it."""
    return parse_stanza(entry.body) if escape_attribute(wanted).encode() in entry.body else None


def _author(message: Stanza, own: Jid) -> Jid | None:
    """Whose a message is: an account's, or an occupant's of a room."""
    sender = message.sender
    if sender is None or (message.has(MUC_USER, "x") and sender.bare != own):
        return sender
    return sender.bare


def _is_it(message: Stanza, search: Search) -> bool:
    if _author(message, search.own) != search.author:
        return False
    if message.has(RETRACT, "retracted") or message.has(RETRACT, "retract"):
        return False
    origin: Element | None = message.child(STANZA_IDS, "origin-id")
    ids = (message.id, None if origin is None else origin.getAttribute("id"))
    return search.wanted in ids
