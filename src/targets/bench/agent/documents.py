# documents: puts documents through their controllers, many to a commit. Each has a savepoint of its own: one that is refused takes nothing else with it.
import faulthandler
import signal
import time

# Entity under which changes of documents stand in the ledger; no legacy entity is named so.
CHANGED = "(change)"
LOST = {2006, 2013, 2014, 1927, 1053, 4031}
AGAIN = {1213, 1205, 1020}


class ConnectionLost(Exception):
    """The database is gone: this process ends, the ledger says what was committed."""


class Again(Exception):
    """The transaction was lost to another writer, or by a controller that ended it: everything since the last commit is to be done again."""


class Documents:
    def __init__(self, frappe, watch, ledger, naming, later, wire):
        self.frappe, self.watch, self.ledger, self.naming, self.later, self.wire = frappe, watch, ledger, naming, later, wire
        db = frappe.db
        self.commit, self.rollback = db.commit, db.rollback
        # A document that takes too long ends the process, even where Python cannot be interrupted; stderr then says where it stood.
        faulthandler.register(signal.SIGALRM, all_threads=False, chain=True)
        # Controllers that commit halfway would tear documents from their ledger; what they wrote commits with the chunk.
        db.commit = lambda *args, **kwargs: self.commit(*args, **kwargs) if self.watch.document is None else None

    def write(self, request):
        """Documents in order, a commit every `commitDocuments` or `commitMs`. Announces each document (`at`) and what was committed (`settled`)."""
        pending, size = request["documents"], request["options"].get("commitDocuments", 50)
        while pending:
            chunk, attempt = pending[:size], 0
            while True:
                try:
                    done = self.chunk(request, chunk)
                    break
                except Exception as error:
                    # Also outside of any document: looking in the ledger takes locks, too.
                    behind = trouble(error)
                    if not isinstance(behind, Again):
                        raise
                    self.rolled_back()
                    attempt += 1
                    if len(chunk) == 1 and attempt > 5:
                        self.wire.send({"settled": [refusal(chunk[0], behind)]})
                        done = 1
                        break
                    # Alone, a document that ends the transaction spoils no other's.
                    chunk = chunk[:1] if attempt > 2 else chunk
                    time.sleep(0.05 * attempt)
            pending = pending[done:]

    def chunk(self, request, chunk):
        """Writes documents of a chunk until it is full or its time is up, commits, and answers how many it was."""
        frappe, watch, doctype, options = self.frappe, self.watch, request["doctype"], request["options"]
        known = self.ledger.known(doctype, chunk)
        frappe.db.begin()
        watch.clear()
        watch.caching = options.get("rememberReads", True) and self.repeatable()
        outcomes, written, until = [], [], time.monotonic() + options.get("commitMs", 5000) / 1000
        for n, document in enumerate(chunk):
            found = known.get(self.ledger.identity(doctype, document["entity"], document["key"]))
            if found:
                outcomes.append({"id": document["id"], "status": "unchanged", "name": found["name"], "batch": found["batch"], "reason": None})
                continue
            self.wire.send({"at": document["id"]})
            outcome = self.one(document, n, options)
            outcomes.append(outcome)
            if outcome["status"] == "loaded":
                written.append({"n": n, "entity": document["entity"], "key": document["key"], "name": outcome["name"], "docstatus": document["docstatus"]})
            if time.monotonic() > until:
                break
        if written:
            self.settle(request, written, len(chunk))
        else:
            self.rolled_back()
        if watch.unclear:
            outcomes[-1]["unclear"] = watch.unclear[:20]
        watch.clear()
        self.wire.send({"settled": outcomes})
        return len(outcomes)

    def settle(self, request, written, last):
        """Counters, then the ledger, then one commit for all."""
        watch, db = self.watch, self.frappe.db
        self.wire.send({"at": None})
        watch.document = last
        try:
            self.naming.raise_counters()
            self.later.run()
            db.before_commit.run()
            watch.document = None
            self.ledger.note(request["run"], request["batch"], request["doctype"], written, last)
            watch.caching = False
            self.commit()
            self.later.uncache()
        except Exception as error:
            watch.document = None
            raise trouble(error, always=True) from error

    def change(self, request):
        """
        Values of documents that are there, each saved under a savepoint and all in one commit. In the ledger a change stands under an entity of its own, so that
        done again it is known, and undo finds it. Answers, in order, None or why the controller refused.
        """
        changes = [{"id": n, "docstatus": 0, "entity": CHANGED, "key": json.dumps([change["name"], change["values"]], sort_keys=True), **change} for n, change in enumerate(request["changes"])]
        for attempt in range(6):
            try:
                return self.changes(request, changes)
            except Again:
                self.rolled_back()
                if attempt == 5:
                    raise
                time.sleep(0.05 * (attempt + 1))

    def changes(self, request, changes):
        watch, answers, written = self.watch, [], []
        known = self.ledger.known(request["doctype"], changes)
        self.frappe.db.begin()
        watch.clear()
        for n, change in enumerate(changes):
            if self.ledger.identity(request["doctype"], CHANGED, change["key"]) in known:
                answers.append(None)
                continue
            self.wire.send({"at": n})
            steady(self.frappe, time.monotonic())
            outcome = self.attempt(change, n, None)
            answers.append(outcome["reason"])
            if outcome["status"] == "loaded":
                written.append({"n": n, "entity": CHANGED, "key": change["key"], "name": change["name"], "docstatus": 0})
        if written:
            self.settle({**request, "batch": CHANGED}, written, len(changes))
        else:
            self.rolled_back()
        watch.clear()
        return answers

    def set_values(self, change):
        doc = self.frappe.get_doc(change["doctype"], change["name"])
        doc.update(change["values"])
        doc.flags.ignore_permissions = True
        doc.save()
        return doc.name

    def one(self, document, n, options):
        """
        One document under its savepoint. Submitted ones are tried in one step; what that refuses is done again step by step, so that a refusal is always
        the one that ERPNext itself gives.
        """
        frappe = self.frappe
        steady(frappe, time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, options.get("documentMs", 120_000) / 1000)
        try:
            if document["docstatus"] == 1 and options.get("oneStep", True):
                outcome = self.attempt(document, n, post_or_insert)
                if outcome["status"] == "loaded":
                    return outcome
                self.messages(forget=True)
            return self.attempt(document, n, insert_then_submit)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def attempt(self, document, n, way):
        frappe, watch = self.frappe, self.watch
        callbacks = [(manager, len(manager._functions)) for manager in (frappe.db.before_commit, frappe.db.after_commit)]
        watch.run("SAVEPOINT landfall")
        watch.document = n
        try:
            name = self.set_values(document) if way is None else self.put(document, way)
            if watch.torn:
                raise Again(watch.torn)
            return {"id": document["id"], "status": "loaded", "name": name, "reason": None}
        except Exception as error:
            watch.document = None
            lost = trouble(error) or (Again(watch.torn) if watch.torn else None)
            if lost:
                raise lost from error
            try:
                watch.run("ROLLBACK TO SAVEPOINT landfall")
            except Exception as gone:
                raise trouble(gone, always=True) from error
            written = [entry for entry in [*watch.written, *watch.images] if entry[0] == n]
            watch.drop(n)
            self.uncache(written)
            for manager, length in callbacks:
                while len(manager._functions) > length:
                    manager._functions.pop()
            return {**refusal(document, error), "messages": self.messages()}
        finally:
            watch.document = None

    def put(self, document, way):
        doc = self.frappe.get_doc({**document["doc"], "docstatus": 0})
        doc.flags.ignore_permissions = True
        if document.get("name"):
            doc.flags.landfall_name = document["name"]
        # A row that comes with a name is no new one to Frappe, and gets no defaults; its name is only the one it will have.
        for child in doc.get_all_children():
            child.set("__islocal", True)
        way(self.frappe, doc, document["docstatus"])
        return doc.name

    def messages(self, forget=False):
        log = getattr(self.frappe.local, "message_log", None) or []
        if forget and log:
            self.frappe.local.message_log = []
        return [str(entry.get("message") if hasattr(entry, "get") else entry)[:2000] for entry in log[:20]]

    def uncache(self, entries):
        """Documents of a rolled-back transaction must not stay in the site's cache."""
        for table, key in {(table, key) for _, table, key in entries}:
            if table.startswith("tab") and table not in WITHOUT_MODIFIED:
                self.frappe.clear_document_cache(table[3:], key)

    def rolled_back(self):
        entries = [*self.watch.written, *self.watch.images]
        self.watch.document, self.watch.caching = None, False
        self.naming.given = {}
        self.later.companies.clear()
        try:
            self.rollback()
        except Exception as error:
            raise trouble(error, always=True) from error
        self.uncache(entries)
        self.watch.clear()

    def repeatable(self):
        if not hasattr(self, "level"):
            rows = self.watch.rows("SELECT @@tx_isolation AS level")
            self.level = str(rows[0]["level"]) if rows else ""
        return self.level.upper().replace(" ", "-") == "REPEATABLE-READ"

    def canary(self, request):
        """Documents in a transaction that is rolled back; of each, the rows it inserted, changed and deleted."""
        frappe, watch, answers = self.frappe, self.watch, []
        frappe.db.begin()
        watch.clear()
        watch.caching = request["options"].get("rememberReads", False) and self.repeatable()
        searched = frappe.local.conf.get("disable_global_search")
        frappe.local.conf["disable_global_search"] = 1
        try:
            for n, document in enumerate(request["documents"]):
                self.wire.send({"at": document["id"]})
                outcome = self.one(document, n, request["options"])
                if outcome["status"] == "loaded":
                    watch.document = n
                    self.naming.raise_counters()
                    self.later.run()
                    watch.document = None
                answers.append({**outcome, **self.seen(n)})
        finally:
            frappe.local.conf["disable_global_search"] = searched
            self.rolled_back()
        return answers

    def seen(self, n):
        """Rows of document `n` as they are now, types kept."""
        watch, rows = self.watch, {}
        entries = {(table, key) for document, table, key in [*watch.written, *watch.images] if document == n}
        for table in sorted({table for table, _ in entries}):
            for row in watch.rows(select_keys(watch.conn, table, sorted(key for t, key in entries if t == table))):
                rows[(table, row_key([row[column] for column in key_columns(table)]))] = {column: None if value is None else value if isinstance(value, (int, float, str)) else plain(value) for column, value in row.items()}
        inserted, updated, deleted = {}, {}, {}
        for document, table, key in watch.written:
            if document == n and (table, key) in rows:
                inserted.setdefault(table, []).append(rows[(table, key)])
        for n_, table, key, before, after in self.ledger.changes():
            if n_ == n and after is None:
                deleted.setdefault(table, []).append(before)
            elif n_ == n:
                row = rows[(table, key)]
                updated.setdefault(table, []).append({"key": key.split("\x1f"), "changes": {c: [typed(before[c], row[c]), row[c]] for c in before}})
        return {"inserted": inserted, "updated": updated, "deleted": deleted}


