"""Sample data contribution: a file of others, downloaded when the user has agreed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mirage.notify import notify

if TYPE_CHECKING:
    from napari_mirage.layers import LayerData

_TIMEOUT_S = 20


@dataclass(frozen=True)
class OpenFile:
    """A file that anyone may use.

    Attributes
    ----------
    title, origin, terms : str
        Told before it is downloaded.
    url : str
        Of this very version.
    sha256 : str
        Anything else that arrives is thrown away.
    size_kb : int
    """

    title: str
    origin: str
    terms: str
    url: str
    sha256: str
    size_kb: int

    @property
    def name(self) -> str:
        """What the file is called here."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def question(self) -> str:
        """What is asked before it is downloaded."""
        return (
            f"Download {self.title} ({self.size_kb} kB)?\n\n"
            f"From: {self.origin}\nTerms: {self.terms}\n{self.url}"
        )


HEIDELBERG_VOLUME = OpenFile(
    "a small Heidelberg .vol file with drawn layers; it is a test pattern, no retina",
    "eyepy, University of Bonn",
    "MIT licence",
    "https://raw.githubusercontent.com/MedVisBonn/eyepy/9094890a5fd69335b741d238c1fa8661f83941c0"
    "/tests/data/filetypes/heyex_vol/test_volume.vol",
    "c0004c24124bae00bd5bb18a57f4a40dceff996b58aba6a87d030922e972aa6d",
    121,
)


def heidelberg_volume() -> list[LayerData]:
    """Return the layers of a Heidelberg volume, downloaded once; nothing if that is refused."""
    return layers_of_open_file(HEIDELBERG_VOLUME, ask)


def layers_of_open_file(file: OpenFile, agreed: Callable[[str], bool]) -> list[LayerData]:
    """Return the layers of `file`, which is downloaded if it is not here and `agreed` says so.

    What does not come whole, or is another file than it should be, is not kept, and the user is
    told. Nothing is downloaded where the program is set to stay offline.
    """
    from mirage_core.places import data_dir
    from napari_mirage.reader import read_scan

    path = data_dir() / "open_data" / file.name
    if not path.exists():
        problem = _fetch(file, path, agreed)
        if problem:
            notify(problem)
            return []
    return read_scan(str(path)) if path.exists() else []


def ask(question: str) -> bool:
    """Ask whoever sits at napari."""
    from qtpy.QtWidgets import QApplication, QMessageBox

    buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
    answer = QMessageBox.question(
        QApplication.activeWindow(), "Open data", question, buttons, QMessageBox.StandardButton.No
    )
    return bool(answer == QMessageBox.StandardButton.Yes)


def _fetch(file: OpenFile, path: Path, agreed: Callable[[str], bool]) -> str:
    """Download `file` if the user agrees; return what went wrong, ``""`` if nothing did."""
    import pooch

    from mirage_core.model.store.hub import is_offline

    if is_offline():
        return "The program is set to stay offline, so nothing is downloaded."
    if not agreed(file.question):
        return ""
    try:
        pooch.retrieve(
            file.url,
            f"sha256:{file.sha256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S),
        )
    except ValueError:
        return f"{file.name} is not the file it should be; it was not kept."
    except OSError as error:
        return f"{file.name} could not be downloaded: {error}"
    return ""
