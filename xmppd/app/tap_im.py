"""`twistd xmpp-im`: the whole server in one process."""

from twisted.application.service import MultiService
from twisted.internet import reactor

from xmppd.app.assemble import assemble
from xmppd.app.config import check_certificates
from xmppd.app.ctl.server import checked_again
from xmppd.app.options import ImOptions as Options
from xmppd.app.options import make_data_folder, password_checkers, try_listening
from xmppd.app.process import Process, started


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = options.config
    make_data_folder(config.data)
    check_certificates(config)
    server = assemble(config, reactor, checkers=password_checkers(options))
    server.certificates.check()
    server.stores.try_open()
    try_listening(config, "c2s", config.c2s.listen)
    try_listening(config, "router", config.router.listen)
    try_listening(config, "s2s", config.server_places)
    if server.federation is not None:
        server.federation.prepare()
    return Process(server, options, lambda: checked_again(server))
