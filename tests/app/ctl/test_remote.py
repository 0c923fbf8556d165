"""What is told of the way to another server."""

import json
from typing import Any

from twisted.internet.defer import Deferred

from tests.s2s.network import Place
from tests.s2s.test_between import JULIET, ROMEO, Between
from xmppd.app.ctl.remote import way_to
from xmppd.app.ctl.text import readable
from xmppd.protocol.jid import Jid


class WayTest(Between):
    def way(self, place: Place, remote: str, local: str = "capulet.test") -> Any:
        told = way_to(place.edge, Jid.parse(local), Jid.parse(remote))
        return json.loads(json.dumps(self.successResultOf(Deferred.fromCoroutine(told))))

    def told(self, place: Place, remote: str, local: str = "capulet.test") -> str:
        return readable("s2s_route", self.way(place, remote, local))

    def test_a_stream(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.place("montague.test", address="11.0.0.2")
        self.assertEqual(
            self.told(here, "montague.test"),
            "montague.test: no stream yet, would connect to 11.0.0.2:5269 (STARTTLS)",
        )
        here.say(JULIET, ROMEO)
        way = self.way(here, "montague.test")
        self.assertEqual((way["state"], way["proof"]), ("up", "certificate (SASL EXTERNAL)"))
        self.assertIn("stream to 11.0.0.2:5269, TLSv1.3, cert", self.told(here, "montague.test"))

    def test_connecting(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.network.silent.add("montague.test")
        here.say(JULIET, ROMEO)
        self.assertEqual(
            self.told(here, "montague.test"), "montague.test: connecting to it, 1 waiting"
        )

    def test_left_alone(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        here.say(JULIET, ROMEO)
        told = self.told(here, "montague.test")
        self.assertIn("bounces, left alone for a while: no such domain", told)

    def test_nowhere(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.assertIn("nowhere: no such domain", self.told(here, "montague.test"))
        self.assertEqual(here.edge.pairs, {}, "to tell it nothing was tried")

    def test_refused(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        self.assertIn("bounces", self.told(here, "montague.test", "other.test"))
