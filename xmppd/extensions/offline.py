"""XEP-0160: messages that nobody is there to get are kept, and given to the next who comes.

A kept message leaves the log only when it has been written to a client; until then the session
that ends without having it changes nothing.
"""

from __future__ import annotations

from functools import partial

import attrs
from twisted.internet.defer import Deferred

from xmppd.component.claims import without_claims
from xmppd.component.extension import Extension, on
from xmppd.component.stable_ids import given_id
from xmppd.component.stages import Life, Received
from xmppd.extensions.offline_box import Box
from xmppd.extensions.privacy import admits
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forwarding import delayed
from xmppd.protocol.hints import is_worth_keeping
from xmppd.protocol.namespaces import DELAY
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import message_type
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.interfaces import Entry, EntryId, Page, Where

SOON = 1_000_000
"""Microseconds in which a message comes here after it has come into the archive."""

PAGE = 64
"""Messages that a session is given before they have been written."""
PAGE_BYTES = 1024 * 1024


class Offline(Extension):
    """XEP-0160, 2 and 3: store and deliver messages; XEP-0203: say since when they waited;
    XEP-0334: heed what their senders wish to be kept or not.
    """

    xep = 160, "1.0.1"
    also = (203, "2.0"), (334, "1.0.0")
    features = ("msgoffline",)
    after = ("privacy", "push")

    @attrs.frozen
    class Options:
        messages: int = 1000
        """Messages kept for one account."""
        from_strangers: int = 500
        """How many of them may be of senders who are not its contacts."""
        from_one_stranger: int = 100
        """How many of those may be of one sender."""

    # Keeping

    @on(Received.MARK, "message", (DELAY, "delay"))
    def discard_forged(self, stanza: Stanza, user: User) -> Stanza | None:
        """XEP-0203, 5: nobody else says that this server has delayed a message."""
        return without_claims(stanza, DELAY, "delay", "from", self.host.jid)

    @on(Received.MISSED, "message")
    def keep(self, stanza: Stanza, user: User) -> bool | Deferred[bool]:
        """XEP-0160, 2, step 4; above a limit the sender gets service-unavailable."""
        if not worth_keeping(stanza):
            return False
        box = self._box(user)
        kept: Deferred[bool] = box.turns.run(self._keep, box, stanza)
        return kept

    async def _keep(self, box: Box, stanza: Stanza) -> bool:
        if not await box.has_room(stanza.sender, self.options):
            if given_id(stanza, box.user.jid) is not None:
                return True  # it is in the archive
            raise StanzaError("service-unavailable", "too many messages wait already")
        box.append(stanza)
        self.host.manager.note_sender(stanza.sender)
        heir = box.heir()
        if heir is not None and box.session is None:
            self._begin(box, heir)  # who has come meanwhile, or had no room
        return True

    @on(Received.PICK, "message", noted=Box)
    def keep_order(
        self, stanza: Stanza, user: User, sessions: list[Session]
    ) -> list[Session] | None:
        """What comes while kept messages are going out, page by page, queues behind them."""
        box: Box = user.notes[Box]
        if not box.filled or box.session not in sessions:
            return None
        if box.appended >= self.options.messages or not worth_keeping(stanza):
            return None
        try:
            id = box.append(stanza)
        except StanzaError:
            return None
        others = [session for session in sessions if session is not box.session]
        if others:
            box.had[id] = others
        return others

    # Delivering

    @on(Life.RESUMED)
    def resumed(self, session: Session) -> None:
        """What there was no room for while it had no stream comes behind what there was."""
        if session.available:
            self.present(session)

    @on(Life.AVAILABLE)
    def came(self, session: Session) -> None:
        """Whoever was blocked when their messages went out may be so no more."""
        box = self._box(session.user)
        box.filled = box.filled or box.passed_over

    @on(Life.PRESENCE)
    def present(self, session: Session) -> None:
        """XEP-0160, 2, step 5: to the resource that has become available."""
        box = self._box(session.user)
        if session.priority >= 0 and box.session is None and box.filled:
            self._begin(box, session)

    @on(Life.CLOSED)
    def closed(self, session: Session) -> None:
        """What it has not been written goes to another of the account's sessions, or waits."""
        box: Box | None = session.user.notes.get(Box)
        if box is None or box.session is not session:
            return
        self._end(box)
        box.filled = box.filled or bool(box.open)
        box.open.clear()
        self._sweep(box)
        heir = box.heir()
        if heir is not None and box.filled:
            self._begin(box, heir)

    def have_been_read(self, user: User, page: Page) -> None:
        """XEP-0313, 5.1.1: what a client has from the archive need not be delivered any more."""
        box = self._box(user)
        if page.entries and box.filled and box.session is None:
            first, last = page.entries[0].time, page.entries[-1].time + SOON
            found = box.log.find(Where(start=first, end=last), limit=2 * len(page.entries))
            found.addCallback(self._remove_read, box, {entry.id for entry in page.entries})
            found.addErrback(self.host.failed)

    def _remove_read(self, found: Page, box: Box, read: set[EntryId]) -> None:
        if box.session is None:
            box.written += [
                entry.id
                for entry in found.entries
                if given_id(parse_stanza(entry.body), box.user.jid) in read
            ]
            self._sweep(box)

    def _box(self, user: User) -> Box:
        box: Box | None = user.notes.get(Offline)
        if box is None:
            box = user.notes[Offline] = Box(user)
        return box

    def _begin(self, box: Box, session: Session) -> None:
        box.session, box.since, box.appended = session, 0, 0
        box.passed_over = False
        box.user.notes[Box] = box
        self._page(box, session)

    def _end(self, box: Box) -> None:
        box.session = None
        box.user.notes.pop(Box, None)

    def _page(self, box: Box, session: Session) -> None:
        found = box.log.find(Where(start=box.since), limit=PAGE)
        found.addCallback(self._hand_over, box, session, box.appended)
        found.addErrback(self.host.failed)

    def _hand_over(self, page: Page, box: Box, session: Session, appended: int) -> None:
        if box.session is not session:
            return
        size = 0
        for entry in page.entries:
            if size > PAGE_BYTES:
                break
            size += len(entry.body)
            box.since = entry.time + 1
            self._deliver(entry, box, session)
        all_of_them = not page.entries or box.since > page.entries[-1].time
        box.filled = page.more or not all_of_them or box.appended != appended
        if not box.open:
            self._go_on(box)

    def _deliver(self, entry: Entry, box: Box, session: Session) -> None:
        try:
            stanza = parse_stanza(entry.body)
        except ValueError:
            self.host.log.failure("Cannot read message {id} of {user}", id=entry.id, user=box.user)
            return
        if not admits(session, stanza):
            box.passed_over = True  # blocked since then: it stays, in case that changes
            return
        if session in box.had.get(entry.id, ()):
            box.remove([entry.id]).addErrback(self.host.failed)
            return
        box.open.add(entry.id)
        session.deliver_watched(
            delayed(stanza, entry.time, self.host.jid), partial(self._written, box, entry.id)
        )

    def _written(self, box: Box, id: EntryId) -> None:
        box.open.discard(id)
        if not box.written:
            self.host.manager.turn.later(partial(self._swept, box))
        box.written.append(id)

    def _sweep(self, box: Box) -> None:
        if box.written:
            box.sweep().addErrback(self.host.failed)

    def _swept(self, box: Box) -> None:
        """At the end of the turn: all that one report named goes at once."""
        if box.written:
            self._sweep(box)
            if box.session is not None and not box.open:
                self._go_on(box)

    def _go_on(self, box: Box) -> None:
        """The page has been written: the next, if there is one and somebody to get it."""
        heir = box.heir()
        if heir is None or not box.filled:
            self._end(box)
        elif heir is box.session:
            self._page(box, heir)
        else:
            self._begin(box, heir)


def worth_keeping(stanza: Stanza) -> bool:
    """XEP-0160, 3: of chat and normal messages those that say something that lasts.

    Chat states alone are not kept. XEP-0334 has its say first: 4.2 (no-store), 4.4 (store).
    """
    return message_type(stanza) in ("chat", "normal") and is_worth_keeping(stanza)
