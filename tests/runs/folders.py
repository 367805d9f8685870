"""Run folders written by hand, with figures that do not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netdsl.training.run import VERSION

LOG = (
    {"epoch": 1, "loss": 1.5, "accuracy": 0.5, "val_loss": 1.25, "val_accuracy": 0.55},
    {"epoch": 2, "loss": 0.75, "accuracy": 0.75, "val_loss": 0.5, "val_accuracy": 0.8},
    {"epoch": 3, "loss": 0.25, "accuracy": 0.95, "val_loss": 0.625, "val_accuracy": 0.85},
)


def write(
    path: Path, epochs: int = 3, tested: bool = True, kept: int = 2, **changes: Any
) -> dict[str, Any]:
    """Writes a run of three epochs, of which so many are done; returns its settings.json."""
    path.mkdir(parents=True)
    stored: dict[str, Any] = {
        "version": VERSION,
        "netdsl": "0.1.0",
        "backend": "torch",
        "spec": "points.net",
        "asked": None,
        "section": None,
        "set": {},
        "net": "Points",
        "arguments": {"width": "8"},
        "settings": {
            "net": "Points",
            "data": {"name": "circles", "n": 100, "noise": 0.1},
            "split": [0.7, 0.1, 0.2],
            "loss": [{"loss": {"name": "cross_entropy"}, "prediction": None, "weight": 1.0}],
            "optimizer": {"name": "adam", "lr": 0.001},
            "batch": 32,
            "epochs": 3,
            "early_stopping": {"name": "patience", "epochs": 5, "monitor": "val_loss"},
            "seed": 0,
        }
        | changes.pop("settings", {}),
        "epochs": 3,
        "phases": [],
        "data_folder": "/data",
        "inputs": [],
        "reading": {},
        "data": {"digest": "0a1b2c3d", "shares": {"train": 70, "validation": 10, "test": 20}},
        **changes,
    }
    (path / "settings.json").write_text(json.dumps(stored), encoding="utf-8")
    entries = [{**entry, "seconds": 20.0, "kept": entry["epoch"] <= kept} for entry in LOG[:epochs]]
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    (path / "log.jsonl").write_text(lines, encoding="utf-8")
    if tested:
        result = {"epoch": kept, "share": "test", "examples": 20, "loss": 0.5, "accuracy": 0.75}
        (path / "test.json").write_text(json.dumps(result), encoding="utf-8")
    return stored
