"""Verbs that tell of accounts: which there are, how one is, whom it knows."""

from collections.abc import AsyncIterator
from typing import Any

from xmppd.accounts.registry import AccountRecord
from xmppd.app.ctl.addresses import account_named, accounts_of, domain_named, host_of
from xmppd.app.ctl.sessions import described
from xmppd.app.ctl.verb import AT_MOST, JID, Parameter, Refused, Server, Verb
from xmppd.extensions.last_activity import last_seen
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.sm.host import Host
from xmppd.sm.user import User

PAGE = 500
"""Accounts read at a time."""
STATES = ("all", "online", "disabled")


async def users(
    server: Server, domain: str | None = None, state: str = "all", most: int | None = None
) -> list[dict[str, Any]]:
    """List the accounts of a domain, or of all whose accounts are kept here: at most so many."""
    domains = server.config.domains if domain is None else [domain_named(server, domain)]
    found: list[dict[str, Any]] = []
    for each in domains:
        if domain is not None or host_of(server, each).accounts is not None:
            async for jid in _FIND[state](server, Jid.of("", each)):
                if len(found) == most:
                    return found
                found.append({"jid": jid, "sessions": sessions_of(server, jid)})
    return found


async def _all(server: Server, domain: Jid) -> AsyncIterator[Jid]:
    accounts = accounts_of(server, domain)
    after = ""
    while names := await accounts.names(after, PAGE):
        for name in names:
            yield Jid.of(name, domain)
        after = names[-1]


async def _online(server: Server, domain: Jid) -> AsyncIterator[Jid]:
    for jid in dict.fromkeys(one.jid.bare for one in host_of(server, domain).sessions()):
        yield jid


async def _disabled(server: Server, domain: Jid) -> AsyncIterator[Jid]:
    accounts = accounts_of(server, domain)
    async for jid in _all(server, domain):
        record = await accounts.record(jid.local)
        if record is not None and record.disabled:
            yield jid


_FIND = {"all": _all, "online": _online, "disabled": _disabled}


async def user(server: Server, jid: str) -> dict[str, Any]:
    """Tell how an account is: since when it exists, when it was last here, its sessions."""
    address = account_named(server, jid)
    host = host_of(server, address.domain)
    found = await _user(host, address)
    record = None
    if host.accounts is not None:
        record = await host.accounts.record(address.local)
    record = record or AccountRecord()
    seen = await last_seen(found)
    return {
        "jid": address,
        "created": _date(record.created),
        "disabled": record.disabled,
        "last_seen": _date(0 if seen is None else seen.seconds),
        "contacts": len(found.contacts),
        "sessions": [described(session) for session in found.sessions.values()],
    }


async def roster(server: Server, jid: str) -> list[dict[str, Any]]:
    """List the contacts of an account."""
    address = account_named(server, jid)
    found = await _user(host_of(server, address.domain), address)
    return [
        {
            "jid": contact.jid,
            "name": contact.name or None,
            "subscription": contact.subscription,
            "groups": sorted(contact.groups),
        }
        for contact in sorted(found.contacts.values(), key=lambda contact: contact.jid)
    ]


async def _user(host: Host, address: Jid) -> User:
    found = await host.user(address.local)
    if found is None:
        raise Refused(f"there is no account {address}", "item-not-found")
    return found


def sessions_of(server: Server, jid: Jid) -> int:
    """How many sessions an account has."""
    user = host_of(server, jid.domain).users.get(jid.local)
    return 0 if user is None else len(user.sessions)


def _date(seconds: int) -> str | None:
    return format_datetime(seconds * 1_000_000) if seconds else None


VERBS = (
    Verb(
        "users",
        "List accounts.",
        users,
        (
            Parameter("domain", "domain", "Only those of this domain.", required=False),
            Parameter("state", "text", "Only those of that state.", False, "--state", STATES),
            AT_MOST,
        ),
        seconds=600,
    ),
    Verb("user", "Tell how an account is.", user, (JID,)),
    Verb("roster", "List the contacts of an account.", roster, (JID,)),
)
