# memory: answers that Frappe works out again and again for every document, kept while they cannot change. Values of rows are kept within a transaction until
# this connection writes their table (see RememberingCursor, which does the same one layer below); what a DocType's fields are, while the very list lives.

SIMPLE = (str, int, float, bool, type(None))


def remember_values(frappe, watch):
    db, row_type = frappe.db, frappe._dict
    usual = prepared(frappe, db._get_values_from_table)

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


def prepared(frappe, usual):
    """Readings that differ in nothing but the texts looked for are the same statement: it is built once, by the query builder itself."""
    templates = {}

    def read(fields, filters, doctype, as_dict, **options):
        texts = texts_of(filters)
        if texts is None or value_key(doctype, fields, filters, as_dict, options) is None:
            return usual(fields, filters, doctype, as_dict, **options)
        names = tuple(filters) if isinstance(filters, dict) else None
        shape = (doctype, str(fields), names, tuple(tuple(v[:1]) if isinstance(v, (list, tuple)) else () for v in filters.values()) if names else (), repr(options.get("order_by")), options.get("distinct"), options.get("limit"))
        template = templates.get(shape)
        if template is None:
            query = frappe.qb.get_query(table=doctype, filters=filters, order_by=options.get("order_by"), fields=fields, distinct=options.get("distinct", False), limit=options.get("limit"), validate_filters=True)
            sql, values = query.walk()
            template = templates[shape] = (sql, list(values)) if isinstance(values, dict) and list(values.values()) == texts else ()
        if not template:
            return usual(fields, filters, doctype, as_dict, **options)
        return frappe.db.sql(template[0], dict(zip(template[1], texts)), as_dict=as_dict or fields == "*", pluck=options.get("pluck", False))

    return read


def texts_of(filters):
    """The texts that a filter compares with, in order; None when it holds anything else."""
    if isinstance(filters, str):
        return [filters] if filters else None
    if not isinstance(filters, dict):
        return None
    texts = [value[1] if isinstance(value, (list, tuple)) and len(value) == 2 and value[0] in ("=", "!=", "<", ">", "<=", ">=") else value for value in filters.values()]
    return texts if texts and all(isinstance(text, str) and text for text in texts) else None


def remember_lists(frappe, watch):
    """The same for `frappe.get_all` over one table."""
    usual = frappe.get_all

    def get_all(doctype, *args, **kwargs):
        asked = repr((args, sorted(kwargs.items()))) if watch.caching and isinstance(doctype, str) else None
        if asked is None or args or not one_table(kwargs):
            return usual(doctype, **kwargs) if not args else usual(doctype, *args, **kwargs)
        key = ("list", doctype, asked)
        found = watch.reads.get(key)
        if found is None:
            found = usual(doctype, *args, **kwargs)
            if not isinstance(found, (list, tuple)) or len(found) > MOST_ROWS:
                return found
            watch.keep(key, found, ("tab" + doctype,))
        else:
            watch.hits += 1
        return type(found)(frappe._dict(row) if isinstance(row, dict) else list(row) if isinstance(row, list) else row for row in found)

    frappe.get_all = get_all


def one_table(options):
    """Whether a list is asked of its own table alone: plain fields, and filters of plain fields by plain values."""
    filters, fields = options.get("filters", {}), options.get("fields", [])
    fields = [fields] if isinstance(fields, str) else fields
    if not isinstance(filters, dict) or not isinstance(fields, (list, tuple)) or not set(options) <= {"filters", "fields", "pluck", "order_by", "limit", "limit_page_length", "as_list", "ignore_permissions"}:
        return False
    order = options.get("order_by") or ""
    names = [*filters, *fields, options.get("pluck") or "name", *(order.lower().replace(" asc", "").replace(" desc", "").replace(" ", "").split(",") if order else [])]
    if not all(isinstance(name, str) and (name == "*" or name.isidentifier()) for name in names):
        return False
    return all(isinstance(value, SIMPLE) or isinstance(value, (list, tuple)) and len(value) == 2 and str(value[0]).lower() in COMPARISONS and (isinstance(value[1], SIMPLE) or isinstance(value[1], (list, tuple)) and all(isinstance(v, SIMPLE) for v in value[1])) for value in filters.values())


COMPARISONS = {"=", "!=", "<", ">", "<=", ">=", "in", "not in", "like", "not like", "between", "is"}


def fewer_defaults(frappe):
    """Before each insert and save a new row is made up of every child table, to take defaults from; of those that are empty nobody takes any."""
    document = module("frappe.model.document")
    if document is None or not hasattr(document.Document, "_set_defaults") or not hasattr(frappe, "new_doc"):
        return
    usual_defaults, usual_new = document.Document._set_defaults, frappe.new_doc
    defaulting = []

    def set_defaults(self):
        defaulting.append(self)
        try:
            return usual_defaults(self)
        finally:
            defaulting.pop()

    def new_doc(doctype, *, parent_doc=None, parentfield=None, as_dict=False, **kwargs):
        if defaulting and parent_doc is defaulting[-1] and as_dict and not parent_doc.get(parentfield):
            return frappe._dict()
        return usual_new(doctype, parent_doc=parent_doc, parentfield=parentfield, as_dict=as_dict, **kwargs)

    document.Document._set_defaults, frappe.new_doc = set_defaults, new_doc


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
