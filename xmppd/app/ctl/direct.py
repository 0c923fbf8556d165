"""Carrying out verbs where no server runs: on its stores, or on its files alone."""

import contextlib
import os
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react
from twisted.python.failure import Failure

from xmppd.app.assemble import assemble
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.ctl.verb import Refused, Verb
from xmppd.app.ctl.verbs import NO_ROOMS, perform
from xmppd.app.options import make_data_folder
from xmppd.storage.interfaces import Locked, StorageError

_FIRST = frozenset({"adduser", "adduser_batch", "muc_create"})
"""Verbs with which one begins; others find nothing where there is no data directory."""
SETTLING = 0.1
"""Seconds that what a verb has set off gets before the stores close: contacts are told."""


def carry_out(config: Config, verb: Verb, args: Mapping[str, Any]) -> Any:
    """Carry out a verb in a reactor of its own. Raises `Refused`, ConfigError."""
    if verb.needs == "server":
        raise Refused(f"no server is running on {config.data}")
    if verb.needs == "store":
        if config.back_ends == {"memory"}:
            raise Refused("the storage is memory, which only a running server has (start it)")
        if verb.name not in _FIRST and not config.data.exists():
            raise Refused(f"{config.data}: no such directory (--config or --data say where it is)")
        make_data_folder(config.data)
    if verb.role == "rooms" and config.muc.domain is None:
        raise Refused(NO_ROOMS)
    outcome: list[Any] = []

    def act(reactor: Any) -> Deferred[None]:
        done = Deferred.fromCoroutine(_act(reactor, config, verb, args))
        return done.addBoth(outcome.append)

    with contextlib.suppress(SystemExit):
        react(act)
    return _value(outcome)


def act_as_owner(config: Config) -> None:
    """Run by root, become the owner of the data directory: what is made there is to be theirs."""
    if os.geteuid() != 0 or not config.data.exists():
        return
    owner = config.data.stat()
    if owner.st_uid != 0:
        os.setgroups([owner.st_gid])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


async def _act(reactor: Any, config: Config, verb: Verb, args: Mapping[str, Any]) -> Any:
    server = assemble(config, reactor, listen=False)
    if verb.needs == "files":
        return await perform(server, verb.name, args)
    server.startService()
    assert server.opened is not None
    try:
        await server.opened
    except Locked as problem:
        raise Refused(f"{problem.detail}, but does not answer (wait, or end it)") from None
    except StorageError as problem:
        raise Refused(problem.detail or str(problem)) from None
    try:
        result = await perform(server, verb.name, args)
        await deferLater(reactor, SETTLING)
        return result
    finally:
        await server.stopService()


def _value(outcome: list[Any]) -> Any:
    if not outcome:
        raise Refused("interrupted")
    [value] = outcome
    if not isinstance(value, Failure):
        return value
    if value.check(Refused, ConfigError, StorageError):
        value.raiseException()
    reason, *_ = f"{type(value.value).__name__}: {value.getErrorMessage()}".splitlines()
    raise Refused(f"this failed, and should not: {reason}")
