"""Command-line options of the `twistd` plugins: what is wrong is one line and exit code 1."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import attrs
from twisted.cred import strcred
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IUsernamePassword
from twisted.python import usage
from zope.interface import Interface

from xmppd.app.admin import SocketTaken, make_room, socket_path
from xmppd.app.config import load
from xmppd.app.config_check import check_whole
from xmppd.app.config_endpoint import try_places
from xmppd.app.config_key import ConfigError, Wrong
from xmppd.app.config_model import Config
from xmppd.app.config_text import explain
from xmppd.tls.certificate_files import CertificateError

T = TypeVar("T")


class RoleOptions(usage.Options):
    """What every role takes. `instance` is its name in logs, sockets and links."""

    instance: ClassVar[str] = ""
    optParameters: ClassVar[tuple[tuple[object, ...], ...]] = (
        ("config", "f", None, "Configuration file (TOML)."),
        ("data", "d", None, "Directory that holds everything the server keeps."),
    )
    optFlags: ClassVar[tuple[tuple[object, ...], ...]] = (
        ("check-config", None, "Check the configuration, and the files it names, and exit."),
        ("explain", None, "Print the configuration in force, with defaults, and exit."),
    )

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["domains"] = []
        self["c2s"] = []
        self["muc"] = None

    def postOptions(self) -> None:
        """Read the configuration."""
        self.config = one_line(self.load)
        if self["explain"]:
            print(explain(self.config))
        elif self["check-config"]:
            one_line(lambda: check_whole(self.config))
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
            refuse_second(self.config, self.instance)  # whose pid file this is
            pid_file = self.config.data / f"{self.instance}.pid"
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
            muc=self["muc"],
        )


class _WithDomains(usage.Options):
    """For roles that serve domains."""

    def opt_domain(self, domain: str) -> None:
        """Domain to serve (repeatable)."""
        self["domains"].append(domain)


class _WithClients(usage.Options):
    """For roles that take clients."""

    def opt_c2s(self, endpoint: str) -> None:
        """Endpoint to listen on for clients, such as tcp6:5222 (repeatable)."""
        self["c2s"].append(endpoint)


class _WithRooms(usage.Options):
    """For roles that tell clients where rooms are."""

    def opt_muc(self, domain: str) -> None:
        """Domain of the rooms, such as conference.example.com."""
        self["muc"] = domain


class ImOptions(RoleOptions, _WithDomains, _WithClients, _WithRooms, strcred.AuthOptionMixin):
    """Options of `twistd xmpp-im`: the whole server in one process."""

    instance = "xmpp-im"
    supportedInterfaces: tuple[type[Interface], ...] = (IUsernamePassword,)


class RouterOptions(RoleOptions):
    """Options of `twistd xmpp-router`: moves stanzas between components."""

    instance = "router"
    optParameters = (
        *RoleOptions.optParameters,
        ("listen", None, None, "Endpoint where components connect, besides the file's."),
        ("secret-file", None, None, "File that holds the secret for --listen."),
        ("port", None, None, "The same as --listen."),
        ("secret", None, None, "The secret itself: shows in process lists, use --secret-file."),
    )
    optFlags = (
        *RoleOptions.optFlags,
        ("trusted", None, "Whoever connects at --listen is a process of this server."),
        ("verbose", "v", "Taken without effect."),
    )


class UplinkOptions(RoleOptions):
    """What roles take that connect to a router."""

    optParameters = (
        *RoleOptions.optParameters,
        ("router", "r", None, "Client endpoint of the router, such as tcp:127.0.0.1:5347."),
        ("secret-file", None, None, "File that holds the secret of the link."),
        ("name", "n", None, "Name of this instance."),
    )

    def postOptions(self) -> None:
        """Take the name, then read the configuration."""
        if self["name"]:
            self.instance = self["name"]  # type: ignore[misc]
        RoleOptions.postOptions(self)


class C2sOptions(UplinkOptions, _WithDomains, _WithClients):
    """Options of `twistd xmpp-c2s`: takes clients."""

    instance = "c2s-1"


class S2sOptions(UplinkOptions, _WithDomains):
    """Options of `twistd xmpp-s2s`: speaks with other servers."""

    instance = "s2s-1"


class MucOptions(UplinkOptions):
    """Options of `twistd xmpp-muc`: rooms."""

    instance = "muc-1"

    def opt_domain(self, domain: str) -> None:
        """Domain of the rooms, such as conference.example.com."""
        self["muc"] = domain


class SmOptions(UplinkOptions, _WithDomains, _WithRooms, strcred.AuthOptionMixin):
    """Options of `twistd xmpp-sm`: sessions and accounts."""

    instance = "sm-1"
    supportedInterfaces: tuple[type[Interface], ...] = (IUsernamePassword,)


def with_router(config: Config, options: UplinkOptions) -> Config:
    """The configuration with the router that the command line names. Raises ConfigError."""
    router = config.router
    if options["router"]:
        try:
            router = attrs.evolve(router, address=options["router"])
        except Wrong as problem:
            raise ConfigError(f"command line: --router: {problem}") from None
    if options["secret-file"]:
        router = attrs.evolve(router, secret_file=Path(options["secret-file"]).absolute())
    return attrs.evolve(config, router=router)


def password_checkers(options: usage.Options) -> list[Any]:
    """The checkers that `--auth` named."""
    checkers: list[Any] = options.get("credInterfaces", {}).get(IUsernamePassword, [])
    for checker in checkers:
        if isinstance(checker, InMemoryUsernamePasswordDatabaseDontUse):
            _put_in_bytes(checker)
    return checkers


def _put_in_bytes(checker: InMemoryUsernamePasswordDatabaseDontUse) -> None:
    """Let `--auth memory:` match: it keeps text of the command line, credentials come in bytes."""
    users: dict[str | bytes, str | bytes] = checker.users  # type: ignore[assignment]
    checker.users = {_bytes(name): _bytes(password) for name, password in users.items()}


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def try_listening(config: Config, table: str, places: Iterable[Any]) -> None:
    """Raise ValueError, in one line, unless a role can listen at all the places of its table."""
    where = f"{config.origin.of((table, 'listen'))}: {table}.listen"
    try_places((place.endpoint for place in places), where)


def make_data_folder(folder: Path) -> None:
    """Make the data directory, readable by its owner alone; what hinders is one line."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise SystemExit(f"{folder}: is no directory (name another by --data or data)") from None
    except OSError as problem:
        raise SystemExit(f"{folder}: {problem.strerror} (running as uid {os.geteuid()})") from None


def refuse_second(config: Config, instance: str) -> None:
    """End the program with one line if a server of the same data directory is running."""
    try:
        make_room(socket_path(config, instance))
    except SocketTaken as problem:
        raise SystemExit(f"{config.data}: in use: {problem}") from None


def one_line(call: Callable[[], T]) -> T:
    """The result of `call`; what is wrong with the configuration ends the program in one line."""
    try:
        return call()
    except (ConfigError, CertificateError) as problem:
        raise SystemExit(str(problem)) from None
