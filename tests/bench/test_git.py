"""How long reading a history takes beside `git log` of the same: two real ones, and one of 100,000 commits."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.items import Context, Instance, Item
from ospo_metrics.sources import git
from ospo_metrics.sources._git_commands import ALONE, LOOK_ONLY, git_environment

DATA = Path(__file__).parents[3] / "shared" / "data" / "D_git"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
GENERATED = 100_000
HISTORIES = {"tls-esni": 1_065, "lme4-blobless": 3_850, "generated": GENERATED}
ROUNDS = {"tls-esni": 41, "lme4-blobless": 41, "generated": 7}


def _made_up(commits: int) -> Iterator[bytes]:
    """A history for `git fast-import`: 500 people in four offsets, messages with and without trailers, merges."""
    chance = random.Random(1)
    people = [f"Person {number} Example <person{number}@example.org>" for number in range(500)]
    words = [
        "fix",
        "the",
        "build",
        "of",
        "docs",
        "tests",
        "parser",
        "loop",
        "cache",
        "when",
        "empty",
        "support",
    ]
    seconds = 1_200_000_000
    for number in range(1, commits + 1):
        seconds += chance.randint(60, 5_000)
        author = chance.choice(people)
        committer = author if chance.random() < 0.7 else chance.choice(people)
        authored = seconds - chance.choice([0, 0, 300])
        message = " ".join(chance.choices(words, k=8)) + "\n"
        if chance.random() < 0.6:
            lines = (" ".join(chance.choices(words, k=12)) for _ in range(chance.randint(1, 8)))
            message += "\n" + "\n".join(lines) + "\n"
        if chance.random() < 0.4:
            signers = chance.sample(people, chance.randint(1, 3))
            message += "\n" + "".join(f"Signed-off-by: {who}\n" for who in signers)
        parents = f"from :{number - 1}\n" if number > 1 else ""
        if number > 5 and number % 9 == 0:
            parents += f"merge :{number - 3}\n"
        offset = chance.choice(["+0000", "+0200", "-0700", "+0530"])
        yield (
            f"commit refs/heads/main\nmark :{number}\nauthor {author} {authored} {offset}\n"
            f"committer {committer} {seconds} +0000\ndata {len(message)}\n{message}{parents}\n"
        ).encode()


@pytest.fixture(params=HISTORIES)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A bare repository, and what it is called in the table."""
    if request.param == "generated":
        clean = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        folder = tmp_path / "generated.git"
        start = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder)]
        subprocess.run(start, env=clean, check=True)
        text = b"".join(_made_up(GENERATED))
        subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, env=clean, input=text, check=True)
        return request.param, folder
    if not DATA.is_dir():
        pytest.skip(f"the real histories are not in {DATA}")
    with tarfile.open(DATA / f"{request.param}.git.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return request.param, next(tmp_path.iterdir())


def test_beside_git_log(benchmark: Any, history: tuple[str, Path]) -> None:
    """From `read()` to the last item, each round right after a `git log` of the same format to nowhere."""
    name, folder = history
    environment = git_environment(LOOK_ONLY, folder) | ALONE
    logs: list[float] = []

    def log() -> None:
        start = time.perf_counter()
        command = ["git", *git._LOG[:1], "--all", *git._LOG[2:]]
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
        logs.append(time.perf_counter() - start)

    def read() -> int:
        instance = Instance("example/fastfs", None, git.History(str(folder)))
        return sum(isinstance(one, Item) for one in git.read(instance, "commits", Context(folder, NOW)))

    assert HISTORIES[name] == benchmark.pedantic(read, setup=log, rounds=ROUNDS[name], warmup_rounds=1)
    ours = benchmark.stats.stats
    benchmark.extra_info |= {
        "what": f"git {name}",
        "beside": "git log",
        "rows": HISTORIES[name],
        "seconds": (ours.min, ours.median, ours.max),
        "theirs": (min(logs), statistics.median(logs), max(logs)),
        "ratio": ours.median / statistics.median(logs),
    }
