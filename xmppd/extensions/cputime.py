"""The processor time that the server has used: a first extension to learn from."""

import time

from xmppd.component.extension import HOST, Extension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

CPUTIME = "ejabberd:cputime"


class CpuTime(Extension):
    """Tell the seconds of processor time that this process has used."""

    features = (CPUTIME,)
    default = False

    @iq("get", CPUTIME, "query", to=HOST)
    def get(self, request: Stanza) -> Stanza:
        """The seconds, to three digits."""
        seconds = element("cputime", None, None, f"{time.process_time():.3f}")
        return request.reply(element("query", CPUTIME, None, seconds))

    @iq("set", CPUTIME, "query", to=HOST)
    def set(self, request: Stanza) -> Stanza:
        """Time cannot be set."""
        raise StanzaError("not-allowed")
