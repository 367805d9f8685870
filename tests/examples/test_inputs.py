"""A picture and a table together tell more than each; new tables name their pictures too."""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path

import pytest

from netdsl.cli.specs import open_spec
from netdsl.training import answering, session
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

EXAMPLES = REPOSITORY / "examples"


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example beside what its script writes."""
    folder = tmp_path_factory.mktemp("examples")
    found = importlib.util.spec_from_file_location("inputs_data", EXAMPLES / "inputs_data.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.write(folder / "inputs")
    return Path(shutil.copy(EXAMPLES / "inputs.net", folder))


def reached(spec: Path, section: str | None) -> tuple[session.Session, float]:
    """A section of the example, trained, and the share that it has right."""
    opened = open_spec(str(spec), {}, section)
    begun = session.start(opened, "torch", spec.parent / f"run-{section}", "cpu")
    begun.train(Silent())
    return begun, begun.finish()["accuracy"]


def test_both_together_tell_more(spec: Path) -> None:
    begun, both = reached(spec, None)
    assert both >= 0.96
    _, picture = reached(spec, "picture")
    _, table = reached(spec, "table")
    assert 0.6 < table < picture - 0.1 < both - 0.1
    assert picture < both - 0.03

    # The rows of the test share in a table of their own, without their digits.
    plan = begun.plan
    with (spec.parent / "inputs/digits.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = [rows[row] for row in plan.split.test]
    new = spec.parent / "inputs/new.csv"
    with new.open("w", encoding="utf-8", newline="") as file:
        table_of = csv.DictWriter(file, [name for name in rows[0] if name != "digit"])
        table_of.writeheader()
        table_of.writerows(
            {name: cell for name, cell in row.items() if name != "digit"} for row in chosen
        )
    told = answering.predict(begun.run.path, [new], "cpu", open_spec)
    right = [one["class"] == row["digit"] for one, row in zip(told, chosen, strict=True)]
    assert sum(right) / len(right) == pytest.approx(both)
