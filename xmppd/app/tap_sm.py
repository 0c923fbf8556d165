"""`twistd xmpp-sm`: sessions and accounts in a process of their own."""

from functools import partial

from twisted.application.service import MultiService
from twisted.internet import reactor

from xmppd.app.assemble import storing
from xmppd.app.ctl.server import checked_again
from xmppd.app.ctl.verbs import perform
from xmppd.app.linked import LinkedSessions
from xmppd.app.options import SmOptions as Options
from xmppd.app.options import make_data_folder, password_checkers, with_router
from xmppd.app.process import Process, started


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = with_router(options.config, options)
    make_data_folder(config.data)
    stores, maker = storing(config, reactor, password_checkers(options))
    role = LinkedSessions(options.instance, config, reactor, stores, maker)
    maker.perform = partial(perform, role)
    stores.try_open()
    return Process(role, options, lambda: with_router(checked_again(role), options))
