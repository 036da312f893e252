"""The five steps of a run in their order, written down once for the flow and for `run --direct`."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from ospo_metrics import digest, documentation, pages, retention, sending, transform
from ospo_metrics.catalog import CatalogError
from ospo_metrics.collect import Collected, collect
from ospo_metrics.erase import Erased, EraseError, Wanted, erase
from ospo_metrics.items import Source, SourceError
from ospo_metrics.paths import is_url
from ospo_metrics.privacy import PrivacyError
from ospo_metrics.progress import Teller, warnings_told
from ospo_metrics.pseudonyms import KeyUnusableError
from ospo_metrics.publish import publish
from ospo_metrics.sending import SendError
from ospo_metrics.settings import (
    Calendar,
    Catalogue,
    Feed,
    GHArchive,
    Git,
    GitHub,
    GitHubRepoStats,
    Identities,
    MailingList,
    Outreach,
    SettingsError,
    Workspace,
)
from ospo_metrics.sources import discover
from ospo_metrics.transform import BuildError
from ospo_metrics.warehouse import WarehouseError, open_warehouse

ANSWERABLE = (
    SourceError, SettingsError, WarehouseError, BuildError, CatalogError, PrivacyError, KeyUnusableError, EraseError,
    SendError,
)  # fmt: skip
"""Errors whose text is a sentence for the person on call; anything else is a defect and keeps its traceback."""


OUTSIDE = (OSError, duckdb.IOException, duckdb.TransactionException, duckdb.OutOfMemoryException)
"""Errors that come from the machine: a full disk, a folder that may not be written, too little memory."""


class StepError(Exception):
    """A step ended without what it was for; the text is one clear sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did: a sentence, and the counts behind it."""

    summary: str
    rows: dict[str, int] = field(default_factory=dict)
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `part` is the source where there is one, `stops_run` if nothing may follow a failure."""

    verb: str
    do: Callable[[Teller], Outcome]
    part: str = ""
    touches_web: bool = False
    stops_run: bool = True

    @property
    def name(self) -> str:
        return f"{self.verb} {self.part}".strip()


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a whole run ended."""

    run_id: str
    outcomes: list[tuple[str, Outcome]]
    ok: bool
    message: str


def new_run_id() -> str:
    """A name for a run that sorts by time: `20261122T033000123456Z`."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def plan(workspace: Workspace, run_id: str) -> list[Step]:
    """Everything a nightly run does: collect each source that is configured, let go of what is too old, build,
    check, publish, report; and once a week, where the settings name a day for it, send the digest."""
    sends = workspace.settings.digest is not None and workspace.settings.digest.send_on is not None
    return [
        *collecting(workspace, run_id),
        Step("retain", lambda _: _retain(workspace)),
        Step("build", lambda progress: _build(workspace, progress)),
        Step("check", lambda _: _check(workspace)),
        Step("publish", lambda _: _publish(workspace)),
        Step("report", lambda progress: _report(workspace, progress)),
        *([Step("send-digest", lambda _: _send(workspace))] if sends else []),
    ]


def erasing(workspace: Workspace, wanted: Wanted, done: list[Erased]) -> Step:
    """Take somebody out of the log; what became of it is put into `done`."""

    def do(_: Teller) -> Outcome:
        done.append(erase(workspace, wanted))
        rows = done[0].rows
        changed, deleted = sum(rows.changed.values()), sum(rows.deleted.values())
        return Outcome(
            f"{changed:,} rows changed, {deleted:,} deleted, {done[0].tombstones} tombstones left.",
            {"changed": changed, "deleted": deleted},
        )

    return Step("erase", do)


def collecting(workspace: Workspace, run_id: str) -> list[Step]:
    """One step for each source that ospo.toml names."""
    configured = workspace.settings.sources
    named = {name: source for name, source in discover().items() if getattr(configured, name, None)}
    if not named:
        return [Step("collect", lambda _: _nothing_to_collect(workspace))]
    return [
        Step(
            "collect",
            lambda progress, source=source: _collect(workspace, source, run_id, progress),  # type: ignore[misc]
            part=name,
            touches_web=_touches_web(getattr(configured, name)),
            stops_run=False,
        )
        for name, source in named.items()
    ]


