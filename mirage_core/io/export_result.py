"""The result folder of a segmentation: plain NumPy files and one JSON file.

``surfaces.npz``: ``surfaces`` float32 ``[s, b, x]`` px from the top, NaN = undefined; ``names``;
``confidence`` float32 ``[s, b, x]``, 0..1.
``masks.npz``: ``masks`` uint8 ``[b, z, x]``; ``class_values`` uint8 and ``classes``, the name of
each value, background first.
``result.json``: engine, timings, the input's SHA-256, spacing with provenance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirage_core import RESEARCH_USE_ONLY, __version__
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.scan import FLUID_SCHEME, Masks, State, Surfaces

RESULT_FILE = "result.json"
FORMAT = "mirage-result"
BACKGROUND = "background"
_HINT = "Segment the scan again with `mirage segment`."


@dataclass(frozen=True, eq=False)
class Result:
    """What a result folder holds.

    Attributes
    ----------
    surfaces : Surfaces
        ``[s, b, x]`` px.
    confidence : float32 array ``[s, b, x]``
    masks : Masks
        uint8 ``[b, z, x]``.
    info : dict
        Content of ``result.json``.
    """

    surfaces: Surfaces
    confidence: NDArray[np.float32]
    masks: Masks
    info: dict[str, Any]

    @property
    def states(self) -> NDArray[np.uint8]:
        """``[structure, b]``: predicted wherever the engine found something, and the masks."""
        found = np.isfinite(self.surfaces.values).any(axis=2)
        states = np.where(found, State.PREDICTED, State.UNSEEN).astype(np.uint8)
        masks = np.full((1, states.shape[1]), State.PREDICTED, np.uint8)
        return np.concatenate([states, masks])


def write_result(
    folder: Path,
    surfaces: Surfaces,
    confidence: NDArray[np.float32],
    masks: Masks,
    info: Mapping[str, Any],
) -> None:
    """Write a result into the existing `folder`; `info` becomes part of ``result.json``."""
    np.savez_compressed(
        folder / "surfaces.npz",
        surfaces=surfaces.values,
        names=np.array(surfaces.names),
        confidence=confidence.astype(np.float32),
    )
    np.savez_compressed(
        folder / "masks.npz",
        masks=masks.labels,
        classes=np.array([BACKGROUND, *(c.name for c in masks.scheme)]),
        class_values=np.array([0, *(c.value for c in masks.scheme)], np.uint8),
    )
    content = {
        "format": FORMAT,
        "software": f"MIRAGE Viewer {__version__}",
        "note": RESEARCH_USE_ONLY,
        **info,
    }
    text = json.dumps(content, indent=2) + "\n"
    (folder / RESULT_FILE).write_text(text, encoding="utf-8")


def is_result(folder: Path) -> bool:
    """Return whether `folder` looks like a result folder."""
    return (folder / RESULT_FILE).is_file()


def read_info(folder: Path) -> dict[str, Any]:
    """Return the content of ``result.json``.

    Raises
    ------
    ReadError
        If it is missing, damaged, or not of a result.
    """
    with only_read_errors(folder):
        info = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        if not isinstance(info, dict) or info.get("format") != FORMAT:
            raise ReadError(folder, "This folder holds no result of a segmentation.", _HINT)
        return info


def read_result(folder: Path) -> Result:
    """Read a result folder.

    Raises
    ------
    ReadError
        If files are missing, damaged or do not fit together.
    """
    folder = Path(folder)
    info = read_info(folder)
    with only_read_errors(folder):
        with np.load(folder / "surfaces.npz", allow_pickle=False) as file:
            surfaces = Surfaces(file["surfaces"], tuple(str(n) for n in file["names"]))
            confidence = file["confidence"]
        with np.load(folder / "masks.npz", allow_pickle=False) as file:
            names = [str(n) for n in file["classes"]]
            masks = Masks(file["masks"], FLUID_SCHEME)
        fits = (
            confidence.shape == surfaces.values.shape
            and masks.labels.shape[0] == surfaces.values.shape[1]
            and masks.labels.shape[2] == surfaces.values.shape[2]
            and names == [BACKGROUND, *(c.name for c in FLUID_SCHEME)]
        )
        if not fits:
            raise ReadError(folder, "The files of this result do not fit together.", _HINT)
    return Result(surfaces, confidence, masks, info)
