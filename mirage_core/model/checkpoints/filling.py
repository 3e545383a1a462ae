"""From a specification and a file's weights to a model, without copying what is on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mirage_core.model.build import build_model, empty_model
from mirage_core.model.checkpoints.aliases import main_name, with_aliases, without_aliases
from mirage_core.model.checkpoints.errors import CheckpointError, listed
from mirage_core.model.checkpoints.layout import ENCODER, INPUTS, OUTPUTS
from mirage_core.model.checkpoints.report import Report, Resized
from mirage_core.model.positions import resize_table
from mirage_core.model.spec import EncoderKind, HeadKind, HeadSpec, ModelSpec, Pool

POSITIONS = ".pos_emb"
BACKBONE = "backbone."

_SHAPING: dict[HeadKind, tuple[str, ...]] = {
    HeadKind.CONVNEXT: ("embed", "depth"),
    HeadKind.LINEAR: (),
    HeadKind.SEGMENTER: ("embed", "depth"),
    HeadKind.DPT: ("widths", "features"),
    HeadKind.PYRAMID: ("widths", "parts"),
    HeadKind.LIGHT: ("embed", "depth"),
}
"""What shapes of a head's weights depend on, beside its classes and inputs."""


@dataclass(frozen=True, eq=False)
class Source:
    """Weights by name, and the specification they fit.

    Attributes
    ----------
    path : Path
        Named in errors.
    spec : ModelSpec
    state : mapping of str to tensor
    report : Report
        What is known already; filling adds to it.
    """

    path: Path
    spec: ModelSpec
    state: Mapping[str, Tensor]
    report: Report


def fill(
    source: Source, spec: ModelSpec, *, strict: bool = True, fresh: tuple[str, ...] = ()
) -> tuple[nn.Module, Report]:
    """Return the model of `spec`, in evaluation mode, with the weights of `source`.

    Parameters
    ----------
    source : Source
    spec : ModelSpec
        What is wanted: the source's own, or with other inputs, input sizes or another task.
    strict : bool
        Refuse missing and unexpected weights instead of reporting them.
    fresh : tuple of str
        Beginnings of names that may be missing even so; they get random values.

    Raises
    ------
    CheckpointError
        If the weights do not fit.
    """
    model = empty_model(spec)
    expected = model.state_dict()
    try:
        single = without_aliases(source.state)
    except ValueError as error:
        raise _refused(source, str(error)) from error
    moved = _moved(single, source.spec, spec)
    dropped = _dropped(single, source.spec, spec)
    state, resized = _with_fitting_tables(
        {new: single[old] for old, new in moved.items() if old not in dropped}, expected
    )
    notes = source.report.notes + _to_single_precision(state)
    known = {main_name(name) for name in expected}
    report = Report(
        missing=tuple(n for n in expected if main_name(n) == n and n not in state),
        unexpected=tuple(o for o, n in moved.items() if o not in dropped and n not in known),
        dropped=source.report.dropped + dropped,
        resized=source.report.resized + resized,
        assumptions=source.report.assumptions,
        notes=notes,
    )
    _check(source, state, expected, report, strict, fresh)
    model.load_state_dict(with_aliases(state, expected), strict=False, assign=True)
    _make_rest(model, spec, report.missing)
    return model, report


def same_weights(have: HeadSpec | None, want: HeadSpec | None) -> bool:
    """Return whether two heads have weights of the same meaning and shape.

    Numbers of attention heads and hooked blocks are no matter: the caller may know better.
    """
    if have is None or want is None or have.kind is not want.kind:
        return have is want
    fields = ("n_classes", *_SHAPING[have.kind])
    return len(have.domains) == len(want.domains) and all(
        getattr(have, field) == getattr(want, field) for field in fields
    )


def _moved(state: Iterable[str], have: ModelSpec, want: ModelSpec) -> dict[str, str]:
    """Return by name in the source the name in the wanted model."""
    inner, outer = _encoder_prefix(have), _encoder_prefix(want)

    def name_in_wanted(name: str) -> str:
        in_encoder = name.startswith(inner) if inner else not name.startswith(OUTPUTS)
        return outer + name.removeprefix(inner) if in_encoder else name

    return {name: name_in_wanted(name) for name in state}


def _encoder_prefix(spec: ModelSpec) -> str:
    if spec.classifier is not None:
        return ENCODER
    return BACKBONE if spec.encoder is not EncoderKind.MIRAGE and spec.head is not None else ""


