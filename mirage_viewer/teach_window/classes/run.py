"""ClassRunCard: a model learns: how far it is, and a way to end it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QSizePolicy

from mirage_viewer.panels.widgets import Card, label, row
from mirage_viewer.teaching import words
from mirage_viewer.teaching.progress import RunProgress
from mirage_viewer.theme import icon

_LATER = "It can be gone on with the next time the program starts"
NOT_BEGUN = "Nothing is being taught."


class ClassRunCard(Card):
    """The second step.

    Signals
    -------
    cancel_requested()
    go_on_requested(), again_requested()
        After a run was cancelled or failed: go on with it, or put it away.
    """

    cancel_requested = Signal()
    go_on_requested = Signal()
    again_requested = Signal()

    def __init__(self) -> None:
        super().__init__("2  Watch it learn")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.phase = label(NOT_BEGUN)
        self.phase.setWordWrap(True)
        self.left, self.device = label("", "muted"), label("", "small")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.notes = label("", "warning")
        self.notes.setWordWrap(True)
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("End it without a model; it can be gone on with later")
        self.go_on = QPushButton("Go on from where it stopped")
        self.again = QPushButton("Choose anew")
        self.header.addWidget(self.left)
        self.body.addWidget(self.phase)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.notes)
        self.body.addLayout(row(self.device, 1, self.go_on, self.again, self.cancel))
        for button in (self.cancel, self.go_on, self.again):
            button.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancel_requested)
        self.go_on.clicked.connect(self.go_on_requested)
        self.again.clicked.connect(self.again_requested)
        self.show_progress(RunProgress(), 0.0)
        self.show_state(NOT_BEGUN, running=False)
        self.repaint_icons()

    def show_progress(
        self,
        told: RunProgress,
        fraction: float,
        notes: tuple[str, ...] = (),
        *,
        running: bool = False,
    ) -> None:
        """Show how far a run is, and what is left while it goes on; `notes` are to be known."""
        self.bar.setValue(round(1000 * fraction))
        left = told.left_s if running else None
        self.left.setText(f"about {words.duration(left)} left" if left is not None else "")
        self.device.setText(told.device)
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))

    def show_state(
        self,
        phase: str,
        *,
        running: bool,
        cancelling: bool = False,
        over: bool = False,
        can_go_on: bool = False,
    ) -> None:
        """Say what is being done, or how a run without a result ended (`over`)."""
        self.phase.setText(phase)
        self.cancel.setVisible(running)
        self.cancel.setEnabled(not cancelling)
        self.go_on.setVisible(over and can_go_on)
        self.again.setVisible(over)
        self.again.setToolTip(_LATER if can_go_on else "")

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.cancel.setIcon(icon("stop"))
