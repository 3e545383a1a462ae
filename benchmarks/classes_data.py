"""Classes of kermany_lesions: CNV, DME and drusen, by patient, from the names of its files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mirage_core.io import open_scan
from mirage_core.training.classify.examples import ClassData, Example

LESIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "kermany_lesions"
LABELS = {"CNV": "CNV", "DME": "DME", "DRUSEN": "drusen"}
SHOWN_BY = {"CNV": (3, 5), "DME": (1, 3), "DRUSEN": (4,)}
"""The lesions, by their values in the masks, that are evidence of a class."""
_NAME = re.compile(r"([A-Z]+)-(\d+)-(\d+)")


def kermany() -> tuple[ClassData, list[Path]]:
    """Return its B-scans with their classes, and their files."""
    examples, files = [], []
    kinds = tuple(LABELS)
    for path in sorted(LESIONS.glob("*.png")):
        found = _NAME.fullmatch(path.stem)
        if found is not None:
            number = kinds.index(found[1])
            examples.append(Example(open_scan(path), (0,), (number,), patient=found[2]))
            files.append(path)
    return ClassData(tuple(examples), tuple(LABELS.values())), files


def evidence(path: Path) -> NDArray[np.bool_]:
    """Return where lesions of a file's class are marked, bool ``[z, x]``."""
    mask = np.asarray(Image.open(path.with_name(f"{path.stem}_mask.png")))
    kind = path.stem.split("-")[0]
    return np.isin(mask, SHOWN_BY[kind])
