"""ClassWanted: which labels are to teach which model, as chosen in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.project.class_teaching import ClassChoice, Level
    from mirage_core.training.classify.config import ClassifyConfig

RECIPES = {
    "probe": "Its last step alone: about a minute",
    "paper": "Its last step, as published: longer",
    "whole": "The whole model: hours",
}
"""Presets of the core, with what they are for."""
POOLS = {
    "global": "all parts of the B-scan alike",
    "cls": "its summary of the B-scan",
    "token_mix": "both",
}
"""What the head can look at, by the core's names."""
VOLUMES = {
    "mean": "all B-scans count alike",
    "attention": "some B-scans count more",
}
"""How a volume can be told, by the core's names."""
TERMS = {
    "probe": "The classification head is learnt exactly (a linear probe); the encoder stays",
    "paper": "The classification head is learnt step by step, as published; the encoder stays",
    "whole": "Encoder and classification head are learnt together (fine-tuning)",
    "global": "The head looks at the mean of the patches' tokens",
    "cls": "The head looks at the encoder's global token (CLS)",
    "token_mix": "The head looks at the global token (CLS) and at the mean of the patches' tokens",
    "mean": "The mean of the B-scans' tokens",
    "attention": "Attention over the B-scans' tokens",
}
"""What each is in the field's terms."""


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
    recipe, pool, volume : str
        Keys of :data:`RECIPES`, :data:`POOLS` and :data:`VOLUMES`.
    title : str
        Of the model to come; empty: after its parent.
    """

    level: str = ""
    grader: str = ""
    base: str = ""
    recipe: str = next(iter(RECIPES))
    pool: str = next(iter(POOLS))
    volume: str = next(iter(VOLUMES))
    title: str = ""

    def choice(self, level: Level) -> ClassChoice:
        """Return it as the core's."""
        from mirage_core.project.class_teaching import ClassChoice

        return ClassChoice(level, (), (self.grader,) if self.grader else ())

    def config(self, *, of_volumes: bool = False) -> ClassifyConfig:
        """Return the settings of the run; what tells a volume matters where there are some.

        Raises
        ------
        TeachError
            If the recipe cannot do what is chosen.
        """
        from mirage_core.model.spec import Pool, VolumePool
        from mirage_core.training.classify.config import preset

        fields = {"volume": VolumePool(self.volume)} if of_volumes else {}
        return preset(self.recipe).changed(pool=Pool(self.pool), **fields)

    @classmethod
    def of_run(
        cls, choice: ClassChoice, config: ClassifyConfig, base: str, title: str
    ) -> ClassWanted:
        """Return what was chosen for a run, from what it left behind."""
        return cls(
            level=choice.level,
            grader=choice.graders[0] if choice.graders else "",
            base=base,
            recipe=config.preset,
            pool=config.pool.value,
            volume=config.volume.value,
            title=title,
        )
