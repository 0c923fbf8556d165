"""The server's time."""

import time

from xmppd.component.extension import HOST, Extension, iq
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

TIME = "urn:xmpp:time"


class EntityTime(Extension):
    """XEP-0202: tell the time in UTC and the server's offset from it (2)."""

    xep = 202, "2.0"
    features = (TIME,)

    @iq("get", TIME, "time", to=HOST)
    def get(self, request: Stanza) -> Stanza:
        """The time by the server's clock, to the second."""
        now = int(self.host.clock.seconds())
        offset = written_offset(time.localtime(now).tm_gmtoff)
        utc = format_datetime(now * 1_000_000)
        return request.reply(
            element(
                "time",
                TIME,
                None,
                element("tzo", None, None, offset),
                element("utc", None, None, utc),
            )
        )


def written_offset(seconds: int) -> str:
    """An offset from UTC as XEP-0082 writes it (3.2)."""
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"
