"""`twistd xmpp-c2s`: clients' streams in a process of their own."""

from twisted.application.service import MultiService
from twisted.internet import reactor

from xmppd.app.config import check_certificates
from xmppd.app.linked import LinkedClients
from xmppd.app.options import C2sOptions as Options
from xmppd.app.options import make_data_folder, try_listening, with_router
from xmppd.app.process import Process, started


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = with_router(options.config, options)
    make_data_folder(config.data)
    check_certificates(config)
    role = LinkedClients(options.instance, config, reactor)
    role.certificates.check()
    try_listening(config, "c2s", config.c2s.listen)
    return Process(role, options, lambda: with_router(options.load(), options))
