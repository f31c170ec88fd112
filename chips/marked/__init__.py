"""An operator's own workbook with what is wrong marked in its cells, ready to be mended and sent again.

`child` makes it in a process with limits, `write` decides the way, `source` has the file's rows, `marks` the cells that
are marked, `own` the operator's workbook, `rows` one made anew, `fault_list` the list behind it. Nothing here knows
Django.
"""
