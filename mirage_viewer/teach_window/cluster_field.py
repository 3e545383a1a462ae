"""The field that says where a model is taught."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QLineEdit

from mirage_viewer.panels.widgets import label

_CAPTION = "Or a Dask scheduler's address: tcp://host:8786"


def cluster_field() -> QLineEdit:
    """Return an empty field for the address of a cluster; what it says is not its own to keep."""
    field = QLineEdit()
    field.setPlaceholderText("This computer")
    field.setToolTip(
        "Empty: on this computer. Or the address of the scheduler of a Dask cluster "
        "(tcp://host:8786) whose nodes see the project and the program's data folder under the "
        "same names"
    )
    return field


def cluster_caption() -> QLabel:
    """Return what is to stand below the field: what it takes."""
    return label(_CAPTION, "small")
