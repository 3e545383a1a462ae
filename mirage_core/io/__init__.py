"""Readers and writers of scan files, one per file, behind one registry. Imports `scan` only."""

from mirage_core.io import heidelberg_vol, image_folder, native_hdf5, npz, tiff_stack
from mirage_core.io.errors import ReadError
from mirage_core.io.find import find_scans
from mirage_core.io.options import ReadOptions
from mirage_core.io.registry import (
    ReaderSpec,
    is_readable,
    open_scan,
    readers,
    register,
    supported_suffixes,
)

for _spec in (
    ReaderSpec(
        heidelberg_vol.FORMAT,
        "Heidelberg Spectralis",
        (".vol",),
        heidelberg_vol.sniff,
        heidelberg_vol.read,
    ),
    ReaderSpec(
        tiff_stack.FORMAT, "TIFF stack", (".tif", ".tiff"), tiff_stack.sniff, tiff_stack.read
    ),
    ReaderSpec(npz.NPZ_FORMAT, "NumPy arrays", (".npz",), npz.sniff_npz, npz.read_npz),
    ReaderSpec(npz.NPY_FORMAT, "NumPy array", (".npy",), npz.sniff_npy, npz.read_npy),
    ReaderSpec(
        native_hdf5.FORMAT,
        "MIRAGE Viewer export (HDF5)",
        native_hdf5.SUFFIXES,
        native_hdf5.sniff,
        native_hdf5.read_native_scan,
    ),
    ReaderSpec(
        image_folder.IMAGE_FORMAT,
        "B-scan image",
        (".png", ".jpg", ".jpeg", ".bmp"),
        image_folder.sniff_image,
        image_folder.read_image_file,
    ),
    ReaderSpec(
        image_folder.FOLDER_FORMAT,
        "Folder of B-scan images",
        (),
        image_folder.sniff_folder,
        image_folder.read_folder,
    ),
):
    register(_spec)

__all__ = [
    "ReadError",
    "ReadOptions",
    "ReaderSpec",
    "find_scans",
    "is_readable",
    "open_scan",
    "readers",
    "register",
    "supported_suffixes",
]
