"""Verbs that look for what is wrong and change nothing."""

from datetime import UTC, datetime
from typing import Any

from xmppd.app.config_check import check_whole
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.ctl.server import checked_again
from xmppd.app.ctl.verb import Server, Verb
from xmppd.tls.certificate_files import CertificateError
from xmppd.tls.certificates import SOON, Certificates


async def check_config(server: Server) -> dict[str, Any]:
    """Read the configuration again without taking it."""
    try:
        config = checked_again(server)
        check_whole(config)
    except (ConfigError, CertificateError) as problem:
        return {"problems": [str(problem)], "warnings": []}
    return {"problems": [], "warnings": list(config.warnings)}


async def check_certs(server: Server) -> dict[str, Any]:
    """Look at the certificate files of every domain."""
    now = datetime.now(UTC)
    found = [certificate(server.config, domain, now) for domain in server.config.domains]
    return {
        "problems": [f"{each['domain']}: {each['problem']}" for each in found if each["problem"]],
        "warnings": [f"{each['domain']}: {each['warning']}" for each in found if each["warning"]],
        "certificates": found,
    }


def certificate(config: Config, domain: str, now: datetime) -> dict[str, Any]:
    """Return what is known of a domain's certificate, with what is wrong with it."""
    certificates = Certificates(config.certificates, (domain,), now=lambda: now)
    try:
        certificates.check()
        known: dict[str, Any] = {**certificates.describe(domain)}
    except CertificateError as error:
        return {"domain": domain, "problem": str(error), "warning": None}
    problem = None
    if known["file"] and not known["covers_domain"]:
        problem = f"{known['file']}: is for {', '.join(known['names']) or 'no name'}"
    return {"domain": domain, **known, "problem": problem, "warning": _warning(known, now)}


def _warning(known: dict[str, Any], now: datetime) -> str | None:
    if known["file"] is None:
        return "no certificate yet: one will be made that nobody trusts"
    if known["self_signed"]:
        return f"{known['file']}: is self-signed, so that clients do not trust it"
    if datetime.fromisoformat(known["not_after"]) < now + SOON:
        return f"{known['file']}: expires on {known['not_after'][:10]} (renew it)"
    return None


VERBS = (
    Verb(
        "check_config",
        "Look for what is wrong with the configuration.",
        check_config,
        needs="files",
        who="owner",
    ),
    Verb(
        "check_certs",
        "Look for what is wrong with certificates.",
        check_certs,
        needs="files",
        who="owner",
    ),
)
