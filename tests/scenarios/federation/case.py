"""Two servers that meet, and what is to be seen then, in every way to prove who they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.federation.certificates import (
    BOTH_SIDES,
    SERVER_ONLY,
    Authority,
    Issued,
    self_signed,
)
from tests.scenarios.federation.party import Party, Proof, World
from tests.scenarios.federation.people import PING, Person, hear, play, say
from tests.scenarios.federation.place import Names, await_true, free_place
from tests.scenarios.federation.security import DIALBACK, EXTERNAL, Security
from tests.scenarios.raw import told

Kinds = tuple[type[Party], type[Party]]
Pair = tuple[Party, Party]


class Meeting(SynchronousTestCase):
    """Two servers of a kind each, with DNS and an authority of their own."""

    kinds: ClassVar[Kinds]

    def meet(self, security: Security, kinds: Kinds | None = None) -> Pair:
        """Start two servers, each with an account `romeo`; they end with the test."""
        kinds = kinds or self.kinds
        for kind in kinds:
            if reason := kind.missing():
                raise SkipTest(reason)
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        domains = [f"{kind.name}{number}.example" for number, kind in enumerate(kinds)]
        places = [free_place(domain, not security.direct, security.direct) for domain in domains]
        names = Names(places)
        self.addCleanup(names.stop)
        authority = Authority(folder)
        world = World(folder, names, security, authority.file)
        first, second = (
            kind(world, place, _certificate(security, authority, place.domain))
            for kind, place in zip(kinds, places, strict=True)
        )
        parties = (first, second)
        for party in parties:
            self.addCleanup(party.stop)
            party.start()
        self.addCleanup(_begin_to_stop, parties)
        names.await_ready()
        for party in parties:
            party.await_ready()
            party.add_account("romeo")
        return parties

    def person(self, party: Party) -> Person:
        """Log in `romeo`."""
        person = Person(party.plain, "romeo", party.domain)
        self.addCleanup(person.__exit__)
        return person

    def play(self, security: Security, kinds: Kinds | None = None) -> Pair:
        """Have people of two servers do what people do; what goes wrong comes with the logs."""
        first, second = self.meet(security, kinds)
        try:
            play(self.person(first), self.person(second))
        except AssertionError as problem:
            logs = [f"{each.domain}:\n{_end_of(each.logged())}" for each in (first, second)]
            raise AssertionError("\n".join([str(problem), *logs])) from problem
        return first, second

    def check(self, security: Security) -> None:
        """The same, and both servers have proved each other as they should."""
        first, second = self.play(security)
        for one, other in ((first, second), (second, first)):
            wanted = {Proof(True, one.mechanism()), Proof(False, other.mechanism())}
            self.assertEqual(set(one.proofs(other.domain)), wanted, one.domain)


class Matrix(Meeting):
    """Every way for two servers to prove who they are."""

    def test_certificate(self) -> None:
        """Certificates that both believe, and SASL EXTERNAL (XEP-0178)."""
        self.check(Security())

    def test_self_signed(self) -> None:
        """Certificates that nobody believes, and dialback within TLS (XEP-0220)."""
        self.check(Security(believed=False))

    def test_without_dialback(self) -> None:
        """Certificates alone: the other server has no dialback, and ours would not take it."""
        self.check(Security(dialback=False))

    def test_direct(self) -> None:
        """TLS from the first byte (XEP-0368)."""
        self.check(Security(direct=True))

    def test_bidirectional(self) -> None:
        """One stream goes both ways, whoever opens it (XEP-0288)."""
        for first, second in self.both_ways(Security(bidi=True)):
            self.check_proofs(first, second, [Proof(False, EXTERNAL)])
            self.check_proofs(second, first, [Proof(True, EXTERNAL)])

    def both_ways(self, security: Security) -> Iterator[Pair]:
        """Have the one speak first, then the other, each time with new servers."""
        for kind in self.kinds:
            if not kind.bidi:
                raise SkipTest(f"{kind.name} has no bidirectional streams")
        yield self.play(security)
        if self.kinds[0] is not self.kinds[1]:
            yield self.play(security, self.kinds[::-1])

    def check_proofs(self, one: Party, other: Party, wanted: list[Proof]) -> None:
        """Compare what somebody says of streams."""
        self.assertEqual(one.proofs(other.domain), wanted, one.domain)


class AtOnce(Meeting):
    """Two servers that open a stream to each other at the same time."""

    def test_bidirectional_at_once(self) -> None:
        """One of the two is left, and goes both ways (XEP-0288)."""
        first, second = self.meet(Security(bidi=True))
        people = self.person(first), self.person(second)
        for number in range(3):
            if number == 2:
                await_true(lambda: len(first.proofs(second.domain)) == 1, first.logged)
            for one, other in (people, people[::-1]):
                say(one, other, number)
            for one, other in (people, people[::-1]):
                self.assertEqual(hear(one, other, 1), [number])


class WiderMatrix(Matrix):
    """More ways, and none at all."""

    def test_certificate_of_public_authority(self) -> None:
        """Certificates that are for servers alone; who does not take them falls back."""
        self.check(Security(server_only=True))

    def test_direct_self_signed(self) -> None:
        """Dialback within TLS from the first byte."""
        self.check(Security(believed=False, direct=True))

    def test_bidirectional_with_dialback(self) -> None:
        """The same with dialback, where another stream may have been opened for verification."""
        for first, second in self.both_ways(Security(bidi=True, believed=False)):
            for one, other, inbound in ((first, second, False), (second, first, True)):
                self.assertIn(Proof(inbound, DIALBACK), one.proofs(other.domain), one.domain)

    def test_nothing_proved(self) -> None:
        """Without a certificate that is believed, and without dialback: an error for the sender."""
        first, second = self.meet(Security(believed=False, dialback=False))
        for one, other in ((first, second), (second, first)):
            person = self.person(one)
            answer = person.answer(person.ask(other.domain, f"<ping xmlns='{PING}'/>"))
            self.assertEqual(answer.get("type"), "error", told(answer))
            self.check_proofs(one, other, [])


def _certificate(security: Security, authority: Authority, domain: str) -> Issued:
    if not security.believed:
        return self_signed(authority.folder, domain)
    return authority.issue(domain, SERVER_ONLY if security.server_only else BOTH_SIDES)


def _begin_to_stop(parties: Pair) -> None:
    for party in parties:
        party.begin_to_stop()


def _end_of(text: str) -> str:
    return "\n".join(text.splitlines()[-60:])
