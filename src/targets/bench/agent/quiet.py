# quiet: what a migration must not cause is off in this process: mail, notifications, webhooks, live updates of open browsers, and calls to other
# machines (avatars, exchange rates). Jobs, versions, comments and the search index stay: they belong to the documents.
import importlib


class Quiet:
    def __init__(self, frappe, options):
        self.held = {}
        frappe.flags.mute_emails = True
        self.silence(frappe, "sendmail", "mail")
        if not options.get("live"):
            self.silence(frappe, "publish_realtime", "live updates")
            self.silence(module("frappe.realtime"), "publish_realtime", "live updates")
        document = module("frappe.model.document")
        if not options.get("notifications") and document is not None:
            self.silence(document.Document, "run_notifications", "notifications")
        if not options.get("webhooks"):
            self.silence(document, "run_webhooks", "webhooks", counted=False)
        if not options.get("calls"):
            self.no_calls()

    def silence(self, owner, name, what, counted=True):
        if not hasattr(owner, name):
            return

        def nothing(*args, **kwargs):
            if counted:
                self.held[what] = self.held.get(what, 0) + 1

        setattr(owner, name, nothing)

    def no_calls(self):
        """Controllers expect that another machine cannot be reached, and go on; they would wait for it document by document."""
        requests = module("requests")
        if requests is None:
            return

        def refuse(session, request, **kwargs):
            self.held["calls"] = self.held.get("calls", 0) + 1
            raise requests.exceptions.ConnectionError("No calls to other machines while documents are migrated.")

        requests.sessions.Session.send = refuse


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def steady(frappe, now, every=5.0):
    """
    Before each document: forgets what Frappe keeps for the length of one request. A process that lives for many documents would search lists that only grow
    (`currently_saving`, messages), and would not see for long what another process changed (documents in the process's own cache).
    """
    frappe.flags.currently_saving = []
    local = frappe.local
    for name in ("message_log", "debug_log", "error_log"):
        if getattr(local, name, None):
            setattr(local, name, [])
    cache = getattr(local, "request_cache", None)
    if cache:
        cache.clear()
    if now - STEADY["at"] > every:
        STEADY["at"] = now
        for key in [key for key in local.cache if b"document_cache::" in (key if isinstance(key, bytes) else str(key).encode())]:
            del local.cache[key]
        frappe.db.value_cache.clear()


STEADY = {"at": 0.0}


class Later:
    """
    What controllers do for every document and only the last of it counts. A company's sales of the month are summed over all of its invoices with each new one,
    into a row that every other writer then waits for; documents are taken out of the cache one by one. Here: once per commit.
    """

    def __init__(self, frappe, watch):
        self.frappe, self.watch = frappe, watch
        self.companies, self.documents = set(), set()
        invoice = module("erpnext.accounts.doctype.sales_invoice.sales_invoice")
        self.sales = getattr(invoice, "update_company_current_month_sales", None)
        if self.sales:
            invoice.update_company_current_month_sales = self.companies.add
        self.clear = getattr(frappe, "clear_document_cache", None)
        if self.clear and hasattr(frappe, "get_document_cache_key"):
            frappe.clear_document_cache = self.clear_document

    def clear_document(self, doctype, name=None):
        if self.watch.document is None or not isinstance(name, str) or doctype == "System Settings" or doctype == name:
            return self.clear(doctype, name)
        key = self.frappe.get_document_cache_key(doctype, name)
        # Nobody can have asked for a document that this transaction has only just written.
        if (self.watch.document, "tab" + doctype, name) not in self.watch.written:
            self.frappe.cache.delete_value(key)
        self.documents.add(key)

    def run(self):
        for company in sorted(self.companies):
            self.sales(company)
        self.companies.clear()

    def uncache(self):
        if self.documents:
            self.frappe.cache.delete_value(list(self.documents))
        self.documents.clear()
