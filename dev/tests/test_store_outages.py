"""The object store is away: what users, mail and reports notice, and what happens after."""

import hashlib
import http.client
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support.front_end import Client, FrontEnd
from support.mail_servers import Imap, Mailbox, Pop3, Smtp, serving
from support.production import FILES, Production, production_of

from dev.stack import Stack

LOAD = "logging_json,session_redis,attachment_s3"
WORKERS = 4
PLACES = 3  # of the workers, for those that wait for the store
DOWNLOADS = 8
PUBLIC = (
    FILES
    + """
files = model.create([{**values, "public": True, "raw": b"public %d" % n} for n in range(8)])
env.cr.commit()
print("ANSWER " + json.dumps(files.ids))
"""
)

# a store that is silent is one after as many seconds
TIMEOUTS = {"AWS_READ_TIMEOUT": "2", "AWS_CONNECT_TIMEOUT": "2"}
INSTALL_MAIL = ("-i", "mail", "--stop-after-init", "--no-http")

# an e-mail that waits to be sent, with a file that is in the store
QUEUE = """
import random
content = random.Random({name!r}).randbytes(100_000)
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create({{"name": {name!r}, "smtp_host": "127.0.0.1", "smtp_port": {port}}})
queued = env["mail.mail"].create({{
    "subject": "queued", "email_from": "odoo@example.com", "email_to": "queued@example.com",
    "body_html": "<p>.</p>", "auto_delete": False,
    "attachment_ids": [(0, 0, {{"name": "queued.pdf", "raw": content + b"queued"}})],
}})
assert queued.attachment_ids.store_fname
env.cr.commit()
print("ANSWER " + str(queued.id))
"""
SEND = """
env["mail.mail"].process_email_queue()
env.cr.commit()
queued = env["mail.mail"].browse({number})
print("ANSWER " + repr([queued.state, bool(queued.scheduled_date)]).lower().replace("'", '"'))
"""

# automatic work of the program while the store is away; files of outages have their own names
WORK = """
import base64, json, random
name, ports = {name!r}, {ports!r}
content = random.Random(name).randbytes(100_000)
model = env["ir.attachment"]
partner = env["res.partner"].create({{"name": name, "email": name + "@example.com"}})
env.cr.commit()

for kind in ("pop", "imap"):
    server = env["fetchmail.server"].create({{
        "name": kind, "server_type": kind, "server": "127.0.0.1", "port": ports[kind],
        "user": "odoo", "password": "odoo", "state": "done",
        "object_id": env["ir.model"]._get("res.partner").id,
    }})
    env.cr.commit()
    fetch = getattr(server, "_fetch_mail", None) or server.fetch_mail
    fetch()
    server.active = False
    env.cr.commit()

env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create(
    {{"name": name, "smtp_host": "127.0.0.1", "smtp_port": ports["smtp"]}}
)
sent = env["mail.mail"].create({{
    "subject": name, "email_from": "odoo@example.com", "email_to": partner.email,
    "body_html": "<p>.</p>", "auto_delete": False,
    "attachment_ids": [(0, 0, {{"name": name + " sent.pdf", "raw": content + b"sent"}})],
}})
env.cr.commit()
sent.send()
env.cr.commit()

imported = model.load(
    ["name", "datas", "res_model"],
    [[f"{{name}} imported {{n}}.pdf",
      base64.b64encode(content + b"import %d" % n).decode(), "res.partner"]
     for n in range(5)],
)
assert imported["ids"], imported

report = env["ir.actions.report"].create({{
    "name": name, "model": "res.partner", "report_name": "web.report_layout",
    "attachment_use": True, "attachment": repr(name + " report.pdf"),
}})
model.create({{"name": name + " report.pdf", "raw": content + b"report",
              "res_model": "res.partner", "res_id": partner.id}})
printed, _kind = report._render_qweb_pdf(report, [partner.id])

document = model.create({{"name": name + " edi.xml", "raw": b"<draft/>" + content,
                         "res_model": "res.partner", "res_id": partner.id}})
env.cr.commit()
document.write({{"raw": b"<signed/>" + content}})
env.cr.commit()
print("ANSWER " + json.dumps([sent.state, printed == content + b"report"]))
"""
LOOK = """
import hashlib, json
files = env["ir.attachment"].search([("name", "=like", {name!r} + " %"), ("id", "!=", 0)])
found = {{}}
for one in files:
    found[one.name] = [one.store_fname or "", hashlib.sha256(one.raw or b"").hexdigest()]
print("ANSWER " + json.dumps(found))
"""


