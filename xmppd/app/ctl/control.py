"""What all commands of `xmppctl` share: how to talk to the server, and to people."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from xmppd.app.admin import INSTANCE, answers, socket_path
from xmppd.app.config import load
from xmppd.app.config_model import Config
from xmppd.app.ctl.client import NotRunning, ask
from xmppd.app.ctl.direct import act_as_owner, carry_out
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused, Tell, Verb
from xmppd.app.ctl.verbs import VERBS

Do = Callable[..., Any]
"""Carries out a verb with its arguments; a third parameter, `Tell`, takes parts of its result."""

NAMES = {
    "sessions": "sm-1",
    "router": "router",
    "clients": "c2s-1",
    "servers": "s2s-1",
    "rooms": "muc-1",
}
"""Names of processes by what they do, where the server is not one."""


def running_here(config: Config) -> set[str]:
    """The names of the processes that have their sockets in the data directory, and listen."""
    running = set()
    for path in config.data.glob("*.sock"):
        with suppress(OSError):
            if answers(path):
                running.add(path.stem)
    return running


class Control:
    """What all commands share: where the server is, and how to talk to it and to people."""

    def __init__(self, do: Do | None = None) -> None:
        self.file: Path | None = None
        self.data: Path | None = None
        self.domains: tuple[str, ...] = ()
        self.instance: str | None = None
        self.as_json = False
        self._do = do or self._do_somewhere

    @cached_property
    def config(self) -> Config:
        """The configuration. Raises ConfigError."""
        data = None if self.data is None else str(self.data)
        return load(self.file, environ=os.environ, domains=self.domains, data=data)

    def do(self, name: str, **args: Any) -> Any:
        """Carry out a verb, leaving out what was not given. Raises `Refused`, ConfigError."""
        return self._do(VERBS[name], {key: arg for key, arg in args.items() if arg is not None})

    def stream(self, name: str, tell: Tell, **args: Any) -> Any:
        """As `do`, for a verb that tells parts of its result as they come."""
        given = {key: arg for key, arg in args.items() if arg is not None}
        return self._do(VERBS[name], given, tell)

    def show(self, name: str, result: Any) -> None:
        """Print what a verb gave."""
        text = json.dumps(result) if self.as_json else readable(name, result)
        if text:
            click.echo(text)

    def _do_somewhere(self, verb: Verb, args: dict[str, Any], tell: Tell | None = None) -> Any:
        """In the running server; where none runs, here."""
        act_as_owner(self.config)
        for instance in self._instances(verb):
            with suppress(NotRunning):
                return ask(socket_path(self.config, instance), verb, args, tell)
        self._check_alone(verb)
        return carry_out(self.config, verb, args)

    def _check_alone(self, verb: Verb) -> None:
        """Raise `Refused` where a process that does not run is wanted, and others do run."""
        running = running_here(self.config)
        keeps_accounts = not running.isdisjoint((INSTANCE, NAMES["sessions"]))
        if running and (self.instance or verb.needs == "server" or keeps_accounts):
            wanted = self.instance or NAMES.get(verb.role, INSTANCE)
            told = ", ".join(sorted(running))
            raise Refused(f"{verb.command}: {wanted} does not run here (what does: {told})")

    def _instances(self, verb: Verb) -> Iterable[str]:
        """The processes to ask, the first that runs: the one named, or those that could know."""
        if self.instance is not None:
            return (self.instance,)
        if verb.role != "any":
            return (INSTANCE, NAMES[verb.role])
        # those of other names, such as a second edge
        sockets = sorted(path.stem for path in self.config.data.glob("*.sock"))
        return dict.fromkeys((INSTANCE, *NAMES.values(), *sockets))

    def do_everywhere(self, name: str) -> Iterator[tuple[str, Any]]:
        """Carry out a verb in every process that runs, or in the one named; by their names.

        Raises `Refused` too where none does.
        """
        act_as_owner(self.config)
        running = 0
        for instance in self._instances(VERBS[name]):
            with suppress(NotRunning):
                yield instance, ask(socket_path(self.config, instance), VERBS[name], {})
                running += 1
        if not running:
            carry_out(self.config, VERBS[name], {})

    def do_at(self, instance: str, name: str, **args: Any) -> Any:
        """Carry out a verb in one process; None where it does not run here. Raises `Refused`."""
        with suppress(NotRunning):
            return ask(socket_path(self.config, instance), VERBS[name], args)
        return None

    def do_here(self, name: str) -> Any:
        """Carry out a verb in this process."""
        act_as_owner(self.config)
        return carry_out(self.config, VERBS[name], {})
