"""INFO.json: which grey value of a training or test folder's masks is which class.

``{"<index>": {"value": <grey>, "label": <name>}}`` beside the folders of the splits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, only_read_errors

INFO_NAME = "INFO.json"
_FORM = 'It holds {"0": {"value": 0, "label": "Background"}, "1": …}, numbered from 0.'


@dataclass(frozen=True, slots=True)
class LabelInfo:
    """The classes of a folder of masks, in the order of their numbers.

    Attributes
    ----------
    labels : tuple of str
        Name of each class.
    values : tuple of int
        Grey value of each class.
    """

    labels: tuple[str, ...]
    values: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def indices(self) -> dict[int, int]:
        """Class number of each grey value."""
        return {value: index for index, value in enumerate(self.values)}

    def containing(self, words: Iterable[str]) -> tuple[int, ...]:
        """Return the classes whose label contains one of `words`, whatever the case."""
        words = [word.casefold() for word in words]
        return tuple(
            index
            for index, label in enumerate(self.labels)
            if any(word in label.casefold() for word in words)
        )

    def classes(self, mask: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return class numbers for the grey values of `mask`, of its shape.

        Raises
        ------
        ValueError
            If the mask holds a grey value that is of no class.
        """
        beyond = max(self.values) + 1
        table = np.full(beyond + 1, -1, np.int64)
        table[list(self.values)] = range(len(self))
        classes = table[np.clip(mask.astype(np.int64), -1, beyond)]
        if (classes < 0).any():
            unknown = [int(grey) for grey in np.unique(mask[classes < 0])]
            raise ValueError(
                f"grey values {unknown} are of no class; {INFO_NAME} lists {sorted(self.values)}"
            )
        return classes


def read_label_info(path: Path) -> LabelInfo:
    """Read INFO.json.

    Parameters
    ----------
    path : Path
        The file, or the folder that holds it.

    Raises
    ------
    ReadError
        If it is missing, is not of this form, or two classes share a grey value.
    """
    path = path / INFO_NAME if path.is_dir() else path
    with only_read_errors(path):
        text = path.read_text(encoding="utf-8")
    try:
        found = {
            int(index): (str(entry["label"]), int(entry["value"]))
            for index, entry in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ReadError(path, "This list of classes is not of the known form.", _FORM) from None
    if not found or sorted(found) != list(range(len(found))):
        raise ReadError(path, "The classes in this list are not numbered from 0.", _FORM)
    labels, values = zip(*(found[index] for index in range(len(found))), strict=True)
    if len(set(values)) < len(values) or min(values) < 0:
        raise ReadError(
            path,
            "This list of classes has a negative grey value, or one that two classes share.",
            "Give every class a grey value of its own from 0 up, in the masks too.",
        )
    return LabelInfo(labels, values)
