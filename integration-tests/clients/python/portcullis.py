#!/usr/bin/env python3
"""A client of Portcullis' HTTP API, of the standard library alone (Python 3.9 or later).

    PORTCULLIS_URL=http://127.0.0.1:8080 ./portcullis.py check 'text of a prompt'
    PORTCULLIS_URL=http://127.0.0.1:8080 ./portcullis.py ingest 'question' 'answer'

`PORTCULLIS_AUTHORIZATION` is the whole header, for example `Bearer …`. Prints one line of JSON. Exit status 0: may
pass, or is on disk. 1: blocked. 2: could not be checked or recorded, which is no permission to go on.
"""

import base64
import http.client
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import urlsplit

Json = Any


class Unchecked(Exception):
    """There is no decision: the service was away, too slow, refused the call, or did not look at all of it.

    Whoever catches this decides what an outage means. `retryable` is whether the same call may succeed later.
    """

    def __init__(self, why: str, retryable: bool = False) -> None:
        super().__init__(why)
        self.retryable = retryable


@dataclass(frozen=True)
class Decision:
    request_id: str
    blocked: bool
    action: str
    """`ACTION_ALLOW`, `ACTION_ALERT`, `ACTION_MASK` or `ACTION_BLOCK`."""
    message: str
    """For the end user; empty unless something stands in the way."""
    rules: list = field(default_factory=list)
    """`policy/rule` of everything that objected, the strictest first."""
    coverage: dict = field(default_factory=dict)
    """The receipt: what was looked at, and by what."""
    masked: Optional[Json] = None
    """The request with its findings masked, when that was asked for and changed it."""


class Portcullis:
    """One connection, kept open. Not for several threads at once."""

    def __init__(self, url: str, authorization: Optional[str] = None, timeout: float = 2.0) -> None:
        """`timeout` is in seconds, for each wait on the network."""
        parts = urlsplit(url)
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[parts.scheme]
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._base = parts.path.rstrip("/")
        self._headers = {"content-type": "application/json"}
        if authorization:
            self._headers["authorization"] = authorization

    def check(self, request: Json, *, user: str = "", policies: tuple = (), mask: bool = False) -> Decision:
        """Judges what goes to a model: a text, or a chat request as OpenAI has them. Raises `Unchecked`."""
        answer = self._post(
            "/v1/check",
            {
                "request": _payload(request),
                "context": {"source": "http", "user": user},
                "policies": list(policies),
                "operation": "OPERATION_MUTATE" if mask else "OPERATION_VALIDATE",
            },
        )
        coverage = answer.get("coverage", {})
        blocked = answer.get("verdict") == "VERDICT_FAIL" or answer.get("action") == "ACTION_BLOCK"
        # What was not looked at, or in part, has no verdict that could be relied on. A block can be.
        if not blocked:
            if answer.get("verdict") != "VERDICT_PASS":
                raise Unchecked(f"no verdict: {coverage.get('reason', 'the answer names no reason')}")
            if coverage.get("status") != "COVERAGE_STATUS_COMPLETE":
                raise Unchecked(f"not all of it was checked: {coverage.get('reason', coverage.get('status'))}")
        masked = answer.get("maskedRequest")
        return Decision(
            request_id=answer.get("requestId", ""),
            blocked=blocked,
            action=answer.get("action", ""),
            message=answer.get("message", ""),
            rules=[f"{found['policy']}/{found['rule']}" for found in answer.get("violations", [])],
            coverage=coverage,
            masked=None if masked is None else _content(masked),
        )

    def ingest(self, request: Json, response: Json, *, user: str = "", key: str = "") -> dict:
        """Records an exchange that has happened, and is back when it is on disk.

        With a `key` of the caller's own a call can be repeated until it succeeds, and is recorded once. Raises
        `Unchecked` when it was not recorded.
        """
        exchange = {
            "request": _payload(request),
            "response": _payload(response),
            "context": {"source": "http", "user": user},
        }
        if key:
            exchange["idempotencyKey"] = key
        return self._post("/v1/ingest", exchange)

    def _post(self, path: str, body: Json) -> dict:
        try:
            self._connection.request("POST", self._base + path, json.dumps(body), self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            # The next call connects anew.
            self._connection.close()
            raise Unchecked(f"no answer: {error or type(error).__name__}", retryable=True) from error
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise Unchecked(f"HTTP {response.status} without JSON") from error
        if response.status != 200 or not isinstance(answer, dict):
            what = answer.get("error") if isinstance(answer, dict) else None
            why = answer.get("message") if isinstance(answer, dict) else None
            raise Unchecked(f"HTTP {response.status} {what}: {why}", retryable=response.status in (408, 429, 503))
        return answer


def _payload(content: Json) -> Json:
    """A text as it is; JSON as its bytes, so that numbers stay what they are."""
    if isinstance(content, str):
        return {"text": content}
    return {"json": base64.b64encode(json.dumps(content).encode()).decode()}


def _content(payload: Json) -> Json:
    if "json" in payload:
        return json.loads(base64.b64decode(payload["json"]))
    return payload.get("text", payload.get("document"))


def main(arguments: list) -> int:
    client = Portcullis(
        os.environ.get("PORTCULLIS_URL", "http://127.0.0.1:8080"),
        os.environ.get("PORTCULLIS_AUTHORIZATION"),
        float(os.environ.get("PORTCULLIS_TIMEOUT_S", "2")),
    )
    try:
        if arguments[:1] in (["check"], ["mask"]) and len(arguments) == 2:
            chat = {"model": "m", "messages": [{"role": "user", "content": arguments[1]}]}
            decision = client.check(chat, user="ann@acme.io", mask=arguments[0] == "mask")
            told = {
                "blocked": decision.blocked,
                "action": decision.action,
                "message": decision.message,
                "rules": decision.rules,
                "request_id": decision.request_id,
                "checked": decision.coverage.get("status"),
                "masked": decision.masked,
            }
            print(json.dumps(told))
            return 1 if decision.blocked else 0
        if arguments[:1] == ["ingest"] and len(arguments) in (3, 4):
            request = {"model": "m", "messages": [{"role": "user", "content": arguments[1]}]}
            response = {"choices": [{"message": {"role": "assistant", "content": arguments[2]}}]}
            key = arguments[3] if len(arguments) == 4 else ""
            recorded = client.ingest(request, response, user="ann@acme.io", key=key)
            told = {
                "request_id": recorded["requestId"],
                "sequence": recorded["sequence"],
                "duplicate": recorded.get("duplicate", False),
            }
            print(json.dumps(told))
            return 0
    except Unchecked as error:
        print(json.dumps({"unchecked": str(error), "retryable": error.retryable}))
        return 2
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
