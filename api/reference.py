"""The API's reference as one plain page, made from its OpenAPI description: no script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    ":root{color-scheme:light dark}h2{margin:2.5rem 0 .5rem}p{margin:.25rem 0;white-space:pre-line}"
    "h3{font:600 1rem ui-monospace,monospace;margin:1.5rem 0 .25rem;border-top:1px solid #888;padding-top:.75rem}"
    "code,td:first-child{font-family:ui-monospace,monospace}table{border-collapse:collapse;margin:.5rem 0}"
    "td{text-align:left;vertical-align:top;padding:.15rem .9rem .15rem 0}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def page(schema: dict[str, Any]) -> str:
    """The page; `schema` is an OpenAPI 3.1 document."""
    title = escape(schema["info"]["title"])
    body = "".join(_routes(schema)) + "<h2>Shapes</h2>" + "".join(_shapes(schema))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{title} API</h1>'
        f'<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>{body}</html>'
    )


def _routes(schema: dict[str, Any]) -> Iterator[str]:
    section = ""
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            tag = route.get("tags", [""])[0]
            if tag != section:
                section = tag
                yield f"<h2>{escape(tag.capitalize())}</h2>"
            yield f"<h3>{method.upper()} {escape(path)}</h3><p>{escape(route.get('description', ''))}</p>"
            yield _table(
                (parameter["name"], parameter["in"], _kind(parameter.get("schema", {})))
                for parameter in route.get("parameters", [])
            )
            yield "".join(_bodies(route))


def _bodies(route: dict[str, Any]) -> Iterator[str]:
    for kind, content in route.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Takes {escape(kind)}: {_kind(content.get('schema', {}))}</p>"
    for status, response in route.get("responses", {}).items():
        kinds = (_kind(content.get("schema", {})) for content in response.get("content", {}).values())
        yield f"<p>{escape(status)}: {' or '.join(filter(None, kinds)) or escape(response['description'])}</p>"


def _shapes(schema: dict[str, Any]) -> Iterator[str]:
    for name, shape in sorted(schema.get("components", {}).get("schemas", {}).items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(shape.get("description", ""))}</p>'
        needed = shape.get("required", [])
        yield _table(
            (field, "needed" if field in needed else "", _kind(told))
            for field, told in shape.get("properties", {}).items()
        )


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = "".join(f"<tr><td>{escape(name)}<td>{escape(note)}<td>{kind}" for name, note, kind in rows)
    return f"<table>{lines}</table>" if lines else ""


def _kind(schema: dict[str, Any]) -> str:
    """What a value may be, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    return escape(" ".join(filter(None, (schema.get("type", ""), schema.get("format", "")))))
