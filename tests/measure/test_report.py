"""The one-page report: what is on it, and what is not."""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.annotate import Annotation
from mirage_core.measure.report_tables import report_tables
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import (
    ArrayPixels,
    CirclePosition,
    Laterality,
    PatientIdentity,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)
from mirage_core.simulate import EyeParameters, simulate_eye

pytest.importorskip("matplotlib", reason="the report is drawn by matplotlib, of the extra 'app'")

from matplotlib.figure import Figure

from mirage_core.measure.ground import Ground
from mirage_core.measure.report import Heading, html_report, write_pdf
from mirage_core.measure.report_pictures import draw_grid

EYE = simulate_eye(EyeParameters(shape=(25, 120, 128), field_mm=(6.4, 1.92, 6.4)), 4)
PATIENT = "Sensitive"
HEADING = Heading("P-0007", "ann", "starter 1.0")


def work() -> tuple[Scan, Annotation]:
    annotation = Annotation.empty(EYE.scan.shape)
    annotation.surfaces.values[:] = EYE.surfaces.values
    annotation.masks.labels[:] = EYE.masks.labels
    annotation.states[:, :10] = State.APPROVED
    annotation.states[:, 10:] = State.EDITED
    return replace(EYE.scan, identity=PatientIdentity(PATIENT, PATIENT)), annotation


def circle() -> tuple[Scan, Annotation]:
    scan = Scan(
        ArrayPixels(np.full((1, 100, 256), 60, np.uint8)),
        Spacing.from_mm(None, 0.004, 0.012),
        ScanGeometry(
            ScanPattern.CIRCLE, (CirclePosition((100.0, 100.0), 60.0),), None, (0.03, 0.03)
        ),
        slo=np.full((200, 200), 90, np.uint8),
        laterality=Laterality.OS,
    )
    annotation = Annotation.empty(scan.shape)
    annotation.surfaces.values[annotation.surfaces.index("ILM")] = 20
    annotation.surfaces.values[annotation.surfaces.index("RNFL/GCL")] = 45
    annotation.states[:-1] = State.PREDICTED
    return scan, annotation


def page(scan: Scan, annotation: Annotation, heading: Heading = HEADING) -> bytes:
    file = io.BytesIO()
    write_pdf(file, scan, annotation, measure_scan(scan, annotation), heading)
    return file.getvalue()


def drawn_size(pdf: bytes) -> int:
    """Return how many bytes of drawing the page has once unpacked."""
    total = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            total += len(zlib.decompress(stream))
        except zlib.error:
            continue
    return total


def test_the_pdf_is_one_page_a4() -> None:
    pdf = page(*work())
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert [float(v) / 72 * 25.4 for v in box] == pytest.approx([210, 297], abs=0.5)
    assert drawn_size(pdf) > 200_000
    assert PATIENT.encode() not in pdf


def test_the_html_has_figures_pictures_and_the_notice_and_no_patient() -> None:
    scan, annotation = work()
    figures = measure_scan(scan, annotation)
    text = html_report(scan, annotation, figures, HEADING)
    assert PATIENT not in text
    assert text.count(RESEARCH_USE_ONLY) >= 2
    cst = next(r for r in figures.rows if r.figure == "CST" and r.structure == "ILM..BM")
    assert f"<td>{cst.measured.text} µm</td>" in text
    for words in ("P-0007", "ann", "starter 1.0", "right eye", "approved structures: 10 of 25"):
        assert words in text
    assert "http" not in text  # nothing is fetched when it is opened
    images = re.findall(r"base64,([^\"]+)", text)
    assert len(images) == 3
    assert all(base64.b64decode(data).startswith(b"\x89PNG") for data in images)


def test_a_name_and_a_date_stand_only_where_they_are_given() -> None:
    scan, annotation = work()
    figures = measure_scan(scan, annotation)
    heading = replace(HEADING, patient="A. Name <b>", taken="2026-01-02")
    text = html_report(scan, annotation, figures, heading)
    assert "Patient: A. Name &lt;b&gt;" in text
    assert "2026-01-02" in text
    assert "Patient" not in html_report(scan, annotation, figures, HEADING)


def test_refused_figures_are_dashes_with_the_reason() -> None:
    scan, annotation = work()
    bare = scan.with_spacing(Spacing())
    text = html_report(bare, annotation, measure_scan(bare, annotation), HEADING)
    assert "<td>–</td>" in text
    assert "lateral scale" in text
    assert not re.search(r"<td>[\d.]+ (µm|mm³|nL)</td>", text)
    assert page(bare, annotation).startswith(b"%PDF")


def test_scans_without_slo_or_places_and_circles_have_a_page_too() -> None:
    scan, annotation = work()
    for changed in (
        replace(scan, slo=None),
        replace(scan, geometry=ScanGeometry(ScanPattern.RASTER)),
        replace(scan, laterality=Laterality.UNKNOWN),
    ):
        assert page(changed, annotation).startswith(b"%PDF")
    round_scan, drawn = circle()
    assert page(round_scan, drawn).startswith(b"%PDF")
    text = html_report(round_scan, drawn, measure_scan(round_scan, drawn), HEADING)
    assert "Sectors around the disc" in text
    assert "Nerve fibre layer around the disc" in text


