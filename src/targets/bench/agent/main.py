# main: answers requests until stdin ends.


class PlaceTaken(Exception):
    """Somebody else is at work on the site."""


class Agent:
    def __init__(self, wire, sites, site):
        self.wire = wire
        os.chdir(sites)
        import frappe

        self.frappe = frappe
        self.site = site

    def hello(self, request):
        """Opens the site and takes a place on it."""
        if request["protocol"] != PROTOCOL:
            raise ValueError(f"This agent speaks protocol {PROTOCOL}, not {request['protocol']}.")
        frappe = self.frappe
        frappe.init(self.site)
        frappe.connect()
        frappe.set_user(request["user"])
        if getattr(frappe.db, "db_type", "mariadb") != "mariadb":
            raise ValueError("Only sites on MariaDB can be written by this agent.")
        if frappe.db._conn is None:
            frappe.db.connect()
        if not hasattr(frappe.db._conn, "decoders"):
            raise ValueError("This agent needs PyMySQL, which Frappe 15 uses; the bench has another driver.")
        self.watch = Watch(frappe.db)
        self.take_place(request["place"], request.get("before"))
        self.quiet = Quiet(frappe, request["options"])
        if hasattr(frappe.db, "_get_values_from_table"):
            remember_values(frappe, self.watch)
            remember_lists(frappe, self.watch)
            fewer_defaults(frappe)
        remember_fields()
        self.ledger = Ledger(self.watch)
        self.documents = Documents(frappe, self.watch, self.ledger, Naming(frappe, self.watch), Later(frappe, self.watch), self.wire)
        apps = {app: str(getattr(module(app), "__version__", "")) for app in frappe.get_installed_apps()}
        return {"protocol": PROTOCOL, "apps": apps, "site": self.site, "user": frappe.session.user, "python": sys.version.split()[0], "pid": os.getpid(), "connection": self.connection}

    def take_place(self, place, before):
        """
        A named lock. An agent left behind by an earlier run is cut off: whoever comes anew is the one that goes on. One that was lost and comes again (`before`: its
        connection then) only ends what is left of itself; when another has come meanwhile, it gives way.
        """
        watch = self.watch
        escape = watch.conn.escape
        lock = escape("landfall " + hashlib.sha1(f"{self.frappe.conf.db_name} {place}".encode()).hexdigest())
        self.connection = int(watch.rows("SELECT CONNECTION_ID() AS id")[0]["id"])
        for _ in range(20):
            if str(watch.rows(f"SELECT GET_LOCK({lock}, 1) AS got")[0]["got"]) == "1":
                return
            holder = watch.rows(f"SELECT IS_USED_LOCK({lock}) AS holder")[0]["holder"]
            if holder is not None and before not in (None, int(holder)):
                raise PlaceTaken("Another run writes to this site now.")
            if holder is not None:
                try:
                    watch.run(f"KILL {int(holder)}")
                except Exception as error:
                    print(f"landfall: connection {holder} holds the place and cannot be ended: {error}", file=sys.stderr)
        raise PlaceTaken("Another agent holds this place on the site and does not give it up.")

    def prepare(self, request):
        self.ledger.create()
        found = {}
        for doctype in request["doctypes"]:
            meta = self.frappe.get_meta(doctype)
            found[doctype] = {"tree": bool(meta.get("is_tree") or meta.has_field("lft")), "submittable": bool(meta.get("is_submittable"))}
        return found

    def write(self, request):
        self.documents.write(request)
        return {"held": self.quiet.held, "reads": {"remembered": self.watch.hits, "asked": self.watch.misses}, "statements": self.watch.statements}

    def canary(self, request):
        return self.documents.canary(request)

    def change(self, request):
        self.ledger.create()
        return self.documents.change(request)

    def clear_cache(self, request):
        self.frappe.clear_cache()
        return None

    def read(self, request):
        """Rows as they are now: the snapshot of an earlier request is let go."""
        watch = self.watch
        self.frappe.db.rollback()
        values = ", ".join(watch.conn.escape(value) for value in request["values"]) or "NULL"
        found = watch.rows(f"SELECT * FROM {quoted(request['table'])} WHERE {quoted(request['column'])} IN ({values})")
        self.frappe.db.rollback()
        return [{column: None if value is None else value if isinstance(value, (int, float, str)) else plain(value) for column, value in row.items()} for row in found]

    def undo(self, request):
        return Undo(self.frappe, self.watch, self.wire).take_back(request)

    def clock(self, request):
        return {"now": plain(self.watch.rows("SELECT NOW(6) AS now")[0]["now"]), "site": plain(module("frappe.utils").now_datetime()), "zone": str(module("frappe.utils").get_system_timezone())}


COMMANDS = {"hello", "prepare", "write", "change", "canary", "read", "undo", "clock", "clear_cache"}


def serve(sites, site):
    wire = Wire()
    try:
        agent = Agent(wire, sites, site)
    except Exception as error:
        wire.send({"failed": {"type": type(error).__name__, "message": str(error)}})
        return 1
    while True:
        request = wire.read()
        if request is None or request["do"] == "bye":
            return 0
        wire.request = request["id"]
        try:
            if request["do"] not in COMMANDS:
                raise ValueError(f"There is no command {request['do']}.")
            wire.send({"ok": getattr(agent, request["do"])(request)})
        except BrokenPipeError:
            return 1
        except Exception as error:
            import traceback

            behind = trouble(error)
            lost = isinstance(behind, ConnectionLost)
            wire.send({"failed": {"type": type(behind or error).__name__, "message": str(error), "trace": traceback.format_exc()[-4000:], "lost": lost}})
            if lost or request["do"] == "hello":
                return 1
            try:
                agent.documents.rolled_back()
            except Exception:
                return 1


# Without the usual farewell of the interpreter: threads of the site's apps would hold the process.
os._exit(serve(sys.argv[1], sys.argv[2]))
