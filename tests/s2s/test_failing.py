"""What a sender hears when another server fails: the error, in time, and nothing is left of it.

`S2S_TRIES=10000 python -m twisted.trial tests.s2s.test_failing.LeakTest` tries that often.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

from cryptography import x509
from twisted.internet.defer import Deferred
from twisted.protocols.amp import AMP

from tests.s2s.authority import Authority
from tests.s2s.failing import PLACES, SERVERS, Elsewhere
from tests.s2s.network import Place
from tests.s2s.test_hostile import Hostile
from xmppd.app.config_servers import ServerLimits

TRIES = int(os.environ.get("S2S_TRIES", "200"))
BATCH = 50
"""So many are tried at once."""
KEPT = {"Jid", "Allowance"}
"""Kinds of which a bounded number is kept on purpose."""


class FailingCase(Hostile):
    """Two places of ours, of which the second demands certificates, and domains that fail."""

    def setUp(self) -> None:
        super().setUp()
        self.place = self.new_place(limits=ServerLimits(connections_per_address=1_000))
        self.strict = Place(
            self.network,
            "strict.test",
            address="11.0.0.4",
            trust=self.authority.file,
            policy={"default": "certificate"},
        )
        self.addCleanup(self.strict.stop)
        wildcard = [x509.DNSName("*.certain.test")]
        self.elsewhere = Elsewhere(
            self.network,
            {
                "expired": self.authority.sign(wildcard, days=(-10, -1)),
                "early": self.authority.sign(wildcard, days=(1, 10)),
                "other": self.authority.sign([x509.DNSName("other.test")]),
                "strange": Authority(self.folder / "strangers").sign(wildcard),
            },
        )

    def try_it(self, name: str) -> tuple[Place, str, str, int]:
        """Send to such a domain; gives who did, the domain, what is to come, and when."""
        place = self.place
        if name in PLACES:
            where, condition, seconds = PLACES[name]
            domain = self.elsewhere.place(where)
        else:
            case = SERVERS[name]
            domain = self.elsewhere.server(case)
            condition, seconds = case.condition, case.seconds
            if case.certificate:
                place = self.strict
        place.say(f"juliet@{place.domains[0]}", f"romeo@{domain}", domain)
        return place, domain, f"{domain}: {condition}", seconds


class TableTest(FailingCase):
    def test_each(self) -> None:
        """The condition of RFC 6120, 8.3.3, not before its time and not after."""
        for name in (*SERVERS, *PLACES):
            place, domain, wanted, seconds = self.try_it(name)
            if seconds:
                self.network.advance(seconds - 1)
                self.assertEqual(place.heard, [], name)
                self.network.advance(1)
            self.assertEqual(place.heard, [wanted], name)
            self.network.advance(70)
            self.assertEqual((place.edge.live, place.edge.pairs), (set(), {}), name)
            self.assertEqual(self.network.pipes, [], name)
            place.got.clear()
            self.elsewhere.forget(domain)


class LeakTest(FailingCase):
    def test_nothing_is_left(self) -> None:
        """However often all that is tried, with another domain each time."""
        self.run_batches(BATCH)
        before, memory, start = self.live(), resident(), time.process_time()
        self.run_batches(TRIES)
        grown = self.live() - before
        self.assertEqual({kind: count for kind, count in grown.items() if kind not in KEPT}, {})
        print(
            f"{TRIES} tries, {time.process_time() - start:.0f} s of CPU, no object left, "
            f"memory {memory:.0f} to {resident():.0f} MiB;",
            end=" ",
        )

    def run_batches(self, tries: int) -> None:
        names = cycle((*SERVERS, *PLACES))
        for start in range(0, tries, BATCH):
            tried = [self.try_it(name) for name in islice(names, min(BATCH, tries - start))]
            for _, domain, _, _ in tried[::3]:
                self.intrude(domain)
            self.network.advance(70)
            for place in (self.place, self.strict):
                wanted = [line for at, _, line, _ in tried if at is place]
                self.assertCountEqual(place.heard, wanted)
                place.got.clear()
            for _, domain, _, _ in tried:
                self.elsewhere.forget(domain)

    def intrude(self, domain: str) -> None:
        """Come in the name of such a domain, with a certificate and a key that prove nothing."""
        raw = self.secured(self.elsewhere.certificates["expired"], sender=domain)
        self.assertNotIn("valid'", raw.result(sender=domain))

    def live(self) -> Counter[str]:
        """Objects of ours, and what they hold on to of Twisted and OpenSSL."""
        for place in (self.place, self.strict):
            self.assertEqual((place.edge.live, place.edge.pairs), (set(), {}))
            place.edge.backoffs.forget()  # of whom a bounded number is remembered
        gc.collect()
        objects = gc.get_objects()
        kinds = Counter([type(each) for each in objects])
        kinds[Deferred] -= sum(map(awaited, objects))
        return Counter({kind.__name__: count for kind, count in kinds.items() if _counts(kind)})


def awaited(each: object) -> int:
    """How many answers trial awaits: for every line that is logged, in a worker of `trial -j`."""
    return len(each._outstandingRequests) if isinstance(each, AMP) else 0


def _counts(kind: type) -> bool:
    module = str(vars(kind).get("__module__"))
    twisted = kind.__name__ in ("Deferred", "DelayedCall", "TLSMemoryBIOProtocol")
    return twisted or module.startswith(("xmppd.", "OpenSSL"))


def resident() -> float:
    """MiB of this process."""
    text = Path("/proc/self/statm").read_text()
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
