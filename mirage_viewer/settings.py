"""What the app remembers of its user, in one JSON file.

Settings must never keep the program from starting: unknown keys are ignored, a value that
does not fit falls back to its default, a broken file only warns.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mirage_core.places import config_dir

_FILE = "settings.json"
_MAX_RECENT = 12


class SettingsWarning(UserWarning):
    """The settings file could not be read or written; the program goes on without it."""


class Settings(BaseSettings):
    """Choices of one user on one computer. File names stay here and nowhere else.

    Attributes
    ----------
    version : int
        Of this file's layout.
    theme : ``"dark"`` or ``"light"``
    recent : list of str
        Paths opened last, newest first.
    grader : str
        Written beside every edit.
    ordering : ``"push"`` or ``"clamp"``
        What gives way when a drawn surface meets its neighbour.
    last_project : str
        Project folder in use, empty for the default one.
    export_folder : str
        Folder exported to last, empty for one in the home folder.
    engine : str
        What segments: ``graph``, or the id of a model.
    imaginer, classifier : str
        Ids of the models that imagine and classify; empty or gone: the first there is.
    mode : ``"exact"`` or ``"fast"``
        How models compute.
    device : str
        Where models run: ``auto``, ``gpu``, ``cpu``, or one device by name (``cuda:1``, ``mps``).
    cluster : str
        Address of the Dask cluster that models are taught on; empty: this computer.
    geometry : str
        Size and place of the window, base64.
    research_notice_seen : bool
    """

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        extra="ignore", validate_assignment=True, env_prefix="MIRAGE_VIEWER_"
    )

    version: int = 1
    theme: Literal["dark", "light"] = "dark"
    recent: list[str] = Field(default_factory=list)
    grader: str = ""
    ordering: Literal["push", "clamp"] = "push"
    last_project: str = ""
    export_folder: str = ""
    engine: str = ""
    imaginer: str = ""
    classifier: str = ""
    mode: Literal["exact", "fast"] = "exact"
    device: str = Field(default="auto", pattern=r"^(auto|gpu|cpu|mps|cuda(:\d+)?)$")
    cluster: str = ""
    geometry: str = ""
    research_notice_seen: bool = False

    _for_now: dict[str, tuple[Any, Any]] = PrivateAttr(default_factory=dict)

    def for_now(self, **choices: Any) -> None:
        """Take `choices` that are not remembered, unless another is made in their place later."""
        for name, value in choices.items():
            remembered = getattr(self, name)
            setattr(self, name, value)
            self._for_now[name] = remembered, getattr(self, name)

    def remember(self, path: Path) -> None:
        """Put `path` first among the recent ones."""
        entry = str(Path(path).absolute())
        self.recent = [entry, *(p for p in self.recent if p != entry)][:_MAX_RECENT]

    def forget(self, path: Path) -> None:
        """Take `path` from the recent ones."""
        entry = str(Path(path).absolute())
        self.recent = [p for p in self.recent if p != entry]

    def save(self) -> None:
        """Write the file, whole or not at all; a failure only warns."""
        folder = config_dir()
        remembered = {k: was for k, (was, now) in self._for_now.items() if getattr(self, k) == now}
        content = self.model_copy(update=remembered).model_dump_json(indent=2)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fd, fresh = tempfile.mkstemp(dir=folder, prefix=_FILE)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(content)
            os.replace(fresh, folder / _FILE)
        except OSError as error:
            _warn(f"Settings could not be saved ({type(error).__name__}).")


def load_settings() -> Settings:
    """Return the settings of this user, with defaults for whatever cannot be used."""
    stored = _read(config_dir() / _FILE)
    while True:
        try:
            return Settings(**stored)
        except ValidationError as error:
            bad = {str(e["loc"][0]) for e in error.errors() if e["loc"]} & stored.keys()
            _warn(f"Settings ignored because they do not fit: {', '.join(sorted(bad)) or 'all'}.")
            stored = {k: v for k, v in stored.items() if k not in bad} if bad else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        _warn("The settings file could not be read; starting with the defaults.")
        return {}
    if not isinstance(content, dict):
        _warn("The settings file does not hold settings; starting with the defaults.")
        return {}
    return content


def _warn(sentence: str) -> None:
    warnings.warn(sentence, SettingsWarning, stacklevel=3)


def show_setting_warnings_plainly() -> None:
    """Let settings warnings reach stderr as one plain line, whatever the filters say."""
    warnings.simplefilter("always", SettingsWarning)
    plain = warnings.showwarning

    def show(message: Any, category: type[Warning], *rest: Any, **kwargs: Any) -> None:
        if issubclass(category, SettingsWarning):
            print(message, file=sys.stderr)  # noqa: T201
        else:
            plain(message, category, *rest, **kwargs)

    warnings.showwarning = show
