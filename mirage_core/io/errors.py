"""ReadError: the one exception that comes out of a reader, whatever the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHOWN_SUFFIXES = frozenset(
    {".vol", ".e2e", ".fda", ".fds", ".dcm", ".img", ".mhd", ".raw", ".nii", ".h5", ".hdf5"}
    | {".npy", ".npz", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"}
    | {".csv", ".gz", ".json", ".pdf", ".txt", ".xml", ".zip"}
)
_CUT_SHORT = "Copy the file again from where it came, or export it again from the device."


class ReadError(Exception):
    """A scan file cannot be read.

    ``str(error)`` is fit for a window or a terminal: what is wrong, then what to do. It never
    holds the file's name, because names often identify patients; who needs it has :attr:`path`.

    Attributes
    ----------
    path : Path
        The file or folder.
    what : str
        What is wrong, one sentence.
    hint : str
        What to do next, one sentence.
    """

    def __init__(self, path: Path | str, what: str, hint: str) -> None:
        self.path = Path(path)
        self.what = what
        self.hint = hint
        super().__init__(f"{what} {hint}".strip())

    def __reduce__(self) -> tuple[type[ReadError], tuple[str, str, str]]:
        # Exceptions pickle by their message alone unless told otherwise; workers send them back.
        return ReadError, (str(self.path), self.what, self.hint)

    def __repr__(self) -> str:
        return f"ReadError({self.what!r}, {self.hint!r})"


def kind_of(path: Path) -> str:
    """Return how a message calls `path`: "folder", ".vol file" or "file", never its name."""
    if path.is_dir():
        return "folder"
    suffix = path.suffix.lower()
    # Only known suffixes are shown: in a name like "doe.john" the suffix is the patient's.
    return f"{suffix} file" if suffix in _SHOWN_SUFFIXES else "file"


def cut_short(path: Path, what: str) -> ReadError:
    """Return the error for a file that ends before its content does."""
    return ReadError(path, what, _CUT_SHORT)


@contextmanager
def only_read_errors(path: Path) -> Iterator[None]:
    """Turn every failure inside the block into a :class:`ReadError` about `path`.

    The original is dropped from the traceback (``from None``): messages of the system and of
    decoders carry file names and header bytes, which can identify patients.
    """
    try:
        yield
    except ReadError:
        raise
    except Exception as error:
        raise _translated(path, error) from None


def _translated(path: Path, error: Exception) -> ReadError:
    name = kind_of(path)
    if isinstance(error, FileNotFoundError):
        what = f"This {name} is not there any more."
        hint = "Check that it was not moved and that its drive is connected, then open it again."
    elif isinstance(error, PermissionError):
        what = f"You do not have permission to read this {name}."
        hint = "Ask its owner for access, or copy it to a folder of your own."
    elif isinstance(error, MemoryError):
        what = f"This {name} does not fit into the free memory of this computer."
        hint = "Close other programs, or export the scan with fewer B-scans per file."
    elif isinstance(error, OSError) and error.errno is not None:
        what = f"This {name} could not be read from its drive."
        hint = "Check the drive or network connection, then open it again."
    else:  # decoders also raise OSError, but without the system's error number
        what = f"This {name} is damaged or not what it says it is ({type(error).__name__})."
        hint = _CUT_SHORT
    return ReadError(path, what, hint)
