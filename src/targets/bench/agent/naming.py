# naming: a document is given the name that was predicted for it, so that links between drafts hold on the site. Its controller's own naming still runs,
# since controllers fill in fields there; only the counter is not drawn from document by document, which would make all writers wait for one row.
import re as regex


class Naming:
    def __init__(self, frappe, watch):
        self.frappe, self.watch = frappe, watch
        # The highest number given per counter since the last `raise_counters`.
        self.given, self.seen = {}, {}
        self.naming = module("frappe.model.naming")
        document = module("frappe.model.document")
        if self.naming is None or document is None:
            return
        self.usual = document.Document.set_new_name
        naming, usual = self, self.usual

        def set_new_name(doc, *args, **kwargs):
            name = doc.flags.get("landfall_name")
            return naming.give(doc, name, args, kwargs) if name else usual(doc, *args, **kwargs)

        document.Document.set_new_name = set_new_name

    def give(self, doc, name, args, kwargs):
        before = {key: value for key, value in doc.__dict__.items() if isinstance(value, str)}
        drawn, drawing = [], self.naming.getseries

        def draw(key, digits):
            drawn.append(key)
            return "0" * digits

        self.naming.getseries = draw
        try:
            self.usual(doc, *args, **kwargs)
        finally:
            self.naming.getseries = drawing
        auto = doc.name
        if auto == name:
            return
        # What the controller copied its name to follows the name (`Employee.employee`).
        for key, value in list(doc.__dict__.items()):
            if isinstance(value, str) and value == auto and before.get(key) != auto:
                doc.__dict__[key] = name
        doc.name = self.naming.validate_name(doc.doctype, name)
        for child in doc.get_all_children():
            child.parent = doc.name
        for key in drawn:
            number = regex.match(r"\d+", name[len(key):]) if name.startswith(key) else None
            if number:
                self.given[key] = max(self.given.get(key, 0), int(number.group()))

    def raise_counters(self):
        """Counters go on after the highest name given, so that the site's next own document gets a free one. Held only until the commit that follows."""
        sql = self.frappe.db.sql
        for key, number in sorted(self.given.items()):
            found = sql("SELECT `current` FROM `tabSeries` WHERE `name` = %s FOR UPDATE", (key,))
            if not found:
                sql("INSERT INTO `tabSeries` (`name`, `current`) VALUES (%s, %s)", (key, number))
            elif int(found[0][0] or 0) < number:
                sql("UPDATE `tabSeries` SET `current` = %s WHERE `name` = %s", (number, key))
        self.given = {}
