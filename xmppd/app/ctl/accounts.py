"""Verbs on accounts: add, remove, disable, give another password."""

from typing import Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.accounts.registry import AccountExists
from xmppd.app.ctl.addresses import account_named, accounts_of, host_of
from xmppd.app.ctl.users import sessions_of
from xmppd.app.ctl.verb import JID, Parameter, Refused, Server, Verb
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.sm.ending import kick
from xmppd.sm.passwords import PasswordElsewhere, change_password
from xmppd.sm.removal import remove_account
from xmppd.storage.interfaces import StorageError


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
        raise _missing(address) from None
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
    sessions = sessions_of(server, address)
    try:
        await remove_account(host, address.local)
    except NoSuchAccount:
        raise _missing(address) from None
    return {"jid": address, "sessions_ended": sessions}


async def disable(server: Server, jid: str) -> dict[str, Any]:
    """Forbid an account to log in, and end its sessions. What comes for it is kept as ever."""
    address = await _allowed(server, jid, disabled=True)
    user = host_of(server, address.domain).users.get(address.local)
    error = StreamError("not-authorized", "the account has been disabled")
    return {"jid": address, "sessions_ended": 0 if user is None else kick(user, error)}


async def enable(server: Server, jid: str) -> dict[str, Any]:
    """Let an account that was disabled log in again."""
    return {"jid": await _allowed(server, jid, disabled=False)}


async def _allowed(server: Server, jid: str, disabled: bool) -> Jid:
    address = account_named(server, jid)
    try:
        await accounts_of(server, address).disable(address.local, disabled)
    except NoSuchAccount:
        raise _missing(address) from None
    user = host_of(server, address.domain).users.get(address.local)
    if user is not None:
        user.account.disabled = disabled
    return address


def _missing(address: Jid) -> Refused:
    return Refused(f"there is no account {address}", "item-not-found")


def _create(server: Server, jid: Jid, password: str) -> Deferred[Any]:
    def exists(failure: Failure) -> None:
        failure.trap(AccountExists)
        raise Refused(f"{jid} exists already", "conflict")

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


_PASSWORD = Parameter("password", "password", "The password.")

VERBS = (
    Verb(
        "adduser",
        "Add an account.",
        adduser,
        (JID, _PASSWORD),
        changes=True,
    ),
    Verb(
        "adduser_batch",
        "Add many accounts.",
        adduser_batch,
        (Parameter("accounts", "accounts", "JIDs and their passwords."),),
        seconds=600,
        changes=True,
    ),
    Verb(
        "passwd",
        "Change an account's password and end its sessions.",
        passwd,
        (JID, _PASSWORD),
        changes=True,
    ),
    Verb(
        "deluser",
        "Remove an account with all that is kept of it.",
        deluser,
        (JID,),
        changes=True,
    ),
    Verb(
        "disable",
        "Forbid an account to log in, and end its sessions.",
        disable,
        (JID,),
        changes=True,
    ),
    Verb(
        "enable",
        "Let an account that was disabled log in again.",
        enable,
        (JID,),
        changes=True,
    ),
)
