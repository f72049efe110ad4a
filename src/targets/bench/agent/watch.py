# watch: sees every statement on the site's connection. Of writes it notes which rows a document writes and what older rows held before; reads it
# answers from memory where the database could only answer the same. Everything passes here, whether by db_insert, db_set, the query builder or raw SQL.
from collections import deque

# Text of every value as MariaDB writes it, so that an image can be put back without loss.
AS_TEXT = {}
ENDING = {"commit", "rollback", "truncate", "alter", "create", "drop", "rename", "start", "begin", "grant", "lock"}
KEEPS = re.compile(r"\s*rollback\s+to\b|\s*create\s+(or\s+replace\s+)?temporary\b|\s*drop\s+temporary\b", re.I)
GIVEN_UP = {1213, 1020}
MOST_READS = 20_000
MOST_ROWS = 2_000


class Watch:
    def __init__(self, db):
        self.db = db
        # The document being written, as its place in the chunk; None: nothing is watched (ledger, undo, the agent's own reads).
        self.document = None
        # [(document, table, key)], rows written, and {(document, table, key): row before}, in order.
        self.written, self.images = {}, {}
        self.unclear = []
        # The transaction ended under the documents in it: a controller committed, or the database gave it up to another writer.
        self.torn = None
        self.reads, self.readers, self.caching = {}, {}, False
        self.hits = self.misses = self.statements = 0
        if db._conn is None:
            db.connect()
        self.attach()

    def attach(self):
        conn = self.db._conn
        self.conn, self.send = conn, conn.query
        conn.query = self.query
        # A driver that cannot fill values into a statement beforehand is watched all the same; only reads are not remembered.
        if hasattr(self.db._cursor, "mogrify"):
            self.db._cursor = RememberingCursor(self.db._cursor, self)

    def query(self, text, *args, **kwargs):
        """Stands in for the connection's own `query`: the one place that every cursor goes through."""
        if isinstance(text, (bytes, bytearray)):
            text = text.decode("utf-8", "surrogateescape")
        self.statements += 1
        verb = verb_of(text)
        if verb in ("insert", "update", "delete", "replace"):
            if self.document is not None:
                self.before_write(text, verb)
        elif verb in ENDING:
            self.forget()
            if self.document is not None and not KEEPS.match(text):
                self.torn = f"A controller ended the transaction: {text.strip()[:100]}"
        try:
            return self.send(text, *args, **kwargs)
        except Exception as error:
            # Controllers may swallow it; the transaction is gone all the same.
            if error.args and error.args[0] in GIVEN_UP:
                self.torn = str(error)
            raise

    def before_write(self, text, verb):
        document, self.document = self.document, None
        try:
            if verb in ("insert", "replace"):
                self.note_insert(document, text)
            else:
                self.note_change(document, text, verb)
        finally:
            self.document = document

    def note_insert(self, document, text):
        found = parse_insert(text)
        if found is None:
            table = TABLE.search(text)
            if table:
                self.unclear.append(text[:300])
                self.forget()
            return
        table, keys, may_exist = found
        if not table.startswith("tab"):
            return
        self.wrote(table)
        if may_exist:
            for row in self.rows(select_keys(self.conn, table, keys) + " FOR UPDATE", AS_TEXT):
                self.note_image(document, table, row)
        for key in keys:
            if (document, table, key) not in self.images:
                self.written[(document, table, key)] = True

    def note_change(self, document, text, verb):
        found = parse_change(text, verb)
        if found is None:
            if TABLE.search(text):
                self.unclear.append(text[:300])
                self.forget()
            return
        table, alias, references, condition = found
        self.wrote(table)
        by_name = BY_NAME.match(condition)
        if by_name and table not in KEYS:
            entry = (document, table, unquote(by_name.group(1)))
            if entry in self.written or entry in self.images:
                return
        for row in self.rows(f"SELECT {quoted(alias)}.* FROM {references} WHERE {condition} FOR UPDATE", AS_TEXT):
            self.note_image(document, table, row)

    def note_image(self, document, table, row):
        entry = (document, table, row_key([row[column] for column in key_columns(table)]))
        if entry not in self.written and entry not in self.images:
            self.images[entry] = row

    def rows(self, text, decoders=None):
        """Rows of a statement as dicts, past the watch. `AS_TEXT`: every value as text."""
        conn, usual = self.conn, self.conn.decoders
        document, self.document = self.document, None
        if decoders is not None:
            conn.decoders = decoders
        try:
            cursor = conn.cursor()
            cursor.execute(text)
            names = [column[0] for column in cursor.description]
            found = cursor.fetchall()
            cursor.close()
        finally:
            conn.decoders = usual
            self.document = document
        if decoders is AS_TEXT:
            return [dict(zip(names, (None if v is None else v if isinstance(v, str) else plain(v) for v in row))) for row in found]
        return [dict(zip(names, row)) for row in found]

    def run(self, text, values=()):
        """A statement of the agent's own, unwatched; answers the number of rows it touched."""
        document, self.document = self.document, None
        try:
            cursor = self.conn.cursor()
            touched = cursor.execute(text, values or None)
            cursor.close()
            return touched
        finally:
            self.document = document

    def last_id(self):
        return self.conn.insert_id()

    def wrote(self, table):
        for key in self.readers.pop(table, ()):
            self.reads.pop(key, None)

    def forget(self):
        self.reads.clear()
        self.readers.clear()

    def remember(self, text, answer):
        tables = tables_read(text)
        if tables is not None and len(answer[1]) <= MOST_ROWS:
            self.keep(text, answer, tables)

    def keep(self, key, answer, tables):
        if len(self.reads) > MOST_READS:
            self.forget()
        self.reads[key] = answer
        for table in tables:
            self.readers.setdefault(table, set()).add(key)

    def drop(self, document):
        """Forgets what a document wrote that was rolled back."""
        for notes in (self.written, self.images):
            for entry in [entry for entry in reversed(notes) if entry[0] == document]:
                del notes[entry]
        self.forget()

    def clear(self):
        self.written, self.images, self.unclear, self.torn = {}, {}, [], None
        self.forget()


