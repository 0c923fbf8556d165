"""The stanzas that are measured with."""

DOMAIN = "localhost"

CLIENT_HEADER = (
    b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
COMPONENT_HEADER = CLIENT_HEADER.replace(b"jabber:client", b"jabber:component:accept")


def message(to: str, sender: str = "", id: str = "m0001234") -> bytes:
    """A chat message as clients send them: 100 bytes of text, a chat state, an origin id."""
    claimed = f" from='{sender}'" if sender else ""
    return (
        f"<message{claimed} to='{to}' type='chat' id='{id}'><body>Shall we meet at half past seven "
        "in front of the old theatre, or would you rather go straight there?</body>"
        "<active xmlns='http://jabber.org/protocol/chatstates'/>"
        f"<origin-id xmlns='urn:xmpp:sid:0' id='{id}'/></message>"
    ).encode()


PING = b"<iq type='get' id='p1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
PRESENCE = b"<presence><show>away</show><status>Back at half past seven</status></presence>"
