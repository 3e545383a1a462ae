"""The reference models, built from the reference folder's own sizes, and loaded directly."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mirage_core.model.build import build_model
from mirage_core.model.spec import (
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Pool,
)
from tests.golden import FOLDER, config, golden

TOLERANCE = 1e-4
SIZE = next((p.stem.removeprefix("pretrain_") for p in FOLDER.glob("pretrain_*.pth")), "tiny")
"""What the names of this set's checkpoints end with."""

PRETRAINED = f"pretrain_{SIZE}.pth"
HUB = f"hf_{SIZE}.safetensors"


def variants(task: str) -> tuple[str, ...]:
    """Return the tags of this set's checkpoints of `task`, such as ``convnext_bscan-slo``.

    Without any it is one that no file has, so that its test skips and says so.
    """
    found = (p.stem for p in FOLDER.glob(f"{task}_*_{SIZE}.pth"))
    return tuple(sorted(s[len(task) + 1 : -len(SIZE) - 1] for s in found)) or ("*",)


def head_of(tag: str) -> tuple[str, tuple[str, ...]]:
    """Return kind and inputs of the head that a tag of a segmentation checkpoint means."""
    kind, _, names = tag.partition("_")
    return kind, tuple(names.split("-")) if names else ("bscan",)


def hub_domains() -> tuple[str, ...]:
    """Return the inputs of the file from the hub."""
    told = json.loads(golden(f"hf_{SIZE}_config.json").read_text(encoding="utf-8"))
    return tuple(told["modalities"].split("-"))


def arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(golden(name)) as stored:
        return dict(stored)


def domains(names: tuple[str, ...], size: tuple[int, int] | None = None) -> tuple[DomainSpec, ...]:
    c = config()
    known = {
        "bscan": DomainSpec(name="bscan", patch=c["patch"], size=size or tuple(c["img"])),
        "slo": DomainSpec(name="slo", patch=c["patch"], size=size or tuple(c["img"])),
        "bscanlayermap": DomainSpec(
            name="bscanlayermap",
            patch=c["lpatch"],
            size=tuple(c["lay"]),
            n_classes=c["ncls_layer"],
        ),
    }
    return tuple(known[n] for n in names)


ALL = ("bscan", "slo", "bscanlayermap")


def spec(names: tuple[str, ...] = ALL, **more: Any) -> ModelSpec:
    c = config()
    sizes = {"dim": c["dim"], "depth": c["depth"], "heads": c["heads"], "n_global": c["nglobal"]}
    return ModelSpec(**{**sizes, "domains": domains(names), **more})


def decoder() -> DecoderSpec:
    c = config()
    return DecoderSpec(dim=c["ddim"], depth=c["ddepth"], heads=c["dheads"], domains=domains(ALL))


def weights(name: str) -> dict[str, Tensor]:
    path = golden(name)
    if path.suffix == ".safetensors":
        return load_file(path)
    state: dict[str, Tensor] = torch.load(path, weights_only=False)["model"]
    return state


def loaded(model_spec: ModelSpec, state: dict[str, Tensor]) -> nn.Module:
    model = build_model(model_spec).eval()
    model.load_state_dict(state)
    return model


def pretraining_model() -> nn.Module:
    return loaded(spec(decoder=decoder()), weights(PRETRAINED))


def encoder_depth(state: dict[str, Tensor]) -> int:
    return 1 + max(int(k.split(".")[1]) for k in state if k.startswith("encoder."))


def head_spec(kind: str, names: tuple[str, ...], state: dict[str, Tensor]) -> HeadSpec:
    c = config()
    common: dict[str, Any] = {"kind": HeadKind(kind), "n_classes": c["nseg"], "domains": names}
    key = "output_adapters.semseg."
    if kind == "convnext":
        return HeadSpec(embed=c["cx_embed"], depth=c["cx_depth"], **common)
    if kind == "segmenter":
        blocks = {k.split(".")[3] for k in state if k.startswith(f"{key}blocks.")}
        return HeadSpec(embed=c["sg_embed"], depth=len(blocks), **common)
    if kind == "dpt":
        widths = tuple(len(state[f"{key}act_{j}_postprocess.0.bias"]) for j in range(1, 5))
        features = len(state[f"{key}head.0.weight"])
        layers = tuple(encoder_depth(state) * j // 4 - 1 for j in range(1, 5))
        return HeadSpec(layers=layers, widths=widths, features=features, **common)
    return HeadSpec(**common)


def segmentation_model(tag: str) -> nn.Module:
    kind, names = head_of(tag)
    state = weights(f"seg_{tag}_{SIZE}.pth")
    depth = encoder_depth(state)
    size = tuple(config()["dpt_img"]) if kind == "dpt" else None
    head = head_spec(kind, names, state)
    return loaded(spec(names, depth=depth, domains=domains(names, size), head=head), state)


def classification_model(pool: str) -> nn.Module:
    classifier = ClassifierSpec(pool=Pool(pool), n_classes=config()["ncls"])
    return loaded(spec(("bscan",), classifier=classifier), weights(f"cls_{pool}_{SIZE}.pth"))


def inputs(prefix: str, names: tuple[str, ...], rows: slice = slice(None)) -> dict[str, Tensor]:
    stored = arrays("inputs.npz")
    return {n: torch.from_numpy(stored[f"{prefix}_{n}"][rows]) for n in names}


def segmentation_inputs(tag: str) -> dict[str, Tensor]:
    """Return what the reference logits of `tag` were made of: its own inputs or the common ones."""
    _, names = head_of(tag)
    stored, at = arrays("seg_outputs.npz"), f"{tag}__x_"
    own = {k.removeprefix(at): torch.from_numpy(v) for k, v in stored.items() if k.startswith(at)}
    return own or inputs("x2", names)


def assert_close(found: Tensor, reference: np.ndarray) -> None:
    assert tuple(found.shape) == reference.shape
    assert float((found.detach() - torch.from_numpy(reference)).abs().max()) <= TOLERANCE


def assert_same_classes(logits: Tensor, reference: np.ndarray) -> None:
    """Two classes may change places only where they are level within the tolerance."""
    assert tuple(logits.argmax(dim=1).shape) == reference.shape
    first, second = logits.topk(2, dim=1).values.unbind(1)
    clear = first - second > 2 * TOLERANCE
    assert float(clear.float().mean()) > 0.5
    assert torch.equal(logits.argmax(dim=1)[clear], torch.from_numpy(reference).long()[clear])