def insert_then_submit(frappe, doc, docstatus):
    doc.insert()
    if docstatus == 1:
        doc.submit()


def post_or_insert(frappe, doc, docstatus):
    if can_post(doc):
        post(frappe, doc)
    else:
        insert_then_submit(frappe, doc, docstatus)


def typed(text, like):
    """An image's text in the type of the value it became."""
    if text is None or not isinstance(like, (int, float)):
        return text
    try:
        return type(like)(text)
    except ValueError:
        return text


def trouble(error, always=False):
    """ConnectionLost or Again when that is what stands behind an error; with `always` one of the two in any case."""
    seen = error
    while seen is not None:
        code = seen.args[0] if getattr(seen, "args", None) and isinstance(seen.args[0], int) else None
        if code in LOST or type(seen).__name__ == "InterfaceError" or isinstance(seen, ConnectionLost):
            return ConnectionLost(str(error))
        if code in AGAIN or type(seen).__name__ in ("QueryDeadlockError", "QueryTimeoutError") or isinstance(seen, Again):
            return Again(str(error))
        seen = seen.__cause__ or seen.__context__
    return Again(f"{type(error).__name__}: {error}") if always else None


def refusal(document, error):
    return {"id": document["id"], "status": "refused", "name": None, "reason": {"type": type(error).__name__, "message": str(error)[:4000]}}
