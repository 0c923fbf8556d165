"""Configuration for people to read."""

import re
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config import load
from xmppd.app.config_clients import Clients, Limits, Listen
from xmppd.app.config_model import Config, Host, HostStorage, Log, Storage, Tls
from xmppd.app.config_text import explain, reference


class ExplainTest(SynchronousTestCase):
    def test_what_an_operator_asks(self) -> None:
        text = explain(load(domains=["example.com"], data="/srv/x", c2s=["unix:/run/x"]))
        for fact in (
            "example.com",
            "unix:/run/x (STARTTLS, required, this machine only)",
            "/srv/x/certificates",
            "sqlite",
            "login_seconds = 60",
        ):
            self.assertIn(fact, text)

    def test_hosts_and_extensions(self) -> None:
        text = explain(
            load(
                environ={
                    "XMPPD__HOST__LOCALHOST__STORAGE__USE": "memory",
                    "XMPPD__HOST__LOCALHOST__STORAGE__STORES__ROSTER": "sqlite",
                    "XMPPD__STORAGE__STORES__ARCHIVE": "directory",
                    "XMPPD__HOST__LOCALHOST__EXTENSIONS__PING__ENABLED": "false",
                }
            )
        )
        for fact in (
            "memory on localhost",
            "sqlite for roster on localhost",
            "directory for archive",
            "ping: defaults",
            "ping on localhost: enabled = false",
        ):
            self.assertIn(fact, text)

    def test_links_and_rooms(self) -> None:
        file = Path(self.mktemp())
        file.write_text(
            """
            domains = ["example.com"]
            [muc]
            domain = "rooms.example.com"
            [muc.defaults]
            persistent = true
            [router]
            address = "unix:/run/router"
            [[router.listen]]
            name = "bots"
            endpoint = "tcp:5347:interface=127.0.0.1"
            secret_file = "bots.secret"
            routes = ["bot.example.com"]
            default = true
            [[router.connect]]
            name = "this.example.com"
            endpoint = "tcp:127.0.0.1:5348"
            secret_file = "other.secret"
            routes = ["*.other.test"]
            """
        )
        text = explain(load(file))
        for fact in (
            "reached at unix:/run/router",
            "bots comes to tcp:5347:interface=127.0.0.1, bot.example.com, everything else",
            "this.example.com is dialed at tcp:127.0.0.1:5348, *.other.test",
            "unproved = 500",
            "rooms.example.com",
            'create = "anyone"',
            "limits.joins = 20",
            "defaults.persistent = true",
        ):
            self.assertIn(f" {fact}\n", text)
        self.assertNotIn("proof_seconds", text)

    def test_other_servers(self) -> None:
        text = explain(load(domains=["chat.test.org"]))
        self.assertIn(":5269 (STARTTLS, required)", text)
        self.assertIn("server limit       proof_seconds = ", text)


class ReferenceTest(SynchronousTestCase):
    def test_every_key_is_there(self) -> None:
        text = reference()
        for cls in (Config, Clients, Listen, Limits, Tls, Storage, Host, HostStorage, Log):
            for field in attrs.fields(cls):
                if not field.metadata.get("internal"):
                    self.assertRegex(text, rf"(?m)^(\| `|## `.*){field.name}\b")

    def test_no_internals(self) -> None:
        self.assertIsNone(re.search(r"`(origin|warnings)`", reference()))
