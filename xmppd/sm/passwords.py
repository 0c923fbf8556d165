"""New passwords for accounts, whoever asks: their users, an admin, a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.protocol.errors import StreamError
from xmppd.sm import ending

if TYPE_CHECKING:
    from xmppd.sm.host import Host


class PasswordElsewhere(Exception):
    """The passwords of this account are not ours to change."""


def change_password(host: Host, name: str, password: str, kick: bool = False) -> Deferred[None]:
    """Give an account another password; fires when it is kept.

    `kick`: then close the account's streams with not-authorized.

    Fails with `NoSuchAccount`, `PasswordElsewhere`, or ValueError for a password that cannot be.
    """
    return Deferred.fromCoroutine(_change(host, name, password, kick))


async def _change(host: Host, name: str, password: str, kick: bool) -> None:
    if host.accounts is None:
        raise PasswordElsewhere(name)
    record = await host.accounts.record(name)
    if record is None:
        raise NoSuchAccount(name)
    if record.external:
        raise PasswordElsewhere(name)
    if not password:
        raise ValueError("an empty password")
    await host.accounts.set_password(name, password)
    user = host.users.get(name)
    if kick and user is not None:
        ending.kick(user, StreamError("not-authorized", "the password has been changed"))
