"""The command line: thin verbs over the library."""

from __future__ import annotations

import os
import shutil
import sys
import webbrowser
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ospo_metrics import __version__, prefect_server, project
from ospo_metrics.progress import Bars, Lines, Teller
from ospo_metrics.settings import FILE_NAME, Workspace, open_workspace

app = typer.Typer(
    help="Outreach of an open source program office, measured honestly.",
    epilog="Begin with 'ospo-metrics demo', or with 'ospo-metrics init my-ospo' and 'ospo-metrics check'.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Folder = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds ospo.toml.", metavar="DIR")
]
HERE = Path()
explainer = typer.Typer(help="Tell how something came about.", no_args_is_help=True)
app.add_typer(explainer, name="explain", rich_help_panel="Look")


class Format(StrEnum):
    """How `query` writes its answer."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"ospo-metrics {__version__}")
        raise typer.Exit


@app.command(rich_help_panel="Begin")
def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make it.")] = HERE) -> None:
    """Make a new workspace: settings with comments, spreadsheets for the outreach team, .gitignore."""
    with sentences():
        template = project.root() / "data" / "workspace"
        if (folder / FILE_NAME).exists():
            raise UsageError(f"{folder / FILE_NAME} is there already; nothing was changed.")
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(path for path in template.rglob("*") if path.is_file()):
            name = source.relative_to(template)
            target = folder / (".gitignore" if name.name == "gitignore" else name)
            if target.exists():
                print(f"kept  {target}")
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            print(f"made  {target}")
        print(f"\nNow edit {folder / FILE_NAME}, then: ospo-metrics check --workspace {folder}")


@app.command(rich_help_panel="Begin")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make it.")] = Path(
        "demo-workspace"
    ),
    scale: Annotated[float, typer.Option(help="How many times the usual number of people.", min=0.05)] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 2026,
    direct: Annotated[bool, typer.Option("--direct", help="Without Prefect.")] = False,
) -> None:
    """Simulate a workspace whose truth is known, and run the nightly flow on it."""
    from ospo_metrics import simulation

    with sentences():
        folder.mkdir(parents=True, exist_ok=True)
        with nullcontext() if direct else prefect_server.Server(folder) as server:
            if simulation.is_current(folder, seed, scale):
                print(f"The simulated workspace in {folder} is used again.")
            else:
                print(f"Simulating two years of three communities in {folder} …", flush=True)
                with telling() as progress:
                    simulation.simulate(folder, seed=seed, scale=scale, progress=progress)
            workspace = open_workspace(folder)
            status = (
                _run_directly(workspace, None) if server is None else prefect_server.run_flow(folder, server)
            )
    if status == 0:
        print(f"\nThe dashboards, on simulated data: {workspace.dashboards / 'index.html'}")
        command = "ospo-metrics" if shutil.which("ospo-metrics") else sys.argv[0]
        print(f'The numbers: {command} query -w {folder} "select * from metrics.metric_catalog"')  # noqa: S608
    raise typer.Exit(status)


@app.command(rich_help_panel="Begin")
def check(workspace: Folder = HERE) -> None:
    """Look at settings, credentials, reachability and disk; say ok or what to do; change nothing."""
    from ospo_metrics.check import check as findings

    bad = 0
    with sentences():
        for finding in findings(open_workspace(workspace)):
            bad += not finding.ok
            print(f"{'ok      ' if finding.ok else 'TO DO   '}{finding.what}: {finding.text}", flush=True)
    if bad:
        fail(f"{bad} {'thing needs' if bad == 1 else 'things need'} you before a run can be trusted.")


@app.command(rich_help_panel="Every night")
def run(
    workspace: Folder = HERE,
    direct: Annotated[bool, typer.Option("--direct", help="Without Prefect, in this process.")] = False,
) -> None:
    """Collect, build, check, publish and report, as one Prefect flow."""
    with sentences():
        place = open_workspace(workspace)
        status = _run_directly(place, None) if direct else prefect_server.run_flow(place.folder)
    raise typer.Exit(status)


@app.command(rich_help_panel="Every night")
def serve(workspace: Folder = HERE) -> None:
    """Keep the nightly schedule of ospo.toml on this machine, until Ctrl-C."""
    with sentences():
        place = open_workspace(workspace)
        status = prefect_server.serve(
            place.folder, place.settings.schedule.cron, place.settings.ospo.timezone
        )
    raise typer.Exit(status)


@app.command(rich_help_panel="One step")
def collect(workspace: Folder = HERE) -> None:
    """Read what is new in every source into the raw log."""
    _steps(workspace, ["collect"])


@app.command(rich_help_panel="One step")
def build(workspace: Folder = HERE) -> None:
    """Bring all tables up to date and test the data, with dbt."""
    _steps(workspace, ["build"])


@app.command(rich_help_panel="One step")
def publish(workspace: Folder = HERE) -> None:
    """Check the last build, and swap the published file if all is well."""
    _steps(workspace, ["check", "publish"])


@app.command(rich_help_panel="One step")
def report(
    workspace: Folder = HERE,
    opened: Annotated[bool, typer.Option("--open", help="Open the first page in a browser.")] = False,
) -> None:
    """Make the dashboards from the published file."""
    place = _steps(workspace, ["report"])
    index = place.dashboards / "index.html"
    if opened and not webbrowser.open(index.as_uri()):
        print(f"No browser could be started here; open {index} in yours.")


@app.command(rich_help_panel="Every week")
def send_digest(
    workspace: Folder = HERE,
    again: Annotated[bool, typer.Option("--again", help="Also if it was sent this week already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, and send nothing.")] = False,
) -> None:
    """Send the digest of the week by mail or into a chat, to whom ospo.toml names; once a week at most."""
    from ospo_metrics import digest, sending

    with sentences():
        place = open_workspace(workspace)
        if dry_run:
            url = place.settings.digest.dashboards_url if place.settings.digest else None
            print(digest.as_text(digest.make(place), url or ""), end="")
        else:
            print(sending.send(place, datetime.now(UTC), again=again).sentence)


@app.command(rich_help_panel="Every week")
def figures(
    metrics: Annotated[
        list[str] | None, typer.Argument(help="Names of metrics; else the first two of each page.")
    ] = None,
    workspace: Folder = HERE,
) -> None:
    """Draw charts of the whole program as pictures, for slides and mails, with the browser of this machine."""
    from ospo_metrics.figures import write

    with sentences():
        for path in write(open_workspace(workspace), metrics or []):
            print(path)


@app.command(rich_help_panel="Look")
def query(
    sql: Annotated[str, typer.Argument(help="The question, in DuckDB's SQL.")],
    workspace: Folder = HERE,
    form: Annotated[Format, typer.Option("--format", "-f", help="How to write the answer.")] = Format.table,
) -> None:
    """Ask the published file a question; it is never locked by a run."""
    from ospo_metrics.query import answer

    with sentences():
        answer(open_workspace(workspace), sql, form.value, sys.stdout)


@explainer.command()
def person(
    handle: Annotated[str, typer.Argument(help="A GitHub login or an e-mail address.")],
    workspace: Folder = HERE,
) -> None:
    """Tell whom somebody is taken for, and the chain of rules behind it; it reads the private warehouse."""
    from ospo_metrics.explain import person as explain

    with sentences():
        found = explain(open_workspace(workspace), handle)
    because = f", because {found.kind_reason}" if found.kind_reason else ""
    print(f"Person {found.person_id}: {found.kind}{because}. Known as:")
    for known in found.identities:
        seen = (
            f"{known.acts:,} acts, {known.first_seen_at:%Y-%m-%d} to {known.last_seen_at:%Y-%m-%d}"
            if known.acts and known.first_seen_at and known.last_seen_at
            else "no acts"
        )
        print(f"  {known.name}: {seen}")
        for sentence in known.because:
            print(f"      {sentence}")
    for sentence in found.apart:
        print(f"Kept apart: {sentence}.")


@explainer.command()
def metric(
    name: Annotated[str, typer.Argument(help="The name of a metric, such as new_contributors.")],
    workspace: Folder = HERE,
    scope: Annotated[
        str | None, typer.Option(help="The id of a community, project, event or campaign; else the program.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help="A month (2026-06), a week (2026-W26), or the last day of a period (2026-06-30); else the newest."
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option(min=0, max=10_000, help="How many rows behind the number to show.")
    ] = 10,
) -> None:
    """Tell what a metric means, how it is computed, and the rows behind one of its numbers."""
    from ospo_metrics import words
    from ospo_metrics.explain_metric import metric as explain
    from ospo_metrics.query import write_rows

    with sentences():
        found = explain(open_workspace(workspace), name, scope, period, rows)
    told, first = found.metric, found.numbers[0]
    print(f"{told.title} ({told.metric}, {told.kind} in {told.unit}, one row per {told.grain})\n")
    print(told.definition)
    print(f"How to read it: {told.how_to_read.strip()}")
    print(f"How sure: {told.interval.strip()}")
    for caveat in told.caveats:
        print(f"Mind: {caveat}")
    if told.chaoss_name:
        print(f"CHAOSS: {told.chaoss_name}, {told.chaoss_url}. {told.chaoss_deviation}".rstrip())
    print(f"\n{told.sql}\n")
    print(
        f"{first['scope_kind']} {first['scope_id']}, {words.in_period(first['period_start'], first['period_end'])}:"
    )
    for row in found.numbers:
        number = words.Number(**row)
        print(f"  {number.segment}: {words.sentence(told, number, number.scope_id)}")
        known = {name: row[name] for name in _NUMBERS if row[name] is not None}
        if known:
            print("      " + ", ".join(f"{name} {value:g}" for name, value in known.items()))
    for behind in found.behind:
        print(f"\nBehind it, {behind.total:,} rows of {behind.model}. {behind.description}")
        write_rows(behind.columns, behind.rows, sys.stdout)


@app.command(rich_help_panel="Look")
def status(workspace: Folder = HERE) -> None:
    """Tell of the last runs, how fresh each source is, rows, rejects, and what is missing."""
    from ospo_metrics.status import status as look

    with sentences():
        found = look(open_workspace(workspace))
    console = Console(highlight=False)
    _table(
        console,
        "Last runs",
        ["run", "started", "ended", "status", "steps"],
        [[*r[:4], r[5]] for r in found.runs],
    )
    _table(console, "Sources", *_told(found.by_instance()))
    _table(
        console,
        "What the last run spent",
        ["source", "for", "of how many", "requests", "points"],
        found.spending,
    )
    _table(console, "Set aside", ["source", "of", "reason", "how many", "for example"], found.rejects)
    _table(
        console,
        "Counts that differ",
        ["source", "of", "stream", "the source says", "it counts", "gap", "which means"],
        found.gaps,
    )
    console.print("[bold]What is missing[/bold]")
    for text in found.missing or ["Nothing."]:
        console.print(f"  {text}", markup=False)
    if found.kept:
        console.print("[bold]How long people are known[/bold]")
    for text in found.kept:
        console.print(f"  {text}", markup=False)


class Audience(StrEnum):
    """For whom `export` makes its edition."""

    public = "public"


@app.command(rich_help_panel="Privacy")
def export(
    audience: Annotated[Audience, typer.Option(help="For whom it is.")] = Audience.public,
    workspace: Folder = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to put it; public/ otherwise.")
    ] = None,
) -> None:
    """Make an edition for everybody: metrics and pages, small groups folded, nobody named."""
    from ospo_metrics.export import export as make

    del audience
    with sentences():
        place = open_workspace(workspace)
        folder = (output or place.folder / "public").resolve()
        counts = make(place, folder)
    print(
        f"{folder} holds {counts['told']:,} numbers for everybody; {counts['folded']:,} more are folded, "
        "because their group is too small, or one that is could be worked out from it."
    )


@app.command(rich_help_panel="Privacy")
def erase(
    *,
    email: Annotated[
        list[str] | None, typer.Option(help="An address of the person; may be repeated.")
    ] = None,
    handle: Annotated[
        list[str] | None, typer.Option(help="A GitHub handle of theirs; may be repeated.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="A name of theirs in one place, such as 'speaker:fosdem-2026 4711'; may be repeated."
        ),
    ] = None,
    workspace: Folder = HERE,
    only: Annotated[
        bool, typer.Option("--only", help="These alone, and none that are linked to them.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a person everywhere, keep them from coming back, publish anew, and print a certificate."""
    from ospo_metrics import erase as erasing
    from ospo_metrics import steps

    with sentences():
        place = open_workspace(workspace)
        wanted = erasing.look(place, erasing.given(email or [], handle or [], name or []), only=only)
        for named, rule in wanted.linked:
            print(f"linked to them: {named.kind} {named.value} ({rule.replace('_', ' ')})")
        for namesake in wanted.namesakes:
            print(f"of the same name, and left unless you add: --name '{namesake}'")
        for table, count in sorted(wanted.rows.items()):
            print(f"{count:>8,} rows in {table}")
        print(f"{sum(wanted.rows.values()):>8,} rows name {len(wanted.all)} identities of the person.")
        if not yes and not typer.confirm("Remove them everywhere? This cannot be undone."):
            raise UsageError("nothing was changed.")
        at, done = datetime.now(UTC), list[erasing.Erased]()
        with telling() as progress:
            result = steps.run(
                place,
                lambda step: steps.told(step, progress, place),
                ["erase", "build", "check", "publish", "report"],
                [steps.erasing(place, wanted, done)],
            )
        if done:
            text = erasing.certificate(wanted, done[0], at, _republished(place, result.ok))
            kept = erasing.keep(place, text, at)
            print(f"\n{text}\nThis is kept, without saying whose, in {kept}")
        if not result.ok:
            fail(result.message)


