"""How much work the privacy lists of an account may be."""

from tests.extensions.privacy_case import ROMEO, PrivacyCase, shown
from xmppd.extensions.blocking import BLOCKING
from xmppd.extensions.privacy_changes import MAX_RULES
from xmppd.extensions.privacy_turns import BURST, LEAST, MAX_WAITING, RATE
from xmppd.protocol.stanza import Stanza

RULES = 2_000


class TurnsTest(PrivacyCase):
    def setUp(self) -> None:
        super().setUp()
        self.block(*[f"user{number}@remote.test" for number in range(RULES)])
        self.house.settle(3600)
        self.quiet()

    def command(self, number: int, name: str) -> str:
        item = "<item jid='stranger@remote.test'/>"
        return f"<iq type='set' id='{number}'><{name} xmlns='{BLOCKING}'>{item}</{name}></iq>"

    def repeat(self, times: int) -> None:
        """Block and unblock, all in one read."""
        names = ["block" if number % 2 else "unblock" for number in range(times)]
        self.juliet.send(*[self.command(number, name) for number, name in enumerate(names)])

    def answers(self) -> list[Stanza]:
        for _ in range(3):
            self.juliet.report()  # there is room for more
        return [one for one in self.juliet.taken() if one.name == "iq" and one.type != "set"]

    def test_at_once_after_a_quiet_time(self) -> None:
        self.repeat(BURST // (RULES + LEAST + 2))
        self.assertEqual(len(self.answers()), BURST // (RULES + LEAST + 2))

    def test_then_as_fast_as_it_may(self) -> None:
        """Each waits for its turn, in order, and all are answered."""
        number = BURST // RULES + 20
        self.repeat(number)
        answers = self.answers()
        for _ in range(30):
            self.assertLessEqual(len(answers), number)
            self.house.settle(RULES / RATE)
            more = self.answers()
            self.assertLessEqual(len(more), 2)
            answers += more
        self.assertEqual([one.id for one in answers], [str(n) for n in range(number)])
        self.assertEqual({one.type for one in answers}, {"result"})

    def test_not_more_than_may_wait(self) -> None:
        """RFC 6120, 8.3.3.17."""
        self.repeat(BURST // RULES + 2 * MAX_WAITING)
        refused = [one for one in self.answers() if one.type == "error"]
        self.assertTrue(refused)
        for one in refused:
            self.assertIn(b"<error type='wait'><resource-constraint", one.inner)

    def test_what_changes_nothing(self) -> None:
        """Nothing is written, and nobody hears of it but those who have asked for the list."""
        self.block(ROMEO)
        self.quiet()
        ticket = self.house.backend.ticket
        self.assertEqual(self.block(ROMEO).type, "result")
        self.assertEqual(self.house.backend.ticket, ticket)
        self.assertEqual(shown(self.romeo.taken()), [])

    def test_length(self) -> None:
        answer = self.block(*[f"more{number}@remote.test" for number in range(MAX_RULES)])
        self.assertIn(b"<resource-constraint", answer.inner)
        self.assertEqual(len(self.blocklist()), RULES)

    def test_list_is_read_in_turn(self) -> None:
        """To say it all takes time as well."""
        get = f"<iq type='get' id='g'><blocklist xmlns='{BLOCKING}'/></iq>"
        self.juliet.send(*[get] * (BURST // RULES + 10))
        self.assertLess(len(self.answers()), BURST // RULES + 10)
