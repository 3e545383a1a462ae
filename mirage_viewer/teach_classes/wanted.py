"""ClassWanted: which labels are to teach which model, as chosen in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.project.class_teaching import ClassChoice, Level
    from mirage_core.training.classify.config import ClassifyConfig

RECIPES = {
    "probe": "The head alone, exactly: about a minute",
    "paper": "The head alone, as published: longer",
}
"""Presets of the core that leave the encoder as it is, with what they are for."""
POOLS = {
    "global": "the mean of the patches",
    "cls": "the global token",
    "token_mix": "both",
}
"""What the head can look at, by the core's names."""


@dataclass(frozen=True, slots=True)
class ClassWanted:
    """The choices of the first step.

    Attributes
    ----------
    level : str
        ``b_scan`` or ``scan``; empty: whichever is labelled.
    grader : str
        Whose labels; empty: everyone's.
    base : str
        Id of the model whose encoder is used; empty: the usual one.
    recipe, pool : str
        Keys of :data:`RECIPES` and :data:`POOLS`.
    title : str
        Of the model to come; empty: after its parent.
    """

    level: str = ""
    grader: str = ""
    base: str = ""
    recipe: str = next(iter(RECIPES))
    pool: str = next(iter(POOLS))
    title: str = ""

    def choice(self, level: Level) -> ClassChoice:
        """Return it as the core's."""
        from mirage_core.project.class_teaching import ClassChoice

        return ClassChoice(level, (), (self.grader,) if self.grader else ())

    def config(self) -> ClassifyConfig:
        """Return the settings of the run."""
        from mirage_core.model.spec import Pool
        from mirage_core.training.classify.config import preset

        return preset(self.recipe).changed(pool=Pool(self.pool))
