"""XEP-0313: what an account has said and heard, for all of its devices to read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import attrs

from xmppd.accounts.bound import OwnLog
from xmppd.component.archive import GROUPCHAT_FIELD, MAM_EXTENDED, Query, parse_query
from xmppd.component.archive_answers import fin, form, metadata, results
from xmppd.component.extension import ACCOUNT, OWN_ACCOUNT, SessionExtension, iq, on
from xmppd.component.retention import Limits, at_least
from xmppd.component.stable_ids import given_id, identified
from xmppd.component.stages import Life, Received, Sent
from xmppd.extensions.archive_preferences import ArchivePreferences
from xmppd.extensions.archive_reading import Patience, Reading
from xmppd.extensions.archive_retention import Retention
from xmppd.extensions.archive_rules import KINDS, is_worth_archiving
from xmppd.extensions.offline import Offline
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import is_refused, message_type
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.interfaces import EntryId, Page, StorageError

STORE = "archive"


class Shelf:
    """The archive of one account, as a note of its user. `ticket` is the batch with its newest
    entry, `patience` what its sessions have when they ask for more than is cheap."""

    def __init__(self, user: User) -> None:
        self.log: OwnLog = user.account.log(STORE)
        self.ticket = 0
        self.patience = Patience(user.host.clock)


@attrs.frozen
class SentAs:
    """What a session has just sent and the archive has taken, as a note of the session."""

    stanza: Stanza
    id: EntryId


class Archive(SessionExtension):
    """XEP-0313: keep the messages of an account and find them again, page by page; XEP-0334: keep
    what asks for it by a hint, and nothing that hints forbid.

    Of type normal and chat those are kept that have a body or say something else of a
    conversation: receipts, markers, encrypted content, invitations, calls. Not kept are chat
    states, and what rooms say.
    """

    xep = 313, "1.1.3"
    also = ((334, "1.0.0"),)
    account_features = (MAM, MAM_EXTENDED, GROUPCHAT_FIELD)
    after = ("privacy", "stanza_ids", "offline")
    needs = ("stanza_ids",)

    @attrs.frozen
    class Options:
        page: int = attrs.field(default=50, validator=at_least(1))
        """Messages of a page where the client does not say how many."""
        most: int = attrs.field(default=100, validator=at_least(1))
        """Messages of a page at most."""
        days: int = attrs.field(default=0, validator=at_least(0))
        """Days for which messages are kept; 0: for ever."""
        entries: int = attrs.field(default=0, validator=at_least(0))
        """Messages that are kept for one account, the newest; 0: all."""
        users: Mapping[str, Limits] = attrs.field(factory=dict)
        """`days` and `entries` of single accounts, by localpart: `users.juliet = {days = 7}`."""

    def setup(self) -> None:
        self._retention = Retention(self.host, STORE)
        self._keep_to_limits()

    def reload(self, options: Options) -> None:
        super().reload(options)
        self._keep_to_limits()

    def stop(self) -> None:
        self._retention.stop()

    # Keeping

    @on(Received.MARK, "message")
    def identify(self, stanza: Stanza, user: User) -> Stanza | None:
        """XEP-0313, 2.6: tell under what id the message is in the archive."""
        if not self._is_wanted(stanza, user, stanza.sender or user.jid):
            return None
        return identified(stanza, shelf_of(user).log.new_id(), user.jid)

    @on(Sent.NOTE, "message")
    def keep_sent(self, stanza: Stanza, session: Session) -> None:
        """What goes to the account itself is kept where it is received: once (5.1.1)."""
        user, to = session.user, stanza.to
        if to is None or to.bare == user.jid or not self._is_wanted(stanza, user, to):
            return
        try:
            id = self._append(stanza, user, to)
        except StorageError:
            self.host.answer(session, stanza.error("resource-constraint", "it was not archived"))
            return
        self.host.manager.note_ticket(session)
        if len(user.sessions) > 1:
            session.notes[SentAs] = SentAs(stanza, id)

    @on(Received.NOTE, "message")
    def keep_received(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """What is refused is not kept (5.1)."""
        id = given_id(stanza, user.jid)
        if id is None or is_refused(user, stanza, sessions):
            return
        sender = stanza.sender or user.jid
        try:
            self._append(stanza, user, sender, id)
        except StorageError:
            self.host.refuse(stanza, StanzaError("resource-constraint", "it was not archived"))
        else:
            self.host.manager.note_sender(sender)

    @on(Received.MISSED, "message")
    def is_kept(self, stanza: Stanza, user: User) -> bool:
        """Where nothing else is kept for those who are away, it waits in the archive."""
        return given_id(stanza, user.jid) is not None

    def _is_wanted(self, stanza: Stanza, user: User, other: Jid) -> bool:
        if not is_worth_archiving(stanza):
            return False
        return self._preferences is None or self._preferences.allow(user, other)

    def _append(self, stanza: Stanza, user: User, other: Jid, id: str | None = None) -> EntryId:
        shelf = shelf_of(user)
        kept_as = shelf.log.append(
            stanza.to_bytes(),
            peer=other.bare,
            resource=other.resource,
            kind=KINDS[message_type(stanza)],
            id=id,
        )
        shelf.ticket = self.host.stores.ticket
        return kept_as

    # Reading

    @iq("set", MAM, "query", to=OWN_ACCOUNT)
    async def query(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0313, 3: the page, then the answer; the next one when there is room for it."""
        payload: Any = request.payload()
        query = parse_query(payload, groupchat=True, page=self.options.page, most=self.options.most)
        reading: Reading = session.notes.setdefault(Reading, Reading(session))
        return await reading.answer(partial(self._answer, request, query, session, reading))

    @on(Life.CLOSED)
    def closed(self, session: Session) -> None:
        """Its queries wait no more."""
        reading: Reading | None = session.notes.get(Reading)
        if reading is not None:
            reading.end()

    async def _answer(
        self, request: Stanza, query: Query, session: Session, reading: Reading
    ) -> Stanza:
        user = session.user
        shelf = shelf_of(user)
        async with shelf.patience:
            page = await query.read(shelf.log)
            answer = request.reply(fin(page, await query.count(shelf.log)))
        session.ticket = max(session.ticket, shelf.ticket)  # the end comes once all of it is kept
        messages = list(results(query, page, user.jid, session.jid))
        reading.send(messages, partial(self._has_been_read, page, user))
        return answer

    @iq("get", MAM, "query", to=OWN_ACCOUNT)
    def fields(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0313, 3.1.5: the fields of queries."""
        return request.reply(form(groupchat=True))

    @iq("get", MAM, "metadata", to=OWN_ACCOUNT)
    async def ends(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0313, 4: the first and the last message."""
        return request.reply(metadata(await shelf_of(session.user).log.edges()))

    @iq("set", MAM, "query", to=ACCOUNT)
    @iq("get", MAM, "query", to=ACCOUNT)
    @iq("get", MAM, "metadata", to=ACCOUNT)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0313, 7.1: nobody else's; alike whether the account exists or not."""
        raise StanzaError("forbidden")

    def _has_been_read(self, page: Page, user: User) -> None:
        if self._offline is not None:
            self._offline.have_been_read(user, page)

    @cached_property
    def _preferences(self) -> ArchivePreferences | None:
        found: ArchivePreferences | None = self.host.dispatch.extension(ArchivePreferences)
        return found

    @cached_property
    def _offline(self) -> Offline | None:
        found: Offline | None = self.host.dispatch.extension(Offline)
        return found

    def _keep_to_limits(self) -> None:
        limits = Limits(self.options.days, self.options.entries)
        self._retention.limit(limits, self.options.users)


def shelf_of(user: User) -> Shelf:
    """The archive of an account that is in memory."""
    shelf: Shelf | None = user.notes.get(Shelf)
    if shelf is None:
        shelf = user.notes[Shelf] = Shelf(user)
    return shelf


def with_archive_id(stanza: Stanza, session: Session) -> Stanza:
    """What a session has sent as its own account may see it: with its id in the archive."""
    sent: SentAs | None = session.notes.pop(SentAs, None)
    if sent is None or sent.stanza is not stanza:
        return stanza
    return identified(stanza, sent.id, session.user.jid)
