"""`twistd xmpp-im`: the whole server in one process."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from twisted.application.service import MultiService
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IUsernamePassword
from twisted.internet import reactor
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from xmppd.app.admin import AdminSocket, socket_path
from xmppd.app.assemble import Server, assemble
from xmppd.app.config import check_certificates
from xmppd.app.config_endpoint import try_places
from xmppd.app.config_model import ConfigError
from xmppd.app.ctl_server import checked_again
from xmppd.app.logs import observer
from xmppd.app.options import Options, make_data_folder
from xmppd.c2s.certificate_files import CertificateError
from xmppd.storage.interfaces import StorageError


class Process(MultiService):
    """A server with what only a process has: an admin socket, signals, an end when it fails."""

    log = Logger()

    def __init__(self, server: Server, options: Options) -> None:
        MultiService.__init__(self)
        self._server = server
        self._options = options
        self.addService(server)  # type: ignore[no-untyped-call]
        server.addService(AdminSocket(server, socket_path(server.config)))  # type: ignore[no-untyped-call]

    def setServiceParent(self, parent: Any) -> None:
        """Under `twistd` log as the configuration says, unless its own options say where to."""
        given: Mapping[str, object] = self._options.parent or {}
        asked = any(given.get(option) for option in ("logger", "logfile", "syslog"))
        if isinstance(parent, Componentized) and not asked:
            parent.setComponent(ILogObserver, observer(self._server.config.log))
        MultiService.setServiceParent(self, parent)

    def startService(self) -> None:
        """Start the server; if it cannot, say why in a line and end the process."""
        for warning in self._server.config.warnings:
            self.log.warn("{warning}", warning=warning)
        MultiService.startService(self)
        signal.signal(signal.SIGHUP, self._hang_up)
        assert self._server.opened is not None
        self._server.opened.addErrback(self._failed)

    def _hang_up(self, *_: object) -> None:
        reactor.callFromThread(self._reload)  # type: ignore[attr-defined]

    def _reload(self) -> None:
        try:
            self._server.reload(checked_again(self._server))
        except (ConfigError, CertificateError) as problem:
            self.log.error("not reloaded: {problem}", problem=problem)
        else:
            self.log.info("reloaded")

    def _failed(self, failure: Any) -> None:
        problem = getattr(failure.value, "subFailure", failure).getErrorMessage()
        self.log.critical("cannot start: {problem}", problem=problem)
        # twistd gives no other way to an exit code
        reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
        reactor.callWhenRunning(reactor.stop)


def _put_in_bytes(checker: InMemoryUsernamePasswordDatabaseDontUse) -> None:
    """Let `--auth memory:` match: it keeps text of the command line, credentials come in bytes."""
    users: dict[str | bytes, str | bytes] = checker.users  # type: ignore[assignment]
    checker.users = {_bytes(name): _bytes(password) for name, password in users.items()}


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    config = options.config
    make_data_folder(config.data)
    checkers = options.get("credInterfaces", {}).get(IUsernamePassword, [])
    for checker in checkers:
        if isinstance(checker, InMemoryUsernamePasswordDatabaseDontUse):
            _put_in_bytes(checker)
    try:
        check_certificates(config)
        server = assemble(config, reactor, checkers=checkers)
        server.certificates.check()
        server.stores.try_open()
        try_places(listen.endpoint for listen in config.c2s.listen)
    except StorageError as problem:
        raise SystemExit(problem.detail or str(problem)) from None
    except (ConfigError, CertificateError, ValueError) as problem:
        raise SystemExit(str(problem)) from None
    return Process(server, options)
