"""The XML parser, held to restricted XML (RFC 6120, 11.1), and what its errors are in XMPP."""

import codecs
from pyexpat import ExpatError, ParserCreate, XMLParserType, errors, version_info

from xmppd.protocol.errors import StreamError
from xmppd.protocol.spans import SEPARATOR

_BAD_ENCODING = {
    errors.codes[errors.XML_ERROR_UNKNOWN_ENCODING],
    errors.codes[errors.XML_ERROR_INCORRECT_ENCODING],
}
_BAD_ENTITY = {
    errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY],
    errors.codes[errors.XML_ERROR_PARAM_ENTITY_REF],
    errors.codes[errors.XML_ERROR_RECURSIVE_ENTITY_REF],
}
_BAD_TOKEN = {
    errors.codes[errors.XML_ERROR_INVALID_TOKEN],
    errors.codes[errors.XML_ERROR_PARTIAL_CHAR],
    errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN],
}

if version_info < (2, 4, 6):
    raise ImportError("xmppd needs expat 2.4.6 or later (CVE-2022-25236)")
if version_info >= (2, 6, 0) and not hasattr(ParserCreate(), "SetReparseDeferralEnabled"):
    raise ImportError("expat 2.6 needs a Python with SetReparseDeferralEnabled (3.11.9, 3.12.3)")


def new_parser(names: dict[str, str]) -> XMLParserType:
    """A parser that refuses documents' types, comments and processing instructions.

    :param names: where it keeps the names that it meets, each once.
    """
    parser = ParserCreate("UTF-8", SEPARATOR, names)
    if hasattr(parser, "SetReparseDeferralEnabled"):
        parser.SetReparseDeferralEnabled(False)
    parser.StartDoctypeDeclHandler = _refuse
    parser.CommentHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    return parser


def silence(parser: XMLParserType) -> None:
    """Have it run idle over what is left of the bytes that it was given."""
    parser.StartElementHandler = parser.EndElementHandler = None
    parser.StartCdataSectionHandler = None
    parser.StartDoctypeDeclHandler = parser.CommentHandler = None
    parser.ProcessingInstructionHandler = None


def condition(error: ExpatError, buffer: bytes | bytearray, at: int, first: bool) -> StreamError:
    """What RFC 6120 calls it (4.9.3, 11.1): expat tells bad UTF-8 from bad tokens nowhere.

    What is no XML from its first byte on, like a TLS greeting, is just not well-formed.

    :param at: where in the buffer it happened.
    :param first: whether that is the first byte of the stream.
    """
    code = error.code
    if code in _BAD_ENCODING:
        return StreamError("unsupported-encoding")
    if code in _BAD_TOKEN and not first and _is_bad_utf8(buffer, at):
        return StreamError("unsupported-encoding")
    if code in _BAD_ENTITY:
        return StreamError("restricted-xml", "undefined entity")
    return StreamError("not-well-formed")


def check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    """Refuse an XML declaration that names another encoding (RFC 6120, 11.6)."""
    if encoding is not None and encoding.lower() != "utf-8":
        raise StreamError("unsupported-encoding")


def _is_bad_utf8(buffer: bytes | bytearray, at: int) -> bool:
    """Whether the bytes at that place are not a character in UTF-8."""
    try:
        codecs.utf_8_decode(buffer[at : at + 4], "strict", False)
    except UnicodeDecodeError as error:
        return error.start == 0
    return False


def _refuse(*_: object) -> None:
    raise StreamError("restricted-xml")
