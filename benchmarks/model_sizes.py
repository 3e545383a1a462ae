"""How large the models are: ``python -m benchmarks.model_sizes --write docs/model.md``.

Counted on models without memory for their weights, so nothing is measured and nothing trained.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mirage_core.model.build import n_parameters
from mirage_core.model.checkpoints.targets import encoder_spec
from mirage_core.model.spec import (
    BSCAN,
    DOMAINS,
    SIZES,
    SLO,
    ClassifierSpec,
    DecoderSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Pool,
    mirage_spec,
)

BEGIN = "<!-- sizes: python -m benchmarks.model_sizes --write docs/model.md -->"
END = "<!-- end of sizes -->"

N_CLASSES = 8
IMAGE_PX = (512, 1024)
_BYTES = 4
_HEAD_TITLES = {
    HeadKind.CONVNEXT: "ConvNeXt",
    HeadKind.LINEAR: "Linear",
    HeadKind.SEGMENTER: "Segmenter",
    HeadKind.DPT: "DPT",
}


def section() -> str:
    """Return what stands between the marks, these included."""
    tables = (encoders(), tokens(), heads())
    return "\n\n".join((BEGIN, *("\n".join(t) for t in tables), END))


def encoders() -> Iterator[str]:
    """Give the lines of the table of encoders and pre-training models."""
    yield "| Size | Width | Blocks | Heads | Encoder | Its file | Pre-training model | Its file |"
    yield "|---" * 8 + "|"
    for size in SIZES.values():
        counts = (
            n_parameters(mirage_spec(size.name, (BSCAN, SLO))),
            n_parameters(mirage_spec(size.name, decoder=DecoderSpec())),
        )
        figures = " | ".join(f"{n:,} | {_file(n)}" for n in counts)
        yield f"| {size.name} | {size.dim} | {size.depth} | {size.heads} | {figures} |"


def tokens() -> Iterator[str]:
    """Give the lines of the table of tokens, the global one included."""
    yield "| Inputs | " + " | ".join(f"Tokens at {px}²" for px in IMAGE_PX) + " |"
    yield "|---" * (1 + len(IMAGE_PX)) + "|"
    for title, names in (
        ("B-scan, or SLO", ("bscan",)),
        ("B-scan + SLO", ("bscan", "slo")),
        ("B-scan + SLO + layer map", tuple(d.name for d in DOMAINS)),
    ):
        counts = " | ".join(f"{n_tokens(names, px):,}" for px in IMAGE_PX)
        yield f"| {title} | {counts} |"


def n_tokens(domains: Sequence[str], px: int) -> int:
    """Return how many tokens an encoder works on when images are `px` wide and high."""
    spec = encoder_spec(mirage_spec("base"), domains=domains, size=px)
    return sum(d.grid[0] * d.grid[1] for d in spec.domains) + spec.n_global


def heads() -> Iterator[str]:
    """Give the lines of the table of heads, which look at B-scans alone."""
    named = list(_HEAD_TITLES.items())
    yield ("| Size | " + " | ".join(title for _, title in named) + " | Classifier | Token mix |")
    yield "|---" * (3 + len(named)) + "|"
    for size in SIZES.values():
        # No head grows with the number of blocks: one is enough to count with.
        bare = mirage_spec(size.name, (BSCAN,)).model_copy(update={"depth": 1})
        encoder = n_parameters(bare)
        models: list[ModelSpec] = [encoder_spec(bare, head=head_spec(kind)) for kind, _ in named]
        models += [
            encoder_spec(bare, classifier=ClassifierSpec(pool=pool, n_classes=N_CLASSES))
            for pool in (Pool.GLOBAL, Pool.TOKEN_MIX)
        ]
        counts = " | ".join(f"{n_parameters(m) - encoder:,}" for m in models)
        yield f"| {size.name} | {counts} |"


def head_spec(kind: HeadKind) -> HeadSpec:
    """Return a head as published, for eight classes."""
    if kind is HeadKind.SEGMENTER:
        return HeadSpec(kind=kind, n_classes=N_CLASSES, embed=768, depth=2)
    return HeadSpec(kind=kind, n_classes=N_CLASSES)


def _file(n: int) -> str:
    megabytes = n * _BYTES / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"


def rewritten(page: str) -> str:
    """Return `page` with the section between its marks brought up to date.

    Raises
    ------
    ValueError
        If it does not hold each mark once.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must hold {BEGIN} and {END}, each once")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + section() + after


def main() -> int:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page whose section of sizes is replaced")
    options = parser.parse_args()
    if options.write is None:
        print(section())
    else:
        page = options.write.read_text(encoding="utf-8")
        options.write.write_text(rewritten(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
