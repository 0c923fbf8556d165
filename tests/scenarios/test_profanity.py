"""Two people at their terminals, with profanity."""

import shutil
from pathlib import Path

from tests.scenarios.ports import LOOPBACK
from tests.scenarios.server import DOMAIN, ScenarioTestCase, Server, password_of
from tests.scenarios.terminal import Terminal, Terminals

ACCOUNT = """[account]
enabled=true
jid={user}@{domain}
resource={user}
server={host}
port={port}
password={password}
tls.policy=trust
"""
JULIET, ROMEO = f"juliet@{DOMAIN}", f"romeo@{DOMAIN}"


class ProfanityTest(ScenarioTestCase):
    if not (shutil.which("profanity") and shutil.which("tmux")):
        skip = "needs profanity and tmux"

    def setUp(self) -> None:
        self.terminals = Terminals()
        self.addCleanup(self.terminals.close)

    def log_in(self, server: Server, user: str) -> Terminal:
        """Start profanity for a user; it trusts the certificate that the server has made."""
        home = Path(self.mktemp()).resolve()
        accounts = home / "data" / "profanity" / "accounts"
        accounts.parent.mkdir(parents=True)
        (home / "config").mkdir()
        accounts.write_text(
            ACCOUNT.format(
                user=user,
                domain=DOMAIN,
                host=LOOPBACK,
                port=server.starttls,
                password=password_of(user),
            )
        )
        environment = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }
        terminal = self.terminals.open(user, ["profanity", "-a", "account"], environment)
        terminal.await_text("logged in successfully")
        return terminal

    def test_two_people(self) -> None:
        server = self.server("juliet", "romeo")
        juliet, romeo = self.log_in(server, "juliet"), self.log_in(server, "romeo")
        juliet.type(f"/sub request {ROMEO}")
        romeo.await_text("Received authorization request")
        romeo.type(f"/sub allow {JULIET}")
        juliet.await_text("Subscription received")
        juliet.type(f"/msg {ROMEO} Wherefore art thou")
        romeo.await_text("Wherefore art thou", typing="/win 2")
        romeo.type(f"/msg {JULIET} Neither, fair saint")
        juliet.await_text("Neither, fair saint")
        romeo.type("/ping")
        romeo.type("/win 1")
        romeo.await_text("Ping response")
        self.miss_and_catch_up(juliet, romeo)

    def miss_and_catch_up(self, juliet: Terminal, romeo: Terminal) -> None:
        """Romeo is away for a while."""
        romeo.type("/disconnect")
        romeo.await_text("logged out successfully")
        juliet.await_text("[offline]")
        juliet.type("Parting is such sweet sorrow")
        juliet.await_text("me: Parting is such")
        romeo.type("/connect account")
        romeo.await_text("Parting is such sweet sorrow", typing="/win 2")
