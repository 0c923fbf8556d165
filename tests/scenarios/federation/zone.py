"""A DNS server that knows the servers of a test, and nobody else: a process of its own.

Servers differ in whom they ask for the address behind SRV: ejabberd asks the resolver of the
system, whatever its configuration says. So there are two views of the zone, at a port each. In one
the targets of SRV are names, as RFC 2782 has it; in the other they are addresses as text, which a
resolver takes as they stand.
"""

import json
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import AuthoritativeDomainError
from twisted.names.server import DNSServerFactory

TTL = 60

Record = dns.Record_SRV | dns.Record_A
Answer = tuple[list[dns.RRHeader], list[dns.RRHeader], list[dns.RRHeader]]


class Zone(ResolverBase):
    """Answers from records by name, as who decides about all names."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[bytes, list[Record]] = {}

    def add(self, name: str, record: Record) -> None:
        """Have a name give one more record."""
        self.records.setdefault(name.encode(), []).append(record)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: object) -> Deferred[Answer]:
        records = self.records.get(name.lower())
        if records is None:
            return fail(AuthoritativeDomainError(name))
        fitting = [record for record in records if type in (record.TYPE, dns.ALL_RECORDS)]
        headers = [
            dns.RRHeader(name, record.TYPE, dns.IN, TTL, record, auth=True) for record in fitting
        ]
        return succeed((headers, [], []))


class Answering(DNSServerFactory):
    """Says in an answer that recursion was asked for, as it was (RFC 1035, 4.1.1)."""

    def sendReply(self, protocol: object, message: dns.Message, address: object) -> None:
        message.recDes = True
        super().sendReply(protocol, message, address)


def main(names_port: str, addresses_port: str, address: str, places: str) -> None:
    """Serve two views until the process is ended; say `ready` when they are.

    :param places: a list in JSON of domain, address, port for STARTTLS and port for TLS at once,
        which are 0 when there is none.
    """
    names, addresses = Zone(), Zone()
    for domain, host, starttls, direct in json.loads(places):
        for zone, target in ((names, f"xmpp.{domain}"), (addresses, host)):
            zone.add(domain, dns.Record_A("127.255.255.254", TTL))
            zone.add(target, dns.Record_A(host, TTL))
            for service, port in (("_xmpp-server", starttls), ("_xmpps-server", direct)):
                if port:
                    record = dns.Record_SRV(5, 0, port, target, TTL)
                    zone.add(f"{service}._tcp.{domain}", record)
    for port, zone in ((names_port, names), (addresses_port, addresses)):
        factory = Answering(authorities=[zone])
        protocol = dns.DNSDatagramProtocol(factory)
        reactor.listenUDP(int(port), protocol, interface=address)  # type: ignore[attr-defined]
    print("ready", flush=True)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
