"""Does this centre meet this provision on this day, and why?

Pure: no database, no clock, no float; the same document always gives the same answer. The contract is
`docs/contracts/engine.md`. `answer` takes a document, `answer_text` one in JSON.
"""

from compliance.engine.answer import answer, answer_text
from compliance.engine.document import (
    DocumentFault,
    Word,
    check_date,
    check_provision,
    check_scope,
    check_text,
    not_one_of,
)
from compliance.engine.judge import DOMESTIC, FOREIGN, UNKNOWN, origin_of

__all__ = [
    "DOMESTIC",
    "FOREIGN",
    "UNKNOWN",
    "DocumentFault",
    "Word",
    "answer",
    "answer_text",
    "check_date",
    "check_provision",
    "check_scope",
    "check_text",
    "not_one_of",
    "origin_of",
]
