"""XEP-0357: tell push services of messages that wait for their users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.component.extension import OWN_ACCOUNT, SessionExtension, iq, on
from xmppd.component.stages import Life, Received
from xmppd.extensions.carbons import is_eligible, without_it
from xmppd.extensions.client_state import is_urgent
from xmppd.extensions.offline import worth_keeping
from xmppd.extensions.privacy import admits
from xmppd.extensions.push_registrations import (
    Enabled,
    EnabledHere,
    Registration,
    Registrations,
    options_of,
    registrations,
    service_of,
    table_of,
)
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Field, Form, FormType
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.sm.delivery import choose, is_refused
from xmppd.sm.session import Session
from xmppd.sm.user import User

PUSH = "urn:xmpp:push:0"
SUMMARY = "urn:xmpp:push:summary"
PUBSUB = "http://jabber.org/protocol/pubsub"

MAX_FAILURES = 5
"""Failures in a row that may pass by themselves; then the node is disabled."""

_PASSING = frozenset({"wait"})


class Push(SessionExtension):
    """XEP-0357: publish to the push services that an account's clients have enabled."""

    xep = 357, "0.4.1"
    account_features = (PUSH,)
    after = ("privacy",)

    @attrs.frozen
    class Options:
        """What notifications say; by default only how many messages wait."""

        sender: bool = attrs.field(
            default=False, metadata={"doc": "Whether they name the sender of the newest message."}
        )
        body: bool = attrs.field(default=False, metadata={"doc": "Whether they tell what it says."})
        nodes: int = attrs.field(
            default=20, metadata={"doc": "Nodes that one account may have enabled."}
        )

    # Enabling and disabling (4 and 5)

    @iq("set", PUSH, "enable", to=OWN_ACCOUNT)
    async def enable(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0357, 5: the last request for a node counts."""
        enable = _command(request)
        service, node = service_of(enable), enable.getAttribute("node", "")
        options = options_of(enable)
        known = await self._registrations(session.user)
        if (service, node) not in known.enabled and len(known.enabled) >= self.options.nodes:
            raise StanzaError("resource-constraint", "too many nodes are enabled already")
        made = Registration(service, node, options)
        known.enabled[service, node] = Enabled(made)
        session.notes.setdefault(EnabledHere, EnabledHere()).add((service, node))
        await table_of(session.user).put(node, made, section=service, tag=service)
        return request.reply()

    @iq("set", PUSH, "disable", to=OWN_ACCOUNT)
    async def disable(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0357, 6: one node, or all of a service."""
        disable = _command(request)
        service = service_of(disable)
        known = await self._registrations(session.user)
        for key in list(known.enabled):
            if key[0] == service and disable.getAttribute("node", key[1]) == key[1]:
                await self._disable(session.user, known, key)
        return request.reply()

    def _disable(self, user: User, known: Registrations, key: tuple[str, str]) -> Deferred[bool]:
        known.enabled.pop(key, None)
        service, node = key
        return table_of(user).remove(node, service)

    async def _registrations(self, user: User) -> Registrations:
        known: Registrations | None = user.notes.get(Registrations)
        if known is None:
            rows = await table_of(user).items()
            known = user.notes.setdefault(Registrations, registrations(rows))
        return known

    # Notifications (7)

    @on(Life.PRESENCE)
    def seen(self, session: Session) -> None:
        """Somebody is there, to whom what waits is given."""
        if session.priority >= 0:
            self.ended(session)

    @on(Life.RESUMED)
    @on(Life.CLOSED)
    def ended(self, session: Session) -> None:
        """What waited for a session without a stream has been sent, or is missed and counts
        again."""
        known: Registrations | None = session.user.notes.get(Registrations)
        if known is not None:
            known.missed, known.last = 0, None

    @on(Received.MISSED, "message")
    def missed(self, stanza: Stanza, user: User) -> Deferred[bool] | bool:
        """XEP-0357, 7: publish to all; whoever keeps the message is asked next."""
        if not worth_keeping(stanza) or user.account.disabled:
            return False  # or nobody could come for it
        known: Registrations | None = user.notes.get(Registrations)
        if known is not None:
            return self._missed(known, user, stanza)
        found = Deferred.fromCoroutine(self._registrations(user))
        return found.addCallback(self._missed, user, stanza)

    def _missed(self, known: Registrations, user: User, stanza: Stanza) -> bool:
        self._tell(known, user, stanza, list(known.enabled.values()))
        return False

    @on(Life.DETACHED)
    def detached(self, session: Session) -> None:
        """XEP-0357, 7: it may have been gone for a while, and what was sent to it in vain."""
        if EnabledHere in session.notes:
            waiting = [one for one in session.pending if one.name == "message" and is_urgent(one)]
            self._tell_of_session(session, waiting)

    @on(Received.NOTE, "message", noted=Registrations)
    def waits(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """XEP-0357, 7: the client of a session that has lost its stream is to come and resume it;
        so publish to what it has enabled. It is given copies too."""
        for session in user.sessions.values():
            if EnabledHere not in session.notes or session.attached or not is_urgent(stanza):
                continue
            if session in sessions or self._will_get(session, stanza, sessions):
                self._tell_of_session(session, [stanza])

    @staticmethod
    def _will_get(session: Session, stanza: Stanza, sessions: list[Session]) -> bool:
        """Whether it gets a copy, or the message itself behind those that were kept."""
        user = session.user
        if is_refused(user, stanza, sessions) or not admits(session, stanza):
            return False
        if session in choose(user, stanza)[1]:
            return True
        return is_eligible(stanza) and session in without_it(stanza, user, sessions)

    def _tell_of_session(self, session: Session, stanzas: list[Stanza]) -> None:
        known: Registrations = session.user.notes[Registrations]
        here = session.notes[EnabledHere] & known.enabled.keys()
        for stanza in stanzas:
            self._tell(known, session.user, stanza, [known.enabled[key] for key in here])

    def _tell(
        self, known: Registrations, user: User, stanza: Stanza, enabled: Iterable[Enabled]
    ) -> None:
        if known.enabled:
            known.missed += 1
            tells = self.options.sender or self.options.body
            known.last = stanza if tells else None  # else nobody will ask what it says
            self._notify(user, known, enabled)

    def _notify(self, user: User, known: Registrations, enabled: Iterable[Enabled]) -> None:
        """One notification at a time for each node: what comes meanwhile is told by the next."""
        for one in enabled:
            if one.busy:
                one.more = True
                continue
            one.busy, one.more = True, False
            asked = self.host.ask(self._publish(user, known, one.kept))
            asked.addCallbacks(
                self._published, self._failed, (user, known, one), None, (user, known, one)
            )
            asked.addErrback(self.host.failed)

    def _published(self, _: Stanza, user: User, known: Registrations, one: Enabled) -> None:
        one.busy, one.failures = False, 0
        if one.more:
            self._notify(user, known, [one])

    def _failed(self, failure: Any, user: User, known: Registrations, one: Enabled) -> Any:
        """XEP-0357, 7.1: an error disables the node, unless it may pass by itself."""
        one.busy = False
        error = failure.value
        if not isinstance(error, StanzaError):
            return failure
        one.failures += 1
        key = one.kept.service, one.kept.node
        passing = error.type in _PASSING and one.failures < MAX_FAILURES
        if not passing and known.enabled.get(key) is one:
            return self._disable(user, known, key)
        return None

    def _publish(self, user: User, known: Registrations, to: Registration) -> Stanza:
        notification = element("notification", PUSH, None, self._summary(user, known).to_xml())
        node = {"node": to.node or None}
        content = element("publish", None, node, element("item", None, None, notification))
        if to.options:
            content += element("publish-options", None, None, to.options.encode())
        pubsub = element("pubsub", PUBSUB, None, content)
        return Stanza.make("iq", pubsub, to=Jid.parse(to.service), sender=self.host.jid, type="set")

    def _summary(self, user: User, known: Registrations) -> Form:
        """XEP-0357, 7 and 12.3: no more than the options allow."""
        fields = [Field("message-count", None, known.missed)]
        if user.requests:
            fields.append(Field("pending-subscription-count", None, len(user.requests)))
        last = known.last
        if last is not None and self.options.sender and last.sender is not None:
            fields.append(Field("last-message-sender", None, last.sender))
        if last is not None and self.options.body and (body := last.text(CONTENT, "body")):
            fields.append(Field("last-message-body", None, body))
        return Form.of(FormType.RESULT, SUMMARY, *fields)

    # Disabled by the service (8)

    @on(Received.NOTE, "message", (PUBSUB, "pubsub"))
    def heed(self, stanza: Stanza, user: User, sessions: list[Session]) -> None:
        """XEP-0357, 8: the user may publish to a node no more."""
        pubsub = stanza.child(PUBSUB, "pubsub")
        if stanza.sender is None or pubsub is None:
            return
        for one in pubsub.elements(PUBSUB, "affiliation"):
            key = str(stanza.sender), pubsub.getAttribute("node", "")
            if one.getAttribute("affiliation") == "none" and one.getAttribute("jid") == user.jid:
                removal = Deferred.fromCoroutine(self._revoke(user, key))
                removal.addErrback(self.host.failed)

    async def _revoke(self, user: User, key: tuple[str, str]) -> None:
        known = await self._registrations(user)
        if key in known.enabled:
            await self._disable(user, known, key)


def _command(request: Stanza) -> Element:
    command = request.payload()
    assert command is not None
    return command
