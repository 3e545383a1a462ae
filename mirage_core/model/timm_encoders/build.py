"""From a specification to an encoder of timm."""

from __future__ import annotations

from fnmatch import fnmatchcase

import timm

from mirage_core.model.spec import ModelSpec
from mirage_core.model.timm_encoders.base import TimmEncoder
from mirage_core.model.timm_encoders.families import family
from mirage_core.model.timm_encoders.variants import architecture, recipe


def build_timm_encoder(spec: ModelSpec) -> TimmEncoder:
    """Return a new encoder with random weights.

    Parameters
    ----------
    spec : ModelSpec
        With one domain of grey images. Its sizes count, not those that timm knows for the
        variant, which only says of what kind the blocks are.

    Raises
    ------
    ValueError
        If the specification is not one of an encoder of timm.
    """
    row = family(spec.encoder)
    if len(spec.domains) != 1 or spec.domains[0].n_classes is not None:
        raise ValueError(
            f"a {spec.encoder.value} encoder takes one domain of grey images; the specification "
            f"names {', '.join(d.name for d in spec.domains)}"
        )
    known = [n for n in timm.list_models() if fnmatchcase(n, row.architectures)]
    if architecture(spec) not in known or recipe(spec) not in row.recipes:
        endings = "".join(f", or one of them with .{r}" for r in row.recipes if r)
        raise ValueError(
            f"{spec.encoder.value} has no variant {spec.variant!r}; there are: "
            f"{', '.join(known)}{endings}"
        )
    return row.encoder(spec)
