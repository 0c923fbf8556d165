"""Streams that other servers open."""

from tests.s2s.test_hostile import MESSAGE, Hostile


class EndTest(Hostile):
    def test_stream_error(self) -> None:
        """RFC 6120, 4.9.1.1: who gets a stream error closes the stream, and blames nobody."""
        raw = self.proved()
        heard = raw.send("<stream:error><system-shutdown xmlns='x'/></stream:error>")
        self.assertEqual(heard, "</stream:stream>")

    def test_what_is_under_way_behind_a_key(self) -> None:
        """Stanzas are taken (RFC 6120, 4.4), and a key is no stanza."""
        for sender in ("remote.test", "other.test"):
            raw = self.proved()
            self.place.got.clear()
            self.place.edge.close("remote.test")
            result = f"<db:result from='{sender}' to='capulet.test'>k</db:result>"
            raw.send(result + MESSAGE)
            self.assertEqual([stanza.name for stanza in self.place.got], ["message"])
