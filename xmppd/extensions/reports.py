"""XEP-0377: reports of spam and abuse, kept for the host's admins."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.component.extension import Extension
from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_IDS, XML
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Host
from xmppd.storage.interfaces import Entry, Log

REPORTING = "urn:xmpp:reporting:1"
REASONS = "urn:xmpp:reporting:"

MAX_BYTES = 8_192
"""A longer report is kept without what it says beyond its reason."""
TOLD_AN_HOUR = 20
"""Messages that admins get at most; all reports are kept."""


class Reports(Extension):
    """XEP-0377: take reports that come with the blocking command, keep them, and tell admins."""

    xep = 377, "0.4.1"
    after = ("blocking",)
    features = (REPORTING,)

    @attrs.frozen
    class Options:
        """What becomes of reports."""

        kept: int = attrs.field(
            default=10_000, metadata={"doc": "Reports that are kept, the newest of them."}
        )
        tell_admins: bool = attrs.field(
            default=True, metadata={"doc": "Whether admins get a message about a report."}
        )

    def setup(self) -> None:
        self._log = reports_of(self.host)
        self._told: deque[float] = deque(maxlen=TOLD_AN_HOUR)

    def take(self, reporter: Jid, item: Element) -> None:
        """Take the report of one item of a `<block/>`, if there is a valid one (XEP-0377, 4).

        What is wrong with it is no reason not to block, so it is passed over.
        """
        for found in item.elements(REPORTING, "report"):
            if not found.getAttribute("reason"):
                continue
            report = Report(reporter, Jid.parse(item["jid"]), found)
            self._log.append(self.host.owner, report.to_bytes(), peer=report.jid)
            trimmed: Deferred[Any] = self._log.trim(self.host.owner, keep=self.options.kept)
            trimmed.addErrback(self.host.failed)
            self._tell(report)
            return

    def _tell(self, report: Report) -> None:
        now, told = self.host.clock.seconds(), self._told
        if not self.options.tell_admins:
            return
        if len(told) == TOLD_AN_HOUR and now - told[0] < 3600:
            return
        told.append(now)
        body = element("body", None, None, report.told())
        message = Stanza.make("message", body, sender=self.host.jid, type="normal")
        for admin in self.host.admins:
            self.host.send(message.readdressed(admin))


class Report:
    """Who was reported by whom; `reason` is the end of one of XEP-0377's names or any other URN,
    `text` what the reporter says, `stanza_ids` name the messages that it is about."""

    def __init__(self, reporter: Jid, jid: Jid, report: Element) -> None:
        self.reporter = reporter
        self.jid = jid
        self.reason = str(report["reason"]).removeprefix(REASONS)
        self.text = " ".join(" ".join(map(str, report.elements(REPORTING, "text"))).split())
        self.stanza_ids = [one.getAttribute("id", "") for one in _ids(report)]
        self._report = report

    def told(self) -> str:
        """The report in one line, for people."""
        says = f": {self.text}" if self.text else ""
        return f"{self.reporter} blocked and reported {self.jid} ({self.reason}){says}"

    def to_bytes(self) -> bytes:
        """What is kept of it."""
        data: bytes = self._report.toXml(prefixes={XML: "xml"}).encode()
        if len(data) > MAX_BYTES:
            data = element("report", REPORTING, {"reason": self._report["reason"]})
        return element("reported", None, {"by": self.reporter, "jid": self.jid}, data)

    @classmethod
    def parse(cls, data: bytes) -> Report:
        """Read what `to_bytes` made. Raises ValueError."""
        kept = parse_stanza(data)
        report = kept.child(REPORTING, "report")
        if report is None:
            raise ValueError("no report")
        return cls(Jid.parse(kept.attrs["by"]), Jid.parse(kept.attrs["jid"]), report)


def _ids(report: Element) -> Iterable[Element]:
    found: Iterable[Element] = report.elements(STANZA_IDS, "stanza-id")
    return found


def reports_of(host: Host) -> Log:
    """Where the reports of a host are kept."""
    return host.log_store("reports")


def listed(entry: Entry) -> dict[str, Any]:
    """A kept report as a value for lists."""
    report = Report.parse(entry.body)
    return {
        "time": format_datetime(entry.time),
        "reporter": report.reporter,
        "jid": report.jid,
        "reason": report.reason,
        "text": report.text,
        "stanza_ids": report.stanza_ids,
    }
