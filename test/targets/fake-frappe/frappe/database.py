"""MariaDB's side of the agent's conversation, answered by SQLite: its dialect is rewritten where the two differ."""
import json
import os
import random
import re
import signal
import sqlite3
import time
from collections import deque

LOCKS = {}
RANDOM = random.Random(os.getpid())


class OperationalError(Exception):
    pass


class Callbacks:
    def __init__(self):
        self._functions = deque()

    def add(self, function):
        self._functions.append(function)

    def run(self):
        while self._functions:
            self._functions.popleft()()

    def reset(self):
        self._functions.clear()


def literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


REWRITES = [(re.compile(pattern, re.I), put) for pattern, put in [
    (r"\s+FOR UPDATE\b|\s+LOCK IN SHARE MODE\b", ""), (r"BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"), (r"\s+DEFAULT CHARACTER SET \w+|\s+CHARACTER SET \w+|\s+COLLATE \w+", ""),
    (r",\s*KEY `\w+` \([^)]*\)", ""), (r"NOW\(6\)", "strftime('%Y-%m-%d %H:%M:%f', 'now')"), (r"@@tx_isolation", "'REPEATABLE-READ'"), (r"^DELETE x FROM (`\w+`) x", r"DELETE FROM \1 AS x"),
    (r"information_schema\.tables WHERE table_schema = database\(\)", "(SELECT name AS table_name FROM sqlite_master)"), (r"^START TRANSACTION$", "BEGIN"),
]]


class Connection:
    """As PyMySQL's: `query` is where every statement passes."""

    def __init__(self, path):
        self.path, self.decoders = path, {"usual": str}
        self.sqlite = sqlite3.connect(path, isolation_level=None, timeout=5)
        self.sqlite.execute("PRAGMA journal_mode=WAL")
        for name, count, function in (("json_value", 2, lambda text, path: json.loads(text).get(path[2:]) if text else None), ("get_lock", 2, self.get_lock), ("is_used_lock", 1, self.holder), ("connection_id", 0, os.getpid)):
            self.sqlite.create_function(name, count, function)

    def lock_file(self, name):
        return os.path.join(os.path.dirname(self.path), name.replace(" ", "-") + ".lock")

    def holder(self, name):
        try:
            pid = int(open(self.lock_file(name)).read())
            os.kill(pid, 0)
            return pid if open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z" else None
        except (OSError, ValueError):
            return None

    def get_lock(self, name, seconds):
        until = time.monotonic() + seconds
        while self.holder(name) not in (None, os.getpid()):
            if time.monotonic() > until:
                return 0
            time.sleep(0.05)
        with open(self.lock_file(name), "w") as file:
            file.write(str(os.getpid()))
        return 1

    def query(self, text, unbuffered=False):
        kill = re.match(r"KILL (\d+)", text)
        if kill:
            os.kill(int(kill.group(1)), signal.SIGKILL)
            return 0
        for pattern, put in REWRITES:
            text = pattern.sub(put, text)
        if text == "BEGIN" and self.sqlite.in_transaction:
            self.sqlite.execute("COMMIT")
        if text.upper() in ("COMMIT", "ROLLBACK") and not self.sqlite.in_transaction:
            return 0
        self.fault(text)
        try:
            self.result = self.sqlite.execute(text)
            if self.struck("drop", text):
                os._exit(9)
        except sqlite3.OperationalError as error:
            raise OperationalError(1213 if "locked" in str(error) else 1064, f"{error}: {text}") from error
        except sqlite3.IntegrityError as error:
            raise OperationalError(1062, str(error)) from error
        return max(self.result.rowcount, 0)

    def fault(self, text):
        """A deadlock takes the whole transaction with it; a lost connection, too, and it stays lost."""
        for kind, code in (("deadlock", 1213), ("lost", 2013)):
            if self.struck(kind, text):
                self.sqlite.execute("ROLLBACK")
                raise OperationalError(code, kind)

    def struck(self, kind, text):
        """Whether a fault of a campaign comes now: `faults.json` beside the database says how many of each are left."""
        path = os.path.join(os.path.dirname(self.path), "faults.json")
        if not self.sqlite.in_transaction and kind != "drop" or text.upper().startswith("COMMIT") != (kind == "drop") or text.upper().startswith(("SELECT", "BEGIN", "ROLLBACK", "CREATE")) or not os.path.exists(path):
            return False
        faults = json.load(open(path))
        if faults.get(kind, 0) <= 0 or RANDOM.random() > faults["rate"][kind]:
            return False
        faults[kind] -= 1
        with open(path + ".new", "w") as file:
            json.dump(faults, file)
        os.replace(path + ".new", path)
        return True

    def insert_id(self):
        return self.result.lastrowid

    def cursor(self, *args):
        return Cursor(self)

    escape = staticmethod(literal)


class Cursor:
    def __init__(self, connection):
        self.connection, self._executed = connection, None

    def mogrify(self, query, values=None):
        return query % tuple(literal(value) for value in values) if values else query

    def execute(self, query, values=None):
        self._executed = self.mogrify(query, values)
        touched = self.connection.query(self._executed)
        self.result = self.connection.result if hasattr(self.connection, "result") else None
        return touched

    @property
    def description(self):
        return self.result.description

    def fetchall(self):
        return tuple(self.result.fetchall())

    def close(self):
        pass


class Database:
    db_type = "mariadb"
    OperationalError = OperationalError

    def __init__(self, path):
        self._conn = Connection(path)
        self._cursor = self._conn.cursor()
        self.value_cache = {}
        self.before_commit, self.after_commit = Callbacks(), Callbacks()

    def sql(self, query, values=None):
        self._cursor.execute(query, values)
        return self._cursor.fetchall() if self._cursor.description else ()

    def begin(self):
        self.sql("START TRANSACTION")

    def commit(self):
        self.before_commit.run()
        self.sql("COMMIT")
        self.begin()
        self.after_commit.run()

    def rollback(self):
        self.before_commit.reset()
        self.after_commit.reset()
        self.sql("ROLLBACK")
        self.begin()
