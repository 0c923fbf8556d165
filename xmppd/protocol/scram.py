"""The server's side of a SCRAM exchange (RFC 5802, RFC 7677)."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping

from xmppd.protocol.mechanisms import ALGORITHMS, mechanism_named
from xmppd.protocol.sasl import SaslError, encode
from xmppd.protocol.scram_keys import ScramKeys
from xmppd.protocol.scram_messages import ClientFirst, read_client_final, read_client_first


def new_nonce() -> str:
    """The server's part of a nonce: 144 random bits."""
    return secrets.token_urlsafe(18)


class ScramServer:
    """One SCRAM exchange: `first`, `challenge`, `final`, `verify`, `success`, in this order.

    Between `first` and `challenge` the caller finds the account's keys, in its own time.

    `bindings` holds the channel-binding data that the stream has, by type; `offered` the names
    of the mechanisms that the stream was shown, from which a stripped offer is recognised.
    Raises `SaslError` invalid-mechanism if `mechanism` is not a SCRAM mechanism.
    """

    def __init__(
        self,
        mechanism: str,
        bindings: Mapping[str, bytes],
        offered: Collection[str],
        nonce: Callable[[], str] = new_nonce,
    ) -> None:
        known = mechanism_named(mechanism)
        if known.hash is None:
            raise SaslError("invalid-mechanism", "this is not a SCRAM mechanism")
        self.hash = known.hash
        self.authcid = ""
        self.authzid = ""
        self.binding: str | None = None
        self._plus = known.plus
        self._bindings = bindings
        self._offered = offered
        self._new_nonce = nonce
        self._client_nonce = ""
        self._nonce = ""
        self._first_bare = b""
        self._expected_binding = b""
        self._auth_message = b""
        self._proof = b""
        self._signature = b""

    def first(self, message: bytes) -> None:
        """Read the client's first message; sets `authcid`, `authzid` and `binding`, all as sent.

        Raises `SaslError`: malformed-request, or not-authorized if the client's channel binding
        does not go with the mechanism, the offer or the stream (RFC 5802, section 6).
        """
        first = read_client_first(message)
        self._expected_binding = first.header + self._binding_data(first)
        self.authcid, self.authzid, self.binding = first.authcid, first.authzid, first.binding
        self._client_nonce, self._first_bare = first.nonce, first.bare

    def challenge(self, keys: ScramKeys) -> bytes:
        """The server's first message, for an account with `keys`, which are of this `hash`."""
        self._nonce = self._client_nonce + self._new_nonce()
        text = f"r={self._nonce},s={encode(keys.salt)},i={keys.iterations}"
        challenge = text.encode("ascii")
        self._auth_message = self._first_bare + b"," + challenge
        return challenge

    def final(self, message: bytes) -> None:
        """Read the client's final message and keep its proof for `verify`.

        Raises `SaslError`: malformed-request, or not-authorized for another nonce or channel
        and for a proof that is none, whatever the keys.
        """
        final = read_client_final(message)
        if final.nonce != self._nonce:
            raise SaslError("not-authorized", "the nonce is not ours")
        if not hmac.compare_digest(final.binding, self._expected_binding):
            raise SaslError("not-authorized", "the channel binding does not match")
        if len(final.proof) != hashlib.new(ALGORITHMS[self.hash]).digest_size:
            raise SaslError("not-authorized", "the proof has the wrong length")
        self._auth_message += b"," + final.unproved
        self._proof = final.proof

    def verify(self, keys: ScramKeys) -> bool:
        """Whether the client has the password that `keys` were made of; in constant time."""
        algorithm = ALGORITHMS[self.hash]
        client_signature = hmac.digest(keys.stored_key, self._auth_message, algorithm)
        client_key = _xor(client_signature, self._proof)
        server_signature = hmac.digest(keys.server_key, self._auth_message, algorithm)
        right = hmac.compare_digest(hashlib.new(algorithm, client_key).digest(), keys.stored_key)
        self._signature = server_signature if right else b""
        return right

    def success(self) -> bytes:
        """The server's final message. Raises `SaslError` not-authorized unless `verify` agreed."""
        if not self._signature:
            raise SaslError("not-authorized")
        return b"v=" + encode(self._signature).encode("ascii")

    def _binding_data(self, first: ClientFirst) -> bytes:
        """What must follow the GS2 header in the final message's `c=`."""
        if first.binding is not None:
            return self._data_of(first.binding)
        if self._plus:
            raise SaslError("not-authorized", "this mechanism needs channel binding")
        if first.flag == "y" and any(name.endswith("-PLUS") for name in self._offered):
            raise SaslError("not-authorized", "channel binding was offered")
        return b""

    def _data_of(self, binding: str) -> bytes:
        if not self._plus:
            raise SaslError("not-authorized", "this mechanism has no channel binding")
        if binding not in self._bindings:
            raise SaslError("not-authorized", "this type of channel binding was not offered")
        return self._bindings[binding]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
