"""How streams end that a session manager ends (session protocol, 3.7)."""


def prefixed(error: bytes) -> bytes:
    """A stream error that declares its namespace, as it is written in a stream of ours."""
    start, stop = error.index(b">") + 1, error.rindex(b"</")
    return b"<stream:error>%b</stream:error>" % error[start:stop]
