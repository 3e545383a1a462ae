"""Model cards, where weights are kept and how they are fetched. Imports no torch.

May be imported by engines, jobs, the command line and the app.
"""
