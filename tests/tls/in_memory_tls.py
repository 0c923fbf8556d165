"""Both ends of a TLS connection without a network: handshakes as plain function calls."""

from collections.abc import Sequence
from contextlib import suppress

from OpenSSL import SSL


def client(
    server_name: str = "",
    alpn: Sequence[bytes] = (),
    highest: int = SSL.TLS1_3_VERSION,
    lowest: int = SSL.TLS1_2_VERSION,
) -> SSL.Connection:
    """Return the client's side of a connection; it trusts everybody."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(lowest)
    context.set_max_proto_version(highest)
    if lowest < SSL.TLS1_2_VERSION:
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
    if alpn:
        context.set_alpn_protos(list(alpn))
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    if server_name:
        connection.set_tlsext_host_name(server_name.encode())
    return connection


def carry(sender: SSL.Connection, receiver: SSL.Connection) -> None:
    """Bring what one side has written to the other."""
    with suppress(SSL.WantReadError):
        receiver.bio_write(sender.bio_read(65536))


def shake(server: SSL.Connection, peer: SSL.Connection) -> None:
    """Bring a handshake to its end.

    :raises SSL.Error: what the client saw, if it was refused.
    """
    server.set_accept_state()
    refused = False
    for _ in range(4):
        for side, other in ((peer, server), (server, peer)):
            try:
                if not (side is server and refused):
                    side.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error:
                if side is peer:
                    raise
                refused = True
            carry(side, other)
    if refused:
        raise SSL.Error("refused, and the client was not told")


def reason(error: SSL.Error) -> str:
    """Return OpenSSL's words for an error, such as `tlsv1 alert no application protocol`."""
    return str(error.args[0][-1][-1]).lower()
