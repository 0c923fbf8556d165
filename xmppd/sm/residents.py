"""The accounts of a host that are in memory: how they come there, and when they leave."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure

from xmppd.accounts.interfaces import IAccount, NoSuchAccount
from xmppd.component.stages import Life, deferred
from xmppd.protocol.jid import Jid
from xmppd.sm.user import User
from xmppd.storage.codecs import XmlCodec

if TYPE_CHECKING:
    from xmppd.sm.host import Host

MAX_IDLE: Final = 1_000
"""Accounts without sessions that stay in memory, the most recently used."""


class Residents:
    """They are in `users`, by localpart: those with sessions, and the last that had any."""

    def __init__(self, host: Host) -> None:
        self.users: dict[str, User] = {}
        self._host = host
        self._idle: OrderedDict[str, None] = OrderedDict()
        self._loading: dict[str, list[Deferred[User | None]]] = {}

    def user(self, name: str) -> Deferred[User | None]:
        """See `Host.user`."""
        user = self.users.get(name)
        if user is not None:
            return succeed(user)
        found: Deferred[User | None] = Deferred()
        waiting = self._loading.get(name)
        if waiting is not None:
            waiting.append(found)
        else:
            self._loading[name] = [found]
            avatar = maybeDeferred(self._host.realm.requestAvatar, name.encode(), None, IAccount)
            self.load(name, avatar).addErrback(_no_user).addBoth(self._loaded, name)
        return found

    def load(self, name: str, avatar: Any) -> Deferred[User]:
        """Make the user of an avatar, or of a Deferred of one; never a second one.

        The avatar is logged out when its user leaves memory, or at once where it is not needed.
        """

        async def loading() -> User:
            _, account, logout = await avatar if isinstance(avatar, Deferred) else avatar
            user = self.users.get(name) or await self._make_user(account)
            if user.account is account:
                user.logout = logout
            else:
                logout()
            return user

        return Deferred.fromCoroutine(loading())

    async def _make_user(self, account: Any) -> User:
        host = self._host
        known = await account.contacts.contacts()
        rows = await account.table("requests", XmlCodec()).items()
        requests = {Jid.parse(row.key): row.value for row in rows}
        made = User(host, account, known, requests)
        for hook in host.dispatch.hooks(Life.LOADED):
            if (pending := hook(made)) is not None:
                await deferred(pending)
        await host.manager.journal.activate(host, made)
        user = self.users.get(account.jid.local)
        if user is None:
            user = self.users[account.jid.local] = made
            user.unwatch = account.contacts.watch(user.contacts_changed)
            self.rested(user)
        return user

    def _loaded(self, result: User | Failure | None, name: str) -> None:
        for waiting in self._loading.pop(name):
            waiting.callback(result)

    def rested(self, user: User) -> None:
        """Note that a user has no sessions; the one idle for longest leaves memory."""
        name = user.jid.local
        if self.users.get(name) is not user:
            return
        self._idle[name] = None
        self._idle.move_to_end(name)
        for _ in range(len(self._idle) - MAX_IDLE):
            self._forget_unless_busy(self._idle.popitem(last=False)[0])

    def _forget_unless_busy(self, name: str) -> None:
        """What is under way for an account would go on with what nobody else sees any more."""
        if self.users[name].is_busy:
            self._idle[name] = None
        else:
            self._forget(name)

    def woke(self, user: User) -> None:
        """Note that a user has a session."""
        self._idle.pop(user.jid.local, None)

    def forget(self, name: str) -> None:
        """See `Host.forget`."""
        self._idle.pop(name, None)
        self._forget(name)

    def _forget(self, name: str) -> None:
        user = self.users.pop(name, None)
        if user is not None:
            user.unwatch()
            self._host.guarded(user.logout)


def _no_user(failure: Failure) -> None:
    failure.trap(NoSuchAccount)
