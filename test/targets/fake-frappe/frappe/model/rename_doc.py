from .document import LINKS


def get_link_fields(doctype):
    return [{"parent": parent, "fieldname": field, "issingle": 0} for parent, field, options in LINKS if options == doctype]
