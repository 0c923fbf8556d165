"""`twistd xmpp-router`: the router in a process of its own."""

from pathlib import Path

import attrs
from twisted.application.service import MultiService
from twisted.internet import reactor
from twisted.logger import Logger

from xmppd.app.config_key import ConfigError, LinkEndpoint, Wrong
from xmppd.app.config_links import LinkListen
from xmppd.app.config_model import Config
from xmppd.app.options import RouterOptions as Options
from xmppd.app.options import make_data_folder, try_listening
from xmppd.app.process import Process, started
from xmppd.app.roles import RouterRole

_log = Logger()


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs; what forbids starting is one line and exit code 1."""
    return started(lambda: _process(options))


def _process(options: Options) -> Process:
    config = with_place(options.config, options)
    if not config.router.listen:
        raise ConfigError(
            f"{config.origin.name}: router.listen: names no place (add one, or give --listen and "
            "--secret-file)"
        )
    make_data_folder(config.data)
    try_listening(config, "router", config.router.listen)
    role = RouterRole(config, reactor)
    return Process(role, options, lambda: with_place(options.load(), options))


def with_place(config: Config, options: Options) -> Config:
    """The configuration with the place that the command line names. Raises ConfigError."""
    endpoint = options["listen"] or options["port"]
    if not endpoint:
        return config
    if options["secret"]:
        _log.warn("--secret shows in process lists: use --secret-file")
    elif not options["secret-file"]:
        raise ConfigError("command line: --listen needs --secret-file")
    try:
        place = LinkListen(
            LinkEndpoint(endpoint if ":" in endpoint else f"tcp:{endpoint}:interface=127.0.0.1"),
            Path(options["secret-file"] or ""),
            trusted=bool(options["trusted"]),
            secret=options["secret"] or "",
        )
    except Wrong as problem:
        raise ConfigError(f"command line: --listen: {problem.message}") from None
    listen = (*config.router.listen, place)
    return attrs.evolve(config, router=attrs.evolve(config.router, listen=listen))
