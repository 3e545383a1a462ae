"""Wanted: which corrections are to teach which model, as chosen in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_core.annotate import MASKS, State

if TYPE_CHECKING:
    from mirage_core.project.teaching import TeachingChoice
    from mirage_core.training.finetune.config import FinetuneConfig
    from mirage_core.training.finetune.labelled import TeachingData

PRESETS = {
    "few-shot": "A few corrections: minutes",
    "paper": "As published, 1024 px: hours, with a graphics card",
}
"""Names of the core's presets, with what they are for."""
_NEW_HEAD = "light"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The choices of the first step.

    Attributes
    ----------
    scan : str
        Id of the only scan to teach with; empty: all of the project.
    grader : str
        Whose corrections; empty: everyone's.
    approved_only : bool
        Leave out what is corrected but not approved.
    left_out : frozenset of str
        Structures that are not taught; ``masks`` stands for all lesions.
    base : str
        Id of the model to begin with; empty: the usual one.
    preset : str
    title : str
        Of the model to come; empty: after its parent.
    """

    scan: str = ""
    grader: str = ""
    approved_only: bool = False
    left_out: frozenset[str] = frozenset()
    base: str = ""
    preset: str = next(iter(PRESETS))
    title: str = ""

    def choice(self, structures: tuple[str, ...] = ()) -> TeachingChoice:
        """Return it as the core's; of all that are there, only `structures`, empty: all."""
        from mirage_core.project.teaching import HUMAN, TeachingChoice

        return TeachingChoice(
            (self.scan,) if self.scan else (),
            (self.grader,) if self.grader else (),
            frozenset({State.APPROVED}) if self.approved_only else HUMAN,
            structures,
        )

    def config(self, has_head: bool) -> FinetuneConfig:
        """Return the settings of the run; a base model without a head gets a new one."""
        from mirage_core.training.finetune.config import preset

        chosen = preset(self.preset)
        if chosen.head == "keep" and not has_head:
            return chosen.changed(head=_NEW_HEAD)
        return chosen

    def of(self, data: TeachingData) -> TeachingData:
        """Return `data` without the structures that are left out."""
        if not self.left_out:
            return data
        from mirage_core.training.finetune.labelled import LESION_NAMES, SURFACE_NAMES

        lesions = () if MASKS in self.left_out else LESION_NAMES
        surfaces = tuple(name for name in SURFACE_NAMES if name not in self.left_out)
        kept = data.with_structures((*surfaces, *lesions))
        return kept.only(lambda b: bool(b.known_surfaces) or b.masks is not None)
