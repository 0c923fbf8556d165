"""The server under test, in one process and in several."""

import shutil
from functools import partial
from signal import SIGTERM
from typing import ClassVar

from tests.scenarios.federation.party import Party, Proof
from tests.scenarios.federation.place import await_true
from tests.scenarios.federation.security import DIALBACK, EXTERNAL
from tests.scenarios.ports import free_port
from tests.scenarios.server import WHOLE, Layout, Server
from xmppd.app.admin import INSTANCE, socket_path
from xmppd.app.config import load
from xmppd.app.ctl.client import ask
from xmppd.app.ctl.verbs import VERBS

SETTINGS = """
[extensions.registration]
open = true

[s2s]
dns = ["{dns}:{dns_port}"]
private_addresses = true
trust = "{authority}"
policy = {{default = "{policy}"}}
bidirectional = {bidi}
"""
LISTEN = """
[[s2s.listen]]
endpoint = "tcp:{port}:interface={address}"
tls = "{tls}"
"""
LINKS = """
[router]
address = "tcp:127.0.0.1:{port}"
secret_file = "{secret}"

[[router.listen]]
endpoint = "tcp:{port}:interface=127.0.0.1"
secret_file = "{secret}"
trusted = true
"""
PROOFS = {
    "certificate (SASL EXTERNAL)": EXTERNAL,
    "dialback": DIALBACK,
}


class Started(Server):
    """A server whose processes start while others do."""

    def await_ready(self) -> None:
        """Wait for nothing yet."""

    def await_clients(self) -> None:
        """Wait until clients can come."""
        super().await_ready()

    def await_end(self) -> None:
        """Wait until all processes have ended that were told to."""
        self._wait()


class Ours(Party):
    """A server of ours in one process."""

    name = "ours"
    layout: ClassVar[Layout] = WHOLE
    instance: ClassVar[str] = INSTANCE
    """The one that speaks with other servers."""

    _told = False
    """Whether it is to stop: a second signal would be told of as an error."""

    def start(self) -> None:
        self.server = Started(self.folder, [self.domain], self.settings(), layout=self.layout)
        self.log = self.server.log
        self.plain = self.server.plain
        certificates = self.server.data / "certificates"
        certificates.mkdir(parents=True, mode=0o700, exist_ok=True)
        shutil.copy(self.certificate.both, certificates / f"{self.domain}.pem")
        self.server.start()

    def settings(self) -> str:
        """The configuration, less the domain and the places for clients."""
        settings = SETTINGS.format(
            dns=self.world.names.address,
            dns_port=self.world.names.names,
            authority=self.world.authority,
            bidi="true" if self.security.bidi else "false",
            policy="dialback-over-tls" if self.security.dialback else "certificate",
        )
        ports = (("starttls", self.place.starttls), ("direct", self.place.direct))
        address = self.place.address
        listen = [LISTEN.format(port=p, address=address, tls=tls) for tls, p in ports if p]
        return settings + "".join(listen)

    def await_ready(self) -> None:
        self.server.await_clients()
        await_true(self.place.listens, self.logged)

    def proofs(self, other: str) -> list[Proof]:
        place = socket_path(load(self.server.config), self.instance)
        streams = ask(place, VERBS["s2s_list"], {"domain": other})
        return [
            Proof(each["direction"] == "in", PROOFS[each["proof"]])
            for each in streams
            if each["proof"] not in (None, "none")
        ]

    def begin_to_stop(self) -> None:
        self._told = True
        self.server.signal(SIGTERM)

    def stop(self) -> None:
        if not self._told:
            self.begin_to_stop()
        self.server.await_end()
        log = self.logged()
        assert "Traceback" not in log, log

    def logged(self) -> str:
        return self.server.logged()


class Split(Ours):
    """A server of ours in four processes."""

    name = "split"
    layout = ("xmpp-router", "xmpp-sm", "xmpp-c2s", "xmpp-s2s")
    instance = "s2s-1"
    linked: ClassVar[tuple[str, ...]] = ("sm-1", "c2s-1", "s2s-1")
    """The instances without which it is not ready."""

    def await_ready(self) -> None:
        for instance in self.linked:
            await_true(partial(self._is_linked, instance), self.logged)
        super().await_ready()

    def _is_linked(self, instance: str) -> bool:
        return f"Acceptor#info] link {instance} is up" in self.logged()

    def settings(self) -> str:
        secret = self.world.folder / f"{self.domain}.secret"
        secret.write_text("between processes")
        secret.chmod(0o600)
        return super().settings() + LINKS.format(port=free_port(), secret=secret)
