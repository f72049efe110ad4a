# memory: answers that Frappe works out again and again for every document, kept while they cannot change. Values of rows are kept within a transaction until
# this connection writes their table (see RememberingCursor, which does the same one layer below); what a DocType's fields are, while the very list lives.

SIMPLE = (str, int, float, bool, type(None))


def remember_values(db, watch, row_type):
    usual = db._get_values_from_table

    def get_values(fields, filters, doctype, as_dict, **options):
        key = value_key(doctype, fields, filters, as_dict, options) if watch.caching else None
        if key is None:
            return usual(fields, filters, doctype, as_dict, **options)
        found = watch.reads.get(key)
        if found is None:
            found = usual(fields, filters, doctype, as_dict, **options)
            if not isinstance(found, (list, tuple)) or len(found) > MOST_ROWS:
                return found
            watch.keep(key, found, ("tab" + doctype,))
        else:
            watch.hits += 1
        return [row_type(row) if isinstance(row, dict) else list(row) if isinstance(row, list) else row for row in found] if isinstance(found, list) else found

    db._get_values_from_table = get_values


def value_key(doctype, fields, filters, as_dict, options):
    """What identifies a plain reading of one table, or None when it is more than that."""
    if options.get("for_update") or options.get("update") or options.get("debug") or not options.get("run", True) or not isinstance(doctype, str):
        return None
    if isinstance(filters, dict):
        for name, value in filters.items():
            if not isinstance(name, str) or "." in name or not (isinstance(value, SIMPLE) or isinstance(value, (list, tuple)) and all(isinstance(v, SIMPLE) or isinstance(v, (list, tuple)) and all(isinstance(x, SIMPLE) for x in v) for v in value)):
                return None
    elif not isinstance(filters, (str, int)):
        return None
    if not (isinstance(fields, str) or isinstance(fields, (list, tuple)) and all(isinstance(f, str) for f in fields)):
        return None
    columns = (fields,) if isinstance(fields, str) else tuple(fields)
    if any(not (column == "*" or column.isidentifier()) for column in columns):
        return None
    return ("values", doctype, columns, isinstance(fields, str), repr(filters), bool(as_dict), repr(options.get("order_by")), options.get("pluck"), options.get("distinct"), options.get("limit"))


def remember_fields():
    """`meta.get("fields", {...})` searches all fields of a DocType each time."""
    meta = module("frappe.model.meta")
    if meta is None or not hasattr(meta, "Meta"):
        return
    usual, kept = meta.Meta.get, {}

    def get(self, key, filters=None, limit=None, *args, **kwargs):
        rows = self.__dict__.get(key) if isinstance(filters, dict) else None
        if not isinstance(rows, list) or args or kwargs:
            return usual(self, key, filters, limit, *args, **kwargs)
        entry = (id(rows), repr(filters), limit)
        found = kept.get(entry)
        if found is None or found[0] is not rows or found[1] != len(rows):
            if len(kept) > MOST_READS:
                kept.clear()
            found = kept[entry] = (rows, len(rows), usual(self, key, filters, limit))
        return list(found[2]) if isinstance(found[2], list) else found[2]

    meta.Meta.get = get
