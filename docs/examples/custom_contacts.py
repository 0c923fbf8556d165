"""Contacts that somebody else owns: here a team, in which everybody sees everybody.

The accounts, their passwords and all that is stored of them stay ours; only the roster is made
from the team. `TeamRealm` goes where the realm of a host goes, around the one that was there:

    portal = Portal(TeamRealm(StoredRealm(accounts, stores), team), [checker])
"""

from collections.abc import Callable
from typing import Any

from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from zope.interface import implementer

from xmppd.accounts.contacts import Contact
from xmppd.accounts.interfaces import IContactList, ReadOnlyContacts
from xmppd.protocol.jid import Jid


class Team:
    """Who is in it, by bare JID; `call` of those who watch is called when that changes."""

    def __init__(self) -> None:
        self.members: dict[Jid, str] = {}
        self.watchers: list[Callable[[], None]] = []

    def add(self, jid: Jid, name: str) -> None:
        self.members[jid] = name
        for call in list(self.watchers):
            call()


@implementer(IContactList)
class TeamContacts:
    """The team as one of its members sees it: everybody else, with presence both ways."""

    def __init__(self, team: Team, owner: Jid) -> None:
        self._team = team
        self._owner = owner

    def contacts(self) -> Deferred[list[Contact]]:
        others = [(jid, name) for jid, name in self._team.members.items() if jid != self._owner]
        return succeed(
            [Contact(jid, name, groups=("Team",), subscription="both") for jid, name in others]
        )

    def change(self, contact: Contact, removed: bool) -> Deferred[str | None]:
        raise ReadOnlyContacts

    def version(self) -> Deferred[str | None]:
        return succeed(None)  # no versions: clients always get the whole list

    def changes(self, since: str) -> Deferred[None]:
        return succeed(None)

    def watch(self, call: Callable[[], None]) -> Callable[[], None]:
        self._team.watchers.append(call)
        return lambda: self._team.watchers.remove(call)


@implementer(IRealm)
class TeamRealm:
    """Gives the avatars of another realm the contacts of a team."""

    def __init__(self, realm: Any, team: Team) -> None:
        self._realm = realm
        self._team = team

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Deferred[Any]:
        def with_team(avatar: tuple[Any, Any, Callable[[], None]]) -> Any:
            interface, account, logout = avatar
            account.contacts = TeamContacts(self._team, account.jid)
            return interface, account, logout

        asked = maybeDeferred(self._realm.requestAvatar, avatarId, mind, *interfaces)
        return asked.addCallback(with_team)