class RememberingCursor:
    """
    Stands in for `frappe.db._cursor`. Under REPEATABLE READ the same SELECT answers the same within a transaction until this connection writes one of the
    tables it names, so the database need not be asked twice: most of what controllers read is the same for every document.
    """

    def __init__(self, cursor, watch):
        self.__dict__.update(inner=cursor, watch=watch, rows=None, described=None, text=None)

    def execute(self, query, values=None):
        watch = self.watch
        if not watch.caching:
            self.__dict__.update(rows=None)
            return self.inner.execute(query, values)
        text = self.inner.mogrify(query, values)
        found = watch.reads.get(text)
        if found is not None:
            watch.hits += 1
            self.__dict__.update(described=found[0], rows=deque(found[1]), text=text)
            return len(found[1])
        touched = self.inner.execute(text)
        if verb_of(text) != "select":
            self.__dict__.update(rows=None)
            return touched
        watch.misses += 1
        answer = (self.inner.description, tuple(self.inner.fetchall()))
        watch.remember(text, answer)
        self.__dict__.update(described=answer[0], rows=deque(answer[1]), text=text)
        return touched

    def fetchall(self):
        if self.rows is None:
            return self.inner.fetchall()
        rows = tuple(self.rows)
        self.rows.clear()
        return rows

    def fetchmany(self, size=None):
        if self.rows is None:
            return self.inner.fetchmany(size)
        return tuple(self.rows.popleft() for _ in range(min(size or 1, len(self.rows))))

    def fetchone(self):
        if self.rows is None:
            return self.inner.fetchone()
        return self.rows.popleft() if self.rows else None

    @property
    def description(self):
        return self.inner.description if self.rows is None else self.described

    @property
    def _executed(self):
        return self.inner._executed if self.rows is None else self.text

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __setattr__(self, name, value):
        setattr(self.inner, name, value)

    def __iter__(self):
        return iter(self.fetchall())


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def select_keys(conn, table, keys, columns="*"):
    """SELECT of rows by their keys."""
    wanted = key_columns(table)
    if len(wanted) == 1:
        return f"SELECT {columns} FROM {quoted(table)} WHERE {quoted(wanted[0])} IN ({', '.join(conn.escape(key) for key in keys)})"
    tuples = (" AND ".join(f"{quoted(column)} = {conn.escape(part)}" for column, part in zip(wanted, key.split("\x1f"))) for key in keys)
    return f"SELECT {columns} FROM {quoted(table)} WHERE {' OR '.join(f'({one})' for one in tuples)}"
