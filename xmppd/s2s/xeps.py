"""Which XEPs are spoken with other servers."""

from typing import ClassVar


class ServerProtocols:
    """XEP-0178: prove servers by their certificates, with SASL EXTERNAL (3);
    XEP-0185: make dialback keys and know them again without keeping them;
    XEP-0198: acknowledge stanzas, and resume streams that broke;
    XEP-0220: prove servers by keys, as initiating, receiving and authoritative server, several
    pairs of domains on one stream (2.6);
    XEP-0288: let one stream go both ways;
    XEP-0344: take a valid certificate for the key ("dialback without dialback");
    XEP-0368: find servers that speak TLS from the first byte, and be found as one;
    XEP-0478: say how large a stanza may be, and heed what others say of that.

    What documentation says of this folder: its protocols belong to streams, so no extension of
    the server's has them.
    """

    xep: ClassVar[tuple[()]] = ()
    also = (
        (178, "1.2"),
        (185, "1.0"),
        (198, "1.6.3"),
        (220, "1.1.1"),
        (288, "1.0.1"),
        (344, "0.4"),
        (368, "1.1.0"),
        (478, "0.2.0"),
    )
    default = True

    @classmethod
    def title(cls) -> str:
        """The part of the configuration that it is about."""
        return "s2s"
