"""Run an engine elsewhere: worker process, progress, cancel."""
