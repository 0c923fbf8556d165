"""Verbs on reports of spam and abuse."""

from typing import Any

from xmppd.app.ctl.addresses import domain_named, host_of
from xmppd.app.ctl.verb import AT_MOST, Parameter, Server, Verb
from xmppd.extensions.reports import listed, reports_of

MOST = 100
"""Reports of a domain that are listed where nothing else is asked for."""


async def report_list(
    server: Server, domain: str | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """List the newest reports of a domain, or of each, the newest of a domain last."""
    domains = server.config.domains if domain is None else [domain_named(server, domain)]
    found: list[dict[str, Any]] = []
    for each in domains:
        host = host_of(server, each)
        page = await reports_of(host).find(host.owner, limit=most, newest=True)
        found += map(listed, page.entries)
    return found


VERBS = (
    Verb(
        "report_list",
        "List reports of spam and abuse, the newest last.",
        report_list,
        (
            Parameter("domain", "domain", "Only those of this domain.", False, "--domain"),
            AT_MOST,
        ),
    ),
)
