"""What every model, seed and test of the dbt project keeps to, read from the parsed manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from huitou.settings import PROJECT_ROOT, Settings
from huitou.transform.dbt import PUBLISHED, manifest

PROJECT = PROJECT_ROOT / "dbt"
LAYERS = {"staging": "stg_", "intermediate": "int_", "bases": "base_", "marts": "", "audiences": "audience_"}
SCHEMAS = {layer: layer if layer in ("staging", "intermediate") else "candidate" for layer in LAYERS}
AUDIENCE_COLUMNS = {
    "business_date": "date",
    "customer_key": "text",
    "segment": "text",
    "value": "numeric(18,2)",
    "reason": "text",
    "reason_zh": "text",
    "priority": "integer",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The manifest; parsing opens no connection, so the address leads nowhere."""
    home = tmp_path_factory.mktemp("parse")
    return manifest(Settings(home=home, warehouse_dsn="postgresql://nobody@127.0.0.1:1/nowhere"))


@pytest.fixture(scope="module")
def models(project: Any) -> list[Any]:
    found = [n for n in project.nodes.values() if n.resource_type == "model"]
    assert len(found) == len(list((PROJECT / "models").rglob("*.sql"))) > 20
    return found


def data_tests_of(project: Any, node: Any) -> Iterator[Any]:
    for test in project.nodes.values():
        if test.resource_type == "test" and getattr(test, "attached_node", None) == node.unique_id:
            yield test


def test_model_has_the_prefix_and_schema_of_its_layer(models: list[Any]) -> None:
    for model in models:
        layer = model.fqn[1]
        assert model.name.startswith(LAYERS[layer]), model.name
        assert model.schema == SCHEMAS[layer], model.name
        if layer == "marts":
            assert not model.name.startswith(tuple(filter(None, LAYERS.values()))), model.name


def test_only_the_four_schemas_are_written(project: Any) -> None:
    written = {n.schema for n in project.nodes.values() if n.resource_type in ("model", "seed")}
    assert written == {"staging", "intermediate", "candidate"}


def test_model_and_seed_have_one_yml_of_their_own(project: Any) -> None:
    for node in project.nodes.values():
        if node.resource_type in ("model", "seed"):
            path = PROJECT / node.original_file_path
            assert path.with_suffix(".yml").is_file(), path
            assert node.patch_path.endswith(f"{Path(node.original_file_path).with_suffix('.yml')}"), node.name


def test_description_states_the_grain(project: Any) -> None:
    for node in project.nodes.values():
        if node.resource_type in ("model", "seed"):
            assert re.match(r"One row an? |One row the ", node.description), f"{node.name}: {node.description}"


def test_every_column_has_a_type_and_a_description(project: Any) -> None:
    for node in project.nodes.values():
        if node.resource_type in ("model", "seed"):
            assert node.columns, node.name
            for column in node.columns.values():
                assert column.data_type, f"{node.name}.{column.name}"
                assert column.description, f"{node.name}.{column.name}"


def test_key_is_tested_or_enforced(project: Any, models: list[Any]) -> None:
    for model in models:
        enforced = model.config.contract.enforced and any(c.type == "primary_key" for c in model.constraints)
        tested = any(t.test_metadata.name == "is_key" for t in data_tests_of(project, model))
        assert enforced or tested, model.name
        of_a_view = model.config.materialized == "view"
        assert enforced != of_a_view or model.fqn[1] in ("staging", "intermediate"), model.name


def test_published_view_reads_what_is_published(project: Any, models: list[Any]) -> None:
    views = [m for m in models if m.fqn[1] in PUBLISHED and m.config.materialized == "view"]
    assert len(views) >= 3
    for view in views:
        parents = [project.nodes[parent] for parent in view.depends_on.nodes]
        assert {parent.fqn[1] for parent in parents} <= set(PUBLISHED), view.name


def test_model_states_an_invariant(project: Any, models: list[Any]) -> None:
    for model in models:
        tests = [t.test_metadata for t in data_tests_of(project, model)]
        assert any(t.name == "holds" or t.kwargs.get("holds") for t in tests), model.name


def test_mart_and_model_with_a_case_have_a_unit_test(project: Any, models: list[Any]) -> None:
    tested = {t.model for t in project.unit_tests.values()}
    for model in models:
        assert model.name in tested or model.fqn[1] != "marts", model.name
    deciding = ("case", "satisfaction_estimates", "satisfaction_columns", "rfm_scores")
    with_case = [m for m in models if re.search(rf"\b({'|'.join(deciding)})\b", m.raw_code)]
    assert len(with_case) >= 6
    for model in with_case:
        assert model.name in tested, model.name


def test_refs_stand_in_import_ctes(models: list[Any]) -> None:
    # `--empty` gives a ref an alias of its own: a second one after it would not parse.
    for model in models:
        assert not re.search(
            r"(from|join)\s+\{\{\s*(ref|source)\([^}]*\}\}\s+(as\s+)?(?!where|group|\))\w+", model.raw_code
        )


def test_model_stays_small(models: list[Any]) -> None:
    for model in models:
        assert len(model.raw_code.splitlines()) <= 110, model.name


def test_only_staging_reads_sources(models: list[Any]) -> None:
    for model in models:
        reads_source = any(parent.startswith("source.") for parent in model.depends_on.nodes)
        assert reads_source == (model.fqn[1] == "staging"), model.name


def test_no_account_beyond_staging_and_no_contact_anywhere(models: list[Any]) -> None:
    for model in models:
        names = set(model.columns)
        assert not names & {"phone", "email", "person_id", "comment", "body", "title"}, model.name
        beyond = {"customer_id", "birthday", "city", "region"}
        assert model.fqn[1] == "staging" or not names & beyond, model.name


def test_audience_has_the_columns_that_campaigns_read(models: list[Any]) -> None:
    audiences = [m for m in models if m.fqn[1] == "audiences"]
    assert audiences
    for model in audiences:
        assert {c.name: c.data_type for c in model.columns.values()} == AUDIENCE_COLUMNS, model.name


def test_singular_test_is_named_by_what_it_asserts() -> None:
    files = list((PROJECT / "tests").rglob("*.sql"))
    assert files
    for path in files:
        assert path.stem.startswith("assert_"), path


def test_models_hold_no_number_that_a_seed_should(models: list[Any]) -> None:
    # Thresholds live in seeds; what remains in SQL is 0, 1, hundredths, and the five scores.
    for model in models:
        if model.fqn[1] in ("marts", "audiences"):
            code = re.sub(r"--.*|'[^']*'|numeric\(\d+, \d+\)", "", model.raw_code)
            assert set(re.findall(r"(?<![\w.])\d+(?![\w.])", code)) <= {"0", "1", "5"}, model.name
