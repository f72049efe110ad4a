import frappe


def getseries(key, digits):
    found = frappe.db.sql("SELECT `current` FROM `tabSeries` WHERE `name` = %s FOR UPDATE", (key,))
    if found:
        frappe.db.sql("UPDATE `tabSeries` SET `current` = `current` + 1 WHERE `name` = %s", (key,))
        return str(found[0][0] + 1).zfill(digits)
    frappe.db.sql("INSERT INTO `tabSeries` (`name`, `current`) VALUES (%s, 1)", (key,))
    return "1".zfill(digits)


def validate_name(doctype, name):
    return name
