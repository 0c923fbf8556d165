"""The ways in which two servers prove to each other who they are: the columns of the matrix."""

from typing import NamedTuple

EXTERNAL = "EXTERNAL"
DIALBACK = "dialback"


class Security(NamedTuple):
    """One way.

    :param believed: whether certificates are by an authority that all believe.
    :param server_only: whether certificates say that they are for servers, as those of public
        authorities do, and so not for who connects.
    :param dialback: whether dialback (XEP-0220) will do, besides certificates.
    :param direct: whether DNS knows only places where TLS comes first (XEP-0368).
    :param bidi: whether one stream goes both ways (XEP-0288).
    """

    believed: bool = True
    server_only: bool = False
    dialback: bool = True
    direct: bool = False
    bidi: bool = False
