"""From keys and shapes to a specification; the published formats store none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from mirage_core.model.checkpoints.aliases import without_aliases
from mirage_core.model.checkpoints.evidence import Evidence
from mirage_core.model.checkpoints.layout import (
    ENCODER,
    INPUTS,
    LAYER_MAP_ALIAS,
    OUTPUTS,
    Layout,
    canonical,
    recognise,
)
from mirage_core.model.checkpoints.reading import Container, RawCheckpoint
from mirage_core.model.checkpoints.specify_head import specify_head
from mirage_core.model.spec import (
    DOMAINS,
    HEAD_DIM,
    LAYER_MAP,
    SIZES,
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    ModelSpec,
    Pool,
)

PUBLISHED_SIZES = ("base", "large")
PUBLISHED_DECODER = DecoderSpec()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A file of MIRAGE's weights, understood.

    Attributes
    ----------
    raw : RawCheckpoint
    layout : Layout
    spec : ModelSpec
    state : dict of str to tensor
        Weights under the keys of the model of `spec`; each once.
    mapping : dict of int to int, or None
        Of a segmentation head: from grey value in the masks it was trained with to class.
    assumptions, notes : tuple of str
    """

    raw: RawCheckpoint
    layout: Layout
    spec: ModelSpec
    state: dict[str, Tensor]
    mapping: dict[int, int] | None
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]


def understand(
    raw: RawCheckpoint,
    *,
    heads: int | None = None,
    decoder_heads: int | None = None,
    segmenter_heads: int | None = None,
) -> Checkpoint:
    """Work out which model of MIRAGE a file belongs to.

    Parameters
    ----------
    raw : RawCheckpoint
    heads : int, optional
        Attention heads of the encoder, which no shape tells. By default those of the published
        models, 64 wide.
    decoder_heads, segmenter_heads : int, optional
        Likewise for the decoders of pre-training and a Segmenter head; by default 8 and 12.

    Raises
    ------
    CheckpointError
        If these are not MIRAGE's weights, or something has to be known that the file does not
        tell.
    """
    try:
        state = without_aliases(canonical(raw.state))
    except ValueError as error:
        raise Evidence(raw, raw.state).refused(str(error)) from error
    evidence = Evidence(raw, state)
    layout = recognise(state)
    if not layout.is_mirage:
        raise _foreign(evidence, layout)
    at = ENCODER if layout is Layout.CLASSIFICATION else ""
    _, n_global, dim = evidence.shape(f"{at}global_tokens", 3)
    depth = evidence.n_blocks(f"{at}encoder.")
    domains = _domains(evidence, at)
    spec = ModelSpec(
        dim=dim,
        depth=depth,
        heads=_heads(evidence, dim, depth, heads),
        mlp_ratio=evidence.shape(f"{at}encoder.0.mlp.fc1.weight", 2)[0] / dim,
        n_global=n_global,
        domains=domains,
    )
    if layout is Layout.PRETRAINING:
        spec = _with(spec, decoder=_decoder(evidence, domains, decoder_heads))
    elif layout is Layout.SEGMENTATION:
        spec = _with(spec, head=specify_head(evidence, spec, segmenter_heads))
    elif layout is Layout.CLASSIFICATION:
        spec = _with(spec, classifier=_classifier(evidence, dim))
    _note_reading(evidence)
    return Checkpoint(
        raw,
        layout,
        spec,
        state,
        None if spec.head is None else _mapping(evidence, spec.head.n_classes),
        tuple(evidence.assumptions),
        tuple(evidence.notes),
    )


def _with(spec: ModelSpec, **task: object) -> ModelSpec:
    return spec.model_copy(update=task)


def _foreign(evidence: Evidence, layout: Layout) -> Exception:
    if layout is Layout.UNKNOWN:
        if any(key.startswith((INPUTS, ENCODER + INPUTS)) for key in evidence.state):
            return evidence.refused("The weights lack 'global_tokens'.")
        names = ", ".join(repr(k[:60]) for k in list(evidence.state)[:3])
        return evidence.refused(
            f"The file holds weights of no model that is known here; its first names are {names}.",
            "Choose a checkpoint of MIRAGE, DINOv2, RETFound or SAM.",
        )
    return evidence.refused(
        f"The file holds weights of another model ({layout.value}), not MIRAGE's.",
        "Import it as an encoder, or start pre-training from it.",
    )


def _heads(evidence: Evidence, dim: int, depth: int, given: int | None) -> int:
    told = given or evidence.told_number("encoder_num_heads")
    if told is not None:
        if dim % told:
            raise evidence.refused(
                f"An encoder of width {dim} cannot have {told} attention heads.",
                "Give a number of heads that divides the width.",
            )
        return told
    known = [(name, s) for name, s in SIZES.items() if (s.dim, s.depth) == (dim, depth)]
    if known and known[0][0] in PUBLISHED_SIZES:
        return known[0][1].heads
    if not known and dim % HEAD_DIM:
        raise evidence.refused(
            f"The file does not say how many attention heads its encoder has, and a width of "
            f"{dim} does not tell.",
            "Give the number of heads.",
        )
    heads = known[0][1].heads if known else dim // HEAD_DIM
    evidence.assumptions.append(
        f"The file does not say how many attention heads its encoder has; {heads} are assumed for "
        f"a width of {dim} and {depth} blocks. With another number the results are wrong: give it."
    )
    return heads


