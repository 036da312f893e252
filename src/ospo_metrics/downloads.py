"""Fetching large public files: conditional, resumed where they broke off, bounded in size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ospo_metrics.web import Patience, WebError, asked_to_wait, cause, redact


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched, and what its server said of its version (`etag`, `modified`)."""

    path: Path
    version: dict[str, str]


_VERSION_HEADERS = {"etag": "ETag", "modified": "Last-Modified"}


def fetch_file(
    url: str,
    folder: Path,
    known: Mapping[str, Any],
    patience: Patience,
) -> Fetched | None:
    """Fetch a public file into a folder, or nothing where it is still the version that we know.

    What was interrupted, even by the end of the process, goes on where it stopped, if the server still has that
    version. One larger than `largest_body` is not fetched. `WebError` where it is not to be had, with the status
    of the answer, if there was one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    partial, note, whole = (folder / f"{name}{ending}" for ending in (".part", ".json", ".whole"))
    why = "no answer"
    for attempt in range(1, patience.attempts + 1):
        wait = patience.first_wait * 2 ** (attempt - 1)
        try:
            got = _continue(url, partial, note, known, patience)
        except requests.exceptions.SSLError as error:
            raise WebError(f"{redact(url)}: the certificate does not hold ({cause(error).why})") from None
        except requests.RequestException as error:
            trouble = cause(error)
            why = trouble.why
            if attempt >= patience.attempts_to_connect and trouble.kind == "unreachable":
                break
        else:
            if not isinstance(got, requests.Response):
                if got is None:
                    return None
                partial.replace(whole)
                note.unlink(missing_ok=True)
                return Fetched(whole, got)
            told = asked_to_wait(got.headers, patience.clock())
            if got.status_code < 500 and got.status_code != 429 and told is None:
                raise WebError(
                    f"{redact(url)} answers {got.status_code} {got.reason}", status=got.status_code
                )
            why, wait = f"it answers {got.status_code}", max(wait, told or 0)
        if wait > patience.longest_wait:
            raise WebError(f"{redact(url)}: {why}, and asks us to wait for {wait:,.0f} seconds")
        if attempt < patience.attempts:
            patience.sleep(wait)
    raise WebError(f"{redact(url)}: {why}, {attempt} times in a row")


def _continue(
    url: str, partial: Path, note: Path, known: Mapping[str, Any], patience: Patience
) -> dict[str, str] | requests.Response | None:
    """One attempt: the version once the file is whole, nothing if it is known, or the answer that is no file."""
    headers = {"User-Agent": "ospo-metrics", "Accept-Encoding": "identity"}
    begun = _begun(partial, note)
    if begun:
        headers |= {
            "Range": f"bytes={partial.stat().st_size}-",
            "If-Range": begun.get("etag") or begun["modified"],
        }
    else:
        asked = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
        headers |= {header: known[key] for key, header in asked.items() if known.get(key)}
    with requests.get(url, headers=headers, stream=True, timeout=patience.timeout) as answer:
        if answer.status_code == 304:
            return None
        if answer.status_code == 416:  # what we have is of another length; begin anew
            note.unlink(missing_ok=True)
            raise requests.exceptions.ChunkedEncodingError
        if answer.status_code not in (200, 206):
            return answer
        version = {
            key: answer.headers[header]
            for key, header in _VERSION_HEADERS.items()
            if header in answer.headers
        }
        goes_on = answer.status_code == 206
        if not goes_on:
            note.write_text(json.dumps({"url": url, **version}), encoding="utf-8")
        with partial.open("ab" if goes_on else "wb") as file:
            size = file.tell()
            expected = answer.headers.get("Content-Length", "")
            end = size + int(expected) if expected.isdigit() else None
            if (end or 0) > patience.largest_body:
                raise WebError(
                    f"{redact(url)}: the file has {end:,} bytes, more than {patience.largest_body:,}"
                )
            answer.raw.enforce_content_length = False  # we do, and keep what came before it broke off
            for chunk in answer.iter_content(1 << 18):
                size += file.write(chunk)
                if size > patience.largest_body:
                    raise WebError(f"{redact(url)}: the file is larger than {patience.largest_body:,} bytes")
        if end is not None and size < end:
            raise requests.exceptions.ChunkedEncodingError
        return version


def _begun(partial: Path, note: Path) -> dict[str, str]:
    """The version of which we already have a part; nothing where there is none to go on with."""
    if not (partial.is_file() and note.is_file() and partial.stat().st_size):
        return {}
    try:
        version: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    is_weak = version.get("etag", "").startswith("W/")
    return {
        key: version[key]
        for key in ("etag", "modified")
        if version.get(key) and not (key == "etag" and is_weak)
    }
