"""Catalogues of conferences: the same event under several topics is one event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED
from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import catalogues

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REAL = SHARED / "C_events" / "tech-conferences-conference-data"
DAYS = {
    "name": "Days",
    "url": "https://days.example.org",
    "startDate": "2026-05-01",
    "endDate": "2026-05-02",
    "city": "Gent",
}


def read(folder: Path, cursor: dict[str, Any] | None = None) -> list[Any]:
    instance = Instance("tech", None, catalogues.Catalogue("*/*.json"))
    return list(catalogues.read(instance, "conferences", Context(folder, NOW, cursor or {})))


def put(folder: Path, name: str, content: Any) -> None:
    (folder / "2026").mkdir(exist_ok=True)
    (folder / "2026" / name).write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real catalogue is not in {REAL}")
def test_the_real_catalogue() -> None:
    """6,831 records are 6,007 conferences by name, start and city, and none is set aside."""
    handed = read(REAL)
    items = [one for one in handed if isinstance(one, Item)]
    assert len(items) == len({one.key for one in items}) == 6_007
    assert [one for one in handed if isinstance(one, Reject)] == []
    assert (handed[-1].count, handed[-1].how) == (6_007, "different conferences in 6,831 records")
    topics = sum(len(json.loads(one.payload)["topics"]) for one in items)
    assert 6_007 < topics <= 6_831


def test_topics_are_gathered_and_a_bad_record_is_named(tmp_path: Path) -> None:
    """One conference with both topics; a record without a name or with a date that is none is set aside."""
    put(tmp_path, "data.json", [DAYS, {"startDate": "2026-01-01"}, {**DAYS, "startDate": "2026-02-30"}])
    put(tmp_path, "rust.json", [DAYS, {**DAYS, "city": "Brno"}])
    put(tmp_path, "web.json", '[{"name": "Cut off"')
    handed = read(tmp_path)
    found = {one.key: json.loads(one.payload)["topics"] for one in handed if isinstance(one, Item)}
    assert found == {"Days|2026-05-01|Gent": ["data", "rust"], "Days|2026-05-01|Brno": ["rust"]}
    assert [(one.location, one.reason.split(" (")[0]) for one in handed if isinstance(one, Reject)] == [
        ("2026/data.json:record 2", "record 2: a conference without a name"),
        ("2026/data.json:record 3", "record 3: startDate '2026-02-30' is no date; write it as 2026-01-31"),
        ("2026/web.json:record 0", "record 0: web.json is broken JSON"),
    ]
    assert (handed[-1].count, handed[-1].how) == (2 + 3, "different conferences in 6 records")


def test_a_conference_that_was_taken_out_is_taken_out(tmp_path: Path) -> None:
    """Unchanged files give nothing; a record that is gone is marked and stays counted."""
    put(tmp_path, "data.json", [DAYS, {**DAYS, "city": "Brno"}])
    first = read(tmp_path)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    assert [type(one) for one in read(tmp_path, cursor)] == [Checkpoint, Claim]
    put(tmp_path, "data.json", [DAYS])
    after = read(tmp_path, cursor)
    assert [one.key for one in after if isinstance(one, Item) and "is_taken_out" in one.payload] == [
        "Days|2026-05-01|Brno"
    ]
    assert after[-1].count == 2


def test_no_file_is_told(tmp_path: Path) -> None:
    """What, where, what next."""
    with pytest.raises(
        SourceError, match=r"catalogue 'tech': \*/\*\.json matches no file\. Check 'location'"
    ):
        read(tmp_path)
