"""Teaching a model to tell the labels of a project: choices, run and result. No Qt.

Imported by the desk and the Teach window's page for classes. Nothing of torch is loaded: the run
is in a worker.
"""
