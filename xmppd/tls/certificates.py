"""The certificate of each served domain: chosen by name, reloaded when its files change."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import attrs
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocol
from twisted.logger import Logger
from zope.interface import implementer

from xmppd.tls.certificate_files import (
    CertificateError,
    CertificateFolder,
    Source,
    State,
    read,
    read_chain,
)
from xmppd.tls.certificate_names import ascii_name, covers, names_of
from xmppd.tls.context import MakeContext, context_of, server_context
from xmppd.tls.self_made import write_self_made

CHECK_SECONDS = 1.0
"""A domain's files are looked at no more often than this."""

SOON = timedelta(days=14)
"""A certificate that ends within this time is told of."""

_log = Logger()


class Description(TypedDict):
    """What is known of a domain's certificate; `file` is None while none has been needed."""

    file: str | None
    names: list[str]
    not_after: str | None
    self_signed: bool
    covers_domain: bool


@attrs.define
class _Held:
    """What was made of a domain's files when they were last looked at."""

    checked: float
    source: Source
    state: State
    context: SSL.Context | None = None
    error: CertificateError | None = None
    ends: datetime | None = None
    told: datetime | None = None

    def usable(self) -> SSL.Context:
        if self.context is None:
            raise self.error or CertificateError(f"{self.source.chain}: cannot be used")
        return self.context


class Certificates:
    """The certificates of the served domains.

    :param directory: where they lie; made, with certificates in it, as far as needed.
    :param domains: those served. The first stands in for names that are not.
    :param seconds: a clock for the interval between looks at the files.
    :param now: the date, for what expires.
    :param make_context: makes the context of a certificate, or one that waits for its own.
    """

    def __init__(
        self,
        directory: Path,
        domains: Sequence[str],
        seconds: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        make_context: MakeContext = server_context,
    ) -> None:
        self._folder = CertificateFolder(directory)
        self._first = domains[0]
        self._domains = {ascii_name(domain): domain for domain in domains}
        self._seconds = seconds
        self._now = now
        self.make_context = make_context
        self._held: dict[str, _Held] = {}

    def check(self) -> None:
        """Read every certificate that is there, so that what is wrong is told at the start.

        :raises CertificateError: for the first that cannot be used.
        """
        for domain in self._domains.values():
            source = self._folder.find(domain)
            if source is not None:
                context_of(source, read(source, self._now()), self.make_context)

    def context_for(self, domain: str) -> SSL.Context:
        """Return the context with a domain's certificate, which is made if there is none.

        Files that change into something unusable are reported in the log, and what they held
        before stays in use. A domain that is not served gets the first one's.

        :raises CertificateError: if there is nothing usable.
        """
        if self._domains.get(ascii_name(domain)) != domain:
            domain = self._first
        held = self._held.get(domain)
        now = self._seconds()
        if held is None or now - held.checked >= CHECK_SECONDS:
            held = self._held[domain] = self._looked(domain, held, now)
        return held.usable()

    def options_for(self, domain: str) -> "ForDomain":
        """Return what `startTLS` takes, for a stream to a domain.

        :raises CertificateError: as `context_for`.
        """
        return ForDomain(self.context_for(domain))

    def domain_named(self, server_name: bytes | None) -> str:
        """Return the domain that a client asks for by SNI (RFC 6066, 3), or else the first."""
        name = (server_name or b"").decode("ascii", "replace").lower().rstrip(".")
        return self._domains.get(name, self._first)

    def describe(self, domain: str) -> Description:
        """Return what is known of a domain's certificate; none is made for this.

        :raises CertificateError: if the file holds none.
        """
        source = self._folder.find(domain) or self._folder.made(domain)
        if not os.path.exists(source.chain):
            return Description(
                file=None, names=[], not_after=None, self_signed=False, covers_domain=False
            )
        certificate = read_chain(source.chain)[0]
        names = names_of(certificate)
        return Description(
            file=str(source.chain),
            names=list(names),
            not_after=certificate.not_valid_after_utc.isoformat(),
            self_signed=certificate.issuer == certificate.subject,
            covers_domain=covers(names, domain),
        )

    def _looked(self, domain: str, held: _Held | None, now: float) -> _Held:
        """Look at a domain's files; load them if they are not what they were."""
        try:
            source = self._folder.find(domain) or self._made(domain)
        except CertificateError as error:
            return self._failed(
                domain, held, _Held(now, self._folder.made(domain), (), None, error)
            )
        state = source.state()
        if held is not None and (held.source, held.state) == (source, state):
            held.checked = now
        else:
            held = self._loaded(domain, held, _Held(now, source, state))
        self._tell_of_end(domain, held)
        return held

    def _loaded(self, domain: str, before: _Held | None, held: _Held) -> _Held:
        try:
            material = read(held.source, self._now())
            held.context = context_of(held.source, material, self.make_context)
        except CertificateError as error:
            held.error = error
            return self._failed(domain, before, held)
        held.ends = material.certificate.not_valid_after_utc
        return held

    def _tell_of_end(self, domain: str, held: _Held) -> None:
        """Once a day say of a certificate that it ends soon, or has: nobody has renewed it."""
        if held.ends is None or (now := self._now()) < held.ends - SOON:
            return
        if held.told is None or now - held.told >= timedelta(days=1):
            held.told = now
            _log.warn(
                "certificate of {domain} ends on {day}: {file} (renew it)",
                domain=domain,
                day=f"{held.ends:%Y-%m-%d}",
                file=held.source.chain,
            )

    def _failed(self, domain: str, held: _Held | None, failed: _Held) -> _Held:
        """Report once per change of the files, and keep what worked before."""
        if held is None or str(held.error) != str(failed.error):
            _log.error("certificate of {domain}: {error}", domain=domain, error=failed.error)
        if held is not None:
            failed.context = held.context
        return failed

    def _made(self, domain: str) -> Source:
        source = self._folder.made(domain)
        if not os.path.exists(source.chain):
            write_self_made(source.chain, domain, self._now())
            _log.info("made a certificate for {domain}: {file}", domain=domain, file=source.chain)
        return source


@implementer(IOpenSSLServerConnectionCreator)
class ForDomain:
    """TLS with the certificate of one domain: for STARTTLS, where the stream names it."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def serverConnectionForTLS(self, tlsProtocol: IProtocol) -> SSL.Connection:
        """Return the server's side of a new connection."""
        return SSL.Connection(self._context, None)


@implementer(IOpenSSLServerConnectionCreator)
class ByServerName:
    """TLS with the certificate of the domain that the client names: for TLS from the start."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._context = certificates.make_context(None)
        self._context.set_tlsext_servername_callback(self._choose)

    def serverConnectionForTLS(self, tlsProtocol: IProtocol) -> SSL.Connection:
        """Return the server's side of a new connection."""
        return SSL.Connection(self._context, None)

    def _choose(self, connection: SSL.Connection) -> None:
        """Give a connection its domain's context; OpenSSL calls this without a name too.

        Without a usable certificate the handshake goes on to its alert; the log has the reason.
        """
        domain = self._certificates.domain_named(connection.get_servername())
        with contextlib.suppress(CertificateError):
            connection.set_context(self._certificates.context_for(domain))
