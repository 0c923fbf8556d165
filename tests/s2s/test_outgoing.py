"""A stream that we open: what goes first on it."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.s2s.raw import HEADER, Raw
from tests.s2s.test_hostile import Hostile
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import DIALBACK_FEATURE, SASL
from xmppd.s2s.dialback import Dialback
from xmppd.s2s.targets import Target

CAPULET, REMOTE = Jid.parse("capulet.test"), Jid.parse("remote.test")
OFFER = f"<dialback xmlns='{DIALBACK_FEATURE}'><errors/></dialback>"
EXTERNAL = f"<mechanisms xmlns='{SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>"


class ProofTest(Hostile):
    """Keys in the name of a domain, which anybody may bring, do not keep us from proving ours."""

    def setUp(self) -> None:
        super().setUp()
        self.place = self.new_place(policy={"remote.test": "plaintext-dialback"})
        self.came = Raw(self.network)
        self.network.hosts["11.0.0.7", 5269] = lambda: self.came
        self.network.known["remote.test"] = [Target("11.0.0.7")]
        self.number = 0

    def ask(self) -> Deferred[str]:
        """Have a key of theirs verified."""
        self.number += 1
        question = Dialback("verify", CAPULET, REMOTE, f"s{self.number}", "", "key")
        asked = self.place.edge.verify(question)
        self.network.settle()
        return asked

    def answer(self, number: int) -> str:
        verdict = "from='remote.test' to='capulet.test' type='invalid'"
        return self.came.send(f"<db:verify {verdict} id='s{number}'/>")

    def opened(self, offer: str) -> str:
        """A stream on which a key waits for its verification, and a message for our proof."""
        self.ask()
        self.came.send(f"{HEADER} from='remote.test' id='s'>")
        self.came.send(f"<stream:features>{offer}</stream:features>")
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        return self.came.heard

    def test_dialback(self) -> None:
        """Ours goes beside them."""
        self.assertIn("<db:result", self.opened(OFFER))

    def test_certificate(self) -> None:
        """It goes as soon as those are answered that were there before; later ones wait for it."""
        self.assertNotIn("<auth", self.opened(OFFER + EXTERNAL))
        later = self.ask()
        self.assertNotIn("id='s2'", self.came.heard)
        self.assertIn("<auth", self.answer(1))
        heard = self.came.send(f"<failure xmlns='{SASL}'/>")
        self.assertIn("<db:result", heard)
        self.assertIn("id='s2'", heard)
        self.answer(2)
        self.assertEqual(self.successResultOf(later), "invalid")
