"""What the OpenAPI description says beyond the views: one address each, and the error answers that all share."""

from typing import Any

PATHS = "/api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
SHARED = {
    "400": "The request needs attention; `fields` says what to do where.",
    "401": "No token or session, or one that is not valid any more.",
    "403": "You may not do this.",
    "404": "There is none, or none that you may see.",
    "409": "It is not in a state in which this can be done.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "429": "Too many requests; Retry-After says when to try again.",
    "500": "It failed on our side; the log has the details under the request_id.",
}
BODIED = {"post", "put", "patch"}
ONLY_WITH_BODY = {"409", "413", "415"}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "Stable, for programs."},
                "message": {"type": "string", "description": "For people: what happened and what to do."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Path of a field, such as `parameters.period.start`, and what to do about it.",
                },
                "request_id": {"type": "string", "description": "Also in the X-Request-ID header and in the log."},
            },
        }
    },
}


def with_slash_only(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    return [each for each in endpoints if each[0].startswith(PATHS) and each[0].endswith("/")]


def with_errors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for method in METHODS:
            if operation := operations.get(method):
                for code, description in SHARED.items():
                    if method in BODIED or code not in ONLY_WITH_BODY:
                        operation["responses"].setdefault(code, {"description": description, "content": content})
    return result
