"""What a model is taught, before any weight is loaded. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from mirage_core.model.checkpoints.targets import encoder_spec, fitted
from mirage_core.model.spec import EncoderKind, HeadKind, HeadSpec, ModelSpec, Normalisation
from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.scheme import LayerScheme, layered_scheme, parted_scheme
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.from_folder import folder_scheme
from mirage_core.training.finetune.labelled import TeachingData

_DOMAIN = "bscan"
_LIGHT_EMBED, _LIGHT_DEPTH = 1024, 2
_SEGMENTER_DEPTH = 2


@dataclass(frozen=True)
class Syllabus:
    """The model that is to come, and what of it the data show.

    Attributes
    ----------
    spec : ModelSpec
        Of the model that comes of it.
    scheme : LayerScheme
    normalisation : Normalisation
    keeps_head : bool
        Whether it begins with the base model's head, and so with its opinions.
    own_classes : bool
        Whether the scheme is that of the data's own label maps.
    surfaces, lesions : tuple of str
        What of the scheme the data show.
    """

    spec: ModelSpec
    scheme: LayerScheme
    normalisation: Normalisation
    keeps_head: bool
    own_classes: bool
    surfaces: tuple[str, ...]
    lesions: tuple[str, ...]

    @property
    def side(self) -> int:
        """Px of the network's square."""
        return self.spec.domain(_DOMAIN).size[0]


def syllabus(base: ModelCard, data: TeachingData, config: FinetuneConfig) -> Syllabus:
    """Return what `base` is taught with `data`.

    Raises
    ------
    TeachError
        If the base model has no B-scan input, or no such head, or its head knows nothing of what
        the data show.
    """
    if all(domain.name != _DOMAIN for domain in base.spec.domains):
        raise TeachError(f"The model {base.title!r} does not look at B-scans.", "Choose another.")
    if config.head == "keep":
        return _keeping(base, data, config)
    scheme, own = _new_scheme(data, config)
    head = _head(config.head, base.spec, scheme)
    try:
        spec = encoder_spec(base.spec, head=head, domains=(_DOMAIN,), size=config.size)
    except ValueError as error:
        raise TeachError(str(error), "Choose another size.") from None
    mirage = spec.encoder is EncoderKind.MIRAGE
    chain = Normalisation.SEGMENTATION if mirage else base.normalisation
    return Syllabus(spec, scheme, chain, False, own, data.surfaces, data.lesions)


def _keeping(base: ModelCard, data: TeachingData, config: FinetuneConfig) -> Syllabus:
    scheme = base.scheme
    if base.spec.head is None or scheme is None or not scheme.strata:
        raise TeachError(
            f"The model {base.title!r} has no head for layers or lesions to go on with.",
            "Choose a new head: light, linear, convnext, segmenter or dpt.",
        )
    if base.spec.head.domains != (_DOMAIN,):
        raise TeachError(
            f"The head of {base.title!r} looks at more than the B-scan.", "Choose a new head."
        )
    own = data.info is not None and folder_scheme(data.info) == scheme
    surfaces = tuple(n for n in data.surfaces if n in scheme.surface_names)
    lesions = tuple(n for n in data.lesions if n in scheme.mask_classes)
    looked = any(
        name in scheme.mask_classes
        for b in data.b_scans
        if b.masks is not None
        for name in b.looked_for
    )
    if not (own or surfaces or lesions or looked):
        shown = ", ".join((*data.surfaces, *data.lesions)) or "nothing it could name"
        known = ", ".join((*scheme.surface_names, *scheme.mask_classes))
        raise TeachError(
            f"The data show {shown}; the model {base.title!r} tells {known}.",
            "Choose a new head, which is made for these data, or another base model.",
        )
    try:
        spec = fitted(base.spec, domains=(_DOMAIN,), size=config.size)
    except ValueError as error:
        raise TeachError(str(error), "Choose another size.") from None
    return Syllabus(spec, scheme, base.normalisation, True, own, surfaces, lesions)


def _new_scheme(data: TeachingData, config: FinetuneConfig) -> tuple[LayerScheme, bool]:
    """Return the scheme of a new head, and whether it is that of the data's label maps."""
    if data.info is not None:
        return folder_scheme(data.info), True
    surfaces, lesions = data.surfaces, data.lesions
    if not surfaces and not lesions:
        raise TeachError(
            "No surface is drawn and no lesion is marked on these B-scans.",
            "Correct some, or choose other B-scans.",
        )
    if config.labelling == "parted" and surfaces:
        return parted_scheme("taught", surfaces, lesions), False
    return _regions(surfaces, lesions), False


def _regions(surfaces: tuple[str, ...], lesions: tuple[str, ...]) -> LayerScheme:
    if surfaces:
        between = (f"{a}-{b}" for a, b in pairwise(surfaces))
        layers = (f"Above {surfaces[0]}", *between, f"Below {surfaces[-1]}")
    else:
        layers = ("Background",)
    labels = (*layers, *lesions)
    step = 255 // max(len(labels) - 1, 1)
    return layered_scheme(
        "taught",
        tuple((i * step, label) for i, label in enumerate(labels)),
        tuple(range(len(layers))),
        surfaces,
        {len(layers) + i: name for i, name in enumerate(lesions)},
    )


def _head(kind: str, base: ModelSpec, scheme: LayerScheme) -> HeadSpec:
    n = scheme.n_classes
    domains = (_DOMAIN,)
    if kind == "light":
        return HeadSpec(
            kind=HeadKind.LIGHT,
            n_classes=n,
            domains=domains,
            embed=_LIGHT_EMBED,
            depth=_LIGHT_DEPTH,
        )
    if kind == "segmenter":
        return HeadSpec(
            kind=HeadKind.SEGMENTER,
            n_classes=n,
            domains=domains,
            embed=768,
            depth=_SEGMENTER_DEPTH,
        )
    if kind == "dpt":
        # Here: beside torch's heads, which a window does not load.
        from mirage_core.model.checkpoints.specify_head import default_layers

        layers = default_layers(base.depth)
        return HeadSpec(kind=HeadKind.DPT, n_classes=n, domains=domains, layers=layers)
    if kind == "pyramid":
        stem = base.domain(_DOMAIN).stem
        if not stem:
            raise TeachError(
                "A pyramid head needs an encoder with a convolutional stem; this one has none.",
                "Choose another head.",
            )
        parts = tuple(part.stop - part.start for part in scheme.parts)
        return HeadSpec(
            kind=HeadKind.PYRAMID, n_classes=n, domains=domains, widths=stem, parts=parts
        )
    return HeadSpec(kind=HeadKind(kind), n_classes=n, domains=domains)
