"""People who exist nowhere else, planted into every input, and a search for them in every byte and every cell."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb

ATTENDEES = "attendee-canary.example"
PUBLIC = "public-canary.example"
NAMESAKE = "wexford@namesake.example"
SHA = "c0ffee" + "0" * 34


def attendee(place: str) -> tuple[str, str]:
    """The address and name of somebody who is in one list only."""
    return f"quillon.{place}@{ATTENDEES}", f"Quillon {place.capitalize()}feather"


def public(place: str) -> tuple[str, str]:
    """The address and name of somebody who is in one public archive only."""
    return f"wexford.{place}@{PUBLIC}", f"Wexford {place.capitalize()}brook"


def login(place: str) -> str:
    return f"wexford-{place}-brook"


def plant(folder: Path) -> None:
    """Put a canary into every input of a simulated workspace, and into broken parts of each."""
    for write in (
        _attendance, _meetup, _broken_lists, _spreadsheets, _calendars, _schedules, _feeds, _mail, _git, _github,
        _gharchive, _catalogues,
    ):  # fmt: skip
        write(folder)


def _attendance(folder: Path) -> None:
    """One more row in every list of every form, and one that is broken."""
    for path in sorted((folder / "outreach" / "attendance").glob("*.csv")):
        text = path.read_text(encoding="utf-8-sig")
        lines = text.splitlines()
        rows = list(csv.reader(lines))
        last = next(row for row in reversed(rows) if len(row) > 3)
        header = next(row for row in rows if len(row) == len(last) and len(set(row)) > 3)
        if "email" not in " ".join(header).lower().replace("-", "") and "User ID" not in header:
            header = max((row for row in rows if any("mail" in cell.lower() for cell in row)), key=len)
        address, name = attendee(path.stem.replace("-", ""))
        broken_address, broken_name = attendee(path.stem.replace("-", "") + "broken")
        cells = [_cell(title, cell, address, name) for title, cell in zip(header, last, strict=False)]
        broken = [
            _cell(title, cell, broken_address, broken_name) for title, cell in zip(header, last, strict=False)
        ]
        out = io.StringIO()
        csv.writer(out).writerow(cells)
        csv.writer(out).writerow([*broken, "one", "cell", "too many"])
        path.write_text(text.rstrip("\n") + "\n" + out.getvalue(), encoding="utf-8")


def _cell(title: str, cell: str, address: str, name: str) -> str:
    title = title.lower()
    if "mail" in title and "order" not in title:
        return address
    if "name" in title and "order" not in title and "ticket type" not in title:
        return name
    if title in ("user id", "attendee #", "secret", "api_id", "ticket reference", "order #", "order code"):
        return cell + "9"
    return cell


def _meetup(folder: Path) -> None:
    address, name = attendee("meetupjson")
    _, broken = attendee("meetupjsonbroken")
    event = {"context": {}, "utc_offset": 3600000}
    answers = [
        {"member": {"id": 99001, "name": name, "bio": address}, "response": "yes", "guests": 0,
         "created": 1740000000000, "event": event},
        {"member": {"name": broken}, "response": address, "created": 1740000000000, "event": event},
    ]  # fmt: skip
    path = folder / "outreach/attendance/observability-meetup-2025/answers.json"
    path.parent.mkdir()
    path.write_text(json.dumps(answers))


def _broken_lists(folder: Path) -> None:
    """Lists that cannot be read: an unknown header, half a JSON, a spreadsheet, and bytes of another encoding."""
    lists = folder / "outreach/attendance"
    address, name = attendee("unknown")
    (lists / "unknown-form.csv").write_text(f"Person,Where to write\n{name},{address}\n{address},{name}\n")
    address, name = attendee("half")
    (lists / "half.json").write_text(f'[{{"member": {{"name": "{name}", "mail": "{address}"')
    address, name = attendee("sheet")
    (lists / "a-sheet.xlsx").write_bytes(b"PK\x03\x04 no archive" + f"{name} {address}".encode())
    address, name = attendee("latin")
    (lists / "latin.csv").write_bytes(f"email,status,role\n{address},there,{name} Größe\n".encode("latin-1"))


def _spreadsheets(folder: Path) -> None:
    address, name = public("sheet")
    with (folder / "outreach/goals.csv").open("a") as sheet:
        sheet.write(
            f"canary-goal,Ask {name} at {address},people,hello,blog,new_contributors,{address},2026-12-31\n"
        )
    with (folder / "outreach/introductions.csv").open("a") as sheet:
        sheet.write(f"2025-04-01,c-canary,hiring,{address},,trial,not a day {name}\n")
    address, name = attendee("survey")
    with (folder / "outreach/survey.csv").open("a") as sheet:
        sheet.write(f"community-2026,2026-05-04,,9,my friend {name} ({address}),520\n")
        sheet.write(f"community-2026,2026-05-04,{name},{address},,{name}\n")


def _calendars(folder: Path) -> None:
    """Who is invited and who invites: neither is kept, of an entry that is whole or one that is broken."""
    path = folder / "calendars/outreach.ics"
    entries = ""
    for place, start in (("calendar", "20250601T100000Z"), ("calendarbroken", "when it suits")):
        address, name = attendee(place)
        entries += (
            f"BEGIN:VEVENT\r\nUID:{place}-canary\r\nDTSTAMP:20231031T230000Z\r\nDTSTART:{start}\r\n"
            f"SUMMARY:A gathering\r\nORGANIZER;CN={name}:mailto:{address}\r\n"
            f"ATTENDEE;CN={name};RSVP=TRUE:mailto:{address}\r\n"
            f"CONTACT:{name} {address}\r\nDESCRIPTION:Ask {name} at {address}\r\nEND:VEVENT\r\n"
        )
    path.write_text(path.read_text().replace("END:VCALENDAR", entries + "END:VCALENDAR"))


def _schedules(folder: Path) -> None:
    path = folder / "schedules/openbuild-days-2025.xml"
    address, name = public("schedule")
    text = path.read_text()
    start = text.index("<event ")
    end = text.index("</event>", start) + len("</event>")
    event = text[start:end]
    there = event[event.index("<person id") : event.index("</person>") + len("</person>")]
    mine = event.replace(there, f'<person id="990001" email="{address}">{name}</person>')
    mine = mine.replace("<abstract>", f"<abstract>Write to {address} &lt;{address}&gt;. ", 1)
    number = event[event.index('id="') : event.index('"', event.index('id="') + 4) + 1]
    mine = mine.replace(number, 'id="990001"', 1)
    broken = event.replace(number, 'id="990002"', 1).replace(there, f'<person id="990002">{name}</person>')
    broken = broken.replace("<date>", f"<date>{address}", 1).replace("<start>", "<start>never", 1)
    path.write_text(text.replace(event, event + mine + broken, 1))


def _feeds(folder: Path) -> None:
    address, name = public("feed")
    path = folder / "feeds/blog.xml"
    text = path.read_text()
    tag = "entry" if "<entry" in text else "item"
    start, end = text.index(f"<{tag}>"), text.index(f"</{tag}>") + len(f"</{tag}>")
    entry = text[start:end].replace("fastfs-2", "canary")
    author = f"<author><name>{name}</name><email>{address}</email></author>"
    broken = f"<{tag}><id>canary-broken</id><title>By {name}, {address}</title>{author}</{tag}>"
    path.write_text(text[:end] + entry.replace(f"<{tag}>", f"<{tag}>{author}") + broken + text[end:])


def _mail(folder: Path) -> None:
    address, name = public("mail")
    broken, broken_name = public("mailbroken")
    archive = folder / "archives/tracewell-users/tracewell-users.mbox"
    with archive.open("a") as mbox:
        mbox.write(
            f"\nFrom {address} Mon Jun  2 10:00:00 2025\nFrom: {name} <{address}>\n"
            "Date: Mon, 2 Jun 2025 10:00:00 +0000\nMessage-ID: <canary-1@lists.example.org>\n"
            f"Reply-To: {address}\nSubject: A canary sings\n\nAsk me at {address}.\n-- \n{name}\n"
            f"\nFrom {broken} Mon Jun  2 10:00:00 2025\nX-From: {broken_name} <{broken}>\n"
            f"Subject: {broken}\n\n{broken}\n"
            # Somebody else of the same name.
            f"\nFrom {NAMESAKE} Mon Jun  2 11:00:00 2025\nFrom: {name} <{NAMESAKE}>\n"
            "Date: Mon, 2 Jun 2025 11:00:00 +0000\nMessage-ID: <canary-2@lists.example.org>\n"
            f"In-Reply-To: <canary-1@lists.example.org>\nSubject: Re: A canary sings\n\nAgreed.\n"
        )


def _git(folder: Path) -> None:
    address, name = public("git")
    other, other_name = public("coauthor")
    bare = folder / "git/example/fastfs.git"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"} | {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", address), ("DATE", "2025-06-02T10:00:00+0000"))
    }

    def git(*arguments: str, given: str = "") -> str:
        return subprocess.run(
            ["git", "-c", f"safe.directory={bare}", *arguments],
            cwd=bare, env=environment, input=given, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    head = git("rev-parse", "HEAD")
    message = (
        f"Fix what {other_name} saw\n\nReported-by: {other_name} <{other}>\nSigned-off-by: {name} <{address}>\n"
        f"Co-authored-by: {other_name} <{other}>\n"
    )
    commit = git("commit-tree", f"{head}^{{tree}}", "-p", head, given=message)
    git("update-ref", git("symbolic-ref", "HEAD"), commit)


def _github(folder: Path) -> None:
    """An issue, a comment of somebody else, a star, a commit and a profile; and a line that breaks off."""
    repository = folder / "github/example/fastfs"
    address, name = public("github")
    account = {"__typename": "User", "login": login("github"), "databaseId": 99777001}
    profile = {
        **account, "id": "U_canary_1", "name": name, "company": "Canary Ltd", "location": "Nowhere",
        "createdAt": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    issues = (repository / "issues.jsonl").read_text().splitlines()
    issue = json.loads(issues[0])
    mine = issue | {
        "id": "I_canary", "fullDatabaseId": "99777002", "number": 9001, "author": account,
        "url": "https://github.com/example/fastfs/issues/9001", "title": "A canary",
        "body": f"I am {name} <{address}>", "createdAt": "2025-06-02T10:00:00Z", "updatedAt": "2025-06-02T10:00:00Z",
    }  # fmt: skip
    comment = json.loads((repository / "issue_comments.jsonl").read_text().splitlines()[0]) | {
        "id": "IC_canary", "fullDatabaseId": "99777003", "number": 9001,
        "url": "https://github.com/example/fastfs/issues/9001#issuecomment-99777003",
        "body": f"Thank you @{login('github')}, and see https://github.com/{login('github')}/fork.",
    }  # fmt: skip
    commit = {
        "oid": SHA, "committedDate": "2025-06-02T10:00:00Z", "authoredDate": "2025-06-02T10:00:00Z",
        "author": {"name": name, "email": address, "date": "2025-06-02T10:00:00Z", "user": {"login": login("github")}},
        "authors": {"nodes": [{"name": name, "email": address, "user": {"login": login("github")}}]},
        "parents": {"totalCount": 1}, "message": f"By {name} <{address}>",
    }  # fmt: skip
    star = {"starredAt": "2025-06-02T10:00:00Z", "node": {**account, "id": "U_canary_1"}}
    for stream, payload in (
        ("issues", mine), ("issue_comments", comment), ("commits", commit), ("stars", star), ("people", profile)
    ):  # fmt: skip
        with (repository / f"{stream}.jsonl").open("a") as lines:
            lines.write(json.dumps(payload) + "\n")
    address, name = public("githubbroken")
    with (repository / "issue_comments.jsonl").open("a") as lines:
        lines.write(f'{{"number": 9001, "body": "{name} <{address}>", "author": {{"login": \n')


def _gharchive(folder: Path) -> None:
    address, name = public("gharchive")
    actor = {"id": 99777010, "login": login("gharchive"), "url": f"https://api.github.com/users/{login('gharchive')}",
             "gravatar_id": "", "avatar_url": "https://avatars.githubusercontent.com/u/99777010?"}  # fmt: skip
    repo = {"id": 700000001, "name": "example/fastfs", "url": "https://api.github.com/repos/example/fastfs"}
    push = {
        "id": "41", "type": "PushEvent", "actor": actor, "repo": repo, "created_at": "2025-06-02T10:00:00Z",
        "payload": {"commits": [{"sha": "a" * 40, "author": {"name": name, "email": address}, "message": address}]},
    }  # fmt: skip
    star = {"id": "42", "type": "WatchEvent", "actor": actor, "repo": repo, "created_at": "2025-06-02T11:00:00Z",
            "payload": {"action": "started"}}  # fmt: skip
    old = {
        "type": "PushEvent", "actor": login("gharchive"), "created_at": "2013-06-02T10:00:00Z", "url": "",
        "actor_attributes": {"type": "User", "login": login("gharchive"), "name": name, "email": address},
        "payload": {"shas": [["b" * 40, address, f"by {address}", name, True]]},
        "repository": {"id": 700000001, "name": "fastfs", "owner": "example"},
    }  # fmt: skip
    broken, broken_name = public("gharchivebroken")
    text = (
        "\n".join(map(json.dumps, (push, star, old))) + f'\n{{"id": "43", "actor": "{broken_name} {broken}"\n'
    )
    (folder / "gharchive").mkdir()
    with gzip.open(folder / "gharchive/2025-06-02-10.json.gz", "wt") as hour:
        hour.write(text)
    settings = folder / "ospo.toml"
    settings.write_text(
        settings.read_text().replace(
            "[privacy]", '[[sources.gharchive]]\nlocation = "gharchive/*.json.gz"\n\n[privacy]', 1
        )
    )


def _catalogues(folder: Path) -> None:
    address, name = public("catalogue")
    whole = {"name": "Canary Days", "url": "https://canary.example", "startDate": "2027-05-01", "endDate": "2027-05-02",
             "city": "Nowhere", "country": "Nowhere", "contact": address, "cfpUrl": f"mailto:{address}"}  # fmt: skip
    broken = {"url": f"mailto:{address}", "organiser": name, "startDate": "never"}
    (folder / "catalogue").mkdir()
    (folder / "catalogue/conferences.json").write_text(json.dumps([whole, broken]))
    settings = folder / "ospo.toml"
    settings.write_text(
        settings.read_text().replace(
            "[privacy]",
            '[[sources.catalogues]]\nid = "canaries"\nlocation = "catalogue/*.json"\n\n[privacy]',
            1,
        )
    )


# The search


def forms(text: str) -> list[bytes]:
    """A text as it may hide in bytes: plain in any letters, for URLs, HTML, JSON and mail, in UTF-16 and base64."""
    found = {text.lower().encode()}
    for other in (
        quote(text),
        text.replace("@", "&#64;"),
        text.replace("@", "\\u0040"),
        text.replace(" ", "+"),
    ):
        found.add(other.lower().encode())
    found |= {text.lower().encode("utf-16-le"), text.lower().encode("utf-16-be")}
    return sorted(found)


def packed_forms(text: str) -> list[bytes]:
    """A text inside something that was base64-ed, wherever in it the text begins; letters matter."""
    found = set()
    for spelled in (text, text.lower(), text.upper()):
        for before in range(3):
            whole = base64.b64encode(b"\0" * before + spelled.encode())
            found.add(whole[4 if before else 0 : -4])
    return sorted(found)


def in_bytes(content: bytes, needles: Iterable[str]) -> list[str]:
    """Those of the texts that stand in these bytes in any form."""
    lowered = content.lower()
    return [
        needle
        for needle in needles
        if any(form in lowered for form in forms(needle))
        or any(form in content for form in packed_forms(needle))
    ]


def in_files(folders: Iterable[Path], needles: Iterable[str]) -> list[str]:
    """Where a text stands: `file: text`, in every byte below these folders, and in every cell of every database."""
    wanted = list(needles)
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        found += [f"{path}: {needle}" for needle in in_bytes(content, wanted)]
        if path.suffix == ".duckdb" and content:
            found += [f"{path} {where}" for where in _in_duckdb(path, wanted)]
        if content.startswith(b"SQLite format 3"):
            found += [f"{path} {where}" for where in _in_sqlite(path, wanted)]
    return found


def _in_duckdb(path: Path, needles: list[str]) -> Iterator[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where not internal and database_name = current_database() "
            "and (data_type like '%VARCHAR%' or data_type like '%JSON%' or data_type like '%BLOB%')"
        ).fetchall()
        assert columns
        for schema, table, column in columns:
            text = f'"{column}"::varchar'
            asked = " or ".join(
                ["contains(lower(t), lower(n))", *(f"contains(t, f[{i}])" for i in range(1, 10))]
            )
            rows = connection.execute(
                f"""
                with needles as (select unnest($1::varchar[]) as n, unnest($2::varchar[][]) as f),
                cells as (select distinct {text} as t from "{schema}"."{table}" where {text} is not null)
                select n, count(*), any_value(left(t, 200)) from cells join needles on {asked} group by n
                """,
                [needles, [[form.decode() for form in (packed_forms(needle) * 9)[:9]] for needle in needles]],
            ).fetchall()
            yield from (f"{schema}.{table}.{column}: {needle} {count} {cell}" for needle, count, cell in rows)


def _in_sqlite(path: Path, needles: list[str]) -> Iterator[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'select * from "{table}"'):
                for needle in in_bytes(repr(row).encode(), needles):
                    yield f"{table}: {needle}"


@contextmanager
def watched(folder: Path, needles: list[str]) -> Iterator[list[str]]:
    """Look at the temporary files again and again, for most are gone when their work is done."""
    found: list[str] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            for path in folder.rglob("*"):
                try:
                    found.extend(f"{path}: {needle}" for needle in in_bytes(path.read_bytes(), needles))
                except OSError:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
        time.sleep(0.2)
    finally:
        is_over.set()
        thread.join()
