"""What is wrong with a configuration beyond its own text: extensions, options, files it names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from xmppd.accounts.edits import Edits
from xmppd.accounts.stored import Stores
from xmppd.app.config import check_certificates, read_secret
from xmppd.app.config_model import Config
from xmppd.app.hosting import HostMaker
from xmppd.app.room_options import room_options
from xmppd.tls.certificates import Certificates
from xmppd.tls.mutual import server_side
from xmppd.tls.trust import Trust


def check_whole(config: Config) -> None:
    """Raise ConfigError, or CertificateError, for the first thing that would forbid starting.

    Nothing is made and nothing is changed: a secret that is not there yet is no fault.
    """
    HostMaker(config, _no_stores, Edits())
    room_options(config)
    check_certificates(config)
    Certificates(config.certificates, config.domains).check()
    Trust(config.s2s.trust)
    for place in config.router.listen:
        if place.certificate is not None:
            server_side(place.certificate, place.client_ca, datetime.now(UTC))
    for file in _secrets(config):
        if file.exists():
            read_secret(file)


def _secrets(config: Config) -> Iterable[Path]:
    """Yield the files of the secrets that the configuration names."""
    router = config.router
    files = [router.secret_file, config.dialback_secret_file]
    files += [place.secret_file for place in router.listen]
    files += [place.secret_file for place in router.connect]
    yield from filter(None, files)


def _no_stores(domain: str) -> Stores:
    raise LookupError(domain)
