"""The end of an account: its sessions, its data, and what its contacts are told."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.sm import ending
from xmppd.sm.subscriptions import removal
from xmppd.storage.codecs import JsonCodec

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.session import Session
    from xmppd.sm.user import User
    from xmppd.storage.interfaces import Table


def remove_account(host: Host, name: str, requester: Session | None = None) -> Deferred[None]:
    """Remove an account of the host's own and all that is stored of it; fires when that is kept.

    Its sessions end with not-authorized (XEP-0077, 3.2). That of the `requester` stays until the
    end of the turn in which this fires, so that it can be answered; nothing more is taken from it.
    Then the contacts are told, as if each had been taken off the roster (RFC 6121, 2.5.2).

    Fails with `NoSuchAccount`, or with the `StorageError` that kept the account.
    """
    return Deferred.fromCoroutine(_remove(host, name, requester))


def was_removed(host: Host, name: str) -> Deferred[bool]:
    """Whether an account of that name has been removed: others may still trust the name."""
    return _gone(host).get(host.owner, name).addCallback(lambda row: row is not None)


async def _remove(host: Host, name: str, requester: Session | None) -> None:
    user = await host.user(name)
    if user is None or host.accounts is None:
        raise NoSuchAccount(name)
    user.account.disabled = True
    for session in list(user.sessions.values()):
        if session is requester:
            session.backlog = deque()
        else:
            _end(session)
    with host.stores.unit() as kept:
        host.accounts.remove(name)
        _gone(host).put(host.owner, name, int(host.clock.seconds()))
    host.forget(name)
    try:
        await kept
    except Exception:
        host.manager.turn.later(lambda: _end_all(user))
        raise
    host.manager.turn.later(lambda: _finish(host, user))


def _finish(host: Host, user: User) -> None:
    _end_all(user)
    _tell_contacts(host, user)
    Deferred.fromCoroutine(_sweep(host, user.jid.local)).addErrback(host.failed)


async def _sweep(host: Host, name: str) -> None:
    """Remove what the ends of sessions may have written after the account was removed."""
    assert host.accounts is not None
    if await host.accounts.record(name) is None:
        await host.accounts.remove(name)


def _end_all(user: User) -> None:
    for session in list(user.sessions.values()):
        _end(session)


def _end(session: Session) -> None:
    """Close the stream; what it still gets is written before, and nobody keeps it."""
    session.close(StreamError("not-authorized", "the account has been removed"))
    session.undelivered()
    ending.end(session.user.host.manager, session)


def _tell_contacts(host: Host, user: User) -> None:
    kinds = {
        contact.jid: removal(contact, contact.jid in user.requests)
        for contact in user.contacts.values()
    }
    for jid in user.requests:
        kinds.setdefault(jid, ("unsubscribed",))
    for jid, told in kinds.items():
        for kind in told:
            host.send(Stanza.make("presence", to=jid, sender=user.jid, type=kind))


def _gone(host: Host) -> Table[int]:
    table: Table[int] = host.table("gone", JsonCodec())
    return table
