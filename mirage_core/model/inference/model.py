"""InferenceModel: a segmentation model made ready to run, exactly or fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.devices import arithmetic
from mirage_core.model.encoder import Inputs
from mirage_core.model.inference.band_logits import BandLogits, taken_for_granted
from mirage_core.model.inference.encoder_pass import EncoderPass
from mirage_core.model.inference.heads import PLACES_PER_TOKEN, region_head
from mirage_core.model.inference.linears import choose_maker
from mirage_core.model.inference.region import Region, grown
from mirage_core.model.inference.retina_band import RetinaBand
from mirage_core.model.inference.token_choice import merging
from mirage_core.model.segmentation import MirageSegmentation, SegmentationModel
from mirage_core.model.tokens import Tokens

EXACT, FAST = "exact", "fast"
Wanted = slice | Sequence[RetinaBand] | None
"""Rows of the head's grid, or where the retina of each sample lies; None: all of it."""

_CHUNK = 1024
"""Places at a time in the point-wise layers of a head on a CPU."""
_STEP_TOKENS = 2
"""How far a region grows beyond what was found at its edge; twice as far the next time."""
_TOKENS_AROUND = 1
"""How far around the wanted tokens the encoder is given others alone too."""


class InferenceModel(nn.Module):
    """Computes what `model` computes, only where it is wanted.

    ``exact`` differs from the model by rounding: 1e-4 of a logit at most. ``fast`` differs by
    more: on a CPU linear layers are computed in 8-bit integers, and the encoder is given the
    tokens of pure background sixteen at a time; on CUDA all is computed in half precision.

    Parameters
    ----------
    model : SegmentationModel
        On its device, where it has to stay; put into evaluation. Its weights are never changed.
    mode : str
        ``exact`` or ``fast``.
    compiled : bool
        On CUDA, have torch compile the encoder: the first batch of each size takes a minute.

    Attributes
    ----------
    remarks : tuple of str
        What this mode cannot do here, in sentences for the user.
    """

    def __init__(
        self, model: SegmentationModel, mode: str = EXACT, *, compiled: bool = False
    ) -> None:
        super().__init__()
        if mode not in (EXACT, FAST):
            raise ValueError(f"{mode!r} is no mode; there are {EXACT} and {FAST}")
        self.model = model.eval()
        self.mode = mode
        self.device = next(model.parameters()).device
        make, self.remarks = choose_maker(self.device, mode == FAST)
        on_cpu = self.device.type == "cpu"
        self._pass: EncoderPass | None = None
        self._tokens: Callable[[Inputs], Tokens] = model.tokens
        if on_cpu and isinstance(model, MirageSegmentation):
            self._pass = EncoderPass(model, make)
        elif compiled and self.device.type == "cuda":
            self._tokens = torch.compile(model.tokens)
        self._head = region_head(model.head, make, _CHUNK if on_cpu else 2**30)
        self._places = PLACES_PER_TOKEN[model.head.spec.kind]

    @torch.inference_mode()
    def grid_logits(
        self, inputs: Inputs, wanted: Wanted = None, background: tuple[int, int] | None = None
    ) -> BandLogits:
        """Return logits at the head's own resolution, where they are wanted.

        Parameters
        ----------
        inputs : mapping of str to tensor
        wanted : slice, sequence of RetinaBand, or None
            One band for each sample. Without `background` all columns of the rows that hold
            every band are computed.
        background : (int, int), optional
            Classes besides which there is nothing above and below the retina. They are taken
            for granted outside the bands; where the head says otherwise at the edge of what was
            computed, it grows until nothing is cut off.

        Returns
        -------
        BandLogits
            On the rows that hold all that was computed. Where a column's own band ends sooner,
            the logits are sure of the background.
        """
        n = len(next(iter(inputs.values())))
        # A CPU is quickest with what stays in its cache; elsewhere a batch is one piece of work.
        size = 1 if self.device.type == "cpu" else n
        parts: list[tuple[Tensor, slice]] = []
        with arithmetic(self.device, self.mode == FAST):
            for at in range(0, n, size):
                group = {name: x[at : at + size] for name, x in inputs.items()}
                own = wanted if background is None else _of_samples(wanted, at, size)
                parts.append(self._group(group, own, background))
        first, last = min(rows.start for _, rows in parts), max(rows.stop for _, rows in parts)
        whole = torch.cat([logits for logits, _ in parts])
        return BandLogits(whole[:, :, first:last], first, whole.shape[2])

    def _group(
        self, inputs: Inputs, wanted: Wanted, background: tuple[int, int] | None
    ) -> tuple[Tensor, slice]:
        """Return logits on the whole grid, and the rows of it that were computed."""
        tokens, alone = self._encode(inputs, wanted, background)
        token_grid = tokens.grids[self.model.head.spec.domains[0]]
        grid = token_grid[0] * self._places[0], token_grid[1] * self._places[1]
        region = _region(wanted, grid)
        if background is None or len(tokens.values) > 1:
            region = Region.of_rows(region.hull, grid)
        step = _STEP_TOKENS * self._places[0]
        while True:
            logits = self._head(tokens, region).float()
            rest = grid[0] - region.hull.stop
            logits = functional.pad(logits, (0, 0, region.hull.start, rest))
            if background is None:
                return logits, region.hull
            more = _grown(region, logits, background, step)
            if more is None:
                return _completed(logits, region, background), region.hull
            region, step = more, 2 * step
            if alone is not None and not alone.holds(region.coarser(token_grid)):
                tokens, alone = self._encode(inputs, None, background)

    def _encode(
        self, inputs: Inputs, wanted: Wanted, background: tuple[int, int] | None
    ) -> tuple[Tokens, Region | None]:
        """Return tokens for every place, and those the encoder was given alone if not all."""
        if self._pass is None:
            return self._tokens(inputs), None
        assert isinstance(self.model, MirageSegmentation)
        layers = self.model.head.layers
        if self.mode != FAST or background is None or wanted is None:
            return self._pass(inputs, layers=layers), None
        grids = self.model.grids(inputs)
        domain = self.model.head.spec.domains[0]
        alone = _region(wanted, grids[domain]).dilated(_TOKENS_AROUND)
        merge = merging(alone, domain, grids, self.device)
        return self._pass(inputs, merge, layers), None if merge is None else alone


def _of_samples(wanted: Wanted, first: int, n: int) -> Wanted:
    return wanted if wanted is None or isinstance(wanted, slice) else wanted[first : first + n]


def _region(wanted: Wanted, grid: tuple[int, int]) -> Region:
    if wanted is None or isinstance(wanted, slice):
        return Region.of_rows(wanted, grid)
    return reduce(Region.united, [band.region(grid) for band in wanted])


def _grown(region: Region, logits: Tensor, background: tuple[int, int], step: int) -> Region | None:
    """Return a region in which what any sample shows ends; None if it does in this one."""
    labels = logits.argmax(dim=1).cpu().numpy()
    found = [grown(region, own, background, step) for own in labels]
    larger = [r for r in found if r is not None]
    if not larger:
        return None
    union = reduce(Region.united, larger)
    return union if len(labels) == 1 else Region.of_rows(union.hull, (union.height, union.width))


def _completed(logits: Tensor, region: Region, background: tuple[int, int]) -> Tensor:
    inside = torch.from_numpy(region.mask).to(logits.device)
    outside = taken_for_granted(logits.shape[1], region, background, logits.device)
    return torch.where(inside, logits, outside)
