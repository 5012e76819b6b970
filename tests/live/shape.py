"""Enough of JSON Schema (2020-12) to hold migtui's output against `migtui schema`: the keywords those schemas use."""

import re

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float),
}  # fmt: skip


def is_type(value, name):
    if isinstance(value, bool) and name in ("integer", "number"):
        return False
    return isinstance(value, TYPES[name])


def problems(value, schema, at="$"):
    """What is wrong, each with its path; [] when all is well. An unknown keyword is an error of the schema."""
    unknown = set(schema) - KEYWORDS
    if unknown:
        raise ValueError(f"{at}: keywords {unknown} are not known here")
    found = []
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        return [f"{at}: {value!r} is no {' or '.join(names)}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, str) and schema.get("format") == "date-time":
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            found.append(f"{at}: {value!r} is no time")
    if is_type(value, "integer") and value < schema.get("minimum", value):
        found.append(f"{at}: {value} is below {schema['minimum']}")
    if isinstance(value, dict):
        rows = schema.get("properties", {})
        found += [f"{at}: no {key}" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            found += problems(item, rows.get(key, schema.get("additionalProperties", {})), f"{at}.{key}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += problems(item, schema.get("items", {}), f"{at}[{i}]")
    if "oneOf" in schema:
        tries = [problems(value, option, at) for option in schema["oneOf"]]
        if sum(not one for one in tries) != 1:
            found += min(tries, key=len) or [f"{at}: more than one alternative fits"]
    return found


KEYWORDS = {
    "$schema", "$id", "title", "type", "const", "enum", "pattern", "format", "minimum", "required", "properties",
    "additionalProperties", "items", "oneOf",
}  # fmt: skip
