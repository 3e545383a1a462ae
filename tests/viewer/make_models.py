"""Makes tiny models that can really be run: ``python -m tests.viewer.make_models``.

In a process of its own, since it needs the libraries that the window's must never see.
"""

from __future__ import annotations

import torch

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import save_native
from mirage_core.places import models_dir
from tests.viewer.stores import SPECS, card_of


def main() -> None:
    """Write every model of SPECS, with random weights, into the user's store."""
    torch.manual_seed(1)
    for kind, (spec, _) in SPECS.items():
        save_native(build_model(spec).eval(), card_of(kind), models_dir() / kind)


if __name__ == "__main__":
    main()
