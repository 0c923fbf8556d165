"""Command-line options of the `twistd` plugins."""

import os
from collections.abc import Callable
from pathlib import Path

from twisted.cred import strcred
from twisted.cred.credentials import IUsernamePassword
from twisted.python import usage
from zope.interface import Interface

from xmppd.app.admin import INSTANCE, SocketTaken, make_room, socket_path
from xmppd.app.config import load
from xmppd.app.config_model import Config, ConfigError
from xmppd.app.config_text import explain


class Options(usage.Options, strcred.AuthOptionMixin):
    """Options of `twistd xmpp-im`: the whole server in one process."""

    supportedInterfaces: tuple[type[Interface], ...] = (IUsernamePassword,)
    optParameters = (
        ("config", "f", None, "Configuration file (TOML)."),
        ("data", "d", None, "Directory that holds everything the server keeps."),
    )
    optFlags = (
        ("check-config", None, "Check the configuration and exit."),
        ("explain", None, "Print the configuration in force, with defaults, and exit."),
    )

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["domains"] = []
        self["c2s"] = []

    def opt_domain(self, domain: str) -> None:
        """Domain to serve (repeatable)."""
        self["domains"].append(domain)

    def opt_c2s(self, endpoint: str) -> None:
        """Endpoint to listen on for clients, such as tcp6:5222 (repeatable)."""
        self["c2s"].append(endpoint)

    def postOptions(self) -> None:
        """Read the configuration; what is wrong with it is one line and exit code 1."""
        self.config = one_line(self.load)
        if self["explain"]:
            print(explain(self.config))
        elif self["check-config"]:
            print(f"{self.config.origin.name}: nothing wrong")
        if self["explain"] or self["check-config"]:
            raise SystemExit(0)
        self._prepare_twistd()

    def _prepare_twistd(self) -> None:
        """A pid file that no other role collides with, unless asked otherwise; `twist` has none.

        One that was left behind goes: its number may be that of any process by now.
        """
        parent = self.parent
        if parent is None or "pidfile" not in parent:
            return
        if os.path.basename(parent["pidfile"] or "") == "twistd.pid":
            make_data_folder(self.config.data)
            refuse_second(self.config)
            pid_file = self.config.data / f"{INSTANCE}.pid"
            pid_file.unlink(missing_ok=True)
            parent["pidfile"] = str(pid_file)

    def load(self) -> Config:
        """Read the configuration, as the options say. Raises ConfigError."""
        return load(
            self["config"],
            environ=os.environ,
            domains=self["domains"],
            data=self["data"],
            c2s=self["c2s"],
        )


def make_data_folder(folder: Path) -> None:
    """Make the data directory, readable by its owner alone; what hinders is one line."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise SystemExit(f"{folder}: {problem.strerror} (running as uid {os.geteuid()})") from None


def refuse_second(config: Config) -> None:
    """End the program with one line if a server of the same data directory is running."""
    try:
        make_room(socket_path(config))
    except SocketTaken as problem:
        raise SystemExit(str(problem)) from None


def one_line(call: Callable[[], Config]) -> Config:
    """The result of `call`; a ConfigError ends the program with its one line."""
    try:
        return call()
    except ConfigError as problem:
        raise SystemExit(str(problem)) from None
