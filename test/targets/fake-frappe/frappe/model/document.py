"""Documents: `Thing` (named by a counter), `Part` (links to a Thing, counts on it). What a Thing's field `act` says is what its controller does."""
import os
import signal
import time

LINKS = [("Part", "thing", "Thing")]


class Meta:
    def __init__(self, doctype):
        self.doctype, self.issingle = doctype, 0

    def get(self, name, *args):
        return {"is_submittable": 1}.get(name)

    def has_field(self, name):
        return False


class Flags(dict):
    __getattr__ = dict.get

    def __setattr__(self, name, value):
        self[name] = value


def run_webhooks(doc, method):
    """As Frappe's: gathered in a queue that is worked off after the commit. Here every document has one, and it is a line of a file."""
    import frappe

    if not getattr(frappe.local, "_webhook_queue", None):
        frappe.local._webhook_queue = []
        frappe.db.after_commit.add(flush_webhooks)
    frappe.local._webhook_queue.append(f"{method} {doc.values.get('title')}")


def flush_webhooks():
    import frappe

    with open(os.path.join(frappe.conf.db_name, "webhooks.log"), "a") as file:
        file.writelines(f"{line}\n" for line in frappe.local._webhook_queue)
    frappe.local._webhook_queue = []


class Document:
    def __init__(self, values):
        self.flags = Flags()
        self.values = dict(values)
        self.doctype, self.name = values["doctype"], None

    def get_all_children(self):
        return []

    def set_new_name(self, *args, **kwargs):
        from . import naming

        self.name = f"{self.doctype.upper()}-{naming.getseries(self.doctype.upper() + '-', 5)}"

    def insert(self):
        import frappe

        act = str(self.values.get("act") or "")
        print("controllers print to stdout")
        if act == "hang":
            time.sleep(3600)
        if act == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if act == "refuse":
            frappe.db.sql("INSERT INTO `tabThing` (`name`, `title`) VALUES ('half done', 'x')")
            frappe.local.message_log.append({"message": "no such link"})
            run_webhooks(self, "on_update")
            raise frappe.LinkValidationError("Could not find Link: nowhere")
        if act == "mail":
            frappe.sendmail()
        if act.startswith("slow"):
            time.sleep(float(act[4:]))
        self.set_new_name()
        if act.startswith("once:") and not os.path.exists(act[5:]):
            open(act[5:], "w").close()
            raise frappe.db.OperationalError(1213, "Deadlock found when trying to get lock")
        if frappe.db.sql(f"SELECT `name` FROM `tab{self.doctype}` WHERE `name` = %s", (self.name,)):
            raise frappe.DuplicateEntryError(self.doctype, self.name)
        now = frappe.now()
        columns = {"name": self.name, "modified": now, "modified_by": frappe.session.user, "docstatus": 0, **{k: v for k, v in self.values.items() if k not in ("doctype", "docstatus", "act")}}
        frappe.db.sql(f"INSERT INTO `tab{self.doctype}` ({', '.join(f'`{c}`' for c in columns)}) VALUES ({', '.join(['%s'] * len(columns))})", list(columns.values()))
        if self.doctype == "Part":
            frappe.db.sql("UPDATE `tabThing` SET `parts` = `parts` + 1, `modified` = %s WHERE `name` = %s", (now, self.values["thing"]))
        if act == "delete":
            frappe.db.sql("DELETE FROM `tabThing` WHERE `title` = 'old'")
        run_webhooks(self, "after_insert")
        return self

    def submit(self):
        import frappe

        frappe.db.sql(f"UPDATE `tab{self.doctype}` SET `docstatus` = 1 WHERE `name` = %s", (self.name,))

    def update(self, values):
        self.values.update(values)

    def save(self):
        import frappe

        if self.values.get("title") == "refused":
            raise frappe.ValidationError("No such title")
        values = {**{k: v for k, v in self.values.items() if k != "doctype"}, "modified": frappe.now(), "modified_by": frappe.session.user}
        frappe.db.sql(f"UPDATE `tab{self.doctype}` SET {', '.join(f'`{c}` = %s' for c in values)} WHERE `name` = %s", [*values.values(), self.name])


def load(doctype, name):
    import frappe

    found = frappe.db.sql(f"SELECT `title` FROM `tab{doctype}` WHERE `name` = %s", (name,))
    if not found:
        raise frappe.ValidationError(f"{doctype} {name} not found")
    doc = Document({"doctype": doctype, "title": found[0][0]})
    doc.name = name
    return doc
