"""Losses, schedules and training loops.

May be imported by jobs and the command line; imports `model` and everything below it.
"""
