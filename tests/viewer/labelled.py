"""Scans of three patients whose B-scans Anna labelled."""

from __future__ import annotations

from pathlib import Path

from mirage_core.io import open_scan as read_scan
from mirage_core.project import LabelSet, Project
from tests.viewer.eyes import write_scan


def label_three_patients(project: Project, folder: Path, names: tuple[str, ...]) -> str:
    """Label two B-scans of each as CNV and normal; return the id of the last scan."""
    project.labels.set_label_set(LabelSet(names), "Anna")
    for seed in (1, 2, 3):
        scan = read_scan(write_scan(folder / f"eye{seed}.npz", seed))
        record = project.import_pixels(project.add_scan(scan, "Anna"), scan)
        project.set_pseudonym(record, f"P{seed}")
        project.labels.set(record.id, ["CNV"], "Anna", b_scan=0)
        project.labels.set(record.id, ["normal"], "Anna", b_scan=3)
    return record.id
