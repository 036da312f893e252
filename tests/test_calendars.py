"""Every event of a schedule ends as a talk or as a reject, whichever generation of the format it is in."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics import web
from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import calendars

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "shared" / "data" / "C_events" / "fosdem"
needs_schedules = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real schedules are not in {DATA}")

SCHEDULE = """<?xml version="1.0" encoding="UTF-8"?>
<schedule>
  <conference>
    <title>Storage Days</title><venue>Town Hall</venue><city>Example City</city>
    <start>2026-03-28</start><end>2026-03-29</end>
    <day_change>06:00:00</day_change>
    <time_zone_name>Europe/Berlin</time_zone_name>
  </conference>
  <day index="1" date="2026-03-28">
    <room name="Big room">
      <event guid="g-1" id="1">
        <start>23:30</start><duration>00:25</duration><room>Small room</room><slug>fast</slug>
        <title>How fast &amp; why</title><subtitle/><track>Storage</track><type>talk</type>
        <language>en</language><abstract>&lt;p&gt;Fast.&lt;/p&gt;</abstract><description/>
        <url>https://example.org/talks/1</url>
        <persons><person id="7">Ann Example</person><person id="7">Ann Example</person>
          <person id="8">Bob Example</person></persons>
        <links><link href="https://example.org/a">A</link><link href="https://example.org/a">A</link></links>
      </event>
      <event id="2"><start>00:30</start><duration>1:05:00</duration><title>Night session</title></event>
      <event id="3"><date>2026-03-29T09:00:00+02:00</date><title>Breakfast</title></event>
    </room>
  </day>
</schedule>
"""


def read(
    workspace: Path, location: str, stream: str = "talks", cursor: dict[str, Any] | None = None
) -> list[Any]:
    instance = Instance("days-2026", None, calendars.Calendar(location))
    return list(calendars.read(instance, stream, Context(workspace, NOW, cursor or {})))


def read_text(folder: Path, text: str | bytes, stream: str = "talks") -> list[Any]:
    (folder / "schedule.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(folder, "schedule.xml", stream)


def payloads(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item)]


def rejects(handed: list[Any]) -> list[Reject]:
    return [one for one in handed if isinstance(one, Reject)]


@needs_schedules
@pytest.mark.parametrize(
    ("year", "events", "references", "people", "zone"),
    [
        (2012, 442, 513, 513, None),
        (2018, 689, 756, 651, None),
        (2023, 780, 935, 787, None),
        (2026, 883, 1_085, 927, "Europe/Brussels"),
    ],
)
def test_counts_of_real_schedules(
    year: int, events: int, references: int, people: int, zone: str | None
) -> None:
    """Three generations of the format give every event, and each speaker of a talk once."""
    handed = read(DATA, f"{year}.xml.gz")
    talks = payloads(handed)
    speakers = [person["id"] for talk in talks for person in talk["persons"]]
    assert (events, references, people) == (len(talks), len(speakers), len(set(speakers)))
    assert events == len({one.key for one in handed if isinstance(one, Item)})
    assert {(zone, zone is None)} == {(talk["zone"], talk["zone_unknown"]) for talk in talks}
    assert all(talk["start"].startswith(f"{year}-") and talk["duration_minutes"] for talk in talks)
    end = datetime.combine(datetime.fromisoformat(max(talk["start"] for talk in talks)), datetime.min.time())
    assert Claim(events, "talks in the schedule", handed[-1].observed_until) == handed[-1]
    assert end.date() < handed[-1].observed_until.date()
    (schedule,) = payloads(read(DATA, f"{year}.xml.gz", "events"))
    assert (f"FOSDEM {year}", "Brussels", zone) == (schedule["title"], schedule["city"], schedule["zone"])


@needs_schedules
def test_2026_lists_most_people_twice() -> None:
    """2,013 references in the file are 927 people, each once in a talk."""
    text = gzip.decompress((DATA / "2026.xml.gz").read_bytes())
    speakers = [person["id"] for talk in payloads(read(DATA, "2026.xml.gz")) for person in talk["persons"]]
    assert (text.count(b"<person "), len(set(speakers))) == (2_013, 927)


@needs_schedules
@pytest.mark.parametrize("stream", ["talks", "events"])
def test_an_unchanged_schedule_is_not_read_again(stream: str) -> None:
    """With last night's cursor there is no item, and the claim is the same."""
    first = read(DATA, "2023.xml.gz", stream)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    assert [Checkpoint(cursor), first[-1]] == read(DATA, "2023.xml.gz", stream, cursor)


