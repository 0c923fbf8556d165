"""The server under test."""

import shutil
from signal import SIGTERM
from typing import ClassVar

from tests.scenarios.federation.party import Party
from tests.scenarios.federation.place import await_true
from tests.scenarios.server import WHOLE, Layout, Server

SETTINGS = """
[extensions.registration]
open = true

[s2s]
dns = ["{dns}:{dns_port}"]
private_addresses = true
trust = "{authority}"
policy = {{default = "{policy}"}}
"""
LISTEN = """
[[s2s.listen]]
endpoint = "tcp:{port}:interface={address}"
tls = "{tls}"
"""


class Ours(Party):
    """A server of ours in one process."""

    name = "ours"
    tells = False
    layout: ClassVar[Layout] = WHOLE

    def start(self) -> None:
        """Start it, and wait until clients can come."""
        self.server = Server(self.folder, [self.domain], self.settings(), layout=self.layout)
        self.log = self.server.log
        self.plain = self.server.plain
        certificates = self.server.data / "certificates"
        certificates.mkdir(parents=True, mode=0o700)
        shutil.copy(self.certificate.both, certificates / f"{self.domain}.pem")
        self.server.start()

    def settings(self) -> str:
        """The configuration, less the domain and the places for clients."""
        settings = SETTINGS.format(
            dns=self.world.names.address,
            dns_port=self.world.names.names,
            authority=self.world.authority,
            policy="dialback-over-tls" if self.security.dialback else "certificate",
        )
        ports = (("starttls", self.place.starttls), ("direct", self.place.direct))
        address = self.place.address
        listen = [LISTEN.format(port=p, address=address, tls=tls) for tls, p in ports if p]
        return settings + "".join(listen)

    def await_ready(self) -> None:
        await_true(self.place.listens, self.logged)

    def begin_to_stop(self) -> None:
        self.server.signal(SIGTERM)

    def stop(self) -> None:
        self.server.stop()
        log = self.logged()
        assert "Traceback" not in log, log

    def logged(self) -> str:
        return self.server.logged()
