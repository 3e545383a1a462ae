"""Where on a B-scan a classifier sees evidence of a class.

``gradient``: what sets each patch, as it enters the first block, apart from the image's usual
patch, times the gradient of the class's log odds by it, as far as it speaks for the class.
``rollout``: attention weighted by its gradient, followed from the last block to the patches
(Chefer, Gur & Wolf, ICCV 2021). Both know no more than the patches do: a map is as fine as the grid
of tokens, and it shows what the model looked at, not where a lesion ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mirage_core.engines.base import Attribution, EngineInput
from mirage_core.engines.errors import InputError, TaskMissingError
from mirage_core.engines.mirage.features import class_labels
from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.mirage.running import Run
from mirage_core.model.classification import ClassificationModel
from mirage_core.model.devices import arithmetic, to_device
from mirage_core.model.encoder import MirageEncoder
from mirage_core.model.positions import resize_table
from mirage_core.model.preprocessing.inverse import to_original
from mirage_core.model.tokens import Tokens

F32 = NDArray[np.float32]
_METHODS = ("gradient", "rollout")
_TINY = 1e-12
_OPAQUE = "It cannot be told where an encoder of this kind looks."


def explain(run: Run, source: EngineInput, label: str | None, method: str) -> Attribution:
    """Return where the wanted B-scans show `label`, by default the class most likely on them.

    Raises
    ------
    InputError
        If the model knows no such class, or there is no such method.
    TaskMissingError
        If the encoder's attention cannot be followed, or it does not look at B-scans.
    """
    labels = class_labels(run.card)
    if label is not None and label not in labels:
        raise InputError(f"The model tells no {label!r}.", f"It tells: {', '.join(labels)}.")
    if method not in _METHODS:
        raise InputError(f"There is no method {method!r}.", f"There are: {', '.join(_METHODS)}.")
    prepared = Preparation(run.card, source, run.info.domains)
    if "bscan" not in prepared.domains:
        raise TaskMissingError(f"The model {run.card.title!r} does not look at B-scans.")
    model = run.model()

    def inputs_of(rows: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        made = prepared.inputs(rows, prepared.padding(rows))
        return {name: to_device(x, device) for name, x in made.items()}

    chosen = _chosen(run, source, label, labels, inputs_of)
    size = source.b_scans.shape[1:]

    def work(rows: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
        classifying = model.of(ClassificationModel)
        with arithmetic(device, fast=False):
            heat, told = _evidence(classifying, inputs_of(rows, device), chosen, method)
        hidden = torch.from_numpy(prepared.padding(rows))
        fine = to_original(heat[:, None].cpu(), (size[0], size[1]))[:, 0]
        return _to_one(fine.masked_fill(hidden, 0.0)), told.cpu()

    done = run.batches(source.wanted, work, model)
    heat = [h for h, _ in done.results]
    told = [p for _, p in done.results]
    return Attribution(
        torch.cat(heat).numpy() if heat else np.zeros((0, *size), np.float32),
        labels[chosen],
        torch.cat(told).numpy() if told else np.zeros(0, np.float32),
        method,
        run.info,
        run.run_info(done),
    )


def _chosen(
    run: Run,
    source: EngineInput,
    label: str | None,
    labels: Sequence[str],
    inputs_of: Callable[[Sequence[int], torch.device], dict[str, Tensor]],
) -> int:
    """Return the number of the class that is asked for, or that is most likely on the B-scans."""
    if label is not None or not source.wanted:
        return labels.index(label) if label is not None else 0
    model = run.model()

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> Tensor:
        classifying = model.of(ClassificationModel)
        return classifying.probabilities(classifying(inputs_of(rows, device))).cpu()

    told = torch.cat(run.batches(source.wanted, work, model).results)
    return int(told.mean(dim=0).argmax())


def _evidence(
    model: ClassificationModel, inputs: dict[str, Tensor], chosen: int, method: str
) -> tuple[Tensor, Tensor]:
    """Return evidence on the grid of the B-scan's tokens ``(B, gh, gw)``, and probabilities."""
    with torch.enable_grad(), _frozen(model), _watched(model, method) as seen:
        tokens = model.encode(inputs)
        logits = model.head(model.features_of(tokens))
        gradients = torch.autograd.grad(_log_odds(model, logits, chosen).sum(), seen)
    told = model.probabilities(logits.detach())[:, chosen]
    pairs = [(s.detach(), g) for s, g in zip(seen, gradients, strict=True)]
    if method == "rollout":
        return _of_b_scan(model, tokens, _rollout(pairs))[..., 0], told
    values, slopes = (_of_b_scan(model, tokens, x) for x in pairs[0])
    content = (values - _positions(model, tokens)).flatten(1, 2)
    usual = content.median(dim=1, keepdim=True).values
    apart = (content - usual).unflatten(1, tokens.grids["bscan"])
    return (apart * slopes).sum(dim=3).clamp(min=0), told