def run(
    workspace: Workspace,
    do_step: Callable[[Step], Outcome],
    verbs: Collection[str] | None = None,
    first: Sequence[Step] = (),
) -> RunResult:
    """Do the steps in order, note each in `meta.runs`, and go on where a failure leaves the rest useful.

    `verbs` leaves out what is not named in it, `first` are steps before those of every night; `do_step` does one
    step, as it is or as a Prefect task.
    """
    with _alone(workspace):
        return _run(workspace, do_step, verbs, first)


def _run(
    workspace: Workspace,
    do_step: Callable[[Step], Outcome],
    verbs: Collection[str] | None,
    first: Sequence[Step],
) -> RunResult:
    run_id = new_run_id()
    outcomes: list[tuple[str, Outcome]] = []
    for step in [*first, *plan(workspace, run_id)]:
        if verbs is not None and step.verb not in verbs:
            continue
        note(workspace, run_id, step.name, "running")
        try:
            outcome = do_step(step)
        except (*ANSWERABLE, StepError, *OUTSIDE) as error:
            outcome = Outcome(told_plainly(error, workspace), ok=False)
        except KeyboardInterrupt:
            note(workspace, run_id, step.name, "failed", "stopped by a person")
            raise
        except BaseException as error:
            note(workspace, run_id, step.name, "failed", f"unexpected {type(error).__name__}")
            raise
        note(workspace, run_id, step.name, "done" if outcome.ok else "failed", outcome.summary)
        outcomes.append((step.name, outcome))
        if not outcome.ok and step.stops_run:
            break
    failed = [(name, outcome) for name, outcome in outcomes if not outcome.ok]
    if not failed:
        last = outcomes[-1][1].summary if outcomes else "there was nothing to do"
        return RunResult(run_id, outcomes, True, f"{len(outcomes)} steps done; {last}")
    name, outcome = failed[-1]
    others = f" ({len(failed) - 1} more failed before it)" if len(failed) > 1 else ""
    return RunResult(run_id, outcomes, False, f"{name} failed{others}: {outcome.summary}")


