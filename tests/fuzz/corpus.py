"""Streams that once went wrong, or that are made to."""

_OPEN = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
_DIALBACK = (
    b"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:server'"
    b" xmlns:db='jabber:server:dialback'>"
)

STREAMS = (
    _OPEN + b"<message/><message><body>hello</body></message>",
    _OPEN + b"<message><message/><message></message></message><m/>",
    _OPEN + b"<message><a b='/>'>/></a><a b=\"'/>\"/></message>",
    _OPEN + b"<m xmlns:m='jabber:client'><m:m/></m><m:m xmlns:m='jabber:client'/>",
    _OPEN
    + b"<message><x xmlns='-'><y xmlns=''/></x><x xmlns=''><y xmlns='-'/></x>stream:</message>",
    _OPEN + b"<message><xml:x><body xmlns='jabber:client'/></xml:x>stream:</message><xml:x/>",
    _OPEN + b"<message xmlns:a='u'><a:b a:c='1'/><c a:c='2'><d a:d='3'/></c></message>",
    _OPEN + b"<message><stream:x a='1' stream:a='2'><y stream:a='3'/></stream:x></message>",
    _OPEN + b"<message><body xmlns='jabber:&#99;lient'/></message>",
    _OPEN + b"hello\x01",
    _OPEN + b"\x01",
    _OPEN + b"hello<!-- x -->",
    _OPEN + b" <!-- x -->",
    _OPEN + b"hello</stream:stream>",
    _OPEN + b"<![CDATA[ ]]>",
    _OPEN + b"&#32;<message/>",
    _OPEN + b"\xef\xbb\xbf<message/>",
    _OPEN + b"<message><body>\xe2\x82<",
    _OPEN + b"<message a=b/><message><body>\xff",
    _OPEN + b"<message/>\0<message/>",
    _OPEN + b"<message/></stream:stream>\0<message/><!-- -->",
    _DIALBACK + b"<db:result from='a.test' to='b.test'>x</db:result><message><body/></message>",
    b"\xff\xfe<\0s\0",
    b"<\0s\0",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00\x01",
)