def _republished(place: Workspace, ok: bool) -> str:
    if ok:
        return f"published anew: {place.database.name} and the dashboards"
    return "NOT published anew: the published file is the one from before. Run 'ospo-metrics run'."


_NUMBERS = ("value", "lower", "upper", "numerator", "denominator", "sample_size")
"""What a row of a metric tells in numbers."""


class UsageError(Exception):
    """What was asked for cannot be done as it was asked."""


@contextmanager
def sentences() -> Iterator[None]:
    """Turn the errors that have an answer into one sentence and status 1; a defect keeps its traceback."""
    from ospo_metrics import simulation, steps
    from ospo_metrics.explain import UnknownPersonError
    from ospo_metrics.explain_metric import UnknownMetricError
    from ospo_metrics.figures import FigureError
    from ospo_metrics.query import QueryError

    try:
        yield
    except (
        *steps.ANSWERABLE,
        steps.StepError,
        prefect_server.ServerError,
        simulation.NotSimulatedError,
        FigureError,
        QueryError,
        UnknownMetricError,
        UnknownPersonError,
        UsageError,
    ) as error:
        fail(str(error))
    except steps.OUTSIDE as error:
        fail(f"{str(error).splitlines()[0]}. See that the disk has room and that the folder may be written.")
    except KeyboardInterrupt:
        fail("stopped. What was collected is kept; run it again to go on.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def fail(sentence: str, code: int = 1) -> None:
    """Print one clear sentence on standard error and end with a non-zero status."""
    print(f"ospo-metrics: {sentence}", file=sys.stderr)
    raise typer.Exit(code)


@contextmanager
def telling() -> Iterator[Teller]:
    """Bars for a person at a terminal, plain lines anywhere else."""
    if sys.stdout.isatty():
        with Bars() as bars:
            yield bars
    else:
        yield Lines()


def _steps(folder: Path, verbs: Collection[str]) -> Workspace:
    with sentences():
        workspace = open_workspace(folder)
        if status := _run_directly(workspace, verbs):
            raise typer.Exit(status)
    return workspace


def _run_directly(workspace: Workspace, verbs: Collection[str] | None) -> int:
    from ospo_metrics import steps

    with telling() as progress:
        result = steps.run(workspace, lambda step: steps.told(step, progress, workspace), verbs)
    if not result.ok:
        fail(result.message)
    return 0


def _table(console: Console, title: str, columns: list[str], rows: Any) -> None:
    if not rows:
        return
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("source", "newest", "last read"))
    for row in rows:
        table.add_row(*(Text("" if value is None else _cell(value)) for value in row))
    console.print(table)
    console.print()


def _told(sources: list[tuple[Any, ...]]) -> tuple[list[str], list[list[Any]]]:
    """The columns that tell something, and the newest items by their day: a line should fit on a terminal."""
    titles = ["source", "of", "held", "deleted there", "twice", "rejects", "newest", "last read"]
    empty = {place for place in (3, 4, 5) if not any(row[place] for row in sources)}
    kept = [place for place in range(len(titles)) if place not in empty]
    rows = [[*row[:6], row[6] and row[6].date(), row[7]] for row in sources]
    return [titles[place] for place in kept], [[row[place] for place in kept] for row in rows]


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value)
