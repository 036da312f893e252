"""What we ask GitHub is what GitHub describes: its public GraphQL schema and its OpenAPI description."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoDeprecatedCustomRule,
    build_schema,
    is_specified_scalar_type,
    parse,
    print_ast,
    specified_rules,
    validate,
)

from github_graphql import EXCERPT
from ospo_metrics.sources._github_queries import QUERIES
from ospo_metrics.sources.github import REST_PATHS

NOT_HERE = "GitHub's schemas are not here: .ci/run fetches them with npm"
STAR_HISTORY = "/repos/{owner}/{repo}/stargazers/history"
APP_TOKEN = "/app/installations/{installation_id}/access_tokens"


def _found(name: str) -> Path:
    """A file of the packages, in the folder that the environment names; without it CI fails and others skip."""
    folder = os.environ.get("OSPO_GITHUB_SCHEMAS")
    found = sorted(Path(folder).rglob(name)) if folder else []
    if found:
        return found[0]
    if os.environ.get("CI") == "true":
        pytest.fail(NOT_HERE)
    pytest.skip(NOT_HERE)


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    """GitHub's public schema."""
    return build_schema(_found("schema.graphql").read_text(encoding="utf-8"), assume_valid=True)


@pytest.fixture(scope="module")
def description() -> Any:
    """GitHub's OpenAPI description."""
    return json.loads(_found("api.github.com.json").read_text(encoding="utf-8"))


@lru_cache
def _excerpt() -> GraphQLSchema:
    return build_schema(EXCERPT.read_text(encoding="utf-8"))


def _written(schema: GraphQLSchema) -> dict[str, str]:
    """Every type, field, argument and value of a schema by its place, with its type and default."""
    found: dict[str, str] = {}
    for name, kind in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        found[name] = type(kind).__name__
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            found |= {f"{name} implements {one.name}": "" for one in kind.interfaces}
            for field, defined in kind.fields.items():
                found[f"{name}.{field}"] = f"{defined.type}{_deprecated(defined)}"
                for argument, given in defined.args.items():
                    found[f"{name}.{field}({argument})"] = (
                        f"{given.type}{_default(given)}{_deprecated(given)}"
                    )
        elif isinstance(kind, GraphQLInputObjectType):
            for field, given in kind.fields.items():
                found[f"{name}.{field}"] = f"{given.type}{_default(given)}{_deprecated(given)}"
        elif isinstance(kind, GraphQLEnumType):
            found |= {f"{name}.{value}": _deprecated(defined) for value, defined in kind.values.items()}
        elif isinstance(kind, GraphQLUnionType):
            found |= {f"{name} | {one.name}": "" for one in kind.types}
    return found


def _default(given: Any) -> str:
    node = given.ast_node.default_value
    return f" = {print_ast(node)}" if node else ""


def _deprecated(defined: Any) -> str:
    return " deprecated" if defined.deprecation_reason else ""


def test_our_excerpt_is_one_of_github_s_schema(real: GraphQLSchema) -> None:
    """Every type, field, argument and value that the test server knows is GitHub's, with the same type."""
    whole = _written(real)
    ours = _written(_excerpt())
    assert ours == {place: whole.get(place, "not there") for place in ours}
    assert not [place for place, written in ours.items() if written.endswith("deprecated")]


def test_a_wrong_excerpt_is_noticed(real: GraphQLSchema) -> None:
    """The comparison sees a field that is not there, another type, another default, and a value that is not there."""
    wrong = """
      type Query { repository(owner: String!, name: String): Repository }
      type Repository { id: ID stars: Int labels(orderBy: LabelOrder = {field: NAME, direction: ASC}): LabelConnection }
      type LabelConnection { totalCount: Int! }
      input LabelOrder { field: LabelOrderField! direction: OrderDirection! }
      enum LabelOrderField { NAME COLOR }
      enum OrderDirection { ASC }
    """
    whole = _written(real)
    assert {
        "Query.repository(name)",
        "Repository.id",
        "Repository.stars",
        "Repository.labels(orderBy)",
        "LabelOrderField.COLOR",
    } == {place for place, written in _written(build_schema(wrong)).items() if whole.get(place) != written}


@pytest.mark.parametrize(("name", "text"), QUERIES, ids=[name for name, _ in QUERIES])
def test_github_understands_our_questions(real: GraphQLSchema, name: str, text: str) -> None:
    """Every question is valid against GitHub's schema, and asks for nothing that will be removed."""
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert [] == [error.message for error in validate(real, parse(text), rules, max_errors=20)], name


@pytest.mark.parametrize(("name", "text"), QUERIES, ids=[name for name, _ in QUERIES])
def test_the_test_server_understands_our_questions(name: str, text: str) -> None:
    """Every question is valid against our excerpt."""
    assert [] == [error.message for error in validate(_excerpt(), parse(text))], name


@pytest.mark.parametrize("path", [path for path in REST_PATHS if path != STAR_HISTORY])
def test_github_describes_the_paths_that_we_get(description: Any, path: str) -> None:
    """Every REST path that we call is in the description."""
    assert "get" in description["paths"].get(path, {})


def test_github_describes_the_path_of_an_app_s_token(description: Any) -> None:
    """The path that PyGithub calls for an installation's token is in the description."""
    assert "post" in description["paths"].get(APP_TOKEN, {})


def test_github_does_not_describe_the_star_history_yet_or_as_we_read_it(description: Any) -> None:
    """The description lacks /stargazers/history; once it has it, weeks have to be as we read them."""
    assert STAR_HISTORY in REST_PATHS
    operation = description["paths"].get(STAR_HISTORY, {}).get("get")
    if operation is None:
        return
    content = _followed(operation["responses"]["200"], description)["content"]["application/json"]
    listed = _followed(content["schema"], description)
    week = _followed(listed["items"], description)
    kinds = {name: _followed(one, description)["type"] for name, one in week["properties"].items()}
    assert ("array", {"week": "integer", "total": "integer", "days": "array"}) == (listed["type"], kinds)
    named = {_followed(one, description)["name"] for one in operation["parameters"]}
    assert {"owner", "repo", "per_page", "page"} == named


def _followed(value: Any, description: Any) -> Any:
    """What a reference of the description stands for."""
    while "$ref" in value:
        found = description
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value