def _dropped(state: Iterable[str], have: ModelSpec, want: ModelSpec) -> tuple[str, ...]:
    """Return the names in the source that the wanted model has no use for."""
    inputs = sorted({d.name for d in have.domains} - {d.name for d in want.domains})
    unused = [f"{_encoder_prefix(have)}{INPUTS}{name}." for name in inputs]
    embeddings: set[str] = set()
    if have.decoder is not None:
        outputs = {d.name for d in have.decoder.domains}
        kept = set() if want.decoder is None else {d.name for d in want.decoder.domains}
        unused += [f"{OUTPUTS}{name}." for name in outputs - kept]
        embeddings = {f"{OUTPUTS}{out}.task_embeddings.{name}" for out in kept for name in inputs}
    if not same_weights(have.head, want.head):
        unused.append(OUTPUTS)
    if have.classifier is not None and want.classifier is None:
        unused += ["norm.", "head.", "attention."]
    elif have.classifier is not None and _width(have) != _width(want):
        unused.append("head.")
    return tuple(n for n in state if n.startswith(tuple(unused)) or n in embeddings)


def _width(spec: ModelSpec) -> tuple[bool, int] | None:
    classifier = spec.classifier
    if classifier is None:
        return None
    return classifier.pool is Pool.TOKEN_MIX, classifier.n_classes


def _with_fitting_tables(
    state: dict[str, Tensor], expected: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], tuple[Resized, ...]]:
    """Resize the inputs' tables of positions to the grid of the model, once and for all."""
    resized = []
    for name, table in state.items():
        wanted = expected.get(name)
        if INPUTS not in name or not name.endswith(POSITIONS) or wanted is None:
            continue
        before, after = _grid(table), _grid(wanted)
        if table.ndim == 4 and before != after and table.shape[:2] == wanted.shape[:2]:
            state[name] = resize_table(table.float(), after, "bicubic")
            resized.append(Resized(name, before, after))
    return state, tuple(resized)


def _grid(table: Tensor) -> tuple[int, int]:
    return (table.shape[-2], table.shape[-1]) if table.ndim >= 2 else (0, 0)


def _to_single_precision(state: dict[str, Tensor]) -> tuple[str, ...]:
    other = {n: t for n, t in state.items() if t.is_floating_point() and t.dtype != torch.float32}
    state.update({name: tensor.float() for name, tensor in other.items()})
    kinds = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in other.values()})
    if not kinds:
        return ()
    return (f"Weights stored as {', '.join(kinds)} were converted to float32.",)


def _check(
    source: Source,
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    report: Report,
    strict: bool,
    fresh: tuple[str, ...],
) -> None:
    wrong = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    wrong += [
        f"{name} as {str(state[name].dtype).removeprefix('torch.')}"
        for name, tensor in expected.items()
        if name in state and state[name].is_floating_point() != tensor.is_floating_point()
    ]
    if wrong:
        raise _refused(source, f"The weights do not fit the model: {listed(wrong)}.")
    missing = [name for name in report.missing if not name.startswith(fresh)]
    if not strict or not (missing or report.unexpected):
        return
    amiss = Report(missing=tuple(missing), unexpected=report.unexpected)
    raise _refused(source, f"The file {amiss.misfit()}.")


def _refused(source: Source, what: str) -> CheckpointError:
    return CheckpointError(
        source.path, what, "Check that the file and the model you chose belong together."
    )


def _make_rest(model: nn.Module, spec: ModelSpec, missing: tuple[str, ...]) -> None:
    """Give what is still without memory the values a new model starts with."""
    rest = [name for name, t in model.named_parameters() if t.is_meta]
    rest += [name for name, t in model.named_buffers() if t.is_meta]
    if not rest:
        return
    blocks = f"{_encoder_prefix(spec)}encoder."
    whole = spec.encoder is not EncoderKind.MIRAGE or any(n.startswith(blocks) for n in missing)
    # Blocks are by far the most of a model; a new one without them is made in no time.
    new = build_model(spec if whole else spec.model_copy(update={"depth": 0}))
    made = {**dict(new.named_parameters()), **dict(new.named_buffers())}
    for name in rest:
        holder, _, last = name.rpartition(".")
        setattr(model.get_submodule(holder), last, made[name])
