# The agent that Landfall sends over stdin to the Python of a bench. These files are sent as one program, in the order of agent-program.ts,
# so they share one namespace and import nothing from each other. Nothing is installed on the site; the program lives as long as its stdin.
#
# wire: one JSON value per line, both ways. A request is {"id": n, "do": COMMAND, ...}; its answer {"id": n, "ok": ...} or {"id": n, "failed": {...}};
# in between come events {"id": n, "at": ...} and {"id": n, "settled": ...}.
import datetime
import decimal
import json
import os
import sys

PROTOCOL = 1


class Wire:
    """stdout belongs to the protocol: what controllers print goes to stderr."""

    def __init__(self):
        self.out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self.request = 0

    def read(self):
        line = sys.stdin.buffer.readline()
        return json.loads(line) if line.strip() else None

    def send(self, message):
        data = json.dumps({"id": self.request, **message}, default=plain, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
        while data:
            data = data[self.out.write(data):]


def plain(value):
    """Dates and times as MariaDB writes them; exact numbers as numbers."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, datetime.timedelta):
        total = abs(value)
        seconds = total.days * 86400 + total.seconds
        sign = "-" if value < datetime.timedelta(0) else ""
        return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{total.microseconds:06d}"
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)
