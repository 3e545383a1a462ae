"""What the actions need to know of the desk, to say which of them can be used. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_viewer.actions import Circumstances, When
from mirage_viewer.imagining import Place

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk


def circumstances_of(desk: Desk) -> Circumstances:
    """Return how things stand on `desk`."""
    session = desk.session
    history = session.history if session is not None and desk.editable else None
    running = desk.models.run is not None
    why = desk.models.why_not(desk.open_scan)
    why_no_project = desk.project_model.why_not
    if why_no_project:
        why[When.PROJECT_MODEL] = why_no_project
    return Circumstances(
        scan=session is not None,
        editable=desk.editable,
        ready=desk.editable and not running and desk.models.engines.settled,
        running=running,
        undo=bool(history and history.done),
        redo=bool(history and history.undone),
        unsaved=bool(session is not None and session.unsaved),
        imagine_layers=When.IMAGINE_LAYERS not in why,
        imagine_b_scan=When.IMAGINE_B_SCAN not in why,
        imagine_slo=When.IMAGINE_SLO not in why,
        imagined=any(desk.models.imagining.of(desk.b, place) for place in Place),
        classify=When.CLASSIFY not in why,
        project_model=not why_no_project,
        offered=desk.offers.standing or desk.offers.working,
        why=why,
    )
