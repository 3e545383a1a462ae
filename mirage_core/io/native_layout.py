"""Names and JSON forms of the native HDF5 file, shared by its writer and its reader."""

from __future__ import annotations

import json
from typing import Any

from mirage_core.scan import (
    AXES,
    CirclePosition,
    LabelScheme,
    Length,
    LinePosition,
    MaskClass,
    Position,
    Provenance,
    ScanGeometry,
    ScanPattern,
    Spacing,
)

FORMAT = "mirage-native"
FORMAT_VERSION = 1


def geometry_to_json(geometry: ScanGeometry) -> str:
    """Return pattern and positions (SLO px) as JSON."""
    positions: list[dict[str, Any]] = []
    for p in geometry.positions:
        if isinstance(p, LinePosition):
            positions.append({"kind": "line", "start": list(p.start), "end": list(p.end)})
        else:
            positions.append(
                {
                    "kind": "circle",
                    "center": list(p.center),
                    "radius": p.radius,
                    "start_angle": p.start_angle,
                    "direction": p.direction,
                }
            )
    scale = geometry.slo_mm_per_px
    return json.dumps(
        {
            "pattern": geometry.pattern.value,
            "superior_to_inferior": geometry.superior_to_inferior,
            "slo_mm_per_px": None if scale is None else list(scale),
            "positions_assumed": geometry.positions_assumed,
            "positions": positions,
        }
    )


def geometry_from_json(text: str) -> ScanGeometry:
    """Return the geometry of :func:`geometry_to_json`."""
    content = json.loads(text)
    scale = content["slo_mm_per_px"]
    return ScanGeometry(
        ScanPattern(content["pattern"]),
        tuple(_position(p) for p in content["positions"]),
        content["superior_to_inferior"],
        None if scale is None else (scale[0], scale[1]),
        content["positions_assumed"],
    )


def _position(p: dict[str, Any]) -> Position:
    if p["kind"] == "line":
        return LinePosition((p["start"][0], p["start"][1]), (p["end"][0], p["end"][1]))
    return CirclePosition(
        (p["center"][0], p["center"][1]), p["radius"], p["start_angle"], p["direction"]
    )


def spacing_fields(spacing: Spacing) -> dict[str, dict[str, Any]]:
    """Return mm and provenance per axis; mm is None where unknown."""
    return {a: {"mm": spacing[a].mm, "source": spacing[a].source.value} for a in AXES}


def spacing_to_json(spacing: Spacing) -> str:
    """Return mm and provenance per axis as JSON; unknown is null."""
    return json.dumps(spacing_fields(spacing))


def spacing_from_json(text: str) -> Spacing:
    """Return the spacing of :func:`spacing_to_json`."""
    content = json.loads(text)
    return Spacing(*(Length(content[a]["mm"], Provenance(content[a]["source"])) for a in AXES))


def scheme_to_json(scheme: LabelScheme) -> str:
    """Return the mask classes as JSON."""
    return json.dumps(
        {
            "name": scheme.name,
            "classes": [
                {"value": c.value, "name": c.name, "title": c.title, "color": list(c.color)}
                for c in scheme
            ],
        }
    )


def scheme_from_json(text: str) -> LabelScheme:
    """Return the scheme of :func:`scheme_to_json`."""
    content = json.loads(text)
    classes = (
        MaskClass(
            c["value"], c["name"], c["title"], (c["color"][0], c["color"][1], c["color"][2])
        ).repainted()
        for c in content["classes"]
    )
    return LabelScheme(content["name"], tuple(classes))
