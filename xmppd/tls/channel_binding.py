"""Channel bindings: what ties a SASL exchange to the TLS connection it runs over."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL.SSL import TLS1_3_VERSION, Connection

TLS_EXPORTER = "tls-exporter"
TLS_SERVER_END_POINT = "tls-server-end-point"

_EXPORTER_LABEL = b"EXPORTER-Channel-Binding"
_EXPORTER_BYTES = 32
_WEAK_HASHES = ("md5", "sha1")


def bindings_of(connection: Connection) -> dict[str, bytes]:
    """Return the channel-binding data of a server's connection, by registered name.

    Empty before the handshake is done and below TLS 1.3: there the exporter is unique only with
    the extended master secret (RFC 9266, 4.2), which cannot be asked for here, and no mechanism
    of the -PLUS kind is offered.
    """
    finished = connection.get_finished() and connection.get_peer_finished()
    if not finished or connection.get_protocol_version() != TLS1_3_VERSION:
        return {}
    bindings = {
        TLS_EXPORTER: connection.export_keying_material(_EXPORTER_LABEL, _EXPORTER_BYTES, b"")
    }
    certificate = connection.get_certificate(as_cryptography=True)
    if certificate is not None and (end_point := server_end_point(certificate)):
        bindings[TLS_SERVER_END_POINT] = end_point
    return bindings


def server_end_point(certificate: x509.Certificate) -> bytes | None:
    """Return the hash of a certificate that stands for the server (RFC 5929, 4.1).

    The hash function is that of the certificate's signature, SHA-256 in place of MD5 and SHA-1;
    None for signatures without exactly one hash function, such as Ed25519.
    """
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    if algorithm is None:
        return None
    digest = hashes.Hash(hashes.SHA256() if algorithm.name in _WEAK_HASHES else algorithm)
    digest.update(certificate.public_bytes(Encoding.DER))
    return digest.finalize()
