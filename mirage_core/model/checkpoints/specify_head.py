"""From keys and shapes to the specification of a segmentation head."""

from __future__ import annotations

from typing import Any

from mirage_core.model.checkpoints.evidence import Evidence
from mirage_core.model.checkpoints.layout import LAYER_MAP_ALIAS, OUTPUTS
from mirage_core.model.heads.convnext import SIDE
from mirage_core.model.segmentation import TASK
from mirage_core.model.spec import LAYER_MAP, PUBLISHED_HEADS, HeadKind, HeadSpec, ModelSpec

AT = f"{OUTPUTS}{TASK}."

_IN_DIM: dict[HeadKind, tuple[str, int]] = {
    HeadKind.CONVNEXT: ("proj_dec.weight", 2),
    HeadKind.LINEAR: ("final_layer.weight", 4),
    HeadKind.SEGMENTER: ("proj_dec.weight", 2),
    HeadKind.DPT: ("act_1_postprocess.0.weight", 4),
}
"""Whose second axis is as wide as the tokens of all the head's domains together."""


def specify_head(evidence: Evidence, encoder: ModelSpec, heads: int | None) -> HeadSpec:
    """Return the specification of the head in a segmentation checkpoint.

    Parameters
    ----------
    evidence : Evidence
    encoder : ModelSpec
    heads : int, optional
        Attention heads of a Segmenter head; by default 12.

    Raises
    ------
    CheckpointError
        If it is no head that is known here.
    """
    kind = _kind(evidence)
    key, n_axes = _IN_DIM[kind]
    width = evidence.shape(AT + key, n_axes)[1]
    fields: dict[str, Any] = {"kind": kind, "domains": _domains(evidence, encoder, width)}
    if kind is HeadKind.CONVNEXT:
        fields |= _convnext(evidence)
    elif kind is HeadKind.SEGMENTER:
        fields |= _segmenter(evidence, heads)
    elif kind is HeadKind.DPT:
        fields |= _dpt(evidence, encoder.depth)
    else:
        fields["n_classes"] = evidence.shape(f"{AT}final_layer.weight", 4)[0]
    return HeadSpec(**fields)


def default_layers(depth: int) -> tuple[int, ...]:
    """Return the blocks a DPT head hooks: the last of every quarter of `depth`, from 0."""
    return tuple(max(-(-depth * quarter // 4), 1) - 1 for quarter in (1, 2, 3, 4))


def _kind(evidence: Evidence) -> HeadKind:
    parts = set(evidence.children(AT))
    if "scratch" in parts:
        kind = HeadKind.DPT
    elif "cls_emb" in parts:
        kind = HeadKind.SEGMENTER
    elif {"proj_dec", "final_layer"} <= parts:
        kind = HeadKind.CONVNEXT
    elif parts == {"final_layer"}:
        kind = HeadKind.LINEAR
    else:
        raise evidence.refused(
            f"The file holds a segmentation head that is not known here, with "
            f"{', '.join(sorted(parts)) or 'other names'}.",
            f"Known heads are {', '.join(PUBLISHED_HEADS)}.",
        )
    told = evidence.told("output_adapter")
    if isinstance(told, str) and told != kind.value:
        evidence.notes.append(
            f"The file's settings speak of a {told[:40]!r} head; its weights are those of "
            f"a {kind.value!r} head, and are used as such."
        )
    return kind


def _domains(evidence: Evidence, encoder: ModelSpec, width: int) -> tuple[str, ...]:
    inputs = tuple(d.name for d in encoder.domains)
    n_domains, rest = divmod(width, encoder.dim)
    if rest or not 1 <= n_domains <= len(inputs):
        raise evidence.refused(
            f"The head looks at {width} values a token; {len(inputs)} inputs of width "
            f"{encoder.dim} cannot give these."
        )
    told = tuple(
        LAYER_MAP.name if name == LAYER_MAP_ALIAS else name
        for name in evidence.told_names("decoder_main_tasks")
    )
    if len(told) == n_domains and set(told) <= set(inputs):
        return told
    assumed = inputs[:n_domains]
    if len(inputs) > 1:
        evidence.assumptions.append(
            f"The file does not say whose tokens its head looks at; {', '.join(assumed)} in this "
            "order is assumed."
        )
    return assumed


def _convnext(evidence: Evidence) -> dict[str, int]:
    n_classes, channels, _, _ = evidence.shape(f"{AT}final_layer.weight", 4)
    embed, _ = evidence.shape(f"{AT}proj_dec.weight", 2)
    if embed != channels * SIDE**2:
        raise evidence.refused(
            f"The projection of the ConvNeXt head is {embed} wide; {channels} channels on "
            f"{SIDE**2} positions need {channels * SIDE**2}."
        )
    return {"n_classes": n_classes, "embed": embed, "depth": evidence.n_blocks(f"{AT}blocks.")}


def _segmenter(evidence: Evidence, given: int | None) -> dict[str, int]:
    _, n_classes, embed = evidence.shape(f"{AT}cls_emb", 3)
    published = HeadSpec.model_fields
    told = given or evidence.told_number("head_num_heads")
    heads = int(published["heads"].default) if told is None else told
    if embed % heads:
        raise evidence.refused(
            f"A Segmenter head of width {embed} cannot have {heads} attention heads, as was "
            f"{'assumed' if told is None else 'told'}.",
            "Give the number of heads of the decoder.",
        )
    if told is None and embed != 768:
        evidence.assumptions.append(
            f"The file does not say how many attention heads its Segmenter head has; {heads} are "
            "assumed, as published."
        )
    depth = evidence.n_blocks(f"{AT}blocks.")
    return {"n_classes": n_classes, "embed": embed, "depth": depth, "heads": heads}


def _dpt(evidence: Evidence, depth: int) -> dict[str, Any]:
    narrow = [evidence.shape(f"{AT}scratch.layer{j}_rn.weight", 4) for j in range(1, 5)]
    told = evidence.told_names("head_layers")
    if told and all(name.isdecimal() and int(name) < depth for name in told):
        layers = tuple(int(name) for name in told)
    else:
        layers = default_layers(depth)
        if depth != 12:
            evidence.assumptions.append(
                f"The file does not say which blocks its DPT head looks at; "
                f"{', '.join(map(str, layers))} of {depth} are assumed, counted from 0."
            )
    return {
        "n_classes": evidence.shape(f"{AT}head.4.weight", 4)[0],
        "layers": layers,
        "widths": tuple(shape[1] for shape in narrow),
        "features": narrow[0][0],
    }
