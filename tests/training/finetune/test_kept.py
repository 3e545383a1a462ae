"""Data kept beside a run are those it began with."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirage_core.scan import Provenance, Spacing
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.kept import KEPT, KeptSource
from mirage_core.training.finetune.labelled import LabelledBScan, TeachingData, empty_surfaces


def some(seed: int, b: int, masks: bool) -> LabelledBScan:
    rng = np.random.default_rng(seed)
    surfaces = empty_surfaces(20)
    surfaces[0] = 4.25
    return LabelledBScan(
        rng.integers(0, 255, (16, 20), dtype=np.uint8),
        surfaces,
        rng.integers(0, 2, (16, 20), dtype=np.uint8) if masks else None,
        ("IRF", "SRF"),
        patient="P001",
        scan="abc",
        b_scan=b,
        spacing=Spacing.from_mm(None, 0.0039, 0.0117, Provenance.USER),
    )


DATA = TeachingData((some(1, 3, True), some(2, 9, False)), notes=("1 scan was left out.",))


class Reader:
    """Gives DATA once; later, what was corrected since."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> TeachingData:
        self.times += 1
        return DATA if self.times == 1 else replace(DATA, b_scans=DATA.b_scans[:1])


def test_a_run_goes_on_with_the_data_it_began_with(tmp_path: Path) -> None:
    reader = Reader()
    first = KeptSource(reader, tmp_path / "run")()
    again = KeptSource(reader, tmp_path / "run")()
    assert reader.times == 1
    assert again.fingerprint() == first.fingerprint() == DATA.fingerprint()
    assert again.notes == DATA.notes
    assert [b.spacing for b in again.b_scans] == [b.spacing for b in DATA.b_scans]
    assert [b.masks is None for b in again.b_scans] == [False, True]


def test_a_source_goes_to_a_worker(tmp_path: Path) -> None:
    there = pickle.loads(pickle.dumps(KeptSource(Reader(), tmp_path)))
    assert there().fingerprint() == DATA.fingerprint()


def test_damaged_data_are_said_to_be(tmp_path: Path) -> None:
    KeptSource(Reader(), tmp_path)()
    (tmp_path / KEPT).write_bytes((tmp_path / KEPT).read_bytes()[:200])
    with pytest.raises(TeachError, match="damaged"):
        KeptSource(Reader(), tmp_path)()
