"""Preparation of the strings XMPP compares: the parts of addresses, and passwords.

The network speaks two dialects. RFC 6122 prepares with stringprep (Unicode 3.2, NFKC, case
folding), RFC 7622 with PRECIS (current Unicode, NFC, lower case) and IDNA2008; they agree on ASCII
and differ on real names. A string from outside passes when it is valid under either, and the
result of RFC 7622 is taken where it has one: it keeps apart what RFC 6122 would merge (`fußball`
and `fussball`), so no two people of a remote server ever become one here.

What the `prepare_*` functions for addresses return is stable: preparing it again changes nothing.
They raise `ValueError` with a reason that quotes nothing of the text.
"""

import re
import stringprep
import unicodedata
from collections.abc import Callable
from encodings import idna as idna2003
from ipaddress import AddressValueError, IPv6Address
from typing import Any

import idna
from precis_i18n import get_profile
from twisted.words.protocols.jabber.xmpp_stringprep import (
    B_1,
    MappingTableFromFunction,
    Profile,
    nodeprep,
    resourceprep,
)

MAXIMUM_BYTES = 1023
"""Longest part of an address, in bytes of UTF-8 (RFC 7622, 3.1)."""

_username = get_profile("UsernameCaseMapped")
_opaque_string = get_profile("OpaqueString")
_saslprep = Profile(
    # U+200B is a space and a character mapped to nothing; SASLprep as deployed drops it.
    mappings=[B_1, MappingTableFromFunction(lambda c: " " if stringprep.in_table_c12(c) else c)],
    # What RFC 4013, 2.3 prohibits is what Resourceprep prohibits.
    prohibiteds=resourceprep.prohibiteds,
)

