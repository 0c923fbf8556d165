"""How long an account has been gone, and how long the server has been up."""

import attrs

from xmppd.accounts.bound import OwnDocument
from xmppd.component.extension import ACCOUNT, HOST, OWN_ACCOUNT, Extension, iq, on
from xmppd.component.stages import Life, Received, Sent
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.codecs import AttrsCodec

LAST = "jabber:iq:last"
MAX_STATUS = 1_000
"""Characters of a last status that are kept."""


@attrs.frozen
class LastSeen:
    """When an account last had a session, in seconds since 1970, and what it said on leaving."""

    seconds: int
    status: str = ""


_CODEC = AttrsCodec(LastSeen)


class LastActivity(Extension):
    """XEP-0012: tell when somebody was last here (3, 4) and since when the server runs (5).

    Only those learn it of an account who may see its presence; to others all accounts are
    forbidden, existing or not. A full JID is to them as one that nobody has: "forbidden" (4)
    for those that somebody has would tell them apart, which is what section 8 forbids.
    """

    xep = 12, "2.0"
    features = (LAST,)
    account_features = (LAST,)

    def setup(self) -> None:
        self._started = self.host.clock.seconds()

    @iq("get", LAST, "query", to=HOST)
    def of_host(self, request: Stanza) -> Stanza:
        """Seconds since the host was started."""
        return _answer(request, self.host.clock.seconds() - self._started)

    @iq("get", LAST, "query", to=OWN_ACCOUNT | ACCOUNT)
    async def of_account(self, request: Stanza) -> Stanza:
        """0 while somebody is connected; else seconds since the last one left."""
        user = self.host.visible(request)
        if user is None:
            raise StanzaError("forbidden")
        if user.sessions:
            return _answer(request, 0)
        seen = await last_seen(user)
        if seen is None:
            raise StanzaError("item-not-found", "never seen")
        gone = self.host.clock.seconds() - seen.seconds
        return _answer(request, gone, seen.status)

    @on(Received.CHECK, "iq")
    def of_resource(self, stanza: Stanza, user: User) -> None:
        """No stranger's request reaches a client (4)."""
        if stanza.to is None or not stanza.to.resource or stanza.type != "get":
            return
        if stanza.has(LAST, "query") and self.host.visible(stanza) is None:
            raise StanzaError("service-unavailable")

    @on(Sent.NOTE, "presence")
    def note_status(self, stanza: Stanza, session: Session) -> None:
        """Remember what a session said when it went offline, until it says anything else."""
        if stanza.to is None and stanza.type == "unavailable":
            status = stanza.text(CONTENT, "status") or ""
            session.notes[LastActivity] = status[:MAX_STATUS]
        elif stanza.to is None and stanza.type is None:
            session.notes.pop(LastActivity, None)

    @on(Life.OPENED)
    @on(Life.CLOSED)
    def note_time(self, session: Session) -> None:
        """Keep when an account was seen; at login too, in case the server dies before logout."""
        seen = int(self.host.clock.seconds())
        value = LastSeen(seen, session.notes.get(LastActivity, ""))
        _kept(session.user).put(value).addErrback(self.host.failed)


async def last_seen(user: User) -> LastSeen | None:
    """When an account was last seen; None if it never was."""
    found = await _kept(user).get()
    return None if found is None else found.value


def _kept(user: User) -> OwnDocument[LastSeen]:
    document: OwnDocument[LastSeen] = user.account.document("last", _CODEC)
    return document


def _answer(request: Stanza, seconds: float, status: str = "") -> Stanza:
    told = {"seconds": str(max(0, int(seconds)))}
    return request.reply(element("query", LAST, told, status))
