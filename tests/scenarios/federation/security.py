"""The ways in which two servers prove to each other who they are: the columns of the matrix."""

from typing import NamedTuple


class Security(NamedTuple):
    """One way.

    :param believed: whether certificates are by an authority that all believe.
    :param dialback: whether dialback (XEP-0220) will do, besides certificates.
    :param direct: whether DNS knows only places where TLS comes first (XEP-0368).
    :param bidi: whether one stream goes both ways (XEP-0288).
    """

    believed: bool = True
    dialback: bool = True
    direct: bool = False
    bidi: bool = False

    @property
    def mechanism(self) -> str:
        """What proves a domain then."""
        return "EXTERNAL" if self.believed else "dialback"


CERTIFICATE = Security()
SELF_SIGNED = Security(believed=False)
WITHOUT_DIALBACK = Security(dialback=False)
DIRECT = Security(direct=True)
BIDI = Security(bidi=True)
