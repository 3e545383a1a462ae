"""What learns by gradient steps: a head on kept features, or the whole model on moved images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mirage_core.model.classification import ClassificationModel
from mirage_core.model.devices import to_device
from mirage_core.model.spec import VolumePool
from mirage_core.training.classify.exact import Standard
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.features import Bags
from mirage_core.training.classify.inputs import InputMaker
from mirage_core.training.finetune.errors import TeachError


class Learner(ABC):
    """Gives logits of examples, with gradients for what learns.

    Attributes
    ----------
    model : ClassificationModel
    at_a_time : int
        Examples whose logits are held at once; gradients of a batch add up.
    """

    def __init__(self, model: ClassificationModel, device: torch.device, at_a_time: int) -> None:
        self.model = model.to(device)
        self.device = device
        self.at_a_time = at_a_time

    @property
    def learns(self) -> dict[str, nn.Parameter]:
        """Parameters that learn, by name."""
        return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

    @abstractmethod
    def logits(self, rows: Sequence[int], draw: tuple[int, int]) -> Tensor:
        """Return logits ``(B, K)`` of examples, changed at random as `draw` (seed, epoch) says."""

    @abstractmethod
    def answers(self, rows: Sequence[int]) -> Tensor:
        """Return logits ``(B, K)`` of examples as they are, without gradients."""


class HeadLearner(Learner):
    """A head on kept features; with attention over the B-scans of a volume where there is one.

    Features are standardised by what is taught with while it learns; :meth:`finish` folds that
    into the head.

    Parameters
    ----------
    model : ClassificationModel
    bags : Bags
    rows : sequence of int
        What is taught with.
    standardise : bool
    device : torch.device
    """

    def __init__(
        self,
        model: ClassificationModel,
        bags: Bags,
        rows: Sequence[int],
        standardise: bool,
        device: torch.device,
    ) -> None:
        model.requires_grad_(False)
        model.head.requires_grad_(True)
        if model.volume is VolumePool.ATTENTION:
            model.attention.requires_grad_(True)
        super().__init__(model, device, at_a_time=len(bags.marks))
        self._standard: Standard | None = None
        if standardise:
            self._standard = Standard.of(
                np.concatenate([view[i] for view in bags.views for i in rows])
            )
        self._views = [[self._tensor(bag) for bag in view] for view in bags.views]

    def logits(self, rows: Sequence[int], draw: tuple[int, int]) -> Tensor:
        """Return logits of one of the kept views of each example."""
        views = [int(np.random.default_rng((*draw, i)).integers(len(self._views))) for i in rows]
        return self._of([self._views[v][i] for v, i in zip(views, rows, strict=True)])

    @torch.no_grad()
    def answers(self, rows: Sequence[int]) -> Tensor:
        """Return logits of examples as they are."""
        return self._of([self._views[0][i] for i in rows])

    @torch.no_grad()
    def finish(self) -> None:
        """Have the model look at features as they are."""
        if self._standard is None:
            return
        layers = [self.model.head]
        if self.model.volume is VolumePool.ATTENTION:
            layers += [self.model.attention.value, self.model.attention.gate]
        for layer in layers:
            own = (p.double().cpu().numpy() for p in (layer.weight, layer.bias))
            weight, bias = self._standard.folded(*own)
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        self._standard = None

    def _of(self, bags: Sequence[Tensor]) -> Tensor:
        if self.model.volume is VolumePool.ATTENTION:
            return torch.stack([self.model.of_volume(bag) for bag in bags])
        logits: Tensor = self.model.head(torch.cat(list(bags)))
        return logits

    def _tensor(self, bag: np.ndarray) -> Tensor:
        if self.model.volume is not VolumePool.ATTENTION:
            bag = bag.mean(axis=0, keepdims=True)
        values = bag if self._standard is None else self._standard.apply(bag)
        return torch.from_numpy(np.asarray(values, np.float32)).to(self.device)


class WholeLearner(Learner):
    """The whole model, on images that are moved anew every epoch as published.

    Parameters
    ----------
    model : ClassificationModel
    data : ClassData
    inputs : InputMaker
    most : int
        B-scans of a volume, spread evenly.
    device : torch.device
    """

    def __init__(
        self,
        model: ClassificationModel,
        data: ClassData,
        inputs: InputMaker,
        most: int,
        device: torch.device,
    ) -> None:
        model.requires_grad_(True)
        for name, parameter in model.named_parameters():
            if name.endswith("pos_emb"):
                parameter.requires_grad_(False)
        # What is computed at a time does not change the result: the loss is a mean of examples'.
        super().__init__(model, device, at_a_time=1 if device.type == "cpu" else 8)
        self._data, self._inputs, self._most = data, inputs, most

    def logits(self, rows: Sequence[int], draw: tuple[int, int]) -> Tensor:
        """Return logits of examples, each moved in a way of its own."""
        self._learning()
        return torch.stack([self._of(i, (*draw, i)) for i in rows])

    @torch.no_grad()
    def answers(self, rows: Sequence[int]) -> Tensor:
        """Return logits of examples as they are."""
        self.model.eval()
        return torch.stack([self._of(i, None) for i in rows])

    def _of(self, i: int, draw: tuple[int, int, int] | None) -> Tensor:
        example = self._data.examples[i]
        made = [
            self._inputs.plain(example, b)
            if draw is None
            else self._inputs.augmented(example, b, draw)
            for b in example.chosen(self._most)
        ]
        together = {n: torch.cat([m[n] for m in made]) for n in made[0]}
        features = self.model.features({n: to_device(x, self.device) for n, x in together.items()})
        return self.model.of_volume(features)

    def _learning(self) -> None:
        self.model.train()
        for module in self.model.modules():
            # Statistics of a handful of images are poor ones.
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def probabilities(model: ClassificationModel, logits: Tensor) -> np.ndarray:
    """Return probabilities ``[n, k]`` of logits.

    Raises
    ------
    TeachError
        If they are no numbers.
    """
    told = model.probabilities(logits.detach().double()).cpu().numpy()
    if not np.isfinite(told).all():
        raise TeachError(
            "What was learnt gives no numbers.", "Begin anew with a lower learning rate (lr)."
        )
    return told
