"""Loading Base from the published formats and our own, against loading it the plain way.

    python -m benchmarks.model_loading

The files hold random weights. Each side runs in a process of its own, three times; the best
time and the least growth of the process's peak memory count. Imports are over before the clock
starts. Memory is looked at twice: when the model is there, and when every weight has been read
once, since weights of a mapped file are in memory only from then on. Our own format is loaded
with its checksum compared, as it is the first time in a process. Needs Linux, where a process
can reset its own peak.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.report import Result, emit

REPEATS = 3
MAX_SECONDS = 2.0
MAX_SHARE = 1.3

FRAME = """
import json, sys, time
path = sys.argv[1]
def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
def start():
    global t, m
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # the peak counts from here
    m = peak_kib(); t = time.perf_counter()
def stop(model):
    seconds = time.perf_counter() - t
    loaded = (peak_kib() - m) * 1024
    import torch
    with torch.no_grad():
        total = sum(float(p.sum()) for p in model.parameters())
    print(json.dumps([seconds, loaded, (peak_kib() - m) * 1024, total]))
"""
PLAIN_IMPORTS = """
import torch, timm
from mirage_core.model.build import build_model
from mirage_core.model.spec import DOMAINS, DecoderSpec, mirage_spec
from safetensors.torch import load_file
"""
PLAIN_PTH = """
start()
state = torch.load(path, weights_only=False)["model"]
model = build_model(mirage_spec("base", decoder=DecoderSpec())).eval()
model.load_state_dict(state)
stop(model)
"""
PLAIN_HUB = """
start()
state = {name.removeprefix("model."): tensor for name, tensor in load_file(path).items()}
model = build_model(mirage_spec("base", DOMAINS[:2])).eval()
model.load_state_dict(state)
stop(model)
"""
PLAIN_NATIVE = """
start()
state = load_file(path + "/weights.safetensors")
model = build_model(mirage_spec("base", decoder=DecoderSpec())).eval()
model.load_state_dict(state)
stop(model)
"""
OURS = """
from mirage_core.model.checkpoints.loading import load_model
start()
loaded = load_model(path)
stop(loaded.model)
assert loaded.report.complete and not loaded.report.assumptions
"""
OURS_NATIVE = """
from pathlib import Path
from mirage_core.model.checkpoints.native import load_native
start()
loaded = load_native(Path(path))
stop(loaded.model)
"""
WRITE = """
import sys
from pathlib import Path
import torch
from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.checkpoints.writing import Published, save_published
from mirage_core.model.spec import DOMAINS, DecoderSpec, mirage_spec
from mirage_core.model.spec import Normalisation
from mirage_core.model.store.card import ModelCard, Origin
folder = Path(sys.argv[1])
torch.manual_seed(0)
model = build_model(mirage_spec("base", decoder=DecoderSpec()))
save_published(model, folder / "base.pth")
save_published(build_model(mirage_spec("base", DOMAINS[:2])), folder / "hub.safetensors")
card = ModelCard(id="base", title="Base", spec=model.spec, normalisation=Normalisation.WRAPPER,
                 origin=Origin(kind="trained"))
save_native(model, card, folder / "native")
"""


@dataclass(frozen=True)
class Case:
    """One format: its file, the code that loads it, and how it is called."""

    title: str
    name: str
    ours: str
    peer: str
    peer_name: str


CASES = (
    Case("pre-training .pth", "base.pth", OURS, PLAIN_PTH, "torch.load, build, load_state_dict"),
    Case(
        "hub safetensors", "hub.safetensors", OURS, PLAIN_HUB, "load_file, build, load_state_dict"
    ),
    Case("our own format", "native", OURS_NATIVE, PLAIN_NATIVE, "load_file, no checksum"),
)


def measure(code: str, path: Path) -> tuple[float, float, float, float]:
    """Return the best seconds, the least bytes when loaded and when read, the sum of weights."""
    runs = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FRAME + code, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
    seconds, loaded, read, total = np.array(runs).min(axis=0)
    return float(seconds), float(loaded), float(read), float(total)


def compare(case: Case, path: Path) -> None:
    """Measure both sides of one format and print the ratios."""
    file = path / "weights.safetensors" if path.is_dir() else path
    size = file.stat().st_size
    ours_s, loaded, ours_read, ours_sum = measure(case.ours, path)
    peer_s, _, peer_read, peer_sum = measure(PLAIN_IMPORTS + case.peer, path)
    if not np.isclose(ours_sum, peer_sum, rtol=1e-6):
        raise RuntimeError(f"{case.title}: the two sides loaded different weights")
    emit(
        Result(
            f"load Base, {case.title} ({size / 1e6:.0f} MB)",
            f"≤ {MAX_SECONDS:.0f} s",
            f"{ours_s:.2f} s",
            case.peer_name,
            f"{peer_s:.2f} s",
            peer_s / ours_s,
            ours_s <= MAX_SECONDS,
        )
    )
    emit(
        Result(
            f"load Base, {case.title}, peak memory",
            f"≤ {MAX_SHARE}× the file",
            f"{ours_read / size:.2f}× once all is read ({loaded / size:.2f}× when loaded)",
            case.peer_name,
            f"{peer_read / size:.2f}×",
            peer_read / ours_read,
            ours_read <= MAX_SHARE * size,
        )
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-W", "ignore", "-c", WRITE, folder], check=True)
        for case in CASES:
            compare(case, Path(folder) / case.name)


if __name__ == "__main__":
    main()
