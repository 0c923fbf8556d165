"""An administrator with slixmpp adds, disables and removes an account; ends with 0 if all is well.

Called with a port that has STARTTLS, a domain, and the password of its admin juliet. Its
certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import sys
from typing import Any

import slixmpp

ADMIN = "http://jabber.org/protocol/admin#"
PATIENCE = 60.0


class Person(slixmpp.ClientXMPP):
    """A client that knows ad-hoc commands."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        super().__init__(jid, password)
        self.port = port
        self.register_plugin("xep_0050")
        self.register_plugin("xep_0133")

    async def come(self) -> bool:
        """Log in; tells whether that was allowed."""
        started = asyncio.ensure_future(self.wait_until("session_start", PATIENCE))
        failed = asyncio.ensure_future(self.wait_until("failed_all_auth", PATIENCE))
        self.connect("127.0.0.1", self.port)
        done, pending = await asyncio.wait({started, failed}, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return started in done

    async def command(self, node: str, **values: Any) -> Any:
        """Carry out a command of the server's with these values; returns its last answer."""
        commands: Any = self["xep_0050"]
        answer = await commands.send_command(self.boundjid.domain, ADMIN + node, action="execute")
        session = answer["command"]["sessionid"]
        form = self["xep_0004"].make_form(ftype="submit")
        form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/admin")
        for name, value in values.items():
            form.add_field(var=name.replace("_", "-"), value=value)
        answer = await commands.send_command(
            self.boundjid.domain, ADMIN + node, payload=form, sessionid=session
        )
        assert answer["command"]["status"] == "completed", answer
        assert all(kind != "error" for kind, _ in answer["command"]["notes"]), answer
        return answer


async def run(port: int, domain: str, password: str) -> None:
    """Do it all."""
    juliet = Person(f"juliet@{domain}", password, port)
    assert await juliet.come()
    nurse = f"nurse@{domain}"
    commands: Any = juliet["xep_0050"]
    listed = await commands.get_commands(domain)
    nodes = {node for _, node, _ in listed["disco_items"]["items"]}
    assert {ADMIN + "add-user", ADMIN + "end-user-session", ADMIN + "announce"} <= nodes, nodes
    await juliet.command("add-user", accountjid=nurse, password="s", password_verify="s")
    first = Person(nurse, "s", port)
    gone = asyncio.ensure_future(first.wait_until("disconnected", PATIENCE))
    assert await first.come()
    await juliet.command("end-user-session", accountjids=[nurse])
    await gone
    await juliet.command("disable-user", accountjids=[nurse])
    assert not await Person(nurse, "s", port).come()
    await juliet.command("reenable-user", accountjids=[nurse])
    last = Person(nurse, "s", port)
    assert await last.come()
    await juliet.command("delete-user", accountjids=[nurse])
    assert not await Person(nurse, "s", port).come()
    await juliet.disconnect()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
    print("all done")
