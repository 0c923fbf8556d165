"""XEP-0441: with whom an account wants its messages archived."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.accounts.bound import OwnDocument
from xmppd.component.extension import ACCOUNT, OWN_ACCOUNT, SessionExtension, iq, on
from xmppd.component.stages import Life
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User
from xmppd.storage.codecs import AttrsCodec
from xmppd.storage.interfaces import Versioned

MAX_LISTED = 1_000
"""Addresses of one list."""

Default = Literal["always", "never", "roster"]
_DEFAULTS = ("always", "never", "roster")


@attrs.frozen
class Preferences:
    """Who is archived whatever the `default` says, and who is not; a note of the user that has
    said so."""

    default: str = "always"
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def to_xml(self) -> bytes:
        """The `<prefs/>` element."""
        lists = [
            element(name, None, None, *[element("jid", None, None, jid) for jid in jids])
            for name, jids in (("always", self.always), ("never", self.never))
        ]
        return element("prefs", MAM, {"default": self.default}, *lists)


_CODEC = AttrsCodec(Preferences)


class ArchivePreferences(SessionExtension):
    """XEP-0441: let users say whose messages are archived: everybody's, nobody's, their contacts'.

    Of addresses that are on both lists, those with a resource count for more than those without,
    and `never` counts for more than `always`. The account itself counts as one of its contacts.
    """

    xep = 441, "0.2.0"

    @attrs.frozen
    class Options:
        default: Default = "always"
        """For accounts that have not said anything: `always`, `never` or `roster`."""

    def setup(self) -> None:
        self._unsaid = Preferences(self.options.default)

    def reload(self, options: Options) -> None:
        super().reload(options)
        self._unsaid = Preferences(options.default)

    @on(Life.LOADED)
    def load(self, user: User) -> Deferred[None]:
        """Have them before anything is handled for the account."""

        def found(kept: Versioned[Preferences] | None) -> None:
            user.notes.pop(Preferences, None)
            if kept is not None:
                user.notes[Preferences] = kept.value

        return self._document(user).get().addCallback(found)

    def allow(self, user: User, other: Jid) -> bool:
        """Whether messages from or to that address are to be archived (2.3)."""
        said: Preferences = user.notes.get(Preferences, self._unsaid)
        if said.never or said.always:
            for address in (other, other.bare):
                if address in said.never:
                    return False
                if address in said.always:
                    return True
        if said.default == "roster":
            return user.knows(other)
        return said.default == "always"

    @iq("get", MAM, "prefs", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0441, 2.1."""
        return request.reply(self._of(session.user).to_xml())

    @iq("set", MAM, "prefs", to=OWN_ACCOUNT)
    async def set(self, request: Stanza, session: Session) -> Stanza:
        """XEP-0441, 2.1: answered with what counts from now on, once that is kept."""
        payload: Any = request.payload()
        said, user = _parsed(payload), session.user
        kept = self._document(user).put(said)
        user.notes[Preferences] = said
        try:
            await kept
        except BaseException:
            await self.load(user)  # what is kept counts again
            raise
        return request.reply(said.to_xml())

    @iq("get", MAM, "prefs", to=ACCOUNT)
    @iq("set", MAM, "prefs", to=ACCOUNT)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0441, 2.1: nobody else's."""
        raise StanzaError("forbidden")

    def _of(self, user: User) -> Preferences:
        said: Preferences = user.notes.get(Preferences, self._unsaid)
        return said

    def _document(self, user: User) -> OwnDocument[Preferences]:
        document: OwnDocument[Preferences] = user.account.document("archive_prefs", _CODEC)
        return document


def _parsed(prefs: Element) -> Preferences:
    default = prefs.getAttribute("default")
    if default not in _DEFAULTS:
        raise StanzaError("bad-request", "the default is always, never or roster")
    never = _listed(prefs, "never")
    always = [jid for jid in _listed(prefs, "always") if jid not in never]
    return Preferences(default, tuple(always), tuple(never))


def _listed(prefs: Element, name: str) -> list[Jid]:
    jids: Iterable[Element] = (
        jid for one in prefs.elements(MAM, name) for jid in one.elements(MAM, "jid")
    )
    try:
        found = list(dict.fromkeys(Jid.parse(str(jid)) for jid in jids))
    except InvalidJid:
        raise StanzaError("jid-malformed") from None
    if len(found) > MAX_LISTED:
        raise StanzaError("resource-constraint", "too many addresses")
    return found