def _domains(evidence: Evidence, at: str) -> tuple[DomainSpec, ...]:
    found = evidence.children(at + INPUTS)
    told = tuple(
        LAYER_MAP.name if name == LAYER_MAP_ALIAS else name
        for name in evidence.told_names("in_domains")
    )
    published = [d.name for d in DOMAINS]
    order = told if set(found) <= set(told) else (*published, *found)
    names = sorted(found, key=order.index)
    return tuple(_domain(evidence, name, f"{at}{INPUTS}{name}.") for name in names)


def _domain(evidence: Evidence, name: str, at: str) -> DomainSpec:
    _, channels, patch, width = evidence.shape(f"{at}proj.weight", 4)
    _, _, rows, columns = evidence.shape(f"{at}pos_emb", 4)
    if patch != width:
        raise evidence.refused(f"The patches of {name!r} are not square: {patch} x {width} px.")
    n_classes = None
    if f"{at}class_emb.weight" in evidence.state:
        n_classes, channels = evidence.shape(f"{at}class_emb.weight", 2)
    elif channels != 1:
        raise evidence.refused(f"The input {name!r} takes {channels} channels, not one of grey.")
    fields = {} if n_classes is None else {"class_dim": channels}
    return DomainSpec(
        name=name, patch=patch, size=(rows * patch, columns * patch), n_classes=n_classes, **fields
    )


def _decoder(evidence: Evidence, inputs: tuple[DomainSpec, ...], heads: int | None) -> DecoderSpec:
    names = evidence.children(OUTPUTS)
    order = [d.name for d in inputs]
    names = tuple(sorted(names, key=lambda n: order.index(n) if n in order else len(order)))
    dims = {evidence.shape(f"{OUTPUTS}{n}.mask_token", 3)[2] for n in names}
    depths = {evidence.n_blocks(f"{OUTPUTS}{n}.decoder_transformer.") for n in names}
    if len(dims) > 1 or len(depths) > 1:
        raise evidence.refused("The decoders of this file differ in size from one another.")
    dim = dims.pop()
    return DecoderSpec(
        dim=dim,
        depth=depths.pop(),
        heads=_decoder_heads(evidence, dim, heads),
        domains=tuple(_output(evidence, n, inputs) for n in names),
    )


def _decoder_heads(evidence: Evidence, dim: int, given: int | None) -> int:
    # Settings of another run are of no use: they count where the width they speak of is right.
    same = evidence.told_number("decoder_dim") == dim
    told = given or (evidence.told_number("decoder_num_heads") if same else None)
    heads = PUBLISHED_DECODER.heads if told is None else told
    if dim % heads:
        raise evidence.refused(
            f"Decoders of width {dim} cannot have {heads} attention heads, as was "
            f"{'assumed' if told is None else 'told'}.",
            "Give the number of heads of the decoders.",
        )
    if told is None and dim != PUBLISHED_DECODER.dim:
        evidence.assumptions.append(
            f"The file does not say how many attention heads its decoders have; {heads} are "
            "assumed, as published."
        )
    return heads


def _output(evidence: Evidence, name: str, inputs: tuple[DomainSpec, ...]) -> DomainSpec:
    at = f"{OUTPUTS}{name}."
    _, _, rows, columns = evidence.shape(f"{at}pos_emb", 4)
    (values,) = evidence.shape(f"{at}out_proj.bias", 1)
    like = next((d for d in (*inputs, *DOMAINS) if d.name == name), DOMAINS[0])
    channels = like.channels
    patch = round((values / channels) ** 0.5)
    if channels * patch**2 != values:
        raise evidence.refused(
            f"The decoder of {name!r} gives {values} values a token, which is no square patch of "
            f"{channels} channels."
        )
    size = (rows * patch, columns * patch)
    return like.model_copy(update={"name": name, "patch": patch, "size": size})


def _classifier(evidence: Evidence, dim: int) -> ClassifierSpec:
    n_classes, width = evidence.shape("head.weight", 2)
    if width == 2 * dim:
        return ClassifierSpec(pool=Pool.TOKEN_MIX, n_classes=n_classes)
    if width != dim:
        raise evidence.refused(
            f"The classification head looks at {width} values; an encoder of width {dim} gives "
            f"{dim} or {2 * dim}."
        )
    told = evidence.told("pool")
    if told in (Pool.GLOBAL.value, Pool.CLS.value):
        return ClassifierSpec(pool=Pool(told), n_classes=n_classes)
    evidence.assumptions.append(
        "The file does not say whether its classifier looks at the patches' mean or at the global "
        "token; the patches' mean is assumed. If that is wrong, so are its results."
    )
    return ClassifierSpec(pool=Pool.GLOBAL, n_classes=n_classes)


def _mapping(evidence: Evidence, n_classes: int) -> dict[int, int] | None:
    told = evidence.told("mapping")
    if not isinstance(told, Mapping):
        return None
    try:
        mapping = {int(grey): int(index) for grey, index in told.items()}
    except (TypeError, ValueError):
        mapping = {}
    if not mapping or not all(0 <= index < n_classes for index in mapping.values()):
        evidence.notes.append(
            f"The file's table from grey values to classes does not fit its {n_classes} classes "
            "and was left out."
        )
        return None
    return mapping


def _note_reading(evidence: Evidence) -> None:
    if evidence.raw.container is Container.LEGACY:
        evidence.notes.append(
            "The file is of a format from before PyTorch 1.6 and was read into memory as a whole."
        )
