"""What a role has when it is a process: an admin socket, a log, signals, an end when it fails."""

import gc
import os
import resource
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.logfile import LogFile

from xmppd.app.admin import AdminSocket, socket_path
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.ctl.server import waiting_for_restart
from xmppd.app.logs import log_file, observer, turn
from xmppd.app.options import RoleOptions, refuse_second
from xmppd.app.steady import SteadyClock
from xmppd.app.systemd import READY, STOPPING, notify
from xmppd.storage.interfaces import StorageError
from xmppd.tls.certificate_files import CertificateError

YOUNG = 50_000
"""Objects that may be new before Python looks for circles among them. A message to a room of
thousands makes as many stanzas that live for a turn; looking through these costs half of the work.
"""


class Process(MultiService):
    """One role in a process of its own.

    `role` has `config`, `opened` (set when started) and `reload(config)`; `read_again` gives the
    configuration anew when the process is hung up on, or told to by `xmppctl reload`.
    """

    log = Logger()

    def __init__(self, role: Any, options: RoleOptions, read_again: Callable[[], Config]) -> None:
        MultiService.__init__(self)
        refuse_second(role.config, options.instance)
        self._role = role
        self._options = options
        self._log_file: LogFile | None = None
        role.read_again = read_again
        admin = AdminSocket(role, socket_path(role.config, options.instance))
        role.addService(admin)
        self.addService(role)  # type: ignore[no-untyped-call]

    def setServiceParent(self, parent: Any) -> None:
        """Under `twistd` log as the configuration says, where its own options say.

        What `--logger` and `--syslog` name formats and chooses by itself.
        """
        given: Mapping[str, Any] = self._options.parent or {}
        if isinstance(parent, Componentized) and not (given.get("logger") or given.get("syslog")):
            self._log_file = log_file(given)
            parent.setComponent(ILogObserver, observer(self._role.config.log, self._log_file))
        MultiService.setServiceParent(self, parent)

    def startService(self) -> None:
        """Start the role; if it cannot, say why in a line and end the process."""
        self._warn(self._role.config)
        MultiService.startService(self)
        gc.set_threshold(YOUNG)
        allow_connections()
        signal.signal(signal.SIGHUP, self._hang_up)
        if self._log_file is not None:
            signal.signal(signal.SIGUSR1, self._turn_log)
        self._role.opened.addCallbacks(self._opened, self._failed)

    def stopService(self) -> Any:
        """Stop the role, and say so at once."""
        notify(STOPPING)
        return MultiService.stopService(self)

    def _opened(self, _: object) -> None:
        """Not before the reactor runs: until then a signal would just kill."""
        reactor.callWhenRunning(notify, READY)

    def _hang_up(self, *_: object) -> None:
        reactor.callFromThread(self._reload)  # type: ignore[attr-defined]

    def _turn_log(self, *_: object) -> None:
        reactor.callFromThread(turn, self._log_file)  # type: ignore[attr-defined]

    def _reload(self) -> None:
        old = self._role.config
        try:
            new = self._role.read_again()
            self._role.reload(new)
        except (ConfigError, CertificateError) as problem:
            self.log.error("not reloaded: {problem}", problem=problem)
            return
        self._warn(new)
        waiting = ", ".join(waiting_for_restart(old, new))
        self.log.info("reloaded{rest}", rest=f"; a restart brings {waiting}" if waiting else "")

    def _warn(self, config: Config) -> None:
        for warning in config.warnings:
            self.log.warn("{warning}", warning=warning)

    def _failed(self, failure: Any) -> None:
        problem = getattr(failure.value, "subFailure", failure).getErrorMessage()
        self.log.critical("cannot start: {problem}", problem=problem)
        # twistd gives no other way to an exit code
        reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
        reactor.callWhenRunning(reactor.stop)


def allow_connections() -> None:
    """Take as many open files as may be had: shells and units give few, and each client is one."""
    given, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if given != most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def started(make: Callable[[], Process]) -> Process:
    """What `make` gives; what forbids starting is one line and exit code 1.

    From here on the reactor goes by a clock that does not jump.
    """
    reactor.seconds = SteadyClock()  # type: ignore[method-assign]
    try:
        return make()
    except StorageError as problem:
        raise SystemExit(problem.detail or str(problem)) from None
    except (ConfigError, CertificateError, ValueError) as problem:
        raise SystemExit(str(problem)) from None
