# posting: inserts a document as submitted. Merely inserting it with docstatus 1 is not the same to controllers: much is set only while a document is a draft
# (`against` of journals, payments of a point of sale) and much only once it is not new (the status of orders). So it passes their checks twice, as a draft and
# as submitted, exactly as `insert` and then `submit` would take it through; but it is written once, and what it was as a draft is kept instead of read back.


def post(frappe, doc):
    as_draft(doc)
    draft = frappe.get_doc(copied(doc))
    # Comments on itself (orders note their status) must wait until it is there.
    comments = []
    doc.__dict__["add_comment"] = lambda *args, **kwargs: comments.append((args, kwargs))
    try:
        as_submitted(doc, draft)
    finally:
        del doc.__dict__["add_comment"]
    doc.db_insert()
    for child in doc.get_all_children():
        child.db_insert()
    for args, kwargs in comments:
        doc.add_comment(*args, **kwargs)
    doc.docstatus = 0
    doc.run_method("after_insert")
    doc.docstatus = 1
    # Whoever submits a document has seen it: that is noted on its row, which was not there when it was submitted.
    doc.reset_seen()
    relink = getattr(module("frappe.model.document"), "relink_mismatched_files", None)
    if relink:
        relink(doc)
    doc.run_post_save_methods()
    doc.flags.in_insert = False


def as_draft(doc):
    """`Document.insert` up to where it writes."""
    doc.flags.notifications_executed = []
    doc.docstatus = 0
    doc.set("__islocal", True)
    doc._set_defaults()
    doc.set_user_and_timestamp()
    doc.set_docstatus()
    doc.check_if_latest()
    doc._validate_links()
    doc.check_permission("create")
    doc.run_method("before_insert")
    doc.set_new_name()
    doc.set_parent_in_children()
    doc.validate_higher_perm_levels()
    doc.flags.in_insert = True
    doc.run_before_save_methods()
    doc._validate()
    doc.set_docstatus()
    doc.flags.in_insert = False


def as_submitted(doc, draft):
    """`Document._save` of the submission up to where it writes."""
    doc.flags.notifications_executed = []
    for one in [doc, *doc.get_all_children()]:
        one.set("__islocal", False)
    doc.docstatus = 1
    doc.flags.ignore_version = False
    doc._set_defaults()
    doc.check_permission("write", "save")
    doc.set_user_and_timestamp()
    doc.set_docstatus()
    doc._doc_before_save = draft
    doc._action = "save"
    doc.check_docstatus_transition(0)
    doc.set_parent_in_children()
    doc.set_name_in_children()
    doc.validate_higher_perm_levels()
    doc._validate_links()
    doc.run_before_save_methods()
    doc._validate()
    doc.set_docstatus()


def copied(doc):
    """A document's own values, without what controllers keep beside them."""
    values = doc.as_dict()
    values.pop("__islocal", None)
    for value in values.values():
        if isinstance(value, list):
            for row in value:
                if isinstance(row, dict):
                    row.pop("__islocal", None)
    return values


def can_post(doc):
    """Documents with an `insert` of their own, or a framework that works otherwise, go the usual way."""
    document = module("frappe.model.document")
    base = getattr(document, "Document", None)
    return base is not None and type(doc).insert is base.insert and all(hasattr(doc, step) for step in ("check_docstatus_transition", "validate_higher_perm_levels", "run_before_save_methods", "run_post_save_methods", "_validate"))
