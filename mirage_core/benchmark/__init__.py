"""The published protocol's metrics, under the published conventions and under correct ones.

May be imported by jobs and the command line; imports everything below `engines`.
"""
