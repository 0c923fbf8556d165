"""A bot by slixmpp that answers every chat message with its words in capital letters."""

import argparse
import asyncio

from slixmpp import ClientXMPP


class Bot(ClientXMPP):
    """Loud."""

    def __init__(self, jid: str, password: str, **options: object) -> None:
        super().__init__(jid, password, **options)
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("message", self.answer)

    async def start(self, _: object) -> None:
        self.send_presence()

    def answer(self, message: object) -> None:
        if message["type"] in ("chat", "normal"):
            message.reply(message["body"].upper()).send()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("jid")
    parser.add_argument("password")
    parser.add_argument("--at", help="ADDRESS:PORT of a test server, in plain text")
    given = parser.parse_args()
    if given.at is None:
        bot = Bot(given.jid, given.password)
        bot.connect()
    else:
        clear = {"feature_mechanisms": {"unencrypted_scram": True}}
        bot = Bot(given.jid, given.password, plugin_config=clear)
        bot.enable_direct_tls = bot.enable_starttls = False
        bot.enable_plaintext = True
        address, _, port = given.at.partition(":")
        bot.connect(address, int(port))
    asyncio.get_event_loop().run_forever()


if __name__ == "__main__":
    main()
