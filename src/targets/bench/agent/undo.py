# undo: takes documents of a run back by the ledger, newest first: rows they wrote are removed, older rows get back what they held. What people have
# touched since, or refer to from documents that stay, is kept and named.

GOING = "`__landfall_going`"
# A counter that went on has been used by others since: it stays where it is, and nothing is lost.
COUNTERS = {"tabSeries"}


class Undo:
    def __init__(self, frappe, watch, wire):
        self.frappe, self.watch, self.wire = frappe, watch, wire
        self.removed, self.restored, self.kept = 0, set(), []

    def take_back(self, request):
        watch, db = self.watch, self.frappe.db
        db.begin()
        watch.run(f"CREATE TEMPORARY TABLE IF NOT EXISTS {GOING} (`seq` BIGINT NOT NULL, `n` INT NOT NULL, `doctype` VARCHAR(140) NOT NULL, `name` VARCHAR(255) NOT NULL, `reason` VARCHAR(400), "
                  "PRIMARY KEY (`seq`, `n`), KEY `document` (`doctype`, `name`)) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        watch.run(f"DELETE FROM {GOING}")
        self.gather(request)
        self.touched()
        while self.linked():
            pass
        self.kept += [{"doctype": row["doctype"], "name": row["name"], "reason": row["reason"]} for row in watch.rows(f"SELECT `doctype`, `name`, `reason` FROM {GOING} WHERE `reason` IS NOT NULL ORDER BY `seq`, `n`")]
        for row in watch.rows(f"SELECT `seq`, count(*) AS `documents` FROM {GOING} WHERE `reason` IS NULL GROUP BY `seq` ORDER BY `seq` DESC"):
            self.batch(int(row["seq"]), int(row["documents"]))
            self.wire.send({"at": int(row["seq"])})
        watch.run(f"DELETE FROM {GOING}")
        db.commit()
        return {"removed": self.removed, "restored": len(self.restored), "kept": self.kept}

    def gather(self, request):
        by_doctype = {}
        for document in request["documents"]:
            by_doctype.setdefault((document["doctype"], "<>"), []).append(document["name"])
        for document in request.get("changed") or []:
            by_doctype.setdefault((document["doctype"], "="), []).append(document["name"])
        for (doctype, relation), names in by_doctype.items():
            for start in range(0, len(names), 500):
                part = names[start:start + 500]
                self.watch.run(f"INSERT INTO {GOING} SELECT `seq`, `n`, `doctype`, `name`, NULL FROM `__landfall_ledger` WHERE `run` = %s AND `doctype` = %s AND `name` IN ({', '.join(['%s'] * len(part))}) AND `entity` {relation} %s", [request["run"], doctype, *part, CHANGED])

    def touched(self):
        """Documents any of whose rows has another `modified` than the run left."""
        watch = self.watch
        for row in watch.rows(f"SELECT DISTINCT r.`tbl` FROM {GOING} g JOIN `__landfall_row` r ON r.`seq` = g.`seq` AND r.`n` = g.`n`"):
            table = row["tbl"]
            if table in WITHOUT_MODIFIED:
                continue
            left = f"coalesce((SELECT JSON_VALUE(b.`after`, '$.modified') FROM `__landfall_before` b WHERE b.`tbl` = r.`tbl` AND b.`name` = r.`name` AND JSON_VALUE(b.`after`, '$.modified') IS NOT NULL ORDER BY b.`id` DESC LIMIT 1), r.`modified`)"
            for found in watch.rows(f"SELECT g.`seq`, g.`n`, t.`name`, t.`modified_by`, CAST(t.`modified` AS CHAR(40)) AS `at` FROM {GOING} g JOIN `__landfall_row` r ON r.`seq` = g.`seq` AND r.`n` = g.`n` AND r.`tbl` = {watch.conn.escape(table)} "
                                    f"JOIN {quoted(table)} t ON t.`name` = r.`name` WHERE CAST(t.`modified` AS CHAR(40)) <> {left}"):
                self.keep(found, f"changed since by {found['modified_by']} at {found['at']} ({table[3:]} {found['name']})")

    def keep(self, place, reason):
        return self.watch.run(f"UPDATE {GOING} SET `reason` = %s WHERE `seq` = %s AND `n` = %s AND `reason` IS NULL", (reason[:400], place["seq"], place["n"]))

    def linked(self):
        """Documents that a row which stays refers to are kept; answers how many were found now."""
        watch, found = self.watch, 0
        for row in watch.rows(f"SELECT DISTINCT `doctype` FROM {GOING} WHERE `reason` IS NULL"):
            doctype = row["doctype"]
            for parent, field, type_field in self.link_fields(doctype):
                table = quoted("tab" + parent)
                typed_as = f" AND t.{quoted(type_field)} = {watch.conn.escape(doctype)}" if type_field else ""
                places = watch.rows(f"SELECT g.`seq`, g.`n`, min(t.`name`) AS `by` FROM {GOING} g JOIN {table} t ON t.{quoted(field)} = g.`name`{typed_as} "
                                    f"LEFT JOIN `__landfall_row` r ON r.`tbl` = {watch.conn.escape('tab' + parent)} AND r.`name` = t.`name` LEFT JOIN {GOING} o ON o.`seq` = r.`seq` AND o.`n` = r.`n` AND o.`reason` IS NULL "
                                    f"WHERE g.`doctype` = {watch.conn.escape(doctype)} AND g.`reason` IS NULL AND o.`seq` IS NULL GROUP BY g.`seq`, g.`n`")
                for place in places:
                    found += self.keep(place, f"referred to by {parent} {place['by']}, which stays")
        return found

    def link_fields(self, doctype):
        """[(DocType, field, field that says the type or None)] that may name a document of a DocType, in tables that exist."""
        frappe = self.frappe
        ignored = set(frappe.get_hooks("ignore_links_on_delete") or [])
        tables = {row["t"] for row in self.watch.rows("SELECT `table_name` AS t FROM information_schema.tables WHERE table_schema = database()")}
        fields = [(field["parent"], field["fieldname"], None) for field in module("frappe.model.rename_doc").get_link_fields(doctype) if not field.get("issingle")]
        fields += [(df.parent, df.fieldname, df.options) for df in module("frappe.model.dynamic_links").get_dynamic_link_map().get(doctype, []) if not frappe.get_meta(df.parent).issingle]
        return sorted({entry for entry in fields if entry[0] not in ignored and "tab" + entry[0] in tables}, key=str)

    def batch(self, seq, going):
        """Takes back documents of one commit, in one commit."""
        watch, db = self.watch, self.frappe.db
        whole = int(watch.rows(f"SELECT count(*) AS n FROM `__landfall_ledger` WHERE `seq` = {seq}")[0]["n"]) == going
        scope = f"x.`seq` = {seq}" if whole else f"x.`seq` = {seq} AND x.`n` IN (SELECT g.`n` FROM {GOING} g WHERE g.`seq` = {seq} AND g.`reason` IS NULL)"
        rows = {}
        for row in watch.rows(f"SELECT x.`tbl`, x.`name` FROM `__landfall_row` x WHERE {scope}"):
            rows.setdefault(row["tbl"], set()).add(row["name"])
        for image in watch.rows(f"SELECT x.`tbl`, x.`name`, x.`deleted`, x.`before`, x.`after` FROM `__landfall_before` x WHERE {scope} ORDER BY x.`id` DESC"):
            if image["name"] not in rows.get(image["tbl"], ()):
                self.restore(image["tbl"], image["name"], json.loads(image["before"]), json.loads(image["after"]) if image["after"] else None)
        for table, keys in rows.items():
            keys = sorted(keys)
            self.restored -= {(table, key) for key in keys}
            for start in range(0, len(keys), 500):
                self.removed += watch.run(select_keys(watch.conn, table, keys[start:start + 500]).replace("SELECT *", "DELETE", 1))
            if table not in WITHOUT_MODIFIED:
                for key in keys:
                    self.frappe.clear_document_cache(table[3:], key)
        for table in ("__landfall_row", "__landfall_before", "__landfall_ledger"):
            watch.run(f"DELETE x FROM {quoted(table)} x WHERE {scope}")
        if whole:
            watch.run(f"DELETE FROM `__landfall_batch` WHERE `seq` = {seq}")
        db.commit()

    def restore(self, table, key, before, after):
        """Gives an older row back what it held, unless somebody else has changed those columns since."""
        watch, escape = self.watch, self.watch.conn.escape
        now = watch.rows(select_keys(watch.conn, table, [key]) + " FOR UPDATE", AS_TEXT)
        if after is None:
            if not now:
                watch.run(f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, before))}) VALUES ({', '.join('NULL' if v is None else escape(v) for v in before.values())})")
                self.restored.add((table, key))
            return
        differing = [column for column in after if not now or now[0].get(column) != after[column]]
        if differing:
            if table not in COUNTERS:
                what = f"{differing[0]} is {now[0].get(differing[0])!r}, the run left {after[differing[0]]!r}" if now else "it is gone"
                self.kept.append({"doctype": table[3:], "name": key, "reason": f"changed since: {what}"})
            return
        where = select_keys(watch.conn, table, [key]).split(" WHERE ", 1)[1]
        watch.run(f"UPDATE {quoted(table)} SET {', '.join(f'{quoted(c)} = ' + ('NULL' if v is None else escape(v)) for c, v in before.items())} WHERE {where}")
        if table not in WITHOUT_MODIFIED:
            self.frappe.clear_document_cache(table[3:], key)
        self.restored.add((table, key))
