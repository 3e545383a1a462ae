# %% [markdown]
# # First steps with a model
#
# What a MIRAGE model can do with a scan, from a plain clone: nothing is downloaded. The weights are
# tiny and **random**, made below, so every result has the right shape and no meaning. The last
# cell says how to do the same with real weights.
#
# Editors that know `# %%` show this file as a notebook; as a script it is run by
# `python docs/examples/first_steps_with_a_model.py`.

# %%
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mirage_core.engines import EngineOptions, Mode, engine_infos, make_engine
from mirage_core.engines.propose import engine_input
from mirage_core.model.build import build_model, n_parameters
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.preprocessing import prepare_image
from mirage_core.model.spec import (
    BSCAN,
    SLO,
    ClassifierSpec,
    DecoderSpec,
    HeadSpec,
    Normalisation,
    Pool,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.known_schemes import AROI
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import OWN
from mirage_core.simulate import EyeParameters, simulate_eye

# %% [markdown]
# ## A place for models
#
# Models lie in a store, a folder in the data folder of this program. `MIRAGE_DATA_DIR` moves it:
# this example uses a folder that is thrown away at the end. With models of your own leave this
# out; `ModelStore()` then is the store that the app and the `mirage` command use.

# %%
before = os.environ.get("MIRAGE_DATA_DIR")
folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
os.environ["MIRAGE_DATA_DIR"] = folder.name
store = ModelStore()

# %% [markdown]
# ## Three tiny models
#
# A `ModelSpec` says everything about a model but its weights. A model reconstructs, segments or
# classifies, one of them; each of them also gives features. It is kept with a card, which says
# among other things how images are prepared for it and what its classes are.

# %%
torch.manual_seed(0)
specs = {
    "tiny-segmentation": mirage_spec(
        "tiny", (BSCAN,), head=HeadSpec(n_classes=AROI.n_classes, embed=256, depth=1)
    ),
    "tiny-pretraining": mirage_spec("tiny", decoder=DecoderSpec(dim=32, depth=1, heads=2)),
    "tiny-classification": mirage_spec(
        "tiny", (BSCAN,), classifier=ClassifierSpec(pool=Pool.TOKEN_MIX, n_classes=3)
    ),
}
chains = {
    "segment": Normalisation.SEGMENTATION,
    "reconstruct": Normalisation.WRAPPER,
    "classify": Normalisation.CLASSIFICATION,
}
for name, spec in specs.items():
    card = ModelCard(
        id=name,
        title=f"{name} (random)",
        spec=spec,
        scheme=AROI if spec.head else None,
        class_labels=("CNV", "DME", "NORMAL") if spec.classifier else (),
        normalisation=chains[spec.task],
        terms=OWN,
        origin=Origin(kind="trained", notes=("Random weights, for an example.",)),
    )
    save_native(build_model(spec), card, store.folder / name)
    print(f"{name}: {n_parameters(spec):,} parameters, can {spec.task}")

print("models that segment:", [info.title for info in engine_infos("segment")])

# %% [markdown]
# ## An eye
#
# The simulated eye is a `Scan` like any other: B-scans, spacing, an SLO image and where each B-scan
# lies on it. `mirage_core.io.open_scan(path)` gives one from a file. `engine_input` reads what
# an engine needs of it; here of all three B-scans.

# %%
eye = simulate_eye(EyeParameters(shape=(3, 248, 384)), seed=7)
source, b_scans = engine_input(eye.scan)
print("B-scans", source.b_scans.shape, "SLO", source.slo.shape)

# %% [markdown]
# ## Segment
#
# `make_engine` takes the id of a model in the store, or "graph" for the engine that needs no
# weights. The result lies on the scan's own grid: surfaces `[s, n, x]` in px from the top, which
# never cross and are NaN where nothing is seen; a confidence for each depth; masks `[n, z, x]`.
# `run` tells how it was done.

# %%
engine = make_engine("tiny-segmentation", EngineOptions(mode=Mode.EXACT, device="cpu"))
prediction = engine.segment(source)
print("surfaces", prediction.surfaces.names, prediction.surfaces.values.shape)
print("confidence", prediction.confidence.shape, "masks", prediction.masks.labels.shape)
print("run", prediction.run)

# %% [markdown]
# ## Features
#
# Patch tokens of each B-scan, row by row over the grid, and two means in one vector: that of the
# patch tokens and that of the global token. Any model gives features.

# %%
embedding = make_engine("tiny-pretraining").embed(source)
token_map = embedding.tokens.reshape(len(b_scans), *embedding.grid, -1)
print("tokens", embedding.tokens.shape, "as maps", token_map.shape)
print("pooled", embedding.pooled.shape)

# %% [markdown]
# ## Reconstruct: the SLO from OCT
#
# A pre-training model imagines a domain from the others. For an SLO it shows the patch around each
# B-scan, laid on the scan's SLO; `inside` says where. Such images are for looking at, never for
# measuring.

# %%
imagined = make_engine("tiny-pretraining").reconstruct(source, "slo", given=("bscan",))
print("SLO imagined from", imagined.given, imagined.images.shape)
print("px of the SLO that each covers", imagined.inside.sum(axis=(1, 2)))

# %% [markdown]
# ## Classify

# %%
classes = make_engine("tiny-classification").classify(source)
print("classes", classes.labels)
print(classes.probabilities.round(3))

# %% [markdown]
# ## The same, by hand
#
# Under the engine lie ordinary PyTorch modules. `prepare_image` makes a network's input of 8-bit
# grey by the chain the card names; the module takes a dictionary of inputs and any batch.
# Everything can be left out: SLO, layer map, single tokens.

# %%
native = load_native(store.folder / "tiny-pretraining")
model, chain = native.model, native.card.normalisation
images = [prepare_image(image, (512, 512), chain) for image in source.b_scans]
inputs = {"bscan": torch.from_numpy(np.stack(images))}
half = {"bscan": torch.arange(256).expand(3, 256) % 2}  # 0 = keep, 1 = mask
with torch.inference_mode():
    tokens = model.encode(inputs, layers=(0, 1))
    fewer = model.encode(inputs, masks=half)
    pictures = model.reconstruct(inputs, masks=half)
maps = tokens.maps(("bscan",))
print("tokens", tuple(tokens.values.shape), "grids", tokens.grids, "blocks", len(tokens.layers))
print("as maps", tuple(maps.shape), "every second one kept", tuple(fewer.values.shape))
print("reconstructed", {name: tuple(x.shape) for name, x in pictures.items()})

# %% [markdown]
# Engine and module agree: the engine only prepares inputs and brings results back. (It looks at the
# SLO too if the scan has one; here it is given none.)

# %%
without_slo = make_engine("tiny-pretraining").embed(replace(source, slo=None))
difference = np.abs(without_slo.tokens - tokens.of("bscan").numpy()).max()
print("largest difference of the features", difference)

# %% [markdown]
# ## A published checkpoint
#
# `load_model` reads the published formats, works out which model a file holds, and reports what
# became of every weight. Here the file is written in the published pre-training format first. Of a
# pre-training file an encoder for B-scans of 1024 px takes what it needs: its table of positions is
# resized, everything else is named.

# %%
path = Path(folder.name) / "published.pth"
save_published(model, path)
loaded = load_model(path)
print(loaded.layout, "of size", loaded.spec.size_name, "complete:", loaded.report.complete)

encoder = load_model(path, spec=mirage_spec("tiny", (BSCAN, SLO)), domains=("bscan",), size=1024)
for sentence in encoder.report.sentences():
    print("-", sentence)

# %% [markdown]
# ## With real weights
#
# In a terminal, once; the first shows the terms and asks:
#
# ```
# mirage models download mirage-base     # the encoder for B-scan and SLO, from the hub
# mirage models import FILE              # a checkpoint you have: pre-training, segmentation, ...
# mirage models list
# ```
#
# Then the same lines do it, without the folder that is thrown away:
#
# ```python
# make_engine("mirage-base").embed(source)
# load_model("FILE").model
# ```
#
# The encoder on the hub gives features; what else a model can do is in `mirage models list`.

# %%
del model, native, loaded, encoder
folder.cleanup()
if before is None:
    del os.environ["MIRAGE_DATA_DIR"]
else:
    os.environ["MIRAGE_DATA_DIR"] = before
