"""Verbs that tell users something: at once, or whenever they come."""

from collections.abc import Iterable
from typing import Any

from xmppd.app.ctl.addresses import domain_named, host_of
from xmppd.app.ctl.verb import Parameter, Refused, Server, Verb
from xmppd.extensions.motd import Motd, announcement
from xmppd.sm.host import Host


async def announce(server: Server, text: str, domain: str | None = None) -> dict[str, Any]:
    """Send a message to everybody who is online."""
    told = 0
    for host in _hosts(server, domain):
        for session in host.sessions():
            if session.available:
                session.deliver(announcement(host.jid, session.jid, _said(text)))
                told += 1
    return {"sessions": told}


async def motd_show(server: Server, domain: str | None = None) -> list[dict[str, Any]]:
    """Tell the message of the day, by domain."""
    found = _motds(server, domain)
    return [{"domain": motd.host.domain, "text": motd.text} for motd in found]


async def motd_set(server: Server, text: str, domain: str | None = None) -> dict[str, Any]:
    """Give another message of the day: those who are here are told at once."""
    told = [await motd.set(_said(text)) for motd in _motds(server, domain)]
    return {"sessions": sum(told)}


async def motd_edit(server: Server, text: str, domain: str | None = None) -> dict[str, Any]:
    """Change the message of the day, without telling it again."""
    if not any([await motd.edit(_said(text)) for motd in _motds(server, domain)]):
        raise Refused("there is no message of the day", "item-not-found")
    return {}


async def motd_delete(server: Server, domain: str | None = None) -> dict[str, Any]:
    """End the message of the day."""
    if not any([await motd.delete() for motd in _motds(server, domain)]):
        raise Refused("there is no message of the day", "item-not-found")
    return {}


def _said(text: str) -> str:
    if not text.strip():
        raise Refused("text: there is nothing to say")
    return text


def _hosts(server: Server, domain: str | None) -> Iterable[Host]:
    domains = server.config.domains if domain is None else [domain_named(server, domain)]
    return [host_of(server, each) for each in domains]


def _motds(server: Server, domain: str | None) -> list[Motd]:
    found = [
        extension
        for host in _hosts(server, domain)
        for extension in host.dispatch.extensions
        if isinstance(extension, Motd)
    ]
    if not found:
        raise Refused("messages of the day are switched off ([extensions.motd])")
    return found


_SAID = Parameter("text", "text", "What is to be said.")
_WHERE = Parameter(
    "domain", "domain", "Only to those of this domain.", False, "--to", metavar="DOMAIN"
)

VERBS = (
    Verb(
        "announce",
        "Send a message to everybody who is online.",
        announce,
        (_SAID, _WHERE),
        needs="server",
        changes=True,
    ),
    Verb("motd_show", "Tell the message of the day.", motd_show, (_WHERE,)),
    Verb(
        "motd_set",
        "Give a message of the day: everybody is told it once, those online now.",
        motd_set,
        (_SAID, _WHERE),
        changes=True,
    ),
    Verb(
        "motd_edit",
        "Change the message of the day for those who have not been told it.",
        motd_edit,
        (_SAID, _WHERE),
        changes=True,
    ),
    Verb(
        "motd_delete",
        "End the message of the day.",
        motd_delete,
        (_WHERE,),
        changes=True,
    ),
)
