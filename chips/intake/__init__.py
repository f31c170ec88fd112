"""From an operator's file to checked inventory lines: `docs/contracts/intake.md`, kept to the letter.

`formats` tells what the file is, `tables` reads its rows, `columns` finds the header, `cells` and `matching` check
each cell, `check` puts them together, `faults` words what was found. `sandbox` runs all of it in a child process.
Nothing here knows Django or the database: the catalogue comes in as data.
"""