def test_what_is_kept_of_a_talk(tmp_path: Path) -> None:
    """The whole payload: the talk's own room and zone, speakers and links once each, and nothing made up."""
    handed = read_text(tmp_path, SCHEDULE)
    talk, night, breakfast = payloads(handed)
    assert {
        "id": "1",
        "guid": "g-1",
        "slug": "fast",
        "title": "How fast & why",
        "subtitle": None,
        "track": "Storage",
        "room": "Small room",
        "type": "talk",
        "language": "en",
        "abstract": "<p>Fast.</p>",
        "description": None,
        "start": "2026-03-28T23:30:00+01:00",
        "zone": "Europe/Berlin",
        "zone_unknown": False,
        "duration_minutes": 25,
        "persons": [{"id": "7", "name": "Ann Example"}, {"id": "8", "name": "Bob Example"}],
        "links": ["https://example.org/a"],
        "url": "https://example.org/talks/1",
    } == talk
    assert ("2026-03-29T00:30:00+01:00", 65, "Big room", []) == tuple(
        night[name] for name in ("start", "duration_minutes", "room", "persons")
    )
    assert ("2026-03-29T09:00:00+02:00", None) == (breakfast["start"], breakfast["duration_minutes"])
    assert ["1", "2", "3"] == [one.key for one in handed if isinstance(one, Item)]
    assert Claim(3, "talks in the schedule", datetime(2026, 3, 30, tzinfo=UTC)) == handed[-1]


def test_what_is_kept_of_a_schedule(tmp_path: Path) -> None:
    """The event itself is one row, keyed by the calendar's id."""
    handed = read_text(tmp_path, SCHEDULE, "events")
    assert [
        {
            "form": "schedule",
            "uid": "days-2026",
            "title": "Storage Days",
            "acronym": None,
            "venue": "Town Hall",
            "city": "Example City",
            "start": "2026-03-28",
            "end": "2026-03-29",
            "zone": "Europe/Berlin",
            "url": None,
            "status": "confirmed",
        }
    ] == payloads(handed)
    assert ("days-2026", Claim(1, "events in the calendar", datetime(2026, 3, 30, tzinfo=UTC))) == (
        handed[0].key,
        handed[-1],
    )


def test_a_schedule_without_a_zone_is_marked(tmp_path: Path) -> None:
    """Without a zone, or with one that does not exist, UTC stands in and says so."""
    names = ("Moon/Base", "../x", "localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin")
    for zone in ("", *(f"<time_zone_name>{name}</time_zone_name>" for name in names)):
        text = SCHEDULE.replace("<time_zone_name>Europe/Berlin</time_zone_name>", zone)
        talks = payloads(read_text(tmp_path, text))
        assert [
            ("2026-03-28T23:30:00+00:00", None, True),
            ("2026-03-29T00:30:00+00:00", None, True),
            ("2026-03-29T09:00:00+02:00", None, False),
        ] == [(talk["start"], talk["zone"], talk["zone_unknown"]) for talk in talks]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("<event><title>x</title><start>10:00</start></event>", "an event without an id"),
        ('<event id="9"><start>10:00</start></event>', "event '9': no title"),
        ('<event id="9"><title>x</title></event>', "event '9': no start"),
        (
            '<event id="9"><title>x</title><start>25:00</start></event>',
            "event '9': its start '25:00' is no time of day",
        ),
        ('<event id="1"><title>x</title><start>10:00</start></event>', "event '1': this id was there before"),
    ],
)
def test_a_bad_event_is_named_and_the_rest_taken(tmp_path: Path, event: str, reason: str) -> None:
    """File, event and reason in the reject; every good talk arrives; both add up to the claim."""
    handed = read_text(tmp_path, SCHEDULE.replace("</room>\n  </day>", event + "</room>\n  </day>"))
    title = "x" if "<title>x" in event else ""
    assert [Reject("schedule.xml:event 4", reason, title)] == rejects(handed)
    assert (3, 4) == (len(payloads(handed)), handed[-1].count)


