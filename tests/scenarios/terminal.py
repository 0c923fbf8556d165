"""Programs that want a terminal, in windows of tmux that nobody sees."""

import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0


class Terminals:
    """A tmux of its own. `close` ends it with all that runs in it."""

    def __init__(self) -> None:
        # the path of a socket must be short
        self._folder = tempfile.TemporaryDirectory(prefix="xmppd-tmux-")
        self._socket = Path(self._folder.name) / "tmux"

    def open(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> "Terminal":
        """Run a command in a window of its own."""
        settings = [f"{key}={value}" for key, value in environment.items()]
        line = shlex.join(["env", *settings, *command])
        self.tmux("new-session", "-d", "-s", name, "-x", "160", "-y", "50", line)
        return Terminal(self, name)

    def tmux(self, *words: str) -> str:
        """Have tmux do something; return what it prints."""
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout

    def close(self) -> None:
        self.tmux("kill-server")
        self._folder.cleanup()


class Terminal:
    """One window."""

    def __init__(self, terminals: Terminals, name: str) -> None:
        self._terminals = terminals
        self._name = name

    def type(self, line: str) -> None:
        """Write a line and press Enter."""
        self._terminals.tmux("send-keys", "-t", f"={self._name}:", "-l", line)
        self._terminals.tmux("send-keys", "-t", f"={self._name}:", "Enter")

    def screen(self) -> str:
        """What it shows."""
        return self._terminals.tmux("capture-pane", "-p", "-t", f"={self._name}:")

    def await_text(self, text: str, typing: str = "") -> None:
        """Wait until it shows a text; until then a line is typed again and again."""
        deadline = time.monotonic() + PATIENCE
        while text not in (screen := self.screen()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{self._name} does not show {text!r}:\n{screen.strip()}")
            if typing:
                self.type(typing)
            time.sleep(0.2)
