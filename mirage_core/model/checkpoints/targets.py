"""Targets: from the specification of a file to that of the model which is wanted of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mirage_core.model.spec import (
    ClassifierSpec,
    DomainSpec,
    HeadSpec,
    ModelSpec,
)

InputSize = int | tuple[int, int] | Mapping[str, int | tuple[int, int]]
"""Height and width of images in px, for all domains or by name."""


def encoder_spec(
    spec: ModelSpec,
    *,
    head: HeadSpec | None = None,
    classifier: ClassifierSpec | None = None,
    domains: Sequence[str] | None = None,
    size: InputSize | None = None,
) -> ModelSpec:
    """Return the encoder of `spec`, with another task's head or none.

    Parameters
    ----------
    spec : ModelSpec
        Of a file; its decoders, head or classifier are left out.
    head, classifier : optional
        What the encoder gets instead; at most one of them.
    domains : sequence of str, optional
        Inputs to keep, in this order.
    size : optional
        Input size; see :func:`fitted`.

    Raises
    ------
    ValueError
        If an input is not there, or a size does not fit its patches.
    """
    bare = spec.model_copy(update={"decoder": None, "head": None, "classifier": None})
    fields = fitted(bare, domains=domains, size=size).model_dump()
    return ModelSpec.model_validate({**fields, "head": head, "classifier": classifier})


def fitted(
    spec: ModelSpec, *, domains: Sequence[str] | None = None, size: InputSize | None = None
) -> ModelSpec:
    """Return `spec` for a choice of its inputs, at another size.

    Parameters
    ----------
    spec : ModelSpec
    domains : sequence of str, optional
        Inputs to keep, in this order.
    size : int, (int, int) or mapping, optional
        Height and width in px. One for all is that of images; label maps get as many tokens.

    Raises
    ------
    ValueError
        If an input is not there, a head needs one that is left out, or a size is no multiple of
        the patch.
    """
    kept = spec.domains
    if domains is not None:
        known = {d.name: d for d in spec.domains}
        absent = [name for name in domains if name not in known]
        if absent or not domains:
            raise ValueError(
                f"The model has no input {', '.join(absent) or 'left'}; it has {', '.join(known)}."
            )
        kept = tuple(known[name] for name in domains)
    if spec.head is not None:
        lost = set(spec.head.domains) - {d.name for d in kept}
        if lost:
            raise ValueError(f"The model's head needs the input {', '.join(sorted(lost))}.")
    if size is not None:
        unknown = set(size) - {d.name for d in kept} if isinstance(size, Mapping) else set()
        if unknown:
            raise ValueError(f"A size is given for {', '.join(sorted(unknown))}, no input here.")
        image_patch = next((d.patch for d in kept if d.n_classes is None), None)
        kept = tuple(_resized(d, size, image_patch) for d in kept)
    return spec.model_copy(update={"domains": kept})


def _resized(domain: DomainSpec, size: InputSize, image_patch: int | None) -> DomainSpec:
    if isinstance(size, Mapping):
        if domain.name not in size:
            return domain
        patch, wanted = domain.patch, size[domain.name]
    else:
        patch, wanted = image_patch or domain.patch, size
    height, width = (wanted, wanted) if isinstance(wanted, int) else wanted
    if height < patch or width < patch or height % patch or width % patch:
        raise ValueError(
            f"An input of {height} x {width} px cannot be cut into patches of {patch} px; choose "
            f"multiples of {patch}."
        )
    grid = height // patch, width // patch
    return domain.model_copy(update={"size": (grid[0] * domain.patch, grid[1] * domain.patch)})