def told_plainly(error: BaseException, workspace: Workspace) -> str:
    """What went wrong, as a sentence; where the machine is the cause, with what to look at."""
    if not isinstance(error, OUTSIDE):
        return str(error)
    if isinstance(error, OSError):
        what = f"{error.filename or workspace.folder}: {error.strerror or error}"
    else:
        what = str(error).splitlines()[0]
    free = shutil.disk_usage(workspace.folder).free / 1e6
    return f"{what}. {free:,.0f} MB are free at {workspace.folder}; see that there is room and that it may be written."


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Keep a second run out for as long as this one lasts, however it ends."""
    workspace.private.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (workspace.private / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise WarehouseError(
                f"a run of {workspace.folder} is under way ({file.read().strip()}). Wait for it, or stop that process."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now().astimezone():%Y-%m-%d %H:%M}")
        file.flush()
        yield


def told(step: Step, progress: Teller, workspace: Workspace) -> Outcome:
    """Do a step and tell how it ended, in one line, whether or not it went well."""
    began = time.monotonic()
    try:
        with warnings_told(progress):
            outcome = step.do(progress)
    except (*ANSWERABLE, StepError, *OUTSIDE) as error:
        outcome = Outcome(told_plainly(error, workspace), ok=False)
    mark = "ok    " if outcome.ok else "FAILED"
    progress.say(f"{mark}  {step.name:<22} {outcome.summary} ({time.monotonic() - began:.1f} s)")
    return outcome


def note(workspace: Workspace, run_id: str, step: str, status: str, detail: str | None = None) -> None:
    """Keep in `meta.runs` what became of a step; a row that still says running was interrupted."""
    now = datetime.now(UTC)
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute(
            """
            insert into meta.runs values ($run_id, $step, $now, $end, $status, $detail)
            on conflict do update set finished_at = excluded.finished_at, status = excluded.status,
                detail = excluded.detail
            """,
            {
                "run_id": run_id,
                "step": step,
                "now": now,
                "end": None if status == "running" else now,
                "status": status,
                "detail": detail,
            },
        )


def _collect(workspace: Workspace, source: Source, run_id: str, progress: Teller) -> Outcome:
    if source.NAME in ("attendance", "outreach"):  # whoever they name becomes a pseudonym while they are read
        transform.ensure_key(workspace)
    return _collected(collect(workspace, source, run_id, progress))


def _touches_web(
    configured: GitHub
    | Outreach
    | Sequence[Git | GHArchive | GitHubRepoStats | MailingList | Calendar | Feed | Catalogue | Identities],
) -> bool:
    """Whether a source asks anybody else, so that trying again can help."""
    if isinstance(configured, Outreach):
        return False
    if isinstance(configured, GitHub):
        return configured.recorded is None
    return any(is_url(entry.location) for entry in configured)


def _nothing_to_collect(workspace: Workspace) -> Outcome:
    raise StepError(
        f"{workspace.settings_file} names no source, so there is nothing to collect. "
        "Take the # from one of its [sources] tables and fill it in; 'ospo-metrics check' helps."
    )


def _collected(collected: Collected) -> Outcome:
    rows = {
        "new": collected.added,
        "held": collected.held,
        "duplicates": collected.duplicates,
        "rejects": collected.rejects,
    }
    if collected.failures:
        more = f" And {len(collected.failures) - 1} more." if len(collected.failures) > 1 else ""
        return Outcome(collected.failures[0] + more, rows, ok=False)
    told = f"{collected.added:,} new, {collected.held:,} held"
    if collected.duplicates:
        told += f", {collected.duplicates:,} twice"
    if collected.rejects:
        told += f", {collected.rejects:,} set aside ('ospo-metrics status' says why)"
    told += "."
    if collected.stopped:
        more = f" And {len(collected.stopped) - 1} more." if len(collected.stopped) > 1 else ""
        told += f" Stopped early: {collected.stopped[0]}{more}"
    return Outcome(told, rows)


def _retain(workspace: Workspace) -> Outcome:
    retained = retention.apply(workspace, datetime.now(UTC))
    counts = {"registrations": retained.registrations, "people": retained.people}
    return Outcome(retained.sentence(workspace), counts)


def _build(workspace: Workspace, progress: Teller) -> Outcome:
    built = transform.build(workspace, progress)
    return Outcome(
        f"{built.models} models built, {built.tests} tests of the data passed.",
        {"models": built.models, "tests": built.tests},
    )


def _check(workspace: Workspace) -> Outcome:
    failures = transform.failures(workspace)
    if failures:
        raise StepError(
            "nothing is published and yesterday's numbers stay, because "
            + "; ".join(failures[:3])
            + (f"; and {len(failures) - 3} more" if len(failures) > 3 else "")
        )
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        gaps = connection.execute(
            "select source, name, stream, gap from meta.reconciliation join meta.sources "
            "using (source, instance, stream) where gap <> 0 and is_configured order by all"
        ).fetchall()
    if not gaps:
        return Outcome("What the sources count is what we hold.", {"gaps": 0})
    source, name, stream, gap = gaps[0]
    more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    return Outcome(
        f"The sources count differently from us: {source} {name} {stream} by {gap:+,}{more}; "
        "see meta.reconciliation.",
        {"gaps": len(gaps)},
    )


def _publish(workspace: Workspace) -> Outcome:
    rows = publish(workspace)
    wanted = ("core.fct_activities", "core.dim_people", "core.dim_projects", "metrics.metric_values")
    shown = {name: rows[name] for name in wanted if name in rows}
    return Outcome(
        f"{workspace.database} holds " + ", ".join(f"{n:,} {t}" for t, n in shown.items()) + ".", shown
    )


def _report(workspace: Workspace, progress: Teller) -> Outcome:
    written = pages.report(workspace, progress)
    digest.write(workspace)
    documentation.write(workspace)
    return Outcome(f"{len(written)} pages and digest.md; open {written[0]}", {"pages": len(written)})


def _send(workspace: Workspace) -> Outcome:
    now = datetime.now(UTC)
    if not sending.is_due(workspace, now):
        return Outcome("Not due: it is sent already, or its day has not come.")
    return Outcome(sending.send(workspace, now).sentence)
