"""The workbench in a napari viewer: the app's panels as docks, at work on napari's layers."""