def test_a_talk_on_no_day_is_named(tmp_path: Path) -> None:
    """A clock without a date tells nothing."""
    handed = read_text(tmp_path, SCHEDULE.replace('date="2026-03-28"', 'date="Saturday"'))
    assert [
        "event '1': it stands in no day that has a date",
        "event '2': it stands in no day that has a date",
    ] == [reject.reason for reject in rejects(handed)]


def test_a_schedule_that_breaks_off_gives_what_is_before(tmp_path: Path) -> None:
    """A download that was cut off: its whole talks arrive, and the break is named."""
    handed = read_text(tmp_path, SCHEDULE[: SCHEDULE.index("Breakfast")])
    assert ["1", "2"] == [talk["id"] for talk in payloads(handed)]
    (reject,) = rejects(handed)
    assert "schedule.xml:end" == reject.location
    assert reject.reason.startswith("the XML breaks off here: no element found: line 21")
    assert 3 == handed[-1].count


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "looks like an empty file, not like a schedule in pentabarf XML"),
        (b"<!DOCTYPE html><html><br></html>", "is XML that begins with <html>"),
        (b"{}", "is JSON, and no schedule of frab, pretalx or Sessionize"),
        (b"{", "is broken JSON"),
        (b"Hello.", "looks like plain text, not like"),
        (b"\x00\x01", "looks like something binary, not like"),
        (b"<feed></feed>", "is XML that begins with <feed>, not with <schedule>"),
        (b"<?xml version='1.0' encoding='nonsense'?><schedule/>", "looks like broken XML, not like"),
        (b"\x1f\x8bnonsense", "breaks off while it is unpacked"),
        (
            b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><schedule>&b;</schedule>',
            "declares entities, which can be made to fill the memory",
        ),
    ],
)
def test_what_is_no_schedule_says_what_it_looks_like(tmp_path: Path, text: bytes, what: str) -> None:
    """The sentence names the calendar, the file, what is in it, and where to look."""
    with pytest.raises(SourceError) as caught:
        read_text(tmp_path, text)
    assert str(caught.value).startswith(f"calendar 'days-2026': schedule.xml {what}")
    assert str(caught.value).endswith("Check 'location' in ospo.toml.")


def test_a_location_stands_for_one_file(tmp_path: Path) -> None:
    """No file and several files are both told, for a calendar is one file."""
    with pytest.raises(SourceError) as caught:
        read(tmp_path, "*.xml")
    assert "calendar 'days-2026': *.xml matches no file. Check 'location' in ospo.toml." == str(caught.value)
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text(SCHEDULE)
    with pytest.raises(SourceError, match="matches 2 files, and a calendar is one file"):
        read(tmp_path, "*.xml")


