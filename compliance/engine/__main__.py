"""`python -m compliance.engine`: documents in, one JSON object a line; answers out, in the same order.

The exit status is 1 where a line was no valid document, else 0.
"""

import json
import sys

from compliance.engine.text import answer_text


def main() -> int:
    status = 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for line in sys.stdin.buffer:
        reply = answer_text(line)
        if "error" in reply:
            status = 1
        # What a fault's message quotes may be a lone surrogate, which UTF-8 cannot carry.
        sys.stdout.buffer.write(encode(reply).encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
