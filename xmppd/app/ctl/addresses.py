"""From what administrators type to the accounts that are meant."""

from xmppd.accounts.registry import Accounts
from xmppd.app.config_words import shown
from xmppd.app.ctl.verb import Refused, Server
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.sm.host import Host


def host_of(server: Server, domain: str) -> Host:
    """Return the host of a domain. Raises `Refused`."""
    host = server.manager.host(domain)
    if host is None:
        served = ", ".join(server.config.domains[:5])
        raise Refused(f"{shown(domain)} is not served here (domains: {served})")
    return host


def domain_named(server: Server, text: str) -> str:
    """Return a served domain. Raises `Refused`."""
    try:
        return host_of(server, Jid.of("", text).domain).domain
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None


def address_named(server: Server, text: str) -> Jid:
    """Return an address at a served domain; without a domain, at the first. Raises `Refused`."""
    name, slash, resource = text.partition("/")
    if text in server.config.domains:
        return Jid.parse(text)
    if "@" not in name:
        text = f"{name}@{server.config.domains[0]}{slash}{resource}"
    try:
        jid = Jid.parse(text)
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None
    host_of(server, jid.domain)
    return jid


def account_named(server: Server, text: str) -> Jid:
    """Return the bare JID that an account has or may have. Raises `Refused`."""
    jid = address_named(server, text)
    if not jid.local:
        raise Refused(f"{jid} is a domain (write NAME@{jid})")
    if jid.resource:
        raise Refused(f"{shown(text)} has a resource (write {jid.bare})")
    return jid


def accounts_of(server: Server, jid: Jid) -> Accounts:
    """Return the accounts of a JID's domain. Raises `Refused` where they are not ours."""
    accounts = host_of(server, jid.domain).accounts
    if accounts is None:
        raise Refused(f"the accounts of {jid.domain} are kept elsewhere")
    return accounts
