"""ejabberd, as Debian packages it."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.federation.party import Proof
from tests.scenarios.federation.peers import Peer
from tests.scenarios.federation.place import rooms_of
from tests.scenarios.ports import LOOPBACK

CONFIGURATION = """
loglevel: info
hosts: ["{domain}"]
certfiles: ["{both}"]
ca_file: "{authority}"
listen:
  - {{port: {plain}, ip: "{loopback}", module: ejabberd_c2s}}
{listen}
s2s_use_starttls: required
outgoing_s2s_families: [ipv4]
outgoing_s2s_timeout: 10
auth_password_format: plain
registration_timeout: infinity
acl: {{local: {{user_regexp: ""}}}}
access_rules: {{local: {{allow: local}}}}
modules:
  mod_disco: {{}}
  mod_muc: {{hosts: ["{rooms}"]}}
  mod_register: {{ip_access: all, access: all}}
  mod_roster: {{}}
  mod_vcard: {{search: false}}
  mod_version: {{}}
{modules}
"""
LISTEN = '  - {{port: {port}, ip: "{address}", module: ejabberd_s2s_in, tls: {tls}}}\n'
RESOLVER = """{{resolv_conf, ""}}.
{{hosts_file, ""}}.
{{lookup, [dns]}}.
{{nameserver, {{{address}}}, {port}}}.
"""
PROOF = r"Accepted (inbound|outbound) s2s (\S+) authentication (\S+) -> (\S+) "
TAKEN = r"(<[\d.]+>)@ejabberd_s2s_in:handle_auth_success"
LIBRARIES = Path("/usr/lib")


class Ejabberd(Peer):
    """An ejabberd with one host, without a node name and so without epmd."""

    name = "ejabberd"
    command = "ejabberdctl"
    bidi = False
    takes_server_only = False

    @classmethod
    def missing(cls) -> str:
        return super().missing() or ("" if _modules() else "ejabberd's modules are elsewhere")

    def configure(self) -> Sequence[str]:
        place = self.place
        ports = ((place.starttls, "false"), (place.direct, "true"))
        listen = [LISTEN.format(port=p, address=place.address, tls=tls) for p, tls in ports if p]
        text = CONFIGURATION.format(
            domain=self.domain,
            rooms=rooms_of(self.domain),
            both=self.certificate.both,
            authority=self.world.authority,
            plain=self.plain,
            loopback=LOOPBACK,
            listen="".join(listen),
            modules="  mod_s2s_dialback: {}" if self.security.dialback else "",
        )
        (self.folder / "ejabberd.yml").write_text(text, "utf-8")
        address = self.world.names.address.replace(".", ",")
        resolver = RESOLVER.format(address=address, port=self.world.names.addresses)
        (self.folder / "inetrc").write_text(resolver, "utf-8")
        start = ["+sbwt", "none", "-mnesia", "dir", f'"{self.folder}/data"', "-s", "ejabberd"]
        return ["erl", "-noinput", *start]

    def variables(self) -> dict[str, str]:
        return {
            "ERL_LIBS": _modules(),
            "ERL_INETRC": str(self.folder / "inetrc"),
            "ERL_CRASH_DUMP_BYTES": "0",
            "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(self.log),
        }

    def proofs(self, other: str) -> list[Proof]:
        return [
            Proof(way == "inbound", mechanism)
            for way, mechanism, sender, to in re.findall(PROOF, self.logged())
            if other in (sender, to)
        ]

    def taken(self) -> list[str]:
        """The connections of others on which pairs of domains were proved, one for each pair."""
        return re.findall(TAKEN, self.logged())


def _modules() -> str:
    """Where Debian keeps ejabberd's modules: a folder by the machine's architecture."""
    return next((str(path.parent) for path in LIBRARIES.glob("*/ejabberd-*")), "")
