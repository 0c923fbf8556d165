"""OpenSSL contexts: what TLS may look like here (RFC 7590, RFC 9325)."""

from collections.abc import Callable
from functools import partial

from OpenSSL import SSL
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions, TLSVersion

from xmppd.tls.certificate_files import CertificateError, Material, Source

ALPN = b"xmpp-client"
"""Protocol name of client connections with TLS from the first byte (XEP-0368, 4)."""

SERVER_ALPN = b"xmpp-server"
"""The same of connections between servers."""

MakeContext = Callable[[Material | None], SSL.Context]
"""Makes a context of a certificate and its key."""

_CIPHERS = AcceptableCiphers.fromOpenSSLCipherString(
    "TLS13-AES-256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES-128-GCM-SHA256:"
    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
)


def server_context(material: Material | None = None) -> SSL.Context:
    """Return a context for the server's side of clients' connections.

    :param material: certificate and key; without them a connection has to be given another
        context during its handshake, or the handshake fails.
    """
    context = _context(material)
    context.set_alpn_select_callback(partial(_select_protocol, ALPN))
    return context


def peer_context(material: Material | None = None) -> SSL.Context:
    """Return a context for either side of connections between servers.

    The other side is asked for its certificate, and whatever it shows is let pass: what it is
    worth is for `Trust` to say, when the handshake is done. Nothing is ever resumed, for that
    would carry over what another certificate has proved.
    """
    context = _context(material)
    context.set_verify(SSL.VERIFY_PEER, _let_pass)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_alpn_protos([SERVER_ALPN])
    context.set_alpn_select_callback(partial(_select_protocol, SERVER_ALPN))
    return context


def context_of(
    source: Source, material: Material, make: MakeContext = server_context
) -> SSL.Context:
    """Return a context with the certificate and the key that were read there.

    :raises CertificateError: for what OpenSSL does not take.
    """
    try:
        return make(material)
    except SSL.Error as problem:
        reason = problem.args[0][-1][-1] if problem.args and problem.args[0] else "it says not why"
        raise CertificateError(
            f"{source.chain}: refused by OpenSSL, {reason} (have a stronger one issued)"
        ) from None


def _context(material: Material | None) -> SSL.Context:
    options = CertificateOptions(raiseMinimumTo=TLSVersion.TLSv1_2, acceptableCiphers=_CIPHERS)
    context = options.getContext()
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    # Idle connections give their buffers back: some 34 KiB each.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    if material is not None:
        # Twisted's option for the certificate takes a kind of object that pyOpenSSL deprecates.
        context.use_certificate(material.certificate)
        context.use_privatekey(material.key)
        for certificate in material.chain[1:]:
            context.add_extra_chain_cert(certificate)
    return context


def _let_pass(*_: object) -> bool:
    return True


def _select_protocol(ours: bytes, connection: SSL.Connection, offered: list[bytes]) -> bytes:
    """Choose our protocol; an error here becomes the alert no_application_protocol."""
    if ours in offered:
        return ours
    raise SSL.Error([("SSL routines", "", "no application protocol")])
