"""xmppd: a Twisted-based modular XMPP server toolkit."""
