"""B-scans on the network's square with what is known of them there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mirage_core.engines.mirage.inputs import b_scan_input
from mirage_core.model.preprocessing.labels import prepare_layer_map, prepare_mask
from mirage_core.model.spec import Normalisation
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME
from mirage_core.scan.padding import registration_padding
from mirage_core.training.finetune.labelled import SURFACE_NAMES, UNLABELLED, LabelledBScan
from mirage_core.training.finetune.regions import region_map

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_ANY_CLASS = {value: value for value in range(256)}


@dataclass(frozen=True, eq=False)
class Square:
    """One B-scan as the network is given it.

    Attributes
    ----------
    image : float32 array ``[Z, X]``, 0..1
    curves : float32 array ``[s, X]``
        The scheme's named surfaces, px of the square from its top; NaN where not known.
    sure : float32 array ``[s, X]``
        How much each counts: 1 what was corrected, less what the base model says.
    labels : uint8 array ``[Z, X]``
        Classes of the scheme, or of its second part where it has one; UNLABELLED where not known.
    prior : uint8 array ``[Z, X]``
        What the base model says there; UNLABELLED where it is not asked.
    looked : bool array ``[lesion]``
        Of a scheme with two parts: whether anyone looked for lesions, then for which of its
        second part.
    """

    image: F32
    curves: F32
    sure: F32
    labels: U8
    prior: U8
    looked: Bool


@dataclass(frozen=True)
class SquareMaker:
    """Brings B-scans to a square.

    Attributes
    ----------
    scheme : LayerScheme
    normalisation : Normalisation
    own_classes : bool
        Whether the scheme is that of the data's own label maps.
    ignored : tuple of int
        Classes that count as not known.
    prior_weight : float
    """

    scheme: LayerScheme
    normalisation: Normalisation
    own_classes: bool = False
    ignored: tuple[int, ...] = ()
    prior_weight: float = 0.0

    def make(
        self,
        b_scan: LabelledBScan,
        side: int,
        opinion: LabelledBScan | None = None,
        *,
        mirrored: bool = False,
    ) -> Square:
        """Return a B-scan on a square.

        Parameters
        ----------
        b_scan : LabelledBScan
        side : int
            Px of the square.
        opinion : LabelledBScan, optional
            What the base model says of it.
        mirrored : bool
            Along x, before it is resized.
        """
        if mirrored:
            b_scan = _mirrored(b_scan)
            opinion = None if opinion is None else _mirrored(opinion)
        size = (side, side)
        padding = registration_padding(b_scan.image)
        image = b_scan_input(b_scan.image, padding, size, self.normalisation)[0]
        curves = self._curves(b_scan, side)
        sure = np.where(np.isfinite(curves), np.float32(1), np.float32(0))
        labels = self._labels(b_scan, size)
        prior = np.full(size, UNLABELLED, np.uint8)
        if opinion is not None and self.prior_weight:
            theirs = self._curves(opinion, side)
            fill = ~np.isfinite(curves) & np.isfinite(theirs)
            curves = np.where(fill, theirs, curves)
            sure[fill] = self.prior_weight
            prior = self._labels(opinion, size)
            labels = self._without_unseen(labels, prior, b_scan)
        return Square(image, curves, sure, labels, prior, self._looked(b_scan))

    def plain(self, b_scan: LabelledBScan, side: int) -> F32:
        """Return a B-scan's picture alone, ``[Z, X]``."""
        padding = registration_padding(b_scan.image)
        return b_scan_input(b_scan.image, padding, (side, side), self.normalisation)[0]

    def _curves(self, b_scan: LabelledBScan, side: int) -> F32:
        height, width = b_scan.image.shape
        columns = np.minimum((np.arange(side) + 0.5) * width / side, width - 1).astype(int)
        rows = [SURFACE_NAMES.index(name) for name in self.scheme.surface_names]
        scaled: F32 = b_scan.surfaces[np.ix_(rows, columns)] * np.float32(side / height)
        return scaled

    def _labels(self, b_scan: LabelledBScan, size: tuple[int, int]) -> U8:
        if self.scheme.lesions_from is not None:
            return self._lesions(b_scan, size)
        classes = b_scan.classes if self.own_classes else None
        if classes is None:
            classes = region_map(b_scan, self.scheme)
        if self.ignored:
            unknown = np.isin(classes, self.ignored)
            classes = np.where(unknown, np.uint8(UNLABELLED), classes)
        return prepare_mask(classes, size, _ANY_CLASS).astype(np.uint8)

    def _lesions(self, b_scan: LabelledBScan, size: tuple[int, int]) -> U8:
        if b_scan.masks is None:
            return np.full(size, UNLABELLED, np.uint8)
        table = np.full(256, UNLABELLED, np.uint8)
        table[0] = 0
        first = self.scheme.lesions_from or 0
        for c in self.scheme.classes[first:]:
            if c.mask:
                table[FLUID_SCHEME.by_name(c.mask).value] = c.index - first
        return prepare_layer_map(table[b_scan.masks], size).astype(np.uint8)

    def _without_unseen(self, labels: U8, prior: U8, b_scan: LabelledBScan) -> U8:
        """Return regions with lesions unknown that nobody looked for and the base model sees."""
        if self.scheme.lesions_from is not None or self.own_classes:
            return labels
        looked = () if b_scan.masks is None else b_scan.looked_for
        unseen = [c.index for c in self.scheme.classes if c.mask and c.mask not in looked]
        return np.where(np.isin(prior, unseen), np.uint8(UNLABELLED), labels)

    def _looked(self, b_scan: LabelledBScan) -> Bool:
        first = self.scheme.lesions_from
        if first is None:
            return np.zeros(0, bool)
        there = b_scan.masks is not None
        lesions = self.scheme.classes[first + 1 :]
        return np.array([there, *(there and c.mask in b_scan.looked_for for c in lesions)])


def _mirrored(b_scan: LabelledBScan) -> LabelledBScan:
    def flipped(a: U8 | None) -> U8 | None:
        return None if a is None else np.ascontiguousarray(a[:, ::-1])

    return replace(
        b_scan,
        image=np.ascontiguousarray(b_scan.image[:, ::-1]),
        surfaces=np.ascontiguousarray(b_scan.surfaces[:, ::-1]),
        masks=flipped(b_scan.masks),
        classes=flipped(b_scan.classes),
    )
