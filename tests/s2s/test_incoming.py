"""Streams that other servers open."""

from tests.s2s.test_hostile import Hostile


class EndTest(Hostile):
    def test_stream_error(self) -> None:
        """RFC 6120, 4.9.1.1: who gets a stream error closes the stream, and blames nobody."""
        raw = self.proved()
        heard = raw.send("<stream:error><system-shutdown xmlns='x'/></stream:error>")
        self.assertEqual(heard, "</stream:stream>")
