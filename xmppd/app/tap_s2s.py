"""`twistd xmpp-s2s`: streams with other servers in a process of their own."""

import attrs
from twisted.application.service import MultiService
from twisted.internet import reactor

from xmppd.app.config import check_certificates
from xmppd.app.config_model import Config
from xmppd.app.linked import LinkedServers
from xmppd.app.options import S2sOptions as Options
from xmppd.app.options import make_data_folder, try_listening, with_router
from xmppd.app.process import Process, started


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = _federating(with_router(options.config, options))
    make_data_folder(config.data)
    check_certificates(config)
    role = LinkedServers(options.instance, config, reactor)
    role.certificates.check()
    role.federation.prepare()
    try_listening(config, "s2s", config.server_places)
    return Process(role, options, lambda: _federating(with_router(options.load(), options)))


def _federating(config: Config) -> Config:
    """The same for a process that is there to speak with other servers."""
    return attrs.evolve(config, s2s=attrs.evolve(config.s2s, enabled=True))
