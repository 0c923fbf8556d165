"""`twistd xmpp-muc`: rooms in a process of their own."""

from twisted.application.service import MultiService
from twisted.internet import reactor

from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.options import MucOptions as Options
from xmppd.app.options import make_data_folder, with_router
from xmppd.app.process import Process, started
from xmppd.app.rooms import FOLDER, LinkedRooms


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = checked(with_router(options.config, options))
    make_data_folder(config.data)
    make_data_folder(config.data / FOLDER)
    role = LinkedRooms(options.instance, config, reactor)
    role.stores.try_open()
    return Process(role, options, lambda: checked(with_router(options.load(), options)))


def checked(config: Config) -> Config:
    """The configuration. Raises ConfigError where it names no domain of rooms."""
    if config.muc.domain is None:
        raise ConfigError(
            f"{config.origin.name}: muc.domain: is missing here (name it, or give --domain)"
        )
    return config
