"""XEP-0359: unique and stable ids of stanzas, which nobody else gives in an account's name."""

from xmppd.component.extension import Extension, on
from xmppd.component.stable_ids import without_stanza_id
from xmppd.component.stages import Received, Sent
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User

STANZA_ID = STANZA_IDS, "stanza-id"


class StanzaIds(Extension):
    """XEP-0359, 3: no message bears an id by an account that the account has not given.

    Other ids are others' affair, and `<origin-id/>` is the sender's own (rule 3).
    """

    xep = 359, "0.7.0"
    account_features = (STANZA_IDS,)

    @on(Received.MARK, "message", STANZA_ID)
    def discard_forged(self, stanza: Stanza, user: User) -> Stanza | None:
        """Business rule 2: deleted, also where we give none ourselves."""
        return without_stanza_id(stanza, user.jid)

    @on(Sent.MARK, "message", STANZA_ID)
    def discard_own(self, stanza: Stanza, session: Session) -> Stanza | None:
        """Business rule 2: clients give no ids either, lest the copies that the account's other
        devices and its archive get bear them."""
        return without_stanza_id(stanza, session.user.jid)
