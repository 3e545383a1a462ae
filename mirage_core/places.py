"""Where settings, projects and models live on this computer. Imports nothing else of ours."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path, user_data_path

APP_NAME = "mirage-viewer"
_PACKAGE = Path(__file__).parent


def config_dir() -> Path:
    """Return the folder of the settings; ``MIRAGE_CONFIG_DIR`` overrides it."""
    return Path(os.environ.get("MIRAGE_CONFIG_DIR") or user_config_path(APP_NAME, appauthor=False))


def data_dir() -> Path:
    """Return the folder of the default project and of models; ``MIRAGE_DATA_DIR`` overrides it."""
    return Path(os.environ.get("MIRAGE_DATA_DIR") or user_data_path(APP_NAME, appauthor=False))


def shipped_models_dir() -> Path:
    """Return the folder of the models that come with the program, which never change.

    ``MIRAGE_SHIPPED_DIR`` overrides it: a clinic can give all its computers the same models.
    """
    return Path(os.environ.get("MIRAGE_SHIPPED_DIR") or _PACKAGE / "model" / "shipped")


def models_dir() -> Path:
    """Return the folder of the model store."""
    return data_dir() / "models"
