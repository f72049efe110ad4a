# plain: what a site does with documents without Landfall: the loop everybody writes first, and Frappe's own Data Import. A program of its own, because the agent changes
# the process it runs in. It also keeps what the site's tables held, so that they can be put back: answers requests, one JSON line each, until stdin ends.
import csv
import json
import os
import sys
import tempfile

# Tables a site writes by itself at any moment; comparing them would say nothing about documents.
OWN = {"tabSessions", "tabScheduled Job Log", "tabActivity Log", "tabScheduled Job Type", "tabRQ Job", "tabRoute History", "tabLandfall"}
WITHOUT_NAME = {"tabSingles", "__global_search"}


class Plain:
    def __init__(self, sites, site):
        os.chdir(sites)
        import frappe

        frappe.init(site)
        frappe.connect()
        frappe.set_user("Administrator")
        self.frappe = frappe
        if frappe.db._conn is None:
            frappe.db.connect()
        self.kept = {}

    def rows(self, sql):
        """Past the site's own wrapper, which refuses to make a temporary table while rows are written."""
        cursor = self.frappe.db._conn.cursor()
        cursor.execute(sql)
        found = cursor.fetchall() if cursor.description else ()
        cursor.close()
        return [list(row.values()) if isinstance(row, dict) else list(row) for row in found]

    def hello(self, request):
        apps = {app: str(self.frappe.get_attr(app + ".__version__")) for app in self.frappe.get_installed_apps()}
        file, data, version, name = self.rows("SELECT @@pid_file, @@datadir, VERSION(), DATABASE()")[0]
        return {"pid": os.getpid(), "apps": apps, "pid_file": os.path.join(data, file), "version": version, "database": name}

    def tables(self):
        found = [row[0] for row in self.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND (table_name LIKE 'tab%' OR table_name = '__global_search') ORDER BY table_name")]
        return [table for table in found if table not in OWN]

    def checksums(self, request):
        self.frappe.db.rollback()
        tables = [table for table in self.tables() if table != "__global_search"]
        return {row[0].split(".", 1)[1]: str(row[1]) for start in range(0, len(tables), 100) for row in self.rows("CHECKSUM TABLE " + ", ".join(f"`{table}`" for table in tables[start : start + 100]))}

    def size(self, request):
        """Megabytes that keeping would copy."""
        return float(self.rows("SELECT IFNULL(SUM(data_length), 0) / 1048576 FROM information_schema.tables WHERE table_schema = DATABASE()")[0][0])

    def keep(self, request):
        """Copies every table that has rows into a temporary one of this connection, which ends with it."""
        self.frappe.db.rollback()
        for n, table in enumerate(self.tables()):
            columns = [row[0] for row in self.rows(f"SHOW COLUMNS FROM `{table}`")]
            if not self.rows(f"SELECT 1 FROM `{table}` LIMIT 1"):
                self.kept[table] = (None, columns)
                continue
            copy = self.kept[table][0] if table in self.kept and self.kept[table][0] else f"landfall_kept_{n}"
            self.rows(f"DROP TEMPORARY TABLE IF EXISTS `{copy}`")
            self.rows(f"CREATE TEMPORARY TABLE `{copy}` {'(PRIMARY KEY (`name`)) ' if 'name' in columns and table not in WITHOUT_NAME else ''}ENGINE=InnoDB AS SELECT * FROM `{table}`")
            self.kept[table] = (copy, columns)
        return len(self.kept)

    def restore(self, request):
        """Puts tables back to what was kept; answers which had changed, with how many rows of each went, came back or changed."""
        self.frappe.db.rollback()
        wanted, changed = request.get("tables"), {}
        for table, (copy, columns) in self.kept.items():
            if wanted is None or table in wanted or table == "__global_search":
                count = self.put_back(table, copy, columns)
                if count:
                    changed[table] = count
        self.frappe.db._conn.commit()
        self.frappe.clear_cache()
        self.frappe.db.rollback()
        return changed

    def put_back(self, table, copy, columns):
        run = self.frappe.db._conn.cursor().execute
        if copy is None:
            return run(f"DELETE FROM `{table}`")
        if table in WITHOUT_NAME or "name" not in columns:
            same = self.rows(f"SELECT COUNT(*) FROM `{table}`") == self.rows(f"SELECT COUNT(*) FROM `{copy}`") and self.digest(table, columns) == self.digest(copy, columns)
            return 0 if same else run(f"DELETE FROM `{table}`") + run(f"INSERT INTO `{table}` SELECT * FROM `{copy}`")
        same = " AND ".join(f"BINARY t.`{column}` <=> BINARY k.`{column}`" for column in columns)
        gone = run(f"DELETE t FROM `{table}` t LEFT JOIN `{copy}` k ON k.name = t.name WHERE k.name IS NULL")
        other = run(f"DELETE t FROM `{table}` t JOIN `{copy}` k ON k.name = t.name WHERE NOT ({same})")
        back = run(f"INSERT INTO `{table}` SELECT k.* FROM `{copy}` k LEFT JOIN `{table}` t ON t.name = k.name WHERE t.name IS NULL")
        return gone + max(other, back)

    def digest(self, table, columns):
        return self.rows(f"SELECT IFNULL(SUM(CRC32(CONCAT_WS('|', {', '.join(f'`{column}`' for column in columns)}))), 0) FROM `{table}`")

    def loop(self, request):
        """The plain loop: insert, submit, commit, document by document. Answers the names."""
        frappe, names = self.frappe, []
        for document in request["documents"]:
            doc = frappe.get_doc(document["doc"])
            doc.flags.ignore_permissions = True
            doc.insert()
            if document["docstatus"] == 1:
                doc.submit()
            frappe.db.commit()
            names.append(doc.name)
        return names

    def data_import(self, request):
        """Frappe's Data Import of a CSV file, as its job does it. Answers the names, or why a row was not taken."""
        frappe = self.frappe
        module = __import__("frappe.core.doctype.data_import.importer", fromlist=["Importer"])
        # Read where it lies: an upload would only be read back.
        module.ImportFile.read_file = lambda self, path: (open(path, "rb").read(), "csv")
        with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False, newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(request["rows"])
        try:
            record = frappe.get_doc({"doctype": "Data Import", "reference_doctype": request["doctype"], "import_type": "Insert New Records", "submit_after_import": 1 if request["submit"] else 0, "mute_emails": 1})
            record.flags.ignore_validate = True
            record.insert(ignore_permissions=True)
            frappe.db.commit()
            importer = module.Importer(request["doctype"], data_import=record, file_path=file.name)
            log = importer.import_data()
            frappe.db.commit()
        finally:
            os.unlink(file.name)
        if log is None:
            return {"names": [], "why": str(record.template_warnings)[:1000]}
        log = frappe.get_all("Data Import Log", {"data_import": record.name}, ["docname", "success", "exception", "messages"], order_by="log_index")
        failed = next((entry for entry in log if not entry.success), None)
        return {"names": [entry.docname for entry in log if entry.success], "why": None if failed is None else str(failed.messages or failed.exception)[-1000:]}


def plain_program(sites, site):
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        plain = Plain(sites, site)
    except Exception as error:
        out.write(json.dumps({"failed": f"{type(error).__name__}: {error}"}) + "\n")
        return
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": getattr(plain, request["do"])(request)}
        except Exception as error:
            import traceback

            plain.frappe.db.rollback()
            answer = {"failed": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-3000:]}
        out.write(json.dumps(answer, default=str) + "\n")


plain_program(sys.argv[1], sys.argv[2])
os._exit(0)
