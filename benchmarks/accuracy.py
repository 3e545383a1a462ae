"""Accuracy of the engines on scans with a truth: ``python -m benchmarks.accuracy``.

With ``--write FILE`` the tables become that file (docs/accuracy.md), but for what teaching gains
(:mod:`benchmarks.teaching_curves`), which stays; no number is typed by hand.
Sets that do not lie beside the checkout are left out, and said to be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy_sets import DATA, bonn_amd, healthy, kermany_lesions, nr206, simulated
from benchmarks.page import part_of
from benchmarks.teaching_page import PART
from mirage_core.engines import engine_names

ENGINES = tuple(sorted(set(engine_names()) & {"starter", "graph"}, reverse=True))
HEADER = """# Accuracy of the engines

Written by `python -m benchmarks.accuracy --write docs/accuracy.md`; no number here is typed by
hand. px are axial pixels. "Bias" is found less truth, positive when deeper. "Worst B-scan" is the
largest mean absolute error of a single B-scan. Each engine has one set of parameters for all sets.
Found and true surfaces follow the same conventions: [where surfaces run](conventions.md).
`graph` is the graph search, `starter` [the starter model](starter.md) where there is one.
"""


TEACHING = """## What a handful of corrected B-scans teaches
"""

LIMITS = """## Known limits

Of the starter model:

- Few B-scans with subretinal fluid or hyperreflective material were outlined to learn from: it
  tells on which B-scans they are, and marks too little of them.
- Its ELM lies a little too deep or shallow in some eyes; over narrow drusen its RPE is smoother
  than an expert draws it.
- Its confidence in BM tells only weakly which B-scans are worse.
- bonn_amd and nr206 were looked at while the simulated eyes were made like real ones below BM, so
  that BM there is not wholly unseen; no weight was fitted to them.

Of the graph search:

- Confidence falls with contrast and shadow, not with every mistake: a wrong but sharp edge looks
  sure. Look at B-scans with a bridged detachment, a hyaloid on the retina or a hole first.
- Turbid cysts (as bright as the layers around them) and fluid in dim, noisy scans are missed;
  a healthy outer nuclear layer in such scans may be marked.
- Around cysts the inner surfaces may follow a cyst's wall, and beside a swollen pit the RNFL/GCL
  may leap to the IPL/INL.
- At the optic disc and outside the retina in general surfaces are drawn on as if there were layers;
  in a macular hole the overhanging edges cannot be drawn, and the space under them is marked as
  fluid.
- Where photoreceptors are lost or hardly seen, EZ and ELM may drop onto the RPE band.
- Nerve fibres that thicken steeply at the edge of a macular scan may be cut too thin; on circle
  scans the engine expects them thick.
- Where the retina is so bright that RPE and choroid lie in its shade, the RPE may be taken too
  high over part of the B-scan.
- Without spacing the search assumes 3.9 µm axial pixels and a 6 mm wide B-scan. Nothing is
  measured from that; it only sets what thickness is usual.
"""

SECTIONS: dict[str, Callable[[tuple[str, ...]], list[str]]] = {
    "bonn_amd": bonn_amd,
    "nr206": nr206,
    "kermany_lesions": kermany_lesions,
    "healthy_volume": healthy,
    "simulated": simulated,
}


def main() -> int:
    """Print every section, and write the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write, e.g. docs/accuracy.md")
    parser.add_argument("--only", nargs="*", choices=tuple(SECTIONS), default=tuple(SECTIONS))
    parser.add_argument("--engines", nargs="*", default=ENGINES, help="names or ids of models")
    options = parser.parse_args()
    parts = [HEADER]
    for name in options.only:
        if name != "simulated" and not (DATA / name).exists():
            section = [f"## {name}", "", "Not measured here: the scans do not lie beside."]
        else:
            section = SECTIONS[name](tuple(options.engines))
        text = "\n".join(section) + "\n"
        print(text, flush=True)
        parts.append(text)
    if options.write:
        taught = f"{TEACHING}\n{part_of(options.write, PART)}"
        options.write.write_text("\n".join([*parts, taught, LIMITS]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
