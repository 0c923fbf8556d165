"""The public test kit: a whole server in a test. See `docs/how-to/test-a-bot.md`."""
