"""XEP-0082, the DateTime profile."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.datetimes import format_datetime, parse_datetime, parse_microseconds

MOON = datetime(1969, 7, 21, 2, 56, 15, tzinfo=UTC)

READ = [
    ("1969-07-21T02:56:15Z", MOON),
    ("1969-07-20T21:56:15-05:00", MOON),
    ("1969-07-21T16:56:15+14:00", MOON),
    ("1969-07-21T02:56:15.1Z", MOON + timedelta(microseconds=100_000)),
    ("1969-07-21T02:56:15.123Z", MOON + timedelta(microseconds=123_000)),
    ("1969-07-21T02:56:15.123456Z", MOON + timedelta(microseconds=123_456)),
    ("1969-07-21T02:56:15.1234569Z", MOON + timedelta(microseconds=123_456)),
    ("2000-02-29T00:00:00+00:00", datetime(2000, 2, 29, tzinfo=UTC)),
]

REFUSED = [
    "",
    "1969-07-21",
    "02:56:15Z",
    "1969-07-21T02:56:15",
    "1969-07-21 02:56:15Z",
    "1969-07-21t02:56:15z",
    "1969-07-21T02:56Z",
    "1969-07-21T02:56:15.Z",
    "1969-07-21T02:56:15,5Z",
    "1969-07-21T02:56:15+5",
    "1969-07-21T02:56:15+0500",
    "1969-07-21T02:56:15+05:60",
    "1969-07-21T02:56:15+24:00",
    "1969-07-21T02:56:15Z ",
    "1969-07-21T02:56:15Z\n",
    "19690721T02:56:15",
    "19690721T025615Z",
    "1969-W30-1T02:56:15Z",
    "-0044-03-15T12:00:00Z",
    "12345-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "1969-02-29T00:00:00Z",
    "1969-13-01T00:00:00Z",
    "1969-07-21T24:00:00Z",
    "1969-07-21T23:60:00Z",
    "1969-07-21T23:59:60Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "١٩٦٩-07-21T02:56:15Z",
]


class Reading(SynchronousTestCase):
    def test_datetimes(self) -> None:
        for text, moment in READ:
            with self.subTest(text=text):
                self.assertEqual(parse_datetime(text), moment)
                self.assertIs(parse_datetime(text).tzinfo, UTC)

    def test_refused(self) -> None:
        for text in REFUSED:
            with self.subTest(text=text):
                self.assertRaises(ValueError, parse_datetime, text)

    def test_many_digits(self) -> None:
        text = "1969-07-21T02:56:15." + "9" * 5000 + "Z"
        self.assertEqual(parse_datetime(text), MOON + timedelta(microseconds=999_999))

    def test_microseconds(self) -> None:
        self.assertEqual(parse_microseconds("1970-01-01T00:00:01.5Z"), 1_500_000)
        self.assertEqual(parse_microseconds("1969-12-31T23:59:59.999999Z"), -1)

    @settings(deadline=None, max_examples=200)
    @given(st.text(st.sampled_from("0123456789-:T.Z+"), max_size=30) | st.text(max_size=30))
    def test_never_anything_but_value_error(self, text: str) -> None:
        try:
            parse_datetime(text)
        except ValueError:
            return


class Writing(SynchronousTestCase):
    def test_from_datetime(self) -> None:
        self.assertEqual(format_datetime(MOON), "1969-07-21T02:56:15Z")
        self.assertEqual(
            format_datetime(MOON + timedelta(microseconds=120)), "1969-07-21T02:56:15.000120Z"
        )

    def test_other_zones_are_turned_into_utc(self) -> None:
        houston = MOON.astimezone(timezone(timedelta(hours=-5)))
        self.assertEqual(format_datetime(houston), "1969-07-21T02:56:15Z")

    def test_from_microseconds(self) -> None:
        self.assertEqual(format_datetime(0), "1970-01-01T00:00:00Z")
        self.assertEqual(format_datetime(-1), "1969-12-31T23:59:59.999999Z")

    def test_refused(self) -> None:
        early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
        for moment in (datetime(1969, 7, 21), early, 10**18, -(10**30)):
            self.assertRaises(ValueError, format_datetime, moment)

    @settings(deadline=None, max_examples=200)
    @given(st.datetimes(timezones=st.just(UTC)))
    def test_reads_back(self, moment: datetime) -> None:
        text = format_datetime(moment)
        self.assertEqual(parse_datetime(text), moment)
        self.assertEqual(format_datetime(parse_microseconds(text)), text)
