"""The configuration: what may be written, and what is said of what may not."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config import LATER, check_extensions, link_secret, load, options_for, read_secret
from xmppd.app.config_clients import Limits
from xmppd.app.config_endpoint import everywhere
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config

MEASURED = """
domains = ["localhost"]
data = "data"

[storage]
use = "sqlite"

[[c2s.listen]]
endpoint = "tcp:18222:interface=127.0.0.1"
tls = "none"

[[c2s.listen]]
endpoint = "tcp:18224:interface=127.0.0.1"
tls = "starttls"

[[c2s.listen]]
endpoint = "tcp:18223:interface=127.0.0.1"
tls = "direct"

[c2s.limits]
enabled = false

[[router.listen]]
endpoint = "tcp:18347:interface=127.0.0.1"
secret_file = "component.secret"

[muc]
domain = "conference.localhost"

[extensions.registration]
open = true

[extensions.archive]
enabled = false
"""


class FileTestCase(SynchronousTestCase):
    """A folder with a configuration file in it."""

    def setUp(self) -> None:
        self.folder = Path(mkdtemp(dir=self.mktemp_folder()))
        self.path = self.folder / "xmppd.toml"

    def mktemp_folder(self) -> str:
        folder = self.mktemp()
        os.makedirs(folder)
        return folder

    def load(self, text: str, **more: Any) -> Config:
        self.path.write_text(text, "utf-8")
        return load(self.path, **more)

    def complaint(self, text: str, **more: Any) -> str:
        """Return what is said of a wrong file, without its name: always one line."""
        line = str(self.assertRaises(ConfigError, self.load, text, **more))
        self.assertNotIn("\n", line)
        return line.removeprefix(f"{self.path}: ")


class LoadTest(FileTestCase):
    def test_defaults(self) -> None:
        config = load()
        self.assertEqual(config.domains, ("localhost",))
        self.assertEqual(config.storage.use, "sqlite")
        self.assertEqual(config.data, Path("data").absolute())
        self.assertEqual(config.certificates, config.data / "certificates")
        self.assertEqual(
            [(place.endpoint, place.tls) for place in config.c2s.listen],
            [
                *[(place, "starttls") for place in everywhere(5222)],
                *[(place, "direct") for place in everywhere(5223)],
            ],
        )
        self.assertEqual(config.c2s, Config().c2s)

    def test_everything_that_is_measured_with(self) -> None:
        config = self.load(MEASURED)
        self.assertEqual([place.tls for place in config.c2s.listen], ["none", "starttls", "direct"])
        self.assertFalse(config.c2s.limits.enabled)
        self.assertEqual(config.c2s.limits.stanza_bytes, Limits().stanza_bytes)
        self.assertEqual(config.extension("registration").options, {"open": True})
        self.assertIsNone(config.extension("registration").enabled)

    def test_file_names_are_relative_to_the_file(self) -> None:
        config = self.load('data = "kept"\n[tls]\ncertificates = "tls"')
        self.assertEqual(config.data, self.folder.absolute() / "kept")
        self.assertEqual(config.certificates, self.folder.absolute() / "tls")
        self.assertEqual(self.load("").data, self.folder.absolute() / "data")
        self.assertEqual(self.load('data = "/srv/xmpp"').data, Path("/srv/xmpp"))

    def test_domains_and_admins_are_prepared(self) -> None:
        config = self.load('domains = ["Example.COM"]\nadmins = ["Juliet@EXAMPLE.com"]')
        self.assertEqual(config.domains, ("example.com",))
        self.assertEqual(config.admins, ("juliet@example.com",))

    def test_command_line_goes_first(self) -> None:
        config = self.load(
            MEASURED, domains=["example.com"], data="here", c2s=["tcp:6000"], muc="rooms.example"
        )
        self.assertEqual(config.domains, ("example.com",))
        self.assertEqual(config.muc.domain, "rooms.example")
        self.assertEqual(config.data, Path("here").absolute())
        self.assertEqual(
            [(place.endpoint, place.tls) for place in config.c2s.listen], [("tcp:6000", "starttls")]
        )

    def test_command_line_is_named_when_it_is_wrong(self) -> None:
        complaint = self.complaint("", domains=["a b"])
        self.assertTrue(complaint.startswith("command line: domains[0]: not a domain"), complaint)
        complaint = self.complaint("", c2s=["tpc:1"])
        self.assertTrue(complaint.startswith("command line: c2s.listen[0].endpoint: "), complaint)
        complaint = self.complaint("", muc="localhost")
        self.assertTrue(complaint.startswith("command line: muc.domain: is one of"), complaint)


class EnvironmentTest(FileTestCase):
    def test_variables_override_the_file(self) -> None:
        config = self.load(
            '[c2s.limits]\nenabled = true\n[[c2s.listen]]\nendpoint = "tcp:1"',
            environ={
                "XMPPD__C2S__LIMITS__ENABLED": "false",
                "XMPPD__C2S__LIMITS__STANZA_BYTES": "20_000",
                "XMPPD__C2S__LISTEN__0__ENDPOINT": "tcp:2",
                "XMPPD__DOMAINS": '["example.com", "example.net"]',
                "XMPPD__DATA": "elsewhere",
                "HOME": "/",
            },
        )
        self.assertFalse(config.c2s.limits.enabled)
        self.assertEqual(config.c2s.limits.stanza_bytes, 20_000)
        self.assertEqual(config.c2s.listen[0].endpoint, "tcp:2")
        self.assertEqual(config.domains, ("example.com", "example.net"))
        self.assertEqual(config.data, self.folder.absolute() / "elsewhere")

    def test_wrong_value_names_the_variable(self) -> None:
        self.assertEqual(
            self.complaint("", environ={"XMPPD__C2S__LIMITS__ENABLED": "no"}),
            'XMPPD__C2S__LIMITS__ENABLED: c2s.limits.enabled: must be true or false (got "no")',
        )

    def test_places_that_are_none(self) -> None:
        for variable in ("XMPPD__DATA__X", "XMPPD__DOMAINS__7", "XMPPD__DOMAINS__X"):
            complaint = self.complaint('data = "x"\ndomains = ["a"]', environ={variable: "1"})
            self.assertTrue(complaint.startswith(f"{variable}: no such place"), complaint)

    def test_a_value_is_one_value(self) -> None:
        """A line break in a variable cannot bring in a second key: it is text then."""
        config = self.load("", environ={"XMPPD__DATA": '"a"\ndomains = ["evil.example"]'})
        self.assertEqual(config.domains, ("localhost",))


class ComplaintTest(FileTestCase):
    def test_choice(self) -> None:
        text = '[[c2s.listen]]\nendpoint = "tcp:1"\n[[c2s.listen]]\nendpoint = "tcp:2"\n'
        self.assertEqual(
            self.complaint(text + 'tls = "start"'),
            'c2s.listen[1].tls: must be one of none, starttls, direct (got "start")',
        )

    def test_unknown_keys(self) -> None:
        for text, complaint in (
            ('domain = ["x"]', "domain: unknown key (did you mean domains?)"),
            ("[c2s.limit]", "c2s.limit: unknown key (did you mean limits?)"),
            ("[tls]\nx = 1", "tls.x: unknown key (known: certificates)"),
            ('[[c2s.listen]]\nendpont = "x"', "c2s.listen[0].endpont: unknown key "),
            ('origin = "x"', "origin: unknown key "),
            ('[host."localhost".storage]\nuses = 1', "host.localhost.storage.uses: unknown key "),
        ):
            self.assertIn(complaint, self.complaint(text))

    def test_types_and_ranges(self) -> None:
        for text, complaint in (
            ("domains = []", "domains: must name at least one"),
            ('domains = "localhost"', 'domains: must be a list (got "localhost")'),
            ('domains = ["a", "A"]', "domains: names a twice (remove one)"),
            ('domains = ["a@b"]', "domains[0]: not a domain: "),
            ('domains = ["' + "a" * 2000 + '"]', "domains[0]: not a domain: "),
            ("data = 1", "data: must be text (got 1)"),
            ('data = ""', 'data: must be a file name (got "")'),
            ('admins = ["example.com"]', "admins[0]: must be an account"),
            ('admins = ["a@b/c"]', "admins[0]: must be an account"),
            ('admins = ["@"]', "admins[0]: not a JID: "),
            ("c2s = 1", "c2s: must be a table (got 1)"),
            ("[c2s.listen]", "c2s.listen: must be a list (got {})"),
            ("[[c2s.listen]]", "c2s.listen[0].endpoint: is missing (add it)"),
            ("[c2s.limits]\nenabled = 1", "c2s.limits.enabled: must be true or false (got 1)"),
            (
                "[c2s.limits]\nlogin_seconds = true",
                "c2s.limits.login_seconds: must be a whole number (got true)",
            ),
            ("[c2s.limits]\nlogin_seconds = 1.5", "must be a whole number (got 1.5)"),
            (
                "[c2s.limits]\nstanza_bytes_before_login = 9999",
                "c2s.limits.stanza_bytes_before_login: must be 10000 or more (got 9999)",
            ),
            ('[storage]\nuse = "sqllite"', "storage.use: no such storage (got"),
            ('[storage]\nuse = "sqllite"', "did you mean sqlite?"),
            ('[storage.stores]\narchive = "x"', "storage.stores.archive: no such storage"),
            ("[extensions]\nping = 1", "extensions.ping: must be a table (got 1)"),
            ("[extensions.ping]\nenabled = 1", "extensions.ping.enabled: must be true or false"),
            ('[host."x.example"]', 'host."x.example": not a domain served here'),
            ("data = ", "not TOML: "),
            ('"a\\nb\\u2028" = 1', '"a\\nb\\u2028": unknown key'),
        ):
            self.assertIn(complaint, self.complaint(text))

    def test_endpoints(self) -> None:
        for endpoint in (
            "",
            "5222",
            "tpc:5222",
            "tcp:http:x:y:z",
            "tcp:99999",
            "tcp:-1",
            "tcp6:5222:interfaces=x",
            "ssl:5223",
            "tcp:1\\n2",
        ):
            complaint = self.complaint(f'[[c2s.listen]]\nendpoint = "{endpoint}"')
            self.assertTrue(complaint.startswith("c2s.listen[0].endpoint: "), complaint)

    def test_plain_text_stays_on_this_machine(self) -> None:
        """Passwords cross no network in the clear unless the file says so in so many words."""
        for endpoint in ("tcp:1", "tcp:1:interface=192.0.2.1", "tcp6:1", "haproxy:tcp:1"):
            text = f'[[c2s.listen]]\nendpoint = "{endpoint}"\ntls = "none"\n'
            self.assertIn("plaintext_off_loopback = true", self.complaint(text))
            self.load(text + "plaintext_off_loopback = true")
        for endpoint in (
            "tcp:1:interface=127.0.0.1",
            "tcp:1:127.0.0.7",
            "tcp:1:interface=localhost",
            "tcp6:1:interface=\\\\:\\\\:1",
            "unix:/run/x",
        ):
            self.load(f'[[c2s.listen]]\nendpoint = "{endpoint}"\ntls = "none"')

    def test_files_that_cannot_be_read(self) -> None:
        self.assertIn("no such file", str(self.assertRaises(ConfigError, load, self.path)))
        self.path.write_bytes(b'data = "\xff"')
        self.assertIn("not UTF-8", str(self.assertRaises(ConfigError, load, self.path)))
        self.assertIn("uid", str(self.assertRaises(ConfigError, load, self.folder)))

    @settings(deadline=None, max_examples=100)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["listen", "use", "endpoint", "tls", "x"]), inner)
            ),
            max_leaves=6,
        ),
        st.sampled_from(["DOMAINS", "DATA", "C2S", "C2S__LISTEN", "STORAGE", "HOST", "EXTENSIONS"]),
    )
    def test_any_value_anywhere(self, value: object, name: str) -> None:
        """Whatever is written, the outcome is a configuration or one line."""
        try:
            load(environ={f"XMPPD__{name}": toml(value)})
        except ConfigError as problem:
            self.assertEqual(len(str(problem).splitlines()), 1)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else ascii(value)


class OverrideTest(FileTestCase):
    TEXT = """
    domains = ["a.example", "b.example"]
    [storage]
    use = "sqlite"
    stores = {archive = "memory", roster = "directory"}
    [extensions.carbons]
    enabled = false
    copies = 3
    [host."b.example".extensions.carbons]
    enabled = true
    [host."b.example".storage]
    use = "directory"
    stores = {archive = "sqlite"}
    """

    def test_extensions_of_a_host(self) -> None:
        config = self.load(self.TEXT)
        self.assertIs(config.extension("carbons").enabled, False)
        self.assertIs(config.extension("carbons", "a.example").enabled, False)
        self.assertIs(config.extension("carbons", "b.example").enabled, True)
        self.assertEqual(config.extension("carbons", "b.example").options, {"copies": 3})
        self.assertEqual(config.extension("ping").options, {})

    def test_what_is_said_of_a_host_goes_first(self) -> None:
        config = self.load(self.TEXT)
        self.assertEqual(config.store("archive"), "memory")
        self.assertEqual(config.store("archive", "a.example"), "memory")
        self.assertEqual(config.store("private", "a.example"), "sqlite")
        self.assertEqual(config.store("archive", "b.example"), "sqlite")
        self.assertEqual(config.store("roster", "b.example"), "directory")

    def test_unknown_extension(self) -> None:
        config = self.load(self.TEXT)
        check_extensions(config, ["carbons", "ping"])
        problem = self.assertRaises(ConfigError, check_extensions, config, ["carbon", "ping"])
        self.assertEqual(
            str(problem),
            f"{self.path}: extensions.carbons: no such extension (did you mean carbon?)",
        )


class LaterTest(FileTestCase):
    def test_each_key_is_named_once(self) -> None:
        warnings = self.load(MEASURED).warnings
        self.assertEqual(
            [warning.split(": ")[1] for warning in warnings],
            [],
        )
        self.assertEqual(self.load("").warnings, ())

    def test_an_entry_ends_with_the_coming_of_its_role(self) -> None:
        """When this fails, the key is to be read: move it from LATER into the model."""
        root = Path(__file__).resolve().parents[2]
        for path, module in LATER.items():
            place = root.joinpath(*module.split("."))
            exists = place.exists() or place.with_suffix(".py").exists()
            self.assertFalse(exists, f"{module} exists: take {path} out of LATER")


@dataclass(frozen=True)
class Options:
    copies: int = 2
    names: tuple[str, ...] = ()
    secret_file: Path | None = None


class LinksTest(FileTestCase):
    """What links may do, and how they may be reached."""

    def places(self, *tables: str) -> str:
        return "".join(
            f'[[router.listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n'
            f'secret_file = "s"\n{table}\n'
            for port, table in enumerate(tables, 5347)
        )

    def shared(self, *tables: str) -> str:
        """Links at one place, with names."""
        return "".join(
            f'[[router.listen]]\nendpoint = "tcp:5347:interface=127.0.0.1"\nname = "{number}"\n'
            f'secret_file = "s"\n{table}\n'
            for number, table in enumerate(tables)
        )

    def test_two_default_routes(self) -> None:
        """Refused, with both lines."""
        self.assertEqual(
            self.complaint(self.places("default = true", "", "default = true")),
            "router.listen[0].default (line 4) and router.listen[2].default (line 12): "
            "only one link can have that (remove one)",
        )

    def test_links_that_are_dialed_count(self) -> None:
        dialed = '[[router.connect]]\nname = "us.test"\nendpoint = "tcp:h:1"\nsecret_file = "s"\n'
        self.assertEqual(
            self.complaint(self.places("default = true") + dialed + "default = true"),
            "router.listen[0].default (line 4) and router.connect[0].default (line 9): "
            "only one link can have that (remove one)",
        )

    def test_a_domain_of_two_links(self) -> None:
        self.assertEqual(
            self.complaint(self.places('routes = ["a.test"]', 'routes = [\n"b.test",\n"A.test"]')),
            "router.listen[0].routes[0] (line 4) and router.listen[1].routes[1] (line 10): "
            "only one link can have that (remove one)",
        )

    def test_hosted_domains_are_nobody_elses(self) -> None:
        text = 'domains = ["a.test"]\n' + self.places('routes = ["b.test", "a.test"]')
        self.assertEqual(
            self.complaint(text),
            "router.listen[0].routes[1]: is a domain served here "
            "(no outside component can have it)",
        )
        own = 'routes = ["a.test"]\ntrusted = true'
        self.load('domains = ["a.test"]\n' + self.places(own, own))

    def test_names_are_prepared(self) -> None:
        text = self.places('routes = ["*.B\u00dcCHER.test"]\nmay_bind = ["A.test"]')
        [place] = self.load(text).router.listen
        self.assertEqual((place.routes, place.may_bind), (("*.b\u00fccher.test",), ("a.test",)))
        for wrong in ("*.", "a b", "*.*.b"):
            self.assertIn("not a domain", self.complaint(self.places(f'routes = ["{wrong}"]')))

    def test_in_the_clear_on_this_machine_only(self) -> None:
        for endpoint in ("tcp:5347", "tcp6:5347", "tcp:5347:interface=192.0.2.1"):
            place = f'[[router.listen]]\nendpoint = "{endpoint}"\nsecret_file = "s"\n'
            self.assertIn("router.listen[0].endpoint: ", self.complaint(place))
            self.load(place + "plaintext_off_loopback = true")
        for address in ("tcp:router.test:5347", "tcp:192.0.2.1:5347"):
            self.assertIn("router.address: ", self.complaint(f'[router]\naddress = "{address}"\n'))
        for address in ("tcp:127.0.0.1:1", "tcp:host=localhost:port=1", "unix:x", "tls:a.test:1"):
            self.load(f'[router]\naddress = "{address}"\n')

    def test_several_at_one_place(self) -> None:
        """What a name in a stream header cannot tell apart is refused, with both lines."""
        routes, trusted = 'routes = ["a.test"]', "trusted = true"
        self.load(self.shared(routes, trusted, 'trusted = true\ninstances = ["c2s-1"]', ""))
        lines = "router.listen[0].endpoint (line 2) and router.listen[1].endpoint (line {}): "
        for wrong in ("", trusted):
            self.assertEqual(
                self.complaint(self.shared(wrong, wrong)),
                f"{lines.format(7)}both would take any name there (remove one)",
            )
        certified = 'certificate = "c.pem"'
        self.assertIn(lines.format(7), self.complaint(self.shared(routes, certified)))
        nameless = self.shared(routes, "").replace('name = "1"', 'name = "0"')
        self.assertIn("need a name each", self.complaint(nameless))

    def test_proof(self) -> None:
        """A secret, or a certificate of certain names by a certain authority."""
        place = '[[router.listen]]\nendpoint = "tcp:5347"\n'
        own = 'certificate = "c.pem"\n'
        names = 'client_ca = "ca.pem"\nclient_names = ["c2s-1.test"]\n'
        [link] = self.load(place + own + names).router.listen
        self.assertEqual((link.secret_file, link.client_names), (None, ("c2s-1.test",)))
        self.load(place + own + 'secret_file = "s"')
        for wrong, at in (
            (own, "secret_file"),
            (names, "client_ca"),
            (own + 'client_ca = "ca.pem"\n', "secret_file"),
            (own + 'client_names = ["a.test"]\n', "client_names"),
        ):
            self.assertIn(f"router.listen[0].{at}: ", self.complaint(place + wrong))
        both = place.replace("tcp:5347", "ssl:5347") + own + 'secret_file = "s"'
        self.assertIn("router.listen[0]", self.complaint(both))

    def test_proof_to_others(self) -> None:
        dialed = '[[router.connect]]\nname = "us.test"\nendpoint = "{}"\n'
        self.load(dialed.format("tls:h:1:certificate=c.pem"))
        for endpoint in ("tls:h:1", "tcp:h:1"):
            complaint = self.complaint(dialed.format(endpoint))
            self.assertIn("router.connect[0].secret_file: is missing", complaint)

    def test_with_tls(self) -> None:
        """The files of an `ssl:` endpoint are read when the configuration is."""
        place = '[[router.listen]]\nendpoint = "ssl:5347:privateKey=x"\nsecret_file = "s"\n'
        self.assertIn("router.listen[0].endpoint: not a Twisted endpoint", self.complaint(place))
        self.assertIn("leave TLS to us", self.complaint('[[c2s.listen]]\nendpoint = "ssl:5222"'))


class OptionsTest(SynchronousTestCase):
    def test_checked_against_the_class(self) -> None:
        self.assertEqual(options_for({}, Options, "x"), Options())
        options = options_for(
            {"copies": 3, "names": ["a"], "secret_file": "s"}, Options, "x", Path("/etc")
        )
        self.assertEqual(options, Options(3, ("a",), Path("/etc/s")))

    def test_complaints_name_file_and_key(self) -> None:
        where = "xmppd.toml: extensions.carbons"
        for section, complaint in (
            ({"copy": 1}, f"{where}.copy: unknown key (did you mean copies?)"),
            ({"copies": "1"}, f'{where}.copies: must be a whole number (got "1")'),
            ({"names": [1]}, f"{where}.names[0]: must be text (got 1)"),
        ):
            problem = self.assertRaises(ConfigError, options_for, section, Options, where)
            self.assertEqual(str(problem), complaint)


class SecretTest(FileTestCase):
    def test_secrets_are_read_from_files_that_others_cannot_read(self) -> None:
        path = self.folder / "secret"
        self.assertIn("no such file", str(self.assertRaises(ConfigError, read_secret, path)))
        path.touch(0o600)
        self.assertIn("empty", str(self.assertRaises(ConfigError, read_secret, path)))
        path.write_text(" s3cret\n")
        self.assertEqual(read_secret(path), "s3cret")
        path.chmod(0o604)
        self.assertIn("chmod 600", str(self.assertRaises(ConfigError, read_secret, path)))

    def test_secrets_are_made_once(self) -> None:
        """Whoever is first makes it, for all processes that read the file."""
        path = self.folder / "secret"
        made = link_secret(path)
        self.assertGreater(len(made), 30)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual((link_secret(path), link_secret(path)), (made, made))
        self.assertEqual(list(self.folder.iterdir()), [path])
        nowhere = self.folder / "nowhere" / "secret"
        self.assertIn(str(nowhere), str(self.assertRaises(ConfigError, link_secret, nowhere)))
