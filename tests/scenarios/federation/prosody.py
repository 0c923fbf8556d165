"""Prosody, as Debian packages it."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.federation.party import Proof
from tests.scenarios.federation.peers import Peer
from tests.scenarios.federation.place import rooms_of
from tests.scenarios.federation.security import DIALBACK, EXTERNAL
from tests.scenarios.ports import LOOPBACK

CONFIGURATION = """
run_as_root = true
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
certificates = "{folder}"
log = {{ debug = "{log}" }}
interfaces = {{ "{loopback}" }}
c2s_ports = {{ {plain} }}
c2s_direct_tls_ports = {{ }}
s2s_interfaces = {{ "{address}" }}
s2s_ports = {{ {starttls} }}
s2s_direct_tls_interfaces = {{ "{address}" }}
s2s_direct_tls_ports = {{ {direct} }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{
    "disco", "roster", "saslauth", "tls", "pep", "vcard4", "vcard_legacy", "ping", "register",
    "version", "smacks", {modules}
}}
modules_disabled = {{ {disabled} }}
authentication = "internal_plain"
allow_registration = true
registration_invite_only = false
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
s2s_require_encryption = true
s2s_secure_auth = {secure}
ssl = {{ certificate = "{certificate}", key = "{key}", cafile = "{authority}" }}
use_ipv6 = false
unbound = {{
    resolvconf = false, hoststxt = false,
    forward = {{ "{dns}@{dns_port}" }},
    options = {{ ["do-not-query-localhost:"] = "no" }},
}}
VirtualHost "{domain}"
Component "{rooms}" "muc"
"""


PROOFS = {
    Proof(True, EXTERNAL): r"Accepting SASL EXTERNAL identity from {other}$",
    Proof(False, EXTERNAL): r"SASL EXTERNAL with {other} succeeded$",
    Proof(True, DIALBACK): r"Sending\[s2sin\]: <db:result (?=[^>]*type='valid')[^>]*to='{other}'",
    Proof(False, DIALBACK): (
        r"Received\[s2sout_unauthed\]: <result (?=[^>]*type='valid')[^>]*from='{other}'"
    ),
}
"""How its log tells that a stream has been proved."""


class Prosody(Peer):
    """A Prosody with one host."""

    name = command = "prosody"

    @classmethod
    def missing(cls) -> str:
        found = any(Path("/usr/lib").glob("*/lua/5.*/lunbound.so"))
        return super().missing() or ("" if found else "lua-unbound is not installed")

    def configure(self) -> Sequence[str]:
        security = self.security
        modules = ['"dialback"'] * security.dialback + ['"s2s_bidi"'] * security.bidi
        text = CONFIGURATION.format(
            folder=self.folder,
            log=self.log,
            loopback=LOOPBACK,
            plain=self.plain,
            address=self.place.address,
            starttls=self.place.starttls or "",
            direct=self.place.direct or "",
            modules=", ".join(modules),
            disabled="" if security.dialback else '"dialback"',
            secure="false" if security.dialback else "true",
            certificate=self.certificate.certificate,
            key=self.certificate.key,
            authority=self.world.authority,
            dns=self.world.names.address,
            dns_port=self.world.names.names,
            domain=self.domain,
            rooms=rooms_of(self.domain),
        )
        file = self.folder / "prosody.cfg.lua"
        file.write_text(text, "utf-8")
        return [self.command, "-F", "--config", str(file)]

    def proofs(self, other: str) -> list[Proof]:
        log = self.logged()
        return [
            proof
            for proof, pattern in PROOFS.items()
            for _ in re.findall(pattern.format(other=re.escape(other)), log, re.MULTILINE)
        ]
