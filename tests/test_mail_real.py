"""Real lists through the whole build: people joined with git, one message of two archives, no wave of newcomers."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import duckdb
import pytest

from conftest import SHARED
from ospo_metrics import steps, view_files
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace

DATA = SHARED / "A_mail"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real archives are not in {DATA}")

SETTINGS = """
[ospo]
name = "Real lists"

[[communities]]
id = "lme4"
name = "lme4"
projects = ["lme4/lme4"]
mailing_lists = ["r-sig-mixed-models", "httpd-a", "httpd-b"]

[[sources.git]]
project = "lme4/lme4"
location = "lme4-blobless.git"

[[sources.mailing_lists]]
id = "r-sig-mixed-models"
location = "{data}/r-sig-mixed-models/*.txt.gz"

[[sources.mailing_lists]]
id = "httpd-a"
location = "{data}/ponymail/httpd-users-2020-07.mbox"

[[sources.mailing_lists]]
id = "httpd-b"
location = "{data}/ponymail/httpd-users-2020-07.asf.mbox"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "ospo.toml").write_text(SETTINGS.format(data=DATA))
    with tarfile.open(SHARED / "D_git" / "lme4-blobless.git.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    workspace = open_workspace(folder)
    result = steps.run(workspace, lambda step: step.do(Quiet()))
    assert result.ok, result.message
    return workspace


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_writers_of_a_list_are_joined_with_authors_of_its_repository(real: Workspace) -> None:
    """Of the 56 authors of lme4 at least the 11 whom a look by hand found write on its list; names join nobody.

    There are 57 addresses; two are of machines, with one full name.
    """
    ((authors, writers, both),) = ask(
        real.database,
        """
        with acts as (select distinct person_id, project_id from core.fct_activities where not is_bot)
        select
            count(distinct person_id) filter (project_id = 'lme4/lme4'),
            count(distinct person_id) filter (project_id = 'r-sig-mixed-models'),
            (select count(*) from (
                select person_id from acts where project_id in ('lme4/lme4', 'r-sig-mixed-models')
                group by person_id having count(*) = 2
            ))
        from acts
        """,
    )
    print(f"\n{both} of {authors} authors write on the list ({both / authors:.0%}), of {writers} who do")
    assert (56, 12) == (authors, both)
    shown = ask(
        real.database,
        "select sum(numerator) > 0, min(denominator) > 0 from metrics.mailing_list_crossover "
        "where scope_id = 'r-sig-mixed-models' and status = 'ok'",
    )
    assert [(True, True)] == shown
    rules = ask(real.warehouse, "select distinct rule from intermediate.int_identity_links order by rule")
    assert {"masked_address", "name_in_archive"} <= {rule for (rule,) in rules}


def test_every_separator_is_accounted_for(real: Workspace) -> None:
    """What the archives hold is what we hold, with duplicates and rejects, and no gap."""
    held = ask(
        real.database,
        "select instance, claimed, held, duplicates, rejects, gap from meta.reconciliation "
        "where source = 'mailing_lists' order by instance",
    )
    assert ("r-sig-mixed-models", 18_619, 17_916, 703, 0, 0) == held.pop()
    assert [("httpd-a", 108, 108, 0, 0, 0), ("httpd-b", 108, 108, 0, 0, 0)] == held


def test_a_message_of_two_archives_counts_once(real: Workspace) -> None:
    """The two variants of a month hold the same 108 messages: 108 acts, in whichever of the lists."""
    assert [("httpd-a", 108)] == ask(
        real.database,
        "select project_id, count(*) from core.fct_activities where project_id like 'httpd-%' group by all",
    )


def test_hidden_addresses_make_no_wave_of_newcomers(real: Workspace) -> None:
    """The list began to hide addresses in 2018; whoever wrote before is the same person after, by name."""
    (returned, all_hidden) = ask(
        real.warehouse,
        """
        with hidden as (
            select distinct lower(from_name) as name from intermediate.int_mail_messages
            where project_id = 'r-sig-mixed-models' and from_address is null
        ),
        known as (
            select distinct lower(from_name) as name from intermediate.int_mail_messages
            where project_id = 'r-sig-mixed-models' and from_address is not null and contains(trim(from_name), ' ')
        )
        select count(*) filter (known.name is not null), count(*) from hidden left join known using (name)
        """,
    )[0]
    years = dict(
        ask(
            real.database,
            """
            select year(first_at), count(*) from (
                select min(occurred_at) as first_at from core.fct_activities
                where project_id = 'r-sig-mixed-models' group by person_id
            ) group by all
            """,
        )
    )
    assert (returned, all_hidden) > (100, 500)
    assert years[2018] < years[2016]
    assert years[2019] < years[2018]


def test_threads_have_roots_and_answers(real: Workspace) -> None:
    """Most of a list's messages answer another, and a thread's first answer is another person's."""
    ((threads, messages),) = ask(
        real.warehouse,
        "select count(distinct thread_id), count(*) from intermediate.int_mail_threads "
        "where project_id = 'r-sig-mixed-models'",
    )
    assert (17_916, True) == (messages, 5_500 < threads < 7_000)
    assert [(0,)] == ask(
        real.database,
        "select count(*) from core.fct_conversations where first_response_by_person_id = opened_by_person_id",
    )


def test_each_list_has_its_own_page(real: Workspace) -> None:
    """Who writes, who is new, who gets an answer and how soon, for each list."""
    page = (real.dashboards / "mailing_lists.html").read_text(encoding="utf-8")
    assert "How many of them do we know from the code?" in page
    for asked in ("Who writes?", "Who is new?", "Who gets an answer, and how soon?"):
        assert asked in page
    for name in ("r-sig-mixed-models", "httpd-a"):
        assert re.search(rf'<option value="list={name}" data-view="[\w-]+"[^>]*>{name}</option>', page)
    told = [text for path, text in view_files.texts(real.dashboards) if path.name.startswith("mailing_lists")]
    assert any("contributed to r-sig-mixed-models in the 12 months to" in text for text in told)
