"""Masked multimodal pre-training: see ``docs/pretraining.md``.

:func:`~mirage_core.training.pretrain.run.pretrain` is the way in. Modules that need torch are
imported by name, so that checking a configuration stays quick. May be imported by jobs and the
command line.
"""
