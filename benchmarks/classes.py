"""How well classes are told, and whether maps point at what they are told by.

``python -m benchmarks.classes --write docs/classification.md`` teaches a head on the starter
model's frozen encoder with kermany_lesions, whose patients are held back fold by fold, and writes
the figures between two marks of that page. Some minutes on one core.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.classes_data import LESIONS, evidence, kermany
from benchmarks.page import put_part
from mirage_core.engines.base import EngineOptions
from mirage_core.engines.mirage.engine import MirageEngine
from mirage_core.engines.propose import engine_input
from mirage_core.model.store.store import ModelStore
from mirage_core.training.classify import exact
from mirage_core.training.classify.config import preset
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.held_out import HELD_OUT
from mirage_core.training.classify.report import ClassReport, Figure, class_report
from mirage_core.training.classify.run import teach_classes
from mirage_core.training.classify.split import Lesson, plan_of
from mirage_core.training.starter.sources import is_held_out

PART = "figures"
METHODS = ("gradient", "rollout")
CONFIG = preset("probe")

F64 = NDArray[np.float64]


def told_in_folds(data: ClassData, folder: Path) -> tuple[ClassReport, F64, float]:
    """Return what was reached, the probabilities ``[example, class]``, and the seconds it took."""
    began = time.perf_counter()
    base = ModelStore().get("starter")
    result = teach_classes(data, base, CONFIG, folder, device="cpu")
    assert result.report is not None
    with (folder / HELD_OUT).open(encoding="utf-8", newline="") as file:
        rows = [[float(row[name]) for name in data.labels] for row in csv.DictReader(file)]
    return result.report, np.array(rows), time.perf_counter() - began


def by_size_alone(data: ClassData) -> ClassReport:
    """Return what the height and width of a picture tell, in the same folds."""
    shapes = np.array([e.scan.shape[1:] for e in data.examples], np.float64)
    features = np.column_stack([shapes, shapes[:, 0] / shapes[:, 1]])
    targets, told = data.targets(), np.zeros((len(data), len(data.labels)))
    for lesson in plan_of(data, CONFIG).lessons[1:]:
        train, test = list(lesson.train), list(lesson.test)
        head = exact.fit(features[train], targets[train], 0.01, multi_label=False)
        logits = torch.from_numpy(head.logits(features[test]))
        told[test] = torch.softmax(logits, dim=1).numpy()
    return report_of(data, told, np.arange(len(data)))


def report_of(data: ClassData, told: F64, rows: NDArray[np.intp]) -> ClassReport:
    """Return what was reached on some examples."""
    patients = [data.examples[i].patient for i in rows]
    targets = data.targets()[rows]
    return class_report(told[rows], targets, patients, data.labels, multi_label=False)


def pointing(
    data: ClassData, files: list[Path], lesson: Lesson, folder: Path
) -> dict[str, tuple[int, float, float, float]]:
    """Return, by method, how many maps, how often their peak is in the lesion, and shares.

    The model is taught without the patients whose B-scans are explained. Shares are those of the
    heat in the lesion, and of the B-scan's area that the lesion takes.
    """
    test = set(lesson.test)
    parts = tuple(
        replace(e, part="test" if i in test else "train") for i, e in enumerate(data.examples)
    )
    store = ModelStore(folder / "models")
    teach_classes(
        replace(data, examples=parts),
        ModelStore().get("starter"),
        CONFIG.changed(views=1),
        folder / "parts",
        title="Pointing",
        store=store,
        device="cpu",
    )
    engine = MirageEngine("pointing", store.folder, EngineOptions(device="cpu"))
    found = {}
    for method in METHODS:
        hits, inside, area = [], [], []
        for i in lesson.test:
            where = evidence(files[i])
            if not where.any():
                continue
            example = data.examples[i]
            source, _ = engine_input(example.scan)
            heat = engine.explain(source, data.labels[example.classes[0]], method).heat[0]
            if not heat.any():
                hits.append(False)
                continue
            hits.append(bool(where[np.unravel_index(heat.argmax(), heat.shape)]))
            inside.append(float(heat[where].sum() / heat.sum()))
            area.append(float(where.mean()))
        found[method] = (len(hits), *(float(np.mean(v)) for v in (hits, inside, area)))
    return found


def table(
    data: ClassData,
    reports: dict[str, ClassReport],
    maps: dict[str, tuple[int, float, float, float]],
    seconds: float,
) -> list[str]:
    """Return the figures as lines of the page."""
    first = next(iter(reports.values()))
    lines = [
        f"{first.n} B-scans of {first.patients} patients, {len(plan_of(data, CONFIG).lessons) - 1} "
        f"folds by patient, {seconds:.0f} s for all, encoding included.",
        "",
        "| | B-scans | AUROC | AUPRC | Balanced accuracy | Calibration error |",
        "|---|---|---|---|---|---|",
        *(
            f"| {what} | {r.n} | {_figure(r.auroc)} | {_figure(r.auprc)} "
            f"| {_figure(r.balanced_accuracy)} | {_number(r.calibration_error)} |"
            for what, r in reports.items()
        ),
        "",
        "| Class | B-scans | AUROC | AUPRC | Sensitivity | Specificity | "
        + " | ".join(f"told {c.name}" for c in first.classes)
        + " |",
        "|---|---|---|---|---|---|" + "---|" * len(first.classes),
    ]
    for c, counts in zip(first.classes, first.confusion, strict=True):
        lines.append(
            f"| {c.name} | {c.n} | {_figure(c.auroc)} | {_figure(c.auprc)} "
            f"| {_number(c.sensitivity)} | {_number(c.specificity)} | "
            + " | ".join(str(n) for n in counts)
            + " |"
        )
    lines += [
        "",
        "| Map | B-scans | Peak in the lesion | Heat in the lesion | Area of the lesion |",
        "|---|---|---|---|---|",
        *(
            f"| {method} | {n} | {100 * hit:.0f} % | {100 * inside:.0f} % | {100 * area:.0f} % |"
            for method, (n, hit, inside, area) in maps.items()
        ),
    ]
    return lines


def _figure(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return _number(figure.value)
    return f"{_number(figure.value)} ({figure.low:.3f}–{figure.high:.3f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def main() -> int:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page with the two marks to write between")
    options = parser.parse_args()
    if not LESIONS.exists():
        print("kermany_lesions does not lie beside this checkout.", file=sys.stderr)
        return 1
    torch.set_num_threads(1)
    data, files = kermany()
    unseen = np.flatnonzero([is_held_out(e.patient) for e in data.examples])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report, told, seconds = told_in_folds(data, folder / "folds")
        reports = {
            "all patients": report,
            "patients whose lesions the starter never saw": report_of(data, told, unseen),
            "height and width of the picture alone": by_size_alone(data),
        }
        maps = pointing(data, files, plan_of(data, CONFIG).lessons[1], folder)
    lines = table(data, reports, maps, seconds)
    print("\n".join(lines))
    if options.write:
        put_part(options.write, PART, "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
