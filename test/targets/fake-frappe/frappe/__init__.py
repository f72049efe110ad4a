"""Stands in for Frappe in tests of the bench lane: as much of it as the agent touches, over SQLite. The site is a folder with a file site.db."""
import os
import time

from . import database
from .model import document

__version__ = "15.0.0"


class _dict(dict):
    __getattr__ = dict.get

    def __setattr__(self, name, value):
        self[name] = value


class Local:
    def __init__(self):
        self.cache, self.conf, self.message_log = {}, {}, []


class ValidationError(Exception):
    pass


class LinkValidationError(ValidationError):
    pass


class DuplicateEntryError(ValidationError):
    pass


local, flags, session, conf = Local(), _dict(), _dict(user="Guest"), _dict()
db = None


def init(site):
    if not os.path.exists(os.path.join(site, "site.db")):
        raise FileNotFoundError(f"{site} does not exist")
    conf.db_name = os.path.abspath(site)


def connect():
    global db
    db = database.Database(os.path.join(conf.db_name, "site.db"))


def set_user(user):
    session.user = user


def get_installed_apps():
    return ["frappe"]


def get_doc(values, name=None):
    return document.Document(values) if name is None else document.load(values, name)


def get_meta(doctype):
    return document.Meta(doctype)


def get_hooks(name):
    return []


def clear_cache():
    pass


def clear_document_cache(doctype, name=None):
    pass


def sendmail(*args, **kwargs):
    raise RuntimeError("mail was sent")


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S.", time.gmtime()) + f"{time.time_ns() // 1000 % 1_000_000:06d}"
