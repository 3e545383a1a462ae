"""The worklist as a page: every scan of the project in a table, to find, tag and open them.

`lines`, `columns`, `criteria`, `work`, `remarking` and `folder_run` know no Qt; `binding` ties the
page to the desk. The window imports it; it imports the house widgets of `panels`.
"""
