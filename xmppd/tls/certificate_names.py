"""The names in a certificate, and whether they stand for an XMPP domain (RFC 6120, 13.7.1)."""

from collections.abc import Iterable

import idna
from cryptography import x509
from cryptography.x509 import ObjectIdentifier

XMPP_ADDRESS = ObjectIdentifier("1.3.6.1.5.5.7.8.5")
"""id-on-xmppAddr (RFC 6120, 13.7.1.4)."""

SRV_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.7")
"""id-on-dnsSRV (RFC 4985)."""

CLIENT_SERVICE = "_xmpp-client."
SERVER_SERVICE = "_xmpp-server."
"""What SRV names begin with (RFC 6120, 13.7.1.2.1)."""

UNREADABLE = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError)
"""What is raised for names in a certificate that cannot be read: they count as none."""

_UTF8_STRING = 0x0C
_IA5_STRING = 0x16


def ascii_name(domain: str) -> str:
    """Return a domain as DNS and certificates write it: in A-labels."""
    try:
        return domain if domain.isascii() else idna.encode(domain).decode()
    except idna.IDNAError:
        return domain


def names_of(certificate: x509.Certificate, service: str = CLIENT_SERVICE) -> tuple[str, ...]:
    """Return the names a certificate was issued for, in lower case; `*.` begins a wildcard.

    SRV names of the service stand without it; those of others are left out.
    """
    return tuple(dict.fromkeys(_names(_alternatives(certificate), service)))


def xmpp_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the XMPP addresses a certificate was issued for (RFC 6120, 13.7.1.4)."""
    return tuple(
        _text(name.value)
        for name in _alternatives(certificate)
        if isinstance(name, x509.OtherName) and name.type_id == XMPP_ADDRESS
    )


def covers(names: Iterable[str], domain: str) -> bool:
    """Tell whether one of a certificate's names stands for a domain (RFC 9525, 6.3)."""
    name = ascii_name(domain).strip("[]")
    _, _, above = name.partition(".")
    wanted = {name, domain, f"*.{above}"} if above else {name, domain}
    return not wanted.isdisjoint(names)


def other_names(domain: str) -> Iterable[x509.GeneralName]:
    """Yield the XMPP names of a domain, for a certificate of its own."""
    yield x509.OtherName(XMPP_ADDRESS, _string(_UTF8_STRING, domain))
    for service in ("_xmpp-client", "_xmpp-server"):
        name = f"{service}.{ascii_name(domain)}"
        if name.isascii():
            yield x509.OtherName(SRV_NAME, _string(_IA5_STRING, name))


def _alternatives(certificate: x509.Certificate) -> Iterable[x509.GeneralName]:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ()


def _names(alternatives: Iterable[x509.GeneralName], service: str) -> Iterable[str]:
    for name in alternatives:
        if isinstance(name, x509.DNSName):
            yield name.value.lower()
        elif isinstance(name, x509.IPAddress):
            yield str(name.value)
        elif isinstance(name, x509.OtherName) and name.type_id in (XMPP_ADDRESS, SRV_NAME):
            text = _text(name.value).lower()
            if name.type_id == XMPP_ADDRESS:
                yield text
            elif text.startswith(service):
                yield text.removeprefix(service)


def _string(tag: int, text: str) -> bytes:
    """Return a DER string; the length takes as few bytes as it can (X.690, 10.1)."""
    data = text.encode()
    size = len(data)
    length = size.to_bytes((size.bit_length() + 7) // 8)
    prefix = b"" if size < 0x80 else bytes((0x80 | len(length),))
    return bytes((tag,)) + prefix + length + data


def _text(der: bytes) -> str:
    """Return the text of a DER string, however many bytes its length takes."""
    start = 2 + (der[1] & 0x7F if len(der) > 1 and der[1] & 0x80 else 0)
    return der[start:].decode(errors="replace")
