"""Teaching a model to tell classes of B-scans or volumes, from pooled features of its encoder.

:func:`mirage_core.training.classify.run.teach_classes` does all of it. Imported by jobs, the
command line and, for data alone, by projects; configuration, data, splits and reports import no
torch.
"""