@pytest.fixture(scope="module")
def production(stack: Stack) -> Iterator[Production]:
    with production_of(stack, "outage") as production:
        yield production


@contextmanager
def prefork(production: Production, directory: Path, **variables: str) -> Iterator[FrontEnd]:
    front_end = FrontEnd(production.stack, production.name, production.data, directory)
    variables = {**production.variables, **variables}
    # a worker that waits is not to be taken for one that hangs
    options = (f"--workers={WORKERS}", "--limit-time-real=1200")
    with front_end.started(*options, variables=variables, load=LOAD):
        try:
            yield front_end
        finally:
            production.proxy.pass_through()


def status_of(front_end: FrontEnd, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", front_end.port, timeout=120)) as one:
        one.request("GET", path)
        answer = one.getresponse()
        answer.read()
        return answer.status


@contextmanager
def downloads(front_end: FrontEnd, files: list[int]) -> Iterator[list[threading.Thread]]:
    """Download some files at a time; gives the threads that wait for them."""
    threads = [
        threading.Thread(target=status_of, args=(front_end, f"/web/content/{number}"))
        for number in files
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join()


def sent(production: Production) -> list[str]:
    """Return the requests that reached the store, without the probes."""
    return [request for request in production.proxy.requests if not request.startswith("HEAD ")]


def test_a_silent_store_leaves_workers_for_pages_without_files(
    production: Production, tmp_path: Path
) -> None:
    files = production.shell(production.name, PUBLIC, production.variables)
    # long enough that no download ends before the visits
    with prefork(production, tmp_path, AWS_READ_TIMEOUT="600") as front_end:
        assert {status_of(front_end, f"/web/content/{number}") for number in files} == {200}
        production.proxy.requests.clear()
        production.proxy.blackhole()
        with downloads(front_end, files) as waiting:
            for _visit in range(20):
                assert status_of(front_end, "/web/login") == 200
                assert Client(production.name).log_in(front_end).status == 200
            assert 1 <= sum(thread.is_alive() for thread in waiting) <= PLACES
            assert len(sent(production)) <= PLACES
            production.proxy.pass_through()
        assert {status_of(front_end, f"/web/content/{number}") for number in files} == {200}


def test_what_one_worker_finds_out_costs_no_other_a_request(
    production: Production, tmp_path: Path
) -> None:
    files = production.shell(production.name, PUBLIC, production.variables)
    with prefork(production, tmp_path, **TIMEOUTS) as front_end:
        for number in files * WORKERS:
            assert status_of(front_end, f"/web/content/{number}") == 200
        production.proxy.requests.clear()
        production.proxy.blackhole()
        assert status_of(front_end, f"/web/content/{files[0]}") == 503
        tries = sent(production)
        for number in files * 10:
            assert status_of(front_end, f"/web/content/{number}") == 503
        assert sent(production) == tries
        production.proxy.pass_through()
        in_a_row = 0
        while in_a_row < 10 * WORKERS:  # each worker's breaker closes by its own probe
            status = status_of(front_end, f"/web/content/{files[0]}")
            in_a_row = in_a_row + 1 if status == 200 else 0


def mail(name: str, kind: str, content: bytes) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = f"{kind}@example.com", "odoo@example.com"
    message["Subject"] = f"{name} {kind}"
    message["Message-Id"] = f"<{name}-{kind}@example.com>"
    message.set_content("see the file")
    file = f"{name} {kind}.pdf"
    message.add_attachment(content, maintype="application", subtype="pdf", filename=file)
    return message.as_bytes()


def attached(message: bytes) -> bytes:
    parsed = message_from_bytes(message, policy=policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return bytes(next(parsed.iter_attachments()).get_content())


def digests(name: str, content: bytes) -> dict[str, str]:
    """Return the expected content of each file of an outage."""
    contents = {
        **{f"{name} {kind}.pdf": content + kind.encode() for kind in ("pop", "imap", "sent")},
        **{f"{name} imported {n}.pdf": content + b"import %d" % n for n in range(5)},
        f"{name} report.pdf": content + b"report",
        f"{name} edi.xml": b"<signed/>" + content,
    }
    return {file: hashlib.sha256(whole).hexdigest() for file, whole in contents.items()}


class CronServer(FrontEnd):
    """A server that runs scheduled actions."""

    def command(self, *arguments: str, load: str = LOAD) -> list[str]:
        command = super().command(*arguments, load=load)
        return [part.replace("--max-cron-threads=0", "--max-cron-threads=1") for part in command]


@pytest.fixture(scope="module")
def with_mail(production: Production) -> Production:
    folders = ("--addons-path", str(production.stack.odoo.addons_path))
    production.odoo(
        *("-d", production.name, *INSTALL_MAIL, *folders, "--data-dir", str(production.data)),
        *("--load", production.stack.odoo.server_wide_modules),
        variables=production.variables,
    )
    return production


@pytest.fixture(params=["refuse", "blackhole"])
def outage(
    with_mail: Production, request: pytest.FixtureRequest
) -> Iterator[tuple[str, bytes, Mapping[str, Mailbox], Any]]:
    """Do the work while the store is away, and return its results."""
    name, content = (
        f"outage-{request.param}",
        random.Random(f"outage-{request.param}").randbytes(100_000),
    )
    with (
        serving(Pop3, [mail(name, "pop", content + b"pop")]) as pop,
        serving(Imap, [mail(name, "imap", content + b"imap")]) as imap,
        serving(Smtp) as smtp,
    ):
        boxes = {"pop": pop, "imap": imap, "smtp": smtp}
        ports = {kind: box.port for kind, box in boxes.items()}
        getattr(with_mail.proxy, request.param)()
        code = WORK.format(name=name, ports=ports)
        variables = {**with_mail.variables, **TIMEOUTS}
        answer = with_mail.shell(with_mail.name, code, variables)
        yield name, content, boxes, answer
        with_mail.proxy.pass_through()


def test_mail_imports_and_documents_survive_an_outage_and_return(
    with_mail: Production,
    outage: tuple[str, bytes, Mapping[str, Mailbox], Any],
    tmp_path: Path,
) -> None:
    name, content, boxes, answer = outage
    assert answer == ["sent", True]
    # core deletes the mails that it has fetched: so they must be here
    assert (boxes["pop"].deleted, boxes["imap"].seen) == ({1}, {1})
    assert [attached(message) for message in boxes["smtp"].messages] == [content + b"sent"]
    expected = {file: ["", digest] for file, digest in digests(name, content).items()}
    variables = {**with_mail.variables, **TIMEOUTS}
    assert with_mail.shell(with_mail.name, LOOK.format(name=name), variables) == expected

    with_mail.proxy.pass_through()
    server = CronServer(with_mail.stack, with_mail.name, with_mail.data, tmp_path)
    with server.started(variables=variables, load=LOAD):
        deadline = time.monotonic() + 240
        while in_database(with_mail, name):
            assert time.monotonic() < deadline, server.log.read_text()[-3000:]
            time.sleep(2)
    found = with_mail.shell(with_mail.name, LOOK.format(name=name), variables)
    assert {file: digest for file, (_place, digest) in found.items()} == digests(name, content)
    bucket = f"s3://{with_mail.bucket}/"
    assert all(place.startswith(bucket) for place, _digest in found.values())


def in_database(production: Production, name: str) -> int:
    query = (
        f"SELECT count(*) FROM ir_attachment WHERE name LIKE '{name} %' AND store_fname IS NULL"
    )
    (count,) = production.stack.postgresql.query(production.name, query)
    return int(count)


def test_queued_mail_with_a_stored_file_is_sent_after_the_outage(with_mail: Production) -> None:
    name = "outage-queued"
    variables = {**with_mail.variables, **TIMEOUTS}
    with serving(Smtp) as smtp:
        queue = QUEUE.format(name=name, port=smtp.port)
        number = with_mail.shell(with_mail.name, queue, variables)
        send = SEND.format(number=number)
        with_mail.proxy.refuse()
        assert with_mail.shell(with_mail.name, send, variables) == ["outgoing", True]
        assert not smtp.messages
        with_mail.proxy.pass_through()
        due = f"UPDATE mail_mail SET scheduled_date = NULL WHERE id = {number}"  # its time comes
        with_mail.stack.postgresql.query(with_mail.name, due)
        assert with_mail.shell(with_mail.name, send, variables) == ["sent", False]
        content = random.Random(name).randbytes(100_000)
        assert [attached(message) for message in smtp.messages] == [content + b"queued"]
