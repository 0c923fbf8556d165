"""XEP-0153: the hash of the vCard's photo in the presence that an account's sessions send."""

from typing import Any

from twisted.internet.defer import Deferred

from xmppd.component.extension import Extension, on
from xmppd.component.stages import Sent
from xmppd.extensions.vcard import Photo, vcard_of
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.vcards import photo_hash
from xmppd.sm.session import Session
from xmppd.storage.interfaces import Versioned

UPDATE = "vcard-temp:x:update"


class VCardAvatar(Extension):
    """XEP-0153, 3.1 and 4.1: advertised by the server, as XEP-0398, 4 says, for all clients."""

    xep = 153, "1.1.1"

    @on(Sent.MARK, "presence")
    def mark(self, stanza: Stanza, session: Session) -> Stanza | Deferred[Any] | None:
        """Put the hash in, unless the client says that it shows no avatar."""
        if "type" in stanza.attrs:
            return None
        photo: Photo | None = session.notes.get(Photo)
        if photo is None:
            return self._look_up(stanza, session)
        return _marked(stanza, photo.sha1) if photo.sha1 else None

    def _look_up(self, stanza: Stanza, session: Session) -> Deferred[Stanza | None]:
        def found(vcard: Versioned[bytes] | None) -> Stanza | None:
            photo = Photo("") if vcard is None else Photo(photo_hash(vcard.value))
            session.notes[Photo] = photo
            return _marked(stanza, photo.sha1) if photo.sha1 else None

        def not_found(reason: Any) -> None:
            self.host.failed(reason)

        return vcard_of(session.user).get().addCallback(found).addErrback(not_found)


def _marked(stanza: Stanza, sha1: str) -> Stanza | None:
    """XEP-0398, 4: an empty photo stays, anything else gives way to what is true."""
    said: Any = stanza.child(UPDATE, "x")
    if said is not None:
        photo = None if said.photo is None else str(said.photo).strip()
        if photo == "" or photo == sha1:
            return None
        stanza = stanza.without(UPDATE, "x")
    return stanza.adding(element("x", UPDATE, None, element("photo", None, None, sha1)))
