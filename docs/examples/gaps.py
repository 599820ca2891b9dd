"""Passes on those messages, one a line, that are new, and tells of gaps.

python gaps.py < messages.ndjson > new.ndjson
"""

import json
import sys

Series = tuple[str, str, str]  # schema, session, camera: within it `seq` rises by one


class Sequence:
    """What has come of the messages of some cameras."""

    def __init__(self) -> None:
        self.expected: dict[Series, int] = {}  # the next `seq`
        self.missing: dict[Series, set[int]] = {}

    def is_new(self, message: dict) -> bool:
        """Whether it came for the first time; notes what is missing before it."""
        schema, camera, seq = message["schema"], message["camera"], message["seq"]
        known = any((s, c) == (schema, camera) for s, _, c in self.expected)
        series = schema, message["session"], camera
        expected = self.expected.get(series, 0 if known else seq)  # what came before we listened is no gap
        missing = self.missing.setdefault(series, set())
        missing.update(range(expected, seq))
        self.expected[series] = max(expected, seq + 1)
        is_new = seq >= expected or seq in missing  # in `missing` is what was overtaken
        missing.discard(seq)
        return is_new


if __name__ == "__main__":
    sequence = Sequence()
    for line in sys.stdin:
        message = json.loads(line)
        if "seq" not in message or sequence.is_new(message):  # statuses, stats and counts have none: the newest counts
            sys.stdout.write(line)
    for series, missing in sequence.missing.items():
        if missing:
            print(*series, "missing:", *sorted(missing), file=sys.stderr)
