"""npe2 without the warnings that it and its libraries earn by themselves."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import napari_mirage

MANIFEST = Path(napari_mirage.__file__).with_name("napari.yaml")


@cache
def manifest() -> Any:
    """Return our manifest, or skip the test where npe2 is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # npe2 trips over pydantic's own deprecations
        npe2 = pytest.importorskip("npe2")
        return npe2.PluginManifest.from_file(MANIFEST)


@cache
def plugin_manager() -> Any:
    """Return a plugin manager that knows our plugin and no other."""
    ours = manifest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from npe2 import PluginManager

        manager = PluginManager()
        manager.register(ours)
    return manager