def _log_odds(model: ClassificationModel, logits: Tensor, chosen: int) -> Tensor:
    """Return how much the class outweighs all others, ``(B,)``."""
    own = logits[:, chosen]
    if model.multi_label or logits.shape[1] == 1:
        return own
    others = torch.cat([logits[:, :chosen], logits[:, chosen + 1 :]], dim=1)
    return own - torch.logsumexp(others, dim=1)


def _rollout(blocks: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Return evidence of each token ``(B, N, 1)`` by attention ``(B, heads, N, N)`` of blocks."""
    first = blocks[0][0]
    own = torch.eye(first.shape[-1], device=first.device)
    relevance = own.expand(len(first), *own.shape)
    for weights, gradient in blocks:
        relevance = relevance + (weights * gradient).clamp(min=0).mean(dim=1) @ relevance
    return (relevance - own).clamp(min=0).mean(dim=1)[:, :, None]


def _positions(model: ClassificationModel, tokens: Tokens) -> Tensor:
    """Return what of the B-scan's patches says where they lie ``(1, gh, gw, D)``, if it is known.

    Where a patch lies is no evidence.
    """
    if not isinstance(model.model, MirageEncoder):
        return torch.zeros(1, 1, 1, 1, device=tokens.values.device)
    adapter = model.model.adapter("bscan")
    table = resize_table(adapter.pos_emb, tokens.grids["bscan"], adapter.resize_mode)
    return table.permute(0, 2, 3, 1)


def _of_b_scan(model: ClassificationModel, tokens: Tokens, values: Tensor) -> Tensor:
    """Return the part of the B-scan's patches in ``(B, N, D)``, as a map ``(B, gh, gw, D)``."""
    if not isinstance(model.model, MirageEncoder):  # timm's blocks have the global tokens first
        values = values.roll(-tokens.n_global, dims=1)
    return tokens.of("bscan", values).unflatten(1, tokens.grids["bscan"])


def _to_one(heat: Tensor) -> Tensor:
    """Scale each map so that its greatest value is 1, where it has any."""
    greatest = heat.flatten(1).amax(dim=1).reshape(-1, *[1] * (heat.ndim - 1))
    return torch.where(greatest > _TINY, heat / greatest.clamp(min=_TINY), torch.zeros_like(heat))


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Ask for no gradients of weights, which are shared with other runs."""
    asking = [p for p in model.parameters() if p.requires_grad]
    for parameter in asking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_(True)


@contextmanager
def _watched(model: ClassificationModel, method: str) -> Iterator[list[Tensor]]:
    """Collect, as the model runs, what evidence is read from, and ask for gradients by it.

    For ``gradient`` what enters the first block ``(B, N, D)``; for ``rollout`` the attention
    ``(B, heads, N, N)`` of every block.
    """
    seen: list[Tensor] = []
    blocks = _blocks(model.model)
    attentions: list[Any] = [block.attn for block in blocks] if method == "rollout" else []
    fused = [a for a in attentions if a.fused_attn]

    def begin(_module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        entering = given[0].detach().requires_grad_(True)
        if method == "gradient":
            _must_have(entering, 3)
            seen.append(entering)
        return (entering, *given[1:])

    def keep(_module: nn.Module, _given: tuple[Tensor, ...], made: Tensor) -> None:
        _must_have(made, 4)
        seen.append(made)

    handles = [blocks[0].register_forward_pre_hook(begin)]
    handles += [attention.attn_drop.register_forward_hook(keep) for attention in attentions]
    try:
        for attention in fused:
            attention.fused_attn = False  # its weights are never there otherwise
        yield seen
    finally:
        for attention in fused:
            attention.fused_attn = True
        for handle in handles:
            handle.remove()


def _must_have(values: Tensor, n_axes: int) -> None:
    if values.ndim != n_axes:  # SAM's, on a grid and in windows
        raise TaskMissingError(_OPAQUE)


def _blocks(encoder: nn.Module) -> list[nn.Module]:
    """Return the blocks of an encoder, whose tokens are those of the image.

    Raises
    ------
    TaskMissingError
        If they cannot be followed.
    """
    inner = encoder.encoder if isinstance(encoder, MirageEncoder) else getattr(encoder, "vit", None)
    blocks = inner if isinstance(encoder, MirageEncoder) else getattr(inner, "blocks", None)
    if blocks is None or not all(hasattr(getattr(b, "attn", None), "attn_drop") for b in blocks):
        raise TaskMissingError(_OPAQUE)
    return list(blocks)
