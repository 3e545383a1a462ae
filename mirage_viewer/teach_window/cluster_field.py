"""The field that says where a model is taught."""

from __future__ import annotations

from qtpy.QtWidgets import QLineEdit


def cluster_field() -> QLineEdit:
    """Return an empty field for the address of a cluster; what it says is not its own to keep."""
    field = QLineEdit()
    field.setPlaceholderText("this computer")
    field.setToolTip(
        "Or the address of a Dask cluster (tcp://host:8786) whose nodes see the project and the "
        "program's data folder under the same names"
    )
    return field
