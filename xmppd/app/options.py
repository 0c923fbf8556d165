"""Command-line options of the `twistd` plugins."""

from twisted.python import usage


class Options(usage.Options):
    """Options of `twistd xmpp-im`: the whole server in one process."""

    optParameters = (
        ("config", "f", None, "Configuration file (TOML)."),
        ("data", "d", "data", "Directory that holds everything the server keeps."),
    )
    optFlags = (
        ("check-config", None, "Check the configuration and exit."),
        ("explain", None, "Print the configuration in force, with defaults, and exit."),
    )

    def __init__(self) -> None:
        super().__init__()
        self["domains"] = []
        self["c2s"] = []

    def opt_domain(self, domain: str) -> None:
        """Domain to serve (repeatable)."""
        self["domains"].append(domain)

    def opt_c2s(self, endpoint: str) -> None:
        """Endpoint to listen on for clients, such as tcp6:5222 (repeatable)."""
        self["c2s"].append(endpoint)
