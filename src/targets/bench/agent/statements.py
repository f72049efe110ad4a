# statements: what a statement of SQL, its values filled in, is about to write. Only texts that Frappe and its apps produce need be understood;
# what is not understood is answered as None and counted by the watch, never passed over in silence.
import re

IDENT = r"(?:`([^`]+)`|([A-Za-z_][\w$]*))"
STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"", re.S)
QUOTED = re.compile(r"`[^`]*`")
HEAD = re.compile(r"(?:\s|/\*.*?\*/|--[^\n]*\n)*\(?\s*([A-Za-z]+)", re.S)
INSERT = re.compile(r"\s*(?:insert|replace)\s+((?:low_priority|delayed|high_priority|ignore)\s+)*(?:into\s+)?" + IDENT + r"\s*\(([^()]*)\)\s*values?\s*(?=\()", re.I)
TOKEN = re.compile(r"\s*(?:_binary\s*)?('(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|[^',()\"]+(?:\((?:[^()']|'(?:[^'\\]|\\.)*')*\))?[^',()\"]*)\s*", re.S)
BY_NAME = re.compile(r"\s*(?:(?:`[^`]+`|\w+)\.)?`?name`?\s*=\s*('(?:[^'\\]|\\.|'')*')\s*$", re.I | re.S)
TABLE = re.compile(r"`(tab[^`]+)`|\b(tab[A-Z]\w*)\b")
ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
# What makes two equal statements of one transaction answer differently.
UNSTEADY = re.compile(r"for\s+update|share\s+mode|\bnow\s*\(|\bcurrent_|curdate|curtime|sysdate|utc_|\brand\s*\(|uuid|found_rows|last_insert|nextval|lastval|connection_id|@|_lock\s*\(|timestamp\s*\(|sleep|information_schema|`__|\b__", re.I)


def verb_of(text):
    found = HEAD.match(text)
    return found.group(1).lower() if found else ""


def unquote(token):
    """Value of a token of SQL as text; None for NULL."""
    token = token.strip()
    if token[:1] in "'\"":
        quote = token[0]
        return re.sub(r"\\(.)|" + quote * 2, lambda m: ESCAPES.get(m.group(1), m.group(1)) if m.group(1) else quote, token[1:-1], flags=re.S)
    return None if token.upper() == "NULL" else token


def tables_read(text):
    """Tables of a SELECT whose answer stays the same within a transaction until one of them is written, else None."""
    if UNSTEADY.search(text):
        return None
    return frozenset(a or b for a, b in TABLE.findall(text)) or None


def values_of(text, start, width):
    """Tuples of an INSERT's VALUES as lists of tokens, and where they end; None when they are not plain values."""
    tuples, place = [], start
    while True:
        if text[place:place + 1] != "(":
            return None
        tokens, place = [], place + 1
        while True:
            token = TOKEN.match(text, place)
            if token is None:
                return None
            tokens.append(token.group(1))
            place = token.end()
            mark = text[place:place + 1]
            place += 1
            if mark == ")":
                break
            if mark != ",":
                return None
        if len(tokens) != width:
            return None
        tuples.append(tokens)
        while text[place:place + 1].isspace():
            place += 1
        if text[place:place + 1] != ",":
            return tuples, text[place:]
        place += 1
        while text[place:place + 1].isspace():
            place += 1


def parse_insert(text):
    """(table, keys, may_exist) of an INSERT with plain values, else None."""
    head = INSERT.match(text)
    if head is None:
        return None
    table, columns = head.group(2) or head.group(3), [c.strip().strip("`").split(".")[-1].strip("`") for c in head.group(4).split(",")]
    wanted = KEYS.get(table, ["name"])
    if any(column not in columns for column in wanted):
        return None
    found = values_of(text, head.end(), len(columns))
    if found is None:
        return None
    places = [columns.index(column) for column in wanted]
    keys = [row_key([unquote(tokens[place]) for place in places]) for tokens in found[0]]
    may_exist = head.group(1) is not None or bool(found[1].strip()) or text.lstrip()[:7].lower() == "replace"
    return table, keys, may_exist


def masked(text):
    """The text with strings and quoted names blanked, of the same length: keywords are looked for here."""
    blank = lambda m: "_" * (m.end() - m.start())
    return QUOTED.sub(blank, STRING.sub(blank, text)).lower()


def outside(mask, word, start=0):
    """Place of a keyword outside parentheses, or -1."""
    for found in re.finditer(rf"\b{word}\b", mask[start:]):
        before = mask[start:start + found.start()]
        if before.count("(") == before.count(")"):
            return start + found.start()
    return -1


def parse_change(text, verb):
    """(table, alias, references, condition) of an UPDATE or DELETE, else None. `references` is what stands in FROM of a SELECT of the same rows."""
    mask = masked(text)
    where = outside(mask, "where")
    if verb == "update":
        begin = re.match(r"\s*update\s+(?:low_priority\s+|ignore\s+)*", mask).end()
        end = outside(mask, "set", begin)
        if end < 0:
            return None
        target = re.match(r"set\s+" + IDENT + r"\s*\.", text[end:], re.I)
        references = text[begin:end].strip()
        where = outside(mask, "where", end)
    else:
        source = outside(mask, "from")
        if source < 0:
            return None
        target = re.match(r"\s*delete\s+(?:(?:low_priority|quick|ignore)\s+)*" + IDENT + r"(?:\.\*)?\s+from\b", text, re.I)
        references = text[source + 4:where if where >= 0 else len(text)].strip()
    condition = text[where + 5:].strip() if where >= 0 else "1 = 1"
    return about(references, target and (target.group(1) or target.group(2)), condition)


def about(references, alias, condition):
    """The table that `alias` stands for among table references; the first when there is none."""
    listed = [(a or b, c or d) for a, b, c, d in re.findall(IDENT + r"(?:\s+(?:as\s+)?(?!(?:inner|left|right|join|on|where|set|cross|order|limit)\b)" + IDENT + r")?", references, flags=re.I) if (a or b).startswith("tab")]
    for table, known in listed:
        if alias in (None, table, known):
            return table, known or table, references, condition
    return None


# Columns that identify a row, where it is not `name`.
KEYS = {"tabSingles": ["doctype", "field"]}


def row_key(parts):
    return "\x1f".join("" if part is None else str(part) for part in parts)


def key_columns(table):
    return KEYS.get(table, ["name"])
