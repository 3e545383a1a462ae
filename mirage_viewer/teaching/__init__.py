"""Teaching: what a model can be taught with here, the run that does it, and what came of it. No Qt.

Imported by the desk and the Teach window. Nothing of torch is loaded: the run is in a worker.
"""

from mirage_viewer.teaching.desk import Stage, Teaching

__all__ = ["Stage", "Teaching"]
