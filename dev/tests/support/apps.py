"""The requests of the Apps screen to a running server."""

import json
from typing import Any

from .front_end import Answer, Client, FrontEnd


def call(client: Client, front_end: FrontEnd, model: str, method: str, *args: Any) -> Any:
    answer = ask(client, front_end, model, method, *args)
    assert answer.status == 200 and not answer.error, answer.text[:4000]
    return answer.result


def ask(client: Client, front_end: FrontEnd, model: str, method: str, *args: Any) -> Answer:
    params = {"model": model, "method": method, "args": args, "kwargs": {}}
    return client.ask(front_end, f"/web/dataset/call_kw/{model}/{method}", params)


def press(client: Client, front_end: FrontEnd, button: str, name: str) -> str:
    """Press ``install``, ``upgrade`` or ``uninstall`` of an addon; return the error's text."""
    [number] = call(client, front_end, "ir.module.module", "search", [["name", "=", name]])
    answer = ask(client, front_end, "ir.module.module", f"button_immediate_{button}", [number])
    assert answer.status == 200, answer.text[:4000]
    if not answer.error:
        return ""
    assert answer.error == "odoo.exceptions.UserError", answer.text[:4000]
    return str(json.loads(answer.text)["error"]["data"]["message"])


def update_list(client: Client, front_end: FrontEnd) -> None:
    """Update the list of addons."""
    call(client, front_end, "ir.module.module", "update_list")


def install(client: Client, front_end: FrontEnd, name: str) -> None:
    update_list(client, front_end)
    assert not press(client, front_end, "install", name)
