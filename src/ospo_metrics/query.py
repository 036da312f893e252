"""A question to the published file, and its answer as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from typing import Any, TextIO

import duckdb
import pyarrow.parquet
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published


class QueryError(Exception):
    """The question cannot be answered; the text is DuckDB's, which points at the place."""


def answer(workspace: Workspace, sql: str, form: str, out: TextIO) -> None:
    """Write the answer to `out`; `form` is table, csv, json or parquet."""
    connection = open_published(workspace.database)
    try:
        result = connection.execute(sql)
        names = [column[0] for column in result.description or []]
        match form:
            case "parquet":
                if out.isatty():
                    raise QueryError("Parquet is not for a terminal; send it to a file: … > answer.parquet")
                pyarrow.parquet.write_table(result.to_arrow_table(), out.buffer)
            case "json":
                rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
                json.dump(rows, out, default=str, ensure_ascii=False, indent=2)
                out.write("\n")
            case "csv":
                writer = csv.writer(out)
                writer.writerow(names)
                while rows_of_batch := result.fetchmany(10_000):
                    writer.writerows(rows_of_batch)
            case _:
                write_table(names, result.fetchall(), out)
    except duckdb.Error as error:
        raise QueryError(str(error)) from None
    finally:
        connection.close()


def write_table(names: Sequence[str], rows: Sequence[tuple[Any, ...]], out: TextIO) -> None:
    """Rows under their names, and how many there are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console = Console(file=out, highlight=False, soft_wrap=not out.isatty())
    console.print(table)
    console.print(f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}")


def write_rows(names: Sequence[str], rows: Sequence[tuple[Any, ...]], out: TextIO) -> None:
    """Rows as a table where it fits into the terminal, else one below the other, a line for each column."""
    told = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *told, strict=True)]
    if sum(widths) + len(names) <= Console(file=out).width:
        write_table(names, rows, out)
        return
    longest = max(map(len, names))
    for number, row in enumerate(told, 1):
        out.write(f"row {number}\n")
        out.writelines(f"  {name:<{longest}}  {value}\n" for name, value in zip(names, row, strict=True))
