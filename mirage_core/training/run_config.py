"""RunConfig: what the configurations of all trainings have in common. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mirage_core.training.errors import TrainingError


class Frozen(BaseModel):
    """Settings that do not change, and have no others beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunConfig(Frozen):
    """Everything that decides what a training computes.

    Attributes
    ----------
    on_the_way : frozenset of str
        Fields that may differ when a run is resumed: they say how, not what, is computed.
    refusal : type of TrainingError
        What is raised where the settings make no sense.
    """

    on_the_way: ClassVar[frozenset[str]] = frozenset()
    refusal: ClassVar[type[TrainingError]] = TrainingError

    def changed(self, **fields: Any) -> Self:
        """Return this configuration with other `fields`, checked.

        Raises
        ------
        TrainingError
            The training's own: if a field is unknown or its value makes no sense.
        """
        try:
            return self.model_validate(self.model_dump() | fields)
        except ValidationError as error:
            raise self.refusal(
                f"These settings cannot be: {_reason(error)}.", "Change the one that is named."
            ) from None

    def differences(self, other: Self) -> list[str]:
        """Return the names of the fields that make `other` another training."""
        return [
            name
            for name in type(self).model_fields
            if name not in self.on_the_way and getattr(self, name) != getattr(other, name)
        ]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the configuration in a JSON file; what it leaves out is as by default.

        Raises
        ------
        TrainingError
            The training's own: if it cannot be read, holds an unknown key or a value that makes
            no sense.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise cls.refusal(
                f"The settings {path} cannot be read.", "Give a JSON file that exists."
            ) from None
        except ValidationError as error:
            raise cls.refusal(
                f"The settings {path} cannot be used: {_reason(error)}.", "Correct the file."
            ) from None

    @classmethod
    def named(cls, name: str, presets: Mapping[str, Self]) -> Self:
        """Return one of `presets`.

        Raises
        ------
        TrainingError
            The training's own: if there is none of that name.
        """
        if name not in presets:
            raise cls.refusal(f"There is no preset {name!r}.", f"There are: {', '.join(presets)}.")
        return presets[name]


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"there is no setting {where!r}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}" if where else message
