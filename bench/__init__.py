"""What a stanza, a login and an idle session cost. `make bench` prints a table."""
