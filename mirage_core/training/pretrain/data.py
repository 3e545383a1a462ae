"""Registered B-scans, SLO patches and layer maps that a pre-training learns from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, kind_of, only_read_errors
from mirage_core.io.images import read_image, to_grey
from mirage_core.io.npy_arrays import npy_head
from mirage_core.io.sources import MAX_B_SCAN_PX
from mirage_core.model.spec import DomainSpec
from mirage_core.training.pretrain.errors import PretrainError

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

SUFFIXES = (".png", ".npy")


class Triples(Protocol):
    """Where samples come from. Picklable, and the same samples in the same order every time.

    A sample holds any subset of the domains, at least one of them.
    """

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def present(self) -> Bool:
        """Return which domains each sample has, ``[n, domain]``, in the order of the domains."""
        ...

    def load(self, index: int) -> dict[str, U8]:
        """Return the domains of a sample that are there, axes ``[z, x]``, any size.

        Raises
        ------
        ReadError
            If a file cannot be used.
        """
        ...

    def fingerprint(self) -> str:
        """Return what tells these samples from others, without telling any name."""
        ...


class ArrayTriples:
    """Samples held in memory.

    Parameters
    ----------
    samples : sequence of mappings of str to uint8 array ``[z, x]``
    domains : sequence of str
        Their order.
    """

    def __init__(self, samples: Sequence[Mapping[str, U8]], domains: Sequence[str]) -> None:
        self._domains = tuple(domains)
        self._samples = [{d: s[d] for d in self._domains if d in s} for s in samples]
        if not all(self._samples):
            raise ValueError(f"a sample has none of {', '.join(self._domains)}")

    def __len__(self) -> int:
        return len(self._samples)

    def present(self) -> Bool:
        """Return which domains each sample has, ``[n, domain]``."""
        return np.array([[d in s for d in self._domains] for s in self._samples], bool)

    def load(self, index: int) -> dict[str, U8]:
        """Return the domains of a sample that are there, axes ``[z, x]``."""
        return dict(self._samples[index])

    def fingerprint(self) -> str:
        """Return the SHA-256 of all pixels."""
        digest = hashlib.sha256()
        for sample in self._samples:
            for name, image in sample.items():
                digest.update(f"{name} {image.shape}".encode())
                digest.update(image.tobytes())
        return digest.hexdigest()


class FolderTriples:
    """Samples in files ``ROOT/<domain>/<name>.png`` or ``.npy``, joined by their names.

    Images are 8-bit grey, layer maps hold class numbers. Samples may lack domains.

    Parameters
    ----------
    root : Path
    domains : sequence of DomainSpec

    Raises
    ------
    PretrainError
        If there are no samples, or two files of one domain share a name.
    """

    def __init__(self, root: Path, domains: Sequence[DomainSpec]) -> None:
        self._root = root
        self._domains = tuple(domains)
        self._files = [_files_by_name(root / d.name) for d in self._domains]
        self._names = sorted(set().union(*self._files))
        if not self._names:
            folders = ", ".join(f"{d.name}/" for d in self._domains)
            raise PretrainError(
                f"{root} holds no samples.",
                f"Put PNG or NPY files of the same names into {folders} below it.",
            )

    def __len__(self) -> int:
        return len(self._names)

    def present(self) -> Bool:
        """Return which domains each sample has, ``[n, domain]``."""
        return np.array([[n in files for files in self._files] for n in self._names], bool)

    def load(self, index: int) -> dict[str, U8]:
        """Return the domains of a sample that are there, axes ``[z, x]``.

        Raises
        ------
        ReadError
            If a file is no 8-bit grey image, or no map of the domain's classes.
        """
        name = self._names[index]
        return {
            domain.name: _read(self._root / domain.name / files[name], domain)
            for domain, files in zip(self._domains, self._files, strict=True)
            if name in files
        }

    def fingerprint(self) -> str:
        """Return the SHA-256 of the samples' names and domains."""
        digest = hashlib.sha256()
        for name, row in zip(self._names, self.present(), strict=True):
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + row.tobytes())
        return digest.hexdigest()


def _files_by_name(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    try:
        files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != "."]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PretrainError(f"{folder} cannot be opened: {reason}.", "Check the folder.") from None
    twice = [name for name, n in Counter(p.stem for p in files).items() if n > 1]
    if twice:
        raise PretrainError(
            f"{folder} holds {len(twice)} of its samples both as PNG and as NPY.",
            "Keep one file of each name.",
        )
    return {p.stem: p.name for p in files}


def _read(path: Path, domain: DomainSpec) -> U8:
    with only_read_errors(path):
        if path.suffix.lower() == ".npy":
            image = _read_npy(path)
        elif domain.n_classes is None:
            image = read_image(path)
        else:
            image = _read_indices(path)
        return (
            _checked_image(path, image)
            if domain.n_classes is None
            else _checked_map(path, image, domain.n_classes)
        )


def _read_npy(path: Path) -> NDArray[Any]:
    if npy_head(path).n_bytes > 8 * MAX_B_SCAN_PX:
        raise ReadError(
            path, f"This {kind_of(path)} is too large to be one image.", "Save one B-scan a file."
        )
    return to_grey(np.load(path, allow_pickle=False))


def _read_indices(path: Path) -> NDArray[Any]:
    """Return the class numbers of a PNG; of one with a palette its indices, not its colours."""
    from PIL import Image

    with Image.open(path, formats=("PNG",)) as image:
        if image.width * image.height > MAX_B_SCAN_PX or len(image.getbands()) > 1:
            raise ReadError(
                path,
                f"This {kind_of(path)} is no layer map: it is coloured or too large.",
                "Save class numbers as 8-bit grey.",
            )
        return np.asarray(image)


def _checked_image(path: Path, image: NDArray[Any]) -> U8:
    # Deeper images would have to be scaled, and how is nothing to guess: MIRAGE sees grey / 255.
    if image.dtype != np.uint8 or not image.size:
        raise ReadError(
            path,
            f"This {kind_of(path)} holds {image.dtype} pixels, not 8-bit grey.",
            "Save it as 8-bit grey, the way the scan is displayed.",
        )
    return image


def _checked_map(path: Path, labels: NDArray[Any], n_classes: int) -> U8:
    if labels.dtype.kind not in "biu" or not labels.size:
        raise ReadError(
            path,
            f"This {kind_of(path)} holds {labels.dtype} values, not class numbers.",
            "Save class numbers as 8-bit grey.",
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        raise ReadError(
            path,
            f"This layer map holds class {low if low < 0 else high}; "
            f"there are classes 0 to {n_classes - 1}.",
            "Save class numbers, not grey values for display.",
        )
    return labels.astype(np.uint8)