_EXCLUDED = frozenset("\"&'/:<>@")
_ASCII_LOCAL = re.compile(r"[!#-%(-.0-9;=?A-Z\[-~]+")
_ASCII_RESOURCE = re.compile(r"[ -~]+")
_ASCII_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_STD3 = re.compile(r"[^\x00-,./:-`{-\x7f]+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_IPV6 = re.compile(r"\[([0-9a-f:.]+)(%[0-9a-z._~-]+)?\]")
_KATAKANA_DOT = re.compile("\u30fb")
_ARABIC_DIGIT = re.compile("[\u0660-\u0669]")
_EXTENDED_ARABIC_DIGIT = re.compile("[\u06f0-\u06f9]")
_ACE_PREFIX = "xn--"
_LONGEST_ACE_LABEL = 63


def prepare_local(text: str) -> str:
    """Prepare a localpart that comes from outside (RFC 7622, 3.3; RFC 6122, 2.3)."""
    if _ASCII_LOCAL.fullmatch(text):
        return _measured(text.lower())
    return _settled(_local_under_either, text)


def prepare_domain(text: str) -> str:
    """Prepare a domainpart (RFC 7622, 3.2; RFC 6122, 2.2).

    A name becomes lower-case U-labels without a final dot; an IPv6 address stands in brackets.
    """
    return _settled(_ipv6 if text.startswith("[") else _name, text)


def prepare_resource(text: str) -> str:
    """Prepare a resourcepart (RFC 7622, 3.4; RFC 6122, 2.4)."""
    if _ASCII_RESOURCE.fullmatch(text):
        return _measured(text)
    return _settled(_resource_under_either, text)


def prepare_new_local(text: str) -> str:
    """Prepare the localpart of an account to be made here.

    It must be valid and the same under RFC 6122 and RFC 7622, so that the rest of the network,
    whichever it follows, has one name for the account.
    """
    local = _precis_local(_measured(text))
    if _stringprep_local(text) != local or prepare_local(local) != local:
        raise ValueError("RFC 6122 and RFC 7622 disagree on it")
    return _measured(local)


def prepare_password(text: str) -> str:
    """Prepare a password, before it is stored as SCRAM keys and before it is compared.

    SASLprep (RFC 4013) comes first, because that is what a SCRAM client derives its keys with (RFC
    5802, 5.1). What SASLprep has no answer to, as it ends at Unicode 3.2 (emoji, say), is left to
    its successor, the OpaqueString profile (RFC 8265, 4.2). Raises `ValueError` for an empty
    password and for one that neither allows. Prepare once: the two are not stable in sequence.
    """
    try:
        prepared = _stringprep(_saslprep, text)
    except ValueError:
        prepared = _precis(_opaque_string, text)
    if not prepared:
        raise ValueError("a password may not be empty")
    return prepared


def _measured(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    if len(text) > MAXIMUM_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise ValueError(f"it is longer than {MAXIMUM_BYTES} bytes")
    return text


def _settled(prepare: Callable[[str], str], text: str) -> str:
    """Prepare until nothing changes: what one dialect maps may be something to map to the other."""
    if not text:
        raise ValueError("it is empty")
    if len(text) > MAXIMUM_BYTES:
        raise ValueError(f"it is longer than {MAXIMUM_BYTES} characters")
    for _ in range(4):
        prepared = prepare(text)
        if prepared == text:
            return _measured(prepared)
        text = prepared
    raise ValueError("its preparation does not settle")


def _precis(profile: Any, text: str) -> str:
    """Enforce a profile (RFC 8264, 7), as its own `enforce` does, in time linear in the text."""
    try:
        prepared: str = profile.idempotence_check(profile.apply_five_rules(text))
        profile.base.enforce(_asking_once(prepared))
    except UnicodeEncodeError as error:
        raise ValueError(f"PRECIS: {error.reason}") from None
    if not prepared:
        raise ValueError("PRECIS: it is empty")
    return prepared


def _asking_once(text: str) -> str:
    """Leave the characters whose rules look at the whole text at one place each.

    The rules of RFC 5892, A.7 to A.9, would be asked at every place, which takes time that grows
    with the square of the text. A letter stands in for the rest: to the rules about neighbours
    it is as good as they are.
    """
    for asking in (_KATAKANA_DOT, _ARABIC_DIGIT, _EXTENDED_ARABIC_DIGIT):
        first = asking.search(text)
        if first is not None:
            text = text[: first.end()] + asking.sub("a", text[first.end() :])
    return text


def _stringprep(profile: Any, text: str) -> str:
    try:
        prepared: str = profile.prepare(text)
    except UnicodeError:
        raise ValueError("stringprep does not allow it") from None
    return prepared


def _precis_local(text: str) -> str:
    local = _precis(_username, text)
    if not _EXCLUDED.isdisjoint(local):
        raise ValueError("RFC 7622, 3.3.1 excludes one of its characters")
    return local


def _stringprep_local(text: str) -> str:
    return _stringprep(nodeprep, text)


def _local_under_either(text: str) -> str:
    try:
        return _precis_local(text)
    except ValueError as error:
        return _or_else(error, nodeprep, text)


def _resource_under_either(text: str) -> str:
    try:
        return _precis(_opaque_string, text)
    except ValueError as error:
        return _or_else(error, resourceprep, text)


def _or_else(error: ValueError, profile: Any, text: str) -> str:
    try:
        return _stringprep(profile, text)
    except ValueError:
        raise error from None


def _ipv6(text: str) -> str:
    literal = _IPV6.fullmatch(text.lower())
    if literal is None:
        raise ValueError("it is no IPv6 address in brackets")
    address, zone = literal.groups(default="")
    try:
        return f"[{IPv6Address(address)}{zone}]"
    except AddressValueError:
        raise ValueError("it is no IPv6 address in brackets") from None


def _name(text: str) -> str:
    labels = _DOTS.split(text)
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    return ".".join(map(_label, labels))


def _label(text: str) -> str:
    label = unicodedata.normalize("NFKC", text).lower()
    if not label.isascii():
        return _unicode_label(label)
    if not _ASCII_LABEL.fullmatch(label):
        raise ValueError("a label has letters, digits and inner hyphens only")
    return _from_ace(label) if label.startswith(_ACE_PREFIX) else label


def _unicode_label(label: str) -> str:
    """A U-label of IDNA2008, or else what nameprep (RFC 3491) makes of it."""
    try:
        idna.check_label(label)
    except idna.IDNAError:
        label = _nameprep(label)
    if not label.isascii() and len(_to_ace(label)) > _LONGEST_ACE_LABEL:
        raise ValueError(f"a label is longer than {_LONGEST_ACE_LABEL} bytes in DNS")
    return label


def _nameprep(text: str) -> str:
    try:
        label = idna2003.nameprep(text)
    except UnicodeError:
        raise ValueError("neither IDNA2008 nor nameprep allows a label") from None
    if not _STD3.fullmatch(label) or "-" in (label[0], label[-1]):
        raise ValueError("a label has letters, digits and inner hyphens only")
    if any(map(stringprep.in_table_a1, label)):
        raise ValueError("a label has code points unknown to nameprep and IDNA2008")
    return label


def _to_ace(label: str) -> str:
    return _ACE_PREFIX + label.encode("punycode").decode("ascii")


def _from_ace(label: str) -> str:
    """The U-label an A-label stands for; one that is not its true A-label is refused."""
    try:
        decoded = label[len(_ACE_PREFIX) :].encode("ascii").decode("punycode")
    except UnicodeError:
        raise ValueError("a label is no valid Punycode") from None
    if decoded.isascii() or _unicode_label(decoded) != decoded or _to_ace(decoded) != label:
        raise ValueError("an A-label is not that of its U-label")
    return decoded
