"""The page of metrics: what it renders, and what it refuses to render."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from huitou.errors import UserError
from huitou.transform.metrics_page import metrics_page

MART = """
    models:
      - name: sales
        description: One row a day.
        config:
          meta:
            source: orders
            notes: |
              **Net** is a | b.
        constraints: [{type: primary_key, columns: [day]}]
        columns:
          - {name: day, data_type: date, description: The day.}
          - {name: net, data_type: "numeric(18,2)", description: "a | b", config: {meta: {formula: a − b}}}
"""


def project(tmp_path: Path, mart: str = MART) -> Path:
    """A dbt project of one mart, one audience and one change."""
    files = {
        "models/marts/sales.yml": mart,
        "models/audiences/audience_x.yml": """
            models:
              - {name: audience_x, description: One row a person., config: {meta: {notes: By value.}}}
        """,
        "models/overview.md": "{% docs __overview__ %}\n# Title\n\n- **Day.** Local.\n{% enddocs %}\n",
        "seeds/metric_changes.csv": """
            changed_on,mart,column_name,change,reason
            2026-01-01,sales,net,older,why
            2026-01-02,sales,*,newer,why
        """,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return tmp_path


def test_page_shows_grain_key_source_columns_notes_audiences_and_changes(tmp_path: Path) -> None:
    page = metrics_page(project(tmp_path))
    assert "- **Day.** Local." in page
    assert "# Title" not in page
    assert "One row a day. Key: `day`. Source: orders." in page
    assert "| `day` | date | The day. |  |" in page
    assert "| `net` | numeric(18,2) | a \\| b | a − b |" in page
    assert "**Net** is a | b." in page
    assert "- `audience_x`: One row a person. By value." in page
    assert page.index("newer") < page.index("older")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("source: orders", "origin: orders"), "sales: config.meta.origin is not shown anywhere"),
        (("            source: orders\n", ""), "sales needs config.meta.source"),
        (("formula: a", "formel: a"), "net: config.meta.formel is not shown anywhere. Allowed are: formula."),
        (("type: primary_key", "type: unique"), "sales has no primary_key"),
        (("name: sales", "name: sale"), "must describe the one model sales"),
    ],
)
def test_yml_is_refused_by_name_when_the_page_could_not_show_it(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in MART
    with pytest.raises(UserError) as error:
        metrics_page(project(tmp_path, MART.replace(*change)))
    assert said in str(error.value)
    assert "sales.yml" in str(error.value)
