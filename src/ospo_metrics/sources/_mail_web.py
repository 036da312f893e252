"""Archives of mail on the web: Pipermail's index, HyperKitty, Pony Mail, public-inbox, or one file.

Parts are fetched one after the other, and only those that may have changed. A file that was fetched is read and
deleted: what is kept of a message is what metrics need.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlsplit

from ospo_metrics import web
from ospo_metrics.downloads import Fetched, fetch_file
from ospo_metrics.sources import _public_inbox
from ospo_metrics.sources._archive import Archive, FormatError, News, Part, PartError
from ospo_metrics.sources._mail_files import text_pieces
from ospo_metrics.sources._mailbox import Piece

PATIENCE = web.Patience(largest_body=4 << 30)
LARGEST_PAGE = 64 << 20
SETTLED_DAYS = 45
"""A month that was read when it was over for so long is not asked for again, where nothing tells of changes."""

_LINK = re.compile(
    r"<a\s[^>]*?href\s*=\s*[\"']?([^\"'\s>]+\.(?:txt|mbox|mbx)(?:\.(?:gz|bz2|xz|zst))?)[\"']?[^>]*>(.*?)</a>([^<]*)",
    re.IGNORECASE | re.DOTALL,
)
_ALWAYS_ASKED = 2
_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*From |\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|PK\x03\x04")


def open_archive(
    url: str, wanted: str, workspace: Path, now: datetime, known: Mapping[str, Mapping[str, Any]]
) -> Archive:
    """The archive at a URL, recognised by what it answers; raises `FormatError` where it is none that we know.

    `known` is what was remembered of its parts.
    """
    folder = workspace / "private" / "mail"
    if wanted in ("auto", "ponymail") and (address := _pony_mail_list(url)):
        return _pony_mail(url, address, folder, now)
    if wanted == "ponymail":
        raise FormatError(
            f"{url} names no list; write it as https://lists.example.org/list.html?dev@example.org"
        )
    if wanted == "public-inbox" or url.rstrip("/").endswith(".git"):
        return _git_archive(url, workspace)
    try:
        fetched = fetch_file(url, folder / "pages", known.get(_shown(url), {}), PATIENCE)
    except web.WebError as error:
        if wanted != "auto" or error.status not in (404, 403):
            raise FormatError(str(error)) from None
        return _git_archive(url, workspace, instead=f"{url} is not there, nor is a git repository")
    page = _page(fetched)
    if page is None:
        return _one_file(url, fetched)
    return _by_its_page(url, wanted, page, workspace, now)


def _page(fetched: Fetched | None) -> str | None:
    """The text of a page, which is then deleted; nothing where it is mail, or where it did not change."""
    if fetched is None:
        return None
    with fetched.path.open("rb") as file:
        text = file.read(2_000)
        if _TEXT.match(text):
            return None
        text += file.read(LARGEST_PAGE)
    fetched.path.unlink()
    return text.decode("utf-8", "replace")


def _by_its_page(url: str, wanted: str, page: str, workspace: Path, now: datetime) -> Archive:
    folder = workspace / "private" / "mail"
    if wanted == "hyperkitty" or (wanted == "auto" and "hyperkitty" in page.lower()):
        return _hyperkitty(url, page, folder, now)
    if wanted in ("auto", "pipermail", "mbox") and (parts := _linked(url, page, folder)):
        return Archive("Pipermail index", parts, is_live=True)
    if wanted != "auto":
        raise FormatError(f"{url} is no {wanted} archive")
    return _git_archive(url, workspace, instead=f"{url} is no archive of mail that is known here")


def _git_archive(url: str, workspace: Path, instead: str = "") -> Archive:
    try:
        epochs = _public_inbox.copies(url, workspace)
    except FormatError as error:
        raise FormatError(instead or str(error)) from None
    parts = [_public_inbox.part(epoch, epoch.name) for epoch in epochs]
    return Archive(_public_inbox.version(epochs[0]), parts, is_live=True)


def _one_file(url: str, fetched: Fetched | None) -> Archive:
    """One file at one address; it was fetched to see what it is, and is read from there, if it changed."""

    def look(_: Mapping[str, Any]) -> Iterator[News]:
        if fetched is not None:
            yield News(fetched.version, _pieces(fetched.path, _shown(url)))

    return Archive("mbox", [Part(_shown(url), look)], is_live=True)


def _linked(url: str, page: str, folder: Path) -> list[Part]:
    """The texts that an index page links to, oldest first; what it says beside a link tells of changes."""
    links: dict[str, str] = {}
    for href, text, after in _LINK.findall(page):
        beside = re.sub(r"<[^>]*>|\s+", " ", f"{text} {after}")
        links.setdefault(urljoin(url, html.unescape(href)), " ".join(beside.split()))
    newest_first = list(links.items())
    ordered = sorted(newest_first, key=lambda link: _month_of(link[0]))
    last = {link for link, _ in ordered[-_ALWAYS_ASKED:]}
    return [
        Part(_shown(link), partial(_linked_news, link, label, folder, is_last=link in last))
        for link, label in ordered
    ]


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _month_of(link: str) -> tuple[int, int, str]:
    """Where a file such as 2015-November.txt.gz, 2015q2.txt or 201511.mbox stands in time."""
    name = link.rsplit("/", 1)[-1].lower()
    if found := re.search(r"(\d{4})-?(?:q(\d)|([a-z]{3})[a-z]*|(\d{2}))?", name):
        year, quarter, word, number = found.groups()
        month = (
            _MONTHS.index(word) + 1 if word in _MONTHS else 3 * int(quarter) if quarter else int(number or 0)
        )
        return int(year), month, name
    return 0, 0, name


def _linked_news(
    link: str, label: str, folder: Path, before: Mapping[str, Any], *, is_last: bool
) -> Iterator[News]:
    if before and before.get("label") == label and not is_last:
        return
    yield from _fetched_news(link, folder, before, {"label": label})


def _fetched_news(
    url: str, folder: Path, before: Mapping[str, Any], mark: Mapping[str, Any], claimed: int | None = None
) -> Iterator[News]:
    """The text at an address, where it changed; what is not there (404) is an empty month."""
    try:
        fetched = fetch_file(url, folder, before if before.get("found") is not None else {}, PATIENCE)
    except web.WebError as error:
        if error.status in (404, 410) and "found" not in before:
            yield News(mark, (), claimed=claimed)
            return
        raise PartError(str(error)) from None
    if fetched is None:
        yield News({**before, **mark}, (), adds=True)
    else:
        yield News({**mark, **fetched.version}, _pieces(fetched.path, _shown(url)), claimed=claimed)


def _pieces(path: Path, name: str) -> Iterator[tuple[str, Piece]]:
    try:
        yield from text_pieces(path, name)
    finally:
        path.unlink(missing_ok=True)


def _hyperkitty(url: str, page: str, folder: Path, now: datetime) -> Archive:
    """A list of HyperKitty: its page links to its months, and each can be exported."""
    base = url if url.endswith("/") else f"{url}/"
    address = unquote(base.rstrip("/").rsplit("/", 1)[-1])
    months = {
        (int(year), int(month))
        for href, year, month in re.findall(r"href=\"([^\"]*?/(\d{4})/(\d{1,2})/)\"", page)
        if unquote(href).rstrip("/").endswith(f"{address}/{year}/{month}")
    }
    if not months:
        raise FormatError(f"{url} links to no month of {address}; write the address of the list's own page")
    parts = []
    for year, month in _from(min(months), now):
        following = (year + month // 12, month % 12 + 1)
        span = {"start": f"{year}-{month:02}-01", "end": f"{following[0]}-{following[1]:02}-01"}
        name = f"{address}-{year}-{month:02}.mbox.gz"
        export = urljoin(base, f"export/{quote(name, safe='@')}?{urlencode(span)}")
        end = now.replace(year=following[0], month=following[1], day=1)
        parts.append(Part(_shown(export), partial(_month_news, export, folder, end, now)))
    return Archive("HyperKitty", parts, is_live=True)


def _from(first: tuple[int, int], now: datetime) -> Iterator[tuple[int, int]]:
    year, month = first
    while (year, month) <= (now.year, now.month):
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _month_news(
    url: str, folder: Path, end: datetime, now: datetime, before: Mapping[str, Any]
) -> Iterator[News]:
    if before.get("is_settled"):
        return
    settled = now - end > timedelta(days=SETTLED_DAYS)
    yield from _fetched_news(url, folder, before, {"is_settled": settled})


def _pony_mail_list(url: str) -> str | None:
    """The address of the list that a URL of Pony Mail names, in any of the ways in which it does."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("list", [parts.query])[0]
    found = re.match(r"([\w.+-]+@[\w.-]+)", unquote(named))
    is_pony = re.search(r"/(?:list|thread|trends)(?:\.html)?$|/api/(?:mbox|stats)\.lua$|/$", parts.path)
    return found[1] if found and is_pony else None


