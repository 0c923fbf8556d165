"""All that an administrator can have done, whatever way it is asked for."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.app.config_key import ConfigError
from xmppd.app.config_words import shown, suggestion
from xmppd.app.ctl import (
    accounts,
    announce,
    checks,
    reports,
    rooms,
    router,
    server,
    servers,
    sessions,
    status,
    users,
    watch,
)
from xmppd.app.ctl.verb import Refused, Role, Tell, Verb
from xmppd.storage.interfaces import StorageError
from xmppd.tls.certificate_files import CertificateError

_log = Logger()

NO_ROOMS = "no rooms here (set muc.domain, or ask who keeps them: --instance muc-1)"

_MODULES = (  # in the order in which people are shown the verbs of each
    accounts,
    users,
    announce,
    sessions,
    status,
    servers,
    server,
    checks,
    reports,
    rooms,
    router,
    watch,
)

VERBS: Mapping[str, Verb] = {
    verb.name: verb for verb in chain.from_iterable(module.VERBS for module in _MODULES)
}


def perform(
    server: Any, name: str, args: Mapping[str, Any], tell: Tell | None = None
) -> Deferred[Any]:
    """Carry out a verb; gives what it gives, or fails with `Refused` and a line for people.

    `tell` is called with the parts of what comes bit by bit; cancelling ends that.
    """
    return Deferred.fromCoroutine(_perform(server, name, args, tell))


def check_role(verb: Verb, role: Role) -> None:
    """Raise `Refused` if this process is not the one that can do it."""
    if verb.role == "sessions" and not hasattr(role, "manager"):
        raise Refused(f"{verb.command}: ask the process that keeps the accounts (--instance sm-1)")
    if verb.role == "servers" and not hasattr(role, "federation"):
        raise Refused(f"{verb.command}: ask the process that talks to servers (--instance s2s-1)")
    if verb.role == "router" and not hasattr(role, "router"):
        raise Refused(f"{verb.command}: ask the router (--instance router)")
    if verb.role == "rooms" and getattr(role, "rooms", None) is None:
        raise Refused(NO_ROOMS)


async def _perform(server: Any, name: str, args: Mapping[str, Any], tell: Tell | None) -> Any:
    verb = VERBS.get(name)
    if verb is None:
        raise Refused(f"no such verb: {shown(name)} ({suggestion(name, VERBS)})")
    check_role(verb, server)
    given = verb.checked(args)
    if verb.streams:
        if tell is None:
            raise Refused(f"{name}: only where its parts can be shown as they come (xmppctl)")
        given["tell"] = tell
    try:
        result = await verb.call(server, **given)
    except StorageError as problem:
        raise Refused(problem.detail or str(problem)) from None
    except (ConfigError, CertificateError) as problem:
        raise Refused(str(problem)) from None
    if verb.changes:
        _log.info("administration: {what}", what=" ".join((verb.command, *verb.subjects(given))))
    return result
