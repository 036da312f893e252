"""The nightly run as Prefect sees it: a task for each step of `ospo_metrics.steps`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import nullcontext
from datetime import datetime
from logging import Logger, LoggerAdapter
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun
from prefect.runtime import deployment
from prefect.states import Completed, Failed

from ospo_metrics import prefect_server, steps
from ospo_metrics.progress import Bars, Lines, Quiet, Teller
from ospo_metrics.settings import Workspace, open_workspace

WEB_RETRIES = 2
WEB_RETRY_SECONDS = 30


def name_of_run() -> str:
    return f"nightly {datetime.now().astimezone():%Y-%m-%d %H:%M}"


@flow(name="nightly", flow_run_name=name_of_run, persist_result=False)
def nightly(workspace: str = ".") -> State[None]:
    """Collect, build, check, publish and report for the workspace in this folder."""
    try:
        place = open_workspace(Path(workspace))
        with terminal() as person:
            result = steps.run(place, do_step=lambda step: as_task(step, place, person))
    except (*steps.ANSWERABLE, *steps.OUTSIDE) as error:
        return Failed(message=str(error))
    leave_summary(place, result)
    return Completed(message=result.message) if result.ok else Failed(message=result.message)


def as_task(step: steps.Step, place: Workspace, person: Teller) -> steps.Outcome:
    """Do one step as a task run of its own.

    What depends on the web is tried again in a deployed run; who runs it at a terminal may decide.
    """

    @task(
        name=step.verb,
        task_run_name=step.name,
        retries=WEB_RETRIES if step.touches_web and deployment.id else 0,
        retry_delay_seconds=WEB_RETRY_SECONDS,
        persist_result=False,
        cache_policy=NO_CACHE,
    )
    def do() -> steps.Outcome:
        outcome = steps.told(step, Told(get_run_logger(), person), place)
        if not outcome.ok:
            raise NotDoneError(outcome)
        return outcome

    try:
        return do()
    except NotDoneError as error:
        return error.outcome


class NotDoneError(Exception):
    """A step did not do what it is for: its task run is to show as failed."""

    def __init__(self, outcome: steps.Outcome) -> None:
        super().__init__(outcome.summary)
        self.outcome = outcome


class Told:
    """Tells progress to the person at the terminal and to the log of the run."""

    def __init__(self, log: Logger | LoggerAdapter[Logger], person: Teller) -> None:
        self._log = log
        self._person = person
        self._last: dict[str, float] = {}

    def say(self, text: str) -> None:
        self._person.say(text)
        self._log.info(text)

    def count(self, label: str, done: int, total: int | None = None) -> None:
        self._person.count(label, done, total)
        now = time.monotonic()
        if now - self._last.setdefault(label, now) >= 10:
            self._last[label] = now
            self._log.info(f"{label}: {done:,}{f' of {total:,}' if total else ''}")


def terminal() -> Bars | nullcontext[Lines] | nullcontext[Quiet]:
    """Where a person reads along: a deployed run is read on its page, any other in a terminal."""
    if deployment.id:
        return nullcontext(Quiet())
    return Bars() if sys.stdout.isatty() else nullcontext(Lines())


def leave_summary(place: Workspace, result: steps.RunResult) -> None:
    """Leave what came out on the run page: where the dashboards are, and the rows of every step."""
    index = place.dashboards / "index.html"
    lines = [
        f"Dashboards: [{index}]({index.as_uri()})" if index.is_file() else "There are no dashboards yet.",
        "",
        "| step | ended | rows |",
        "| --- | --- | --- |",
    ]
    for name, outcome in result.outcomes:
        rows = ", ".join(f"{count:,} {label}" for label, count in outcome.rows.items())
        lines.append(f"| {name} | {'ok' if outcome.ok else '**failed**'} | {rows} |")
    lines += [""] + [
        f"* **{name}**: {outcome.summary}" for name, outcome in result.outcomes if not outcome.ok
    ]
    create_markdown_artifact(key="nightly", description=result.message, markdown="\n".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=nightly.description)
    parser.add_argument("--workspace", default=".", help="the folder that holds ospo.toml")
    workspace = parser.parse_args().workspace
    try:
        if api_url := os.environ.get("PREFECT_API_URL"):
            prefect_server.wait_for(api_url, prefect_server.STARTUP_SECONDS)
        nightly(workspace)
    except (FailedRun, prefect_server.ServerError) as error:
        print(f"ospo-metrics: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