def _pony_mail(url: str, address: str, folder: Path, now: datetime) -> Archive:
    """A list of Pony Mail: its statistics tell the months and how many messages each has."""
    base = re.sub(r"(?:/api/\w+\.lua|/[\w]+(?:\.html)?|/)$", "", url.partition("?")[0])
    name, _, domain = address.partition("@")
    asked = f"{base}/api/stats.lua?" + urlencode({"list": name, "domain": domain, "quick": "true"})
    try:
        told = json.loads(web.download(asked, LARGEST_PAGE))
        counts = {_year_month(key): int(count) for key, count in (told.get("active_months") or {}).items()}
        first, last = ((int(told[f"{end}Year"]), int(told[f"{end}Month"])) for end in ("first", "last"))
    except web.WebError as error:
        raise FormatError(str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FormatError(f"{asked} does not answer as Pony Mail does") from None
    parts = []
    for year, month in _from(min([first, *counts]), now):
        if (year, month) > max(last, (now.year, now.month)) or (counts and (year, month) not in counts):
            continue
        export = f"{base}/api/mbox.lua?" + urlencode(
            {"list": address, "date": f"{year}-{month:02}"}, safe="@"
        )
        end = now.replace(year=year + month // 12, month=month % 12 + 1, day=1)
        if counts:
            look = partial(_counted_news, export, folder, counts[year, month])
        else:
            look = partial(_month_news, export, folder, end, now)
        parts.append(Part(_shown(export), look))
    return Archive("Pony Mail", parts, is_live=True)


def _year_month(key: str) -> tuple[int, int]:
    year, _, month = key.partition("-")
    return int(year), int(month)


def _counted_news(url: str, folder: Path, count: int, before: Mapping[str, Any]) -> Iterator[News]:
    if before.get("count") != count:
        yield from _fetched_news(url, folder, {}, {"count": count}, claimed=count)


def _shown(url: str) -> str:
    """An address as messages are located by it, without anything secret."""
    return web.redact(url)
