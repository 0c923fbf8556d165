"""Verbs on accounts: add, remove, list, give another password."""

from typing import Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.accounts.registry import AccountExists
from xmppd.app.ctl_addresses import account_named, accounts_of, domain_named, host_of
from xmppd.app.ctl_verb import Refused, Server
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.sm.ending import kick
from xmppd.sm.host import Host
from xmppd.sm.passwords import PasswordElsewhere, change_password
from xmppd.sm.removal import remove_account
from xmppd.storage.interfaces import StorageError

PAGE = 500
"""Accounts read at a time."""


async def adduser(server: Server, jid: str, password: str) -> dict[str, Any]:
    """Add an account."""
    address = account_named(server, jid)
    await _create(server, address, password)
    return {"jid": address}


async def adduser_batch(server: Server, accounts: list[tuple[str, str]]) -> dict[str, Any]:
    """Add those accounts that can be; the others are told by their place, counted from 1.

    Making keys takes milliseconds, so others get their turn between two accounts.
    """
    waiting = []
    for jid, password in accounts:
        waiting.append(_attempt(server, jid, password))
        await deferLater(server.reactor, 0)
    reasons = await gatherResults(waiting)
    refused = [
        {"number": number, "jid": jid, "error": reason}
        for number, ((jid, _), reason) in enumerate(zip(accounts, reasons, strict=True), 1)
        if reason is not None
    ]
    return {"added": len(accounts) - len(refused), "refused": refused}


async def passwd(server: Server, jid: str, password: str) -> dict[str, Any]:
    """Replace an account's password and end its sessions.

    They end with `<reset/>` (RFC 6120, 4.9.3.16): what the streams were secured with is no longer
    valid, and is to be negotiated again.
    """
    address = account_named(server, jid)
    host = host_of(server, address.domain)
    try:
        await change_password(host, address.local, password)
    except NoSuchAccount:
        raise Refused(f"there is no account {address}") from None
    except PasswordElsewhere:
        raise Refused(f"the password of {address} is kept elsewhere") from None
    except ValueError as problem:
        raise Refused(f"{address}: {problem}") from None
    user = host.users.get(address.local)
    error = StreamError("reset", "the password has been changed")
    return {"jid": address, "sessions_ended": 0 if user is None else kick(user, error)}


async def deluser(server: Server, jid: str) -> dict[str, Any]:
    """Remove an account, what is stored of it, and its sessions.

    They end with `<not-authorized/>` (XEP-0077, 3.2).
    """
    address = account_named(server, jid)
    host = host_of(server, address.domain)
    accounts_of(server, address)
    sessions = _sessions_of(host, address.local)
    try:
        await remove_account(host, address.local)
    except NoSuchAccount:
        raise Refused(f"there is no account {address}") from None
    return {"jid": address, "sessions_ended": sessions}


async def users(server: Server, domain: str | None = None) -> list[dict[str, Any]]:
    """List the accounts of a domain, or of all whose accounts are kept here."""
    domains = server.config.domains if domain is None else [domain_named(server, domain)]
    found: list[dict[str, Any]] = []
    for each in domains:
        if domain is not None or host_of(server, each).accounts is not None:
            found += await _users(server, Jid.of("", each))
    return found


async def _users(server: Server, domain: Jid) -> list[dict[str, Any]]:
    host, accounts = host_of(server, domain), accounts_of(server, domain)
    found: list[dict[str, Any]] = []
    after = ""
    while names := await accounts.names(after, PAGE):
        for name in names:
            found.append({"jid": f"{name}@{domain}", "sessions": _sessions_of(host, name)})
        after = names[-1]
    return found


def _create(server: Server, jid: Jid, password: str) -> Deferred[Any]:
    def exists(failure: Failure) -> None:
        failure.trap(AccountExists)
        raise Refused(f"{jid} exists already")

    try:
        return accounts_of(server, jid).create(jid.local, password).addErrback(exists)
    except ValueError as problem:
        raise Refused(f"{jid}: {problem}") from None


def _attempt(server: Server, jid: str, password: str) -> Deferred[str | None]:
    """Add an account; gives why that cannot be, or None once it is kept."""

    def refused(failure: Failure) -> str:
        failure.trap(Refused, StorageError)
        return str(failure.value)

    try:
        done = _create(server, account_named(server, jid), password)
    except Refused as problem:
        return succeed(str(problem))
    return done.addCallbacks(lambda _: None, refused)


def _sessions_of(host: Host, name: str) -> int:
    user = host.users.get(name)
    return 0 if user is None else len(user.sessions)
