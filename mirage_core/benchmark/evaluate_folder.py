"""Scores of a folder of predicted label maps against a test folder's masks."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirage_core.benchmark.conventions import CORRECT, INVALID_WORDS, Convention
from mirage_core.benchmark.nearest_exact import nearest_exact
from mirage_core.benchmark.score_table import ScoreTable, VolumeScore
from mirage_core.benchmark.segmentation import VolumeTally
from mirage_core.benchmark.translation import ClassTranslation
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.io.images import read_image
from mirage_core.io.label_info import LabelInfo, read_label_info
from mirage_core.measure.hausdorff import IN_PX, Spacing2D

MASKS = "semseg"
_NAME = re.compile(r"(?P<volume>.+)_(?P<b_scan>\d+)")


class _Pair(NamedTuple):
    volume: str
    b_scan: int
    truth: Path
    found: Path


def evaluate_folder(
    predictions: Path,
    dataset: Path,
    *,
    split: str = "test",
    convention: Convention = CORRECT,
    with_background: bool = False,
    translation: ClassTranslation | None = None,
    spacing_mm: Spacing2D | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
) -> ScoreTable:
    """Compare predictions with the masks ``<dataset>/<split>/semseg/<volume>_<int>.png``.

    Predictions are brought to each mask's size first, every pixel taking the label at its own
    centre. Pixels whose true class is called "invalid" count nowhere.

    Parameters
    ----------
    predictions : Path
        Folder with one ``<volume>_<int>.png`` or ``<volume>_<int>_pred.png`` per mask, in the
        grey values of the data set or of `translation`. Other files in it are not looked at.
    dataset : Path
        Folder with INFO.json and the splits.
    split : str
    convention : Convention
        What a figure is where a class is missing, and which labels are background.
    with_background : bool
        Score the background too.
    translation : ClassTranslation or None
        What the predictions' grey values mean in this data set, if they are another's.
    spacing_mm : (float, float) or None
        Size of a mask's pixel along ``z`` and ``x``, to have HD95 in mm and not in px.
    report : callable
        Takes the fraction done.

    Raises
    ------
    ReadError
        If a mask or a prediction is missing or twice there, cannot be read, or holds a grey
        value of no class, or if no class is left to score.
    """
    info = read_label_info(dataset / "INFO.json")
    invalid = info.containing(INVALID_WORDS)
    background = () if with_background else info.containing(convention.background_words)
    scored = tuple(c for c in range(len(info)) if c not in {*invalid, *background})
    if not scored:
        raise ReadError(
            dataset,
            "Every class of this data set is background or invalid.",
            "Score the background too, or correct the labels in INFO.json.",
        )
    pairs = _pairs(predictions, dataset / split / MASKS)
    rows: list[VolumeScore] = []
    n_done = 0
    for volume, b_scans in groupby(pairs, key=lambda pair: pair.volume):
        tally = VolumeTally(len(info), scored, invalid, convention, spacing_mm or IN_PX)
        for pair in b_scans:
            tally.add(*_labels(pair, info, translation))
            n_done += 1
            report(n_done / len(pairs))
        rows += [
            VolumeScore(volume, info.labels[c], tally.n_b_scans, score)
            for c, score in tally.scores().items()
        ]
    return ScoreTable(tuple(rows), convention.name, "px" if spacing_mm is None else "mm")


def _pairs(predictions: Path, masks: Path) -> list[_Pair]:
    """Return masks and their predictions, by volume and then by number."""
    with only_read_errors(masks):
        truths = [path for path in masks.iterdir() if path.suffix.lower() == ".png"]
    if not truths:
        raise ReadError(
            masks, "There are no masks in this folder.", "Choose a data set with PNG masks."
        )
    pairs, missing = [], []
    for truth in truths:
        name = _NAME.fullmatch(truth.stem)
        if name is None:
            raise ReadError(
                truth,
                "The name of this mask does not end in _ and the number of its B-scan.",
                "Call masks <volume>_<number>.png.",
            )
        found = [
            path
            for path in (predictions / f"{truth.stem}{end}.png" for end in ("", "_pred"))
            if path.is_file()
        ]
        if len(found) > 1:
            raise ReadError(
                found[0],
                "There are two predictions of one B-scan, with and without _pred in the name.",
                "Keep the one to be scored.",
            )
        if found:
            pairs.append(_Pair(name["volume"], int(name["b_scan"]), truth, found[0]))
        else:
            missing.append(truth)
    if missing:
        raise ReadError(
            predictions,
            f"{len(missing)} of {len(truths)} masks have no prediction in this folder.",
            "Predict the whole split; predictions are called like their masks, "
            "with or without _pred before .png.",
        )
    return sorted(pairs)


def _labels(
    pair: _Pair, info: LabelInfo, translation: ClassTranslation | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the found and true classes ``[z, x]`` of a B-scan, at the mask's size."""
    truth: NDArray[np.integer] = _read_mask(pair.truth)
    found = nearest_exact(_read_mask(pair.found), truth.shape)
    blamed = pair.found
    try:
        if translation is not None:
            found, truth = translation.apply(found, truth)
        classes = info.classes(found)
        blamed = pair.truth
        return classes, info.classes(truth)
    except ValueError as error:
        raise ReadError(
            blamed,
            f"In this label map, {error}.",
            "Correct the label map, or INFO.json if a class is missing there.",
        ) from None


def _read_mask(path: Path) -> NDArray[np.int64]:
    with only_read_errors(path):
        mask = read_image(path)
    if not np.issubdtype(mask.dtype, np.integer):
        raise ReadError(
            path, "This label map holds fractions.", "Save label maps as 8-bit grey PNG."
        )
    return mask.astype(np.int64)
