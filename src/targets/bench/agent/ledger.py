# ledger: tables in the site's own database, so that documents and the note that they were written commit together. `batch`: one per commit, its number
# drawn while the rows it wrote are still locked, so that numbers follow the order of changes to any one row. `ledger`: which legacy key is which document.
# `row`: every row written. `before`: of older rows that were changed or deleted, the columns concerned before and after.
import hashlib

TABLES = {
    "__landfall_batch": "`seq` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `run` VARCHAR(100) NOT NULL, `batch` VARCHAR(300) NOT NULL, `doctype` VARCHAR(140) NOT NULL, `documents` INT NOT NULL, `at` DATETIME(6) NOT NULL, KEY `run` (`run`)",
    "__landfall_ledger": "`id` CHAR(64) CHARACTER SET ascii NOT NULL PRIMARY KEY, `seq` BIGINT NOT NULL, `n` INT NOT NULL, `run` VARCHAR(100) NOT NULL, `batch` VARCHAR(300) NOT NULL, `doctype` VARCHAR(140) NOT NULL, "
    "`entity` VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, `key` TEXT COLLATE utf8mb4_bin NOT NULL, `name` VARCHAR(255) NOT NULL, `docstatus` TINYINT NOT NULL, KEY `place` (`seq`, `n`), KEY `document` (`doctype`, `name`)",
    "__landfall_row": "`seq` BIGINT NOT NULL, `n` INT NOT NULL, `tbl` VARCHAR(80) NOT NULL, `name` VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, `modified` VARCHAR(40), KEY `place` (`seq`, `n`), KEY `row` (`tbl`, `name`)",
    "__landfall_before": "`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `seq` BIGINT NOT NULL, `n` INT NOT NULL, `tbl` VARCHAR(80) NOT NULL, `name` VARCHAR(255) NOT NULL, `deleted` TINYINT NOT NULL, `before` LONGTEXT NOT NULL, `after` LONGTEXT, KEY `place` (`seq`, `n`), KEY `row` (`tbl`, `name`)",
}


class Ledger:
    def __init__(self, watch):
        self.watch = watch

    def create(self):
        """Changes the schema, which commits: never while documents are written."""
        for table, columns in TABLES.items():
            self.watch.run(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({columns}) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")

    def identity(self, doctype, entity, key):
        return hashlib.sha256("\0".join((doctype, entity, key)).encode("utf-8", "surrogateescape")).hexdigest()

    def known(self, doctype, documents):
        """{identity: ledger row} of the documents that are on the site already. A current read: what another process committed meanwhile counts."""
        ids = [self.identity(doctype, document["entity"], document["key"]) for document in documents]
        if not ids:
            return {}
        escape = self.watch.conn.escape
        return {row["id"]: row for row in self.watch.rows(f"SELECT * FROM `__landfall_ledger` WHERE `id` IN ({', '.join(escape(i) for i in ids)}) LOCK IN SHARE MODE")}

    def note(self, run, batch, doctype, documents, count):
        """Notes what the watch saw for the documents of a chunk (with their places), before they commit. Throws when one is there already."""
        watch = self.watch
        watch.run("INSERT INTO `__landfall_batch` (`run`, `batch`, `doctype`, `documents`, `at`) VALUES (%s, %s, %s, %s, NOW(6))", (run, batch, doctype, len(documents)))
        seq = watch.last_id()
        self.insert("__landfall_ledger", ["id", "seq", "n", "run", "batch", "doctype", "entity", "key", "name", "docstatus"],
                    [[self.identity(doctype, d["entity"], d["key"]), seq, d["n"], run, batch, doctype, d["entity"], d["key"], d["name"], d["docstatus"]] for d in documents])
        changes = self.changes()
        self.insert("__landfall_row", ["seq", "n", "tbl", "name", "modified"], [[seq, *row] for row in self.rows_written(changes)])
        self.insert("__landfall_before", ["seq", "n", "tbl", "name", "deleted", "before", "after"],
                    [[seq, n, table, key, int(after is None), json.dumps(before), None if after is None else json.dumps(after)] for n, table, key, before, after in changes])
        return seq

    def insert(self, table, columns, rows):
        for start in range(0, len(rows), 500):
            part = rows[start:start + 500]
            group = f"({', '.join(['%s'] * len(columns))})"
            self.watch.run(f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, columns))}) VALUES {', '.join([group] * len(part))}", [value for row in part for value in row])

    def changes(self):
        """[(n, table, key, columns before, columns after or None when deleted)] of older rows: what an image holds until the next image of that row, or now."""
        watch, found = self.watch, []
        now = self.current({(table, key) for _, table, key in watch.images})
        following = {}
        for (n, table, key), image in reversed(list(watch.images.items())):
            after = following.get((table, key), now.get((table, key)))
            following[(table, key)] = image
            if after is None:
                found.append((n, table, key, image, None))
                continue
            changed = [column for column in image if image[column] != after.get(column)]
            if changed:
                found.append((n, table, key, {c: image[c] for c in changed}, {c: after.get(c) for c in changed}))
        return found[::-1]

    def rows_written(self, changes):
        """[[n, table, key, modified]] of rows that are there still, `modified` as the document that wrote the row left it."""
        watch, later = self.watch, {}
        for n, table, key, before, after in reversed(changes):
            if after is None or "modified" in before:
                later[(table, key)] = before.get("modified")
        now = self.current({(table, key) for _, table, key in watch.written if (table, key) not in later}, only_modified=True)
        return [[n, table, key, later.get((table, key), (now.get((table, key)) or {}).get("modified"))] for n, table, key in watch.written if (table, key) in later or (table, key) in now]

    def current(self, entries, only_modified=False):
        """{(table, key): row as text} of rows as they are now."""
        watch, found, tables = self.watch, {}, {}
        for table, key in sorted(entries):
            tables.setdefault(table, []).append(key)
        for table, keys in tables.items():
            columns = "*"
            if only_modified:
                columns = ", ".join(quoted(c) for c in [*key_columns(table), *(["modified"] if table not in WITHOUT_MODIFIED else [])])
            for start in range(0, len(keys), 500):
                for row in watch.rows(select_keys(watch.conn, table, keys[start:start + 500], columns), AS_TEXT):
                    found[(table, row_key([row[column] for column in key_columns(table)]))] = row
        return found


WITHOUT_MODIFIED = {"tabSingles", "tabSeries"}
