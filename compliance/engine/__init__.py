"""Does this centre meet this provision on this day, and why?

Pure: no database, no clock, no float; the same document always gives the same answer. The contract is
`docs/contracts/engine.md`. `answer` takes a document, `answer_text` one in JSON.
"""

from compliance.engine.answer import answer, answer_text
from compliance.engine.document import DocumentFault, check_provision
from compliance.engine.judge import DOMESTIC, FOREIGN, UNKNOWN, origin_of

__all__ = [
    "DOMESTIC",
    "FOREIGN",
    "UNKNOWN",
    "DocumentFault",
    "answer",
    "answer_text",
    "check_provision",
    "origin_of",
]
