"""`twistd xmpp-im`: the whole server in one process."""

from twisted.application.service import MultiService

from xmppd.app.options import Options


def makeService(options: Options) -> MultiService:
    """Return the service that `twistd` runs."""
    return MultiService()
