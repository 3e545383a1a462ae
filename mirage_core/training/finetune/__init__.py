"""Teaching a model from corrected B-scans: few-shot fine-tuning, measured on what was held out.

:func:`mirage_core.training.finetune.run.teach` does all of it. Imported by jobs, the command line
and, for data alone, by projects; configuration, data and splits import no torch.
"""
