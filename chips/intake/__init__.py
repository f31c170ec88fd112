"""From an operator's file to checked inventory lines: `docs/contracts/intake.md`, kept to the letter.

`formats` tells what the file is, `markup` whether its parts are sound, `tables` reads its rows, `columns` finds the
header. `chunks` takes some thousands of cells at a time, `values` says what each comes to (by `cells` and `matching`),
`memory` says it at once for a whole column, and `check` puts them together to a `report`. `faults` has every code and
its wording. `rows` writes for COPY, and `sandbox` runs all of it in a child process.
Nothing here knows Django or the database: the catalogue comes in as data.
"""