def test_a_packed_bomb_is_left_unread(tmp_path: Path) -> None:
    """A schedule that unpacks beyond the limit is refused before it is parsed."""
    with gzip.open(tmp_path / "bomb.xml.gz", "wb", 1) as file:
        for _ in range(101):
            file.write(bytes(1 << 20))
    with pytest.raises(SourceError, match="is larger than 100 MB, which no schedule is"):
        read(tmp_path, "bomb.xml.gz")


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on loopback with one schedule, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = gzip.compress(SCHEDULE.encode()) if self.path == "/schedule.xml" else b"nothing here"
            self.send_response(200 if self.path == "/schedule.xml" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()


@pytest.mark.skipif(not hasattr(web, "download"), reason="web.download is not written yet")
def test_a_schedule_is_fetched_once_for_both_streams(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    """Talks and schedule of one night come from one request."""
    url, asked = server
    talks = read(tmp_path, f"{url}/schedule.xml")
    (schedule,) = payloads(read(tmp_path, f"{url}/schedule.xml", "events"))
    assert (3, "Storage Days") == (len(payloads(talks)), schedule["title"])
    assert ["/schedule.xml"] == asked


@pytest.mark.skipif(not hasattr(web, "download"), reason="web.download is not written yet")
def test_a_schedule_that_is_not_there_says_so(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    """A web address that gives no schedule is one clear sentence."""
    with pytest.raises(SourceError, match=r"calendar 'days-2026': .*404.*Check 'location' in ospo\.toml"):
        read(tmp_path, f"{server[0]}/gone.xml")


CLOCKS = st.sampled_from(["10:00", "9:30", "23:59:59", "24:00", "", "soon", "１0:00"])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", "3"]),
        CLOCKS,
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
        CLOCKS,
    ),
    max_size=8,
)


@given(EVENTS, st.none() | st.integers(0, 2000), st.binary(max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_schedule_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, events: list[Any], cut: int | None, noise: bytes
) -> None:
    """Broken rows, encodings and endings: every good talk arrives, and every bad one is named."""
    rows = "".join(
        f'<event id="{identity}"><start>{start}</start><duration>{duration}</duration>'
        f"<title>{escape(title)}</title></event>"
        for identity, start, title, duration in events
    )
    text = f'<schedule><day date="2026-03-28"><room name="a">{rows}</room></day></schedule>'.encode()
    if cut is not None:
        text = text[:cut] + noise + text[cut + 1 :]
    folder = tmp_path_factory.getbasetemp()
    try:
        handed = read_text(folder, text)
    except SourceError as error:
        assert str(error).startswith("calendar 'days-2026': schedule.xml")  # noqa: PT017 - it may or may not raise
        return
    assert handed[-1].count == len(payloads(handed)) + len(rejects(handed))
    if cut is None:
        good, seen = [], set()
        for identity, start, title, _ in events:
            if identity and identity not in seen and start in {"10:00", "9:30", "23:59:59"} and title.strip():
                good.append(identity)
                seen.add(identity)
        assert good == [talk["id"] for talk in payloads(handed)]
        assert len(events) == handed[-1].count


def later(handed: list[Any]) -> dict[str, Any]:
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in handed if isinstance(one, Checkpoint))
    return dict(cursor)


def test_a_talk_that_was_withdrawn_is_taken_out_and_one_that_was_given_stays(tmp_path: Path) -> None:
    """Before its time a talk that is no longer listed was withdrawn; afterwards only the list was cut."""
    first = read_text(tmp_path, SCHEDULE)
    (tmp_path / "schedule.xml").write_text(SCHEDULE.replace("Night session", "").replace('id="1"', 'id="11"'))
    instance = Instance("days-2026", None, calendars.Calendar("schedule.xml"))
    for now, gone in ((datetime(2026, 1, 1, tzinfo=UTC), ["1", "2"]), (NOW, [])):
        again = list(calendars.read(instance, "talks", Context(tmp_path, now, later(first))))
        assert gone == [one.key for one in again if isinstance(one, Item) and "is_taken_out" in one.payload]
        assert (
            again[-1].count == 3 + 2
        )  # eleven and breakfast, one reject, and the two that are no longer listed


def test_what_stands_behind_a_break_is_not_taken_out(tmp_path: Path) -> None:
    """A download that was cut off withdraws nothing."""
    before = datetime(2026, 1, 1, tzinfo=UTC)
    instance = Instance("days-2026", None, calendars.Calendar("schedule.xml"))
    first = read_text(tmp_path, SCHEDULE)
    (tmp_path / "schedule.xml").write_text(SCHEDULE[: SCHEDULE.index("Breakfast")])
    cut = list(calendars.read(instance, "talks", Context(tmp_path, before, later(first))))
    assert ["1", "2"] == [one.key for one in cut if isinstance(one, Item)]
    assert cut[-1].count == 4
    assert sorted(later(cut)["keys"]) == ["1", "2", "3"]
