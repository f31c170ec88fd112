"""Does this centre meet this provision on this day, and why?

Pure: no database, no clock, no float; the same document always gives the same answer. The contract is
`docs/contracts/engine.md`. `answer` takes a document, `answer_text` one in JSON; who asks the same of many has a
`question` and a `subject` made ready once, which is the way that `answer` goes too.
"""

import sys

from compliance.engine import compiled

if (_place := compiled.place()).is_dir():
    __path__.insert(0, str(_place / "compliance" / "engine"))
    # They share a library, which they ask for by its name alone.
    sys.path.append(str(_place))

from compliance.engine.answer import Answered, Question, Subject, answer, question, subject
from compliance.engine.count import DOMESTIC, FOREIGN, UNKNOWN, Tally, origin_of, tally_of
from compliance.engine.document import (
    DocumentFault,
    check_date,
    check_provision,
    check_scope,
    check_text,
    not_one_of,
)
from compliance.engine.inventory import KeptInventory, Kind, checked_kind
from compliance.engine.judge import COUNTED
from compliance.engine.text import answer_text
from compliance.engine.word import Word

__all__ = [
    "COUNTED",
    "DOMESTIC",
    "FOREIGN",
    "UNKNOWN",
    "Answered",
    "DocumentFault",
    "KeptInventory",
    "Kind",
    "Question",
    "Subject",
    "Tally",
    "Word",
    "answer",
    "answer_text",
    "check_date",
    "check_provision",
    "check_scope",
    "check_text",
    "checked_kind",
    "not_one_of",
    "origin_of",
    "question",
    "subject",
    "tally_of",
]
