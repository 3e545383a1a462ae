"""The published protocol's metrics, as published and correct; and the simulated grader.

May be imported by jobs and the command line; imports everything below `engines`.
"""