def circles(n: int) -> tuple[Scan, Annotation]:
    """Return a scan of `n` circles, the nerve fibre layer a µm thinner in each."""
    one, _ = circle()
    places = tuple(CirclePosition((100.0, 100.0), 60.0 + 5 * i) for i in range(n))
    scan = replace(
        one,
        pixels=ArrayPixels(np.full((n, 100, 256), 60, np.uint8)),
        geometry=replace(one.geometry, positions=places),
    )
    annotation = Annotation.empty(scan.shape)
    ilm, rnfl = (annotation.surfaces.index(name) for name in ("ILM", "RNFL/GCL"))
    annotation.surfaces.values[ilm] = 20
    annotation.surfaces.values[rnfl] = 45 - np.arange(n)[:, None] / 4
    annotation.states[:-1] = State.PREDICTED
    return scan, annotation


def test_every_circle_has_its_sectors_and_its_profile() -> None:
    scan, annotation = circles(3)
    figures = measure_scan(scan, annotation)
    tables = [t for t in report_tables(figures) if "Sectors" in t.title]
    assert [t.title for t in tables] == [f"Sectors around the disc, circle {i}" for i in (1, 2, 3)]
    assert [t.rows[0][1] for t in tables] == ["100", "99", "98"]
    text = html_report(scan, annotation, figures, HEADING)
    assert len(re.findall(r"base64,", text)) == 3 + 3
    for i in (1, 2, 3):
        assert f"Nerve fibre layer around the disc, circle {i}" in text
    assert len(re.findall(rb"/Type /Page\b", page(scan, annotation))) == 1
    # More than fit go on overleaf, none is left out.
    assert len(re.findall(rb"/Type /Page\b", page(*circles(9)))) == 2


def test_a_circle_of_an_unknown_eye_has_no_profile_rather_than_an_empty_one() -> None:
    scan, annotation = circle()
    unknown = replace(scan, laterality=Laterality.UNKNOWN)
    text = html_report(unknown, annotation, measure_scan(unknown, annotation), HEADING)
    assert "No profile around the disc" in text


@pytest.mark.parametrize(
    ("superior_known", "laterality", "letters"),
    [
        (True, Laterality.OS, "SINT"),
        (True, Laterality.UNKNOWN, "SI"),
        (False, Laterality.OS, ""),
    ],
)
def test_the_grid_names_only_the_sides_that_are_known(
    superior_known: bool, laterality: Laterality, letters: str
) -> None:
    scan, annotation = work()
    scan = replace(scan, laterality=laterality)
    if not superior_known:
        scan = replace(scan, geometry=ScanGeometry(ScanPattern.RASTER, (), None))
    ground = Ground.of(scan, annotation)
    assert ground.plane is not None
    assert ground.plane.superior_known == superior_known
    axes = Figure().add_subplot()
    figures = measure_scan(scan, annotation)
    draw_grid(axes, figures, laterality, superior_known=superior_known)
    shown = {text.get_text(): text.get_position() for text in axes.texts}
    assert {t for t in shown if t.isalpha()} == set(letters)
    if "N" in letters:
        assert shown["N"][0] < 0 < shown["T"][0]  # nasal is left in a left eye


def test_a_line_says_how_much_of_all_its_figures_is_approved() -> None:
    scan, annotation = work()
    annotation.states[:] = State.EDITED
    annotation.states[:, 10:15] = State.APPROVED  # the middle, not the outer ring
    tables = report_tables(measure_scan(scan, annotation))
    figures = measure_scan(scan, annotation)
    outer = next(r for r in figures.rows if r.region == "6 mm" and r.structure == "ILM..BM")
    cst = next(r for r in figures.rows if r.figure == "CST" and r.structure == "ILM..BM")
    assert cst.measured.approved > outer.measured.approved
    assert tables[0].rows[0][-1] == f"{100 * outer.measured.approved:.0f} %"


def test_tables_are_as_wide_as_their_headers() -> None:
    for scan, annotation in (work(), circle()):
        tables = report_tables(measure_scan(scan, annotation))
        assert tables
        for table in tables:
            assert all(len(row) == len(table.header) for row in table.rows), table.title


def test_lesions_that_nobody_marked_or_sought_take_one_line() -> None:
    scan, annotation = work()
    annotation.masks.labels[:] = 0
    (lesions,) = (t for t in report_tables(measure_scan(scan, annotation)) if "lesions" in t.title)
    names = ", ".join(c.name for c in annotation.masks.scheme)
    assert lesions.rows == ((names, *["–"] * 7),)  # nobody approved that there are none
    annotation.states[-1] = State.APPROVED
    (lesions,) = (t for t in report_tables(measure_scan(scan, annotation)) if "lesions" in t.title)
    assert lesions.rows[0][0] == "none marked"
    annotation.states[-1] = State.UNSEEN
    (lesions,) = (t for t in report_tables(measure_scan(scan, annotation)) if "lesions" in t.title)
    assert lesions.rows == (("all classes", *["–"] * 7),)
