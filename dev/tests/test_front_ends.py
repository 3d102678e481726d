"""Two front-ends serve one database: files in S3, sessions in Redis, one may be killed."""

import http.client
import os
import re
import struct
import time
import urllib.parse
import xmlrpc.client
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import redis
from playwright.sync_api import Page, Response
from support.browser import browser_page
from support.buckets import s3_client

from dev.console import run
from dev.instance import Instance, Node
from dev.odoo import TEMPLATE_MODULES

PARTNER = 3  # the administrator's: a record with a chatter in every database


def picture(side: int = 200) -> bytes:
    """Return a PNG of random pixels: above the size that is kept in the database."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + os.urandom(3 * side) for _row in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def document() -> bytes:
    """Return a PDF with one empty page and some random bytes in a comment."""
    body = (
        b"%PDF-1.4\n%" + os.urandom(2000).hex().encode() + b"\n"
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    )
    return body + b"trailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture(scope="module")
def page(instance: Instance) -> Iterator[Page]:
    """A browser page; it keeps one session through the tests of this module."""
    with browser_page(instance) as page:
        yield page


def rows(instance: Instance, sql: str, *values: object) -> list[tuple[object, ...]]:
    env = instance.stack.postgresql.env
    connection = psycopg2.connect(
        host=env["PGHOST"],
        port=env["PGPORT"],
        user=env["PGUSER"],
        password=env["PGPASSWORD"],
        dbname=instance.name,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    finally:
        connection.close()


def stored_object(instance: Instance, uri: str) -> bytes:
    env = instance.variables
    client = s3_client(env)
    bucket, key = re.fullmatch(r"s3://([^/]+)/(.+)", uri).groups()
    assert bucket == env["AWS_BUCKETNAME"]
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def open_partner(page: Page) -> None:
    page.goto("about:blank")  # an address that differs by its anchor alone loads nothing
    page.goto(f"/web#id={PARTNER}&model=res.partner&view_type=form")
    page.wait_for_selector(".o-mail-Chatter")


def node_of(instance: Instance, served_by: str) -> Node:
    ports = re.findall(r":(\d+)", served_by)
    return next(node for node in instance.nodes if str(node.ports[0]) == ports[-1])


def local_files(instance: Instance) -> list[Path]:
    """Return the files of file stores and session stores in the nodes' data directories."""
    return [
        path
        for node in instance.nodes
        for folder in ("filestore", "sessions")
        for path in (node.data_directory / folder).rglob("*")
        if path.is_file()
    ]


def test_xml_rpc_answers(instance: Instance) -> None:
    version = xmlrpc.client.ServerProxy(f"{instance.nginx.url}/xmlrpc/2/common").version()
    assert version["server_serie"] == instance.stack.odoo.series


def test_install_moved_what_was_there_before(instance: Instance) -> None:
    left = rows(
        instance, "SELECT count(*) FROM ir_attachment WHERE store_fname NOT LIKE 's3://%%'"
    )
    moved = rows(instance, "SELECT count(*) FROM ir_attachment WHERE store_fname LIKE 's3://%%'")
    assert left == [(0,)]
    assert moved[0][0] > 0


def test_an_update_of_modules_leaves_no_local_file(instance: Instance) -> None:
    odoo = instance.stack.odoo
    node = instance.nodes[0]
    arguments = ("-d", instance.name, "-u", ",".join(TEMPLATE_MODULES), "--stop-after-init")
    options = ("--no-http", "--data-dir", node.data_directory, "--log-level=warn")
    paths = ("--addons-path", odoo.addons_path, "--load", odoo.server_wide_modules)
    # Odoo does not update a scheduled action that a front-end runs: this waits for its end
    later = "UPDATE ir_cron SET nextcall = nextcall + interval '1 day' RETURNING id"
    instance.stack.postgresql.query(instance.name, later)
    run(odoo.command(*arguments, *options, *paths), env=odoo.environment(**instance.variables))
    assert local_files(instance) == []
    test_install_moved_what_was_there_before(instance)


def test_killing_a_front_end_loses_nobody_s_work(
    instance: Instance, page: Page, tmp_path: Path
) -> None:
    contents = {"picture.png": picture(), "document.pdf": document()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)

    page.goto("/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    with page.expect_response(lambda answer: "/web/login" in answer.url) as login:
        page.click("button[type=submit]")
    node = node_of(instance, login.value.headers["x-served-by"])
    page.wait_for_selector(".o_web_client .o_main_navbar")

    open_partner(page)
    with page.expect_file_chooser() as chooser:
        page.click(".o-mail-Chatter-attachFiles")
    with uploads(page, len(contents)):
        chooser.value.set_files([tmp_path / name for name in contents])
    page.get_by_text("document.pdf").first.wait_for()
    seen_thumbnail(page)

    stored = attachments(instance)
    assert stored.keys() == contents.keys()
    for name, (attachment, uri) in stored.items():
        assert stored_object(instance, uri) == contents[name], name
        assert download(page, attachment) == contents[name], name

    node.daemon.kill()

    open_partner(page)
    # once the client knows that there are files, this button lists them
    page.click(".o-mail-Chatter-attachFiles:has(sup)")
    seen_thumbnail(page)
    assert "/web/login" not in page.url
    for name, (attachment, _uri) in stored.items():
        assert download(page, attachment) == contents[name], name

    assert session_in_redis(instance, page)
    assert local_files(instance) == []


@contextmanager
def uploads(page: Page, count: int) -> Iterator[None]:
    """Wait until the answers of ``count`` uploads have come."""
    answers: list[int] = []

    def note(answer: Response) -> None:
        if "/mail/attachment/upload" in answer.url:
            answers.append(answer.status)

    page.on("response", note)
    yield
    deadline = time.monotonic() + 30
    while len(answers) < count and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    page.remove_listener("response", note)
    assert answers == [200] * count


def seen_thumbnail(page: Page) -> None:
    images = ".o-mail-AttachmentList img[src*='/web/image']"
    page.wait_for_function(
        "images => [...document.querySelectorAll(images)]"
        ".some(image => image.complete && image.naturalWidth > 0)",
        arg=images,
    )


def attachments(instance: Instance) -> dict[str, tuple[int, str]]:
    sql = (
        "SELECT name, id, store_fname FROM ir_attachment "
        "WHERE res_model = %s AND res_id = %s AND res_field IS NULL"
    )
    return {
        name: (number, uri) for name, number, uri in rows(instance, sql, "res.partner", PARTNER)
    }


def download(page: Page, attachment: int) -> bytes:
    """Save a file as the browser does it for its user, and return its bytes."""
    with page.expect_download() as download:
        page.evaluate("url => { location.href = url }", f"/web/content/{attachment}?download=true")
    return Path(download.value.path()).read_bytes()


def session_in_redis(instance: Instance, page: Page) -> bool:
    env = instance.variables
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    client = redis.Redis(
        host=env["ODOO_SESSION_REDIS_HOST"],
        port=int(env["ODOO_SESSION_REDIS_PORT"]),
        password=env["ODOO_SESSION_REDIS_PASSWORD"],
    )
    sid = urllib.parse.unquote(cookies["session_id"])
    return bool(client.exists(f"session:{env['ODOO_SESSION_REDIS_PREFIX']}:{sid}"))


def test_metrics_are_not_passed_to_whoever_asks_the_proxy(instance: Instance) -> None:
    address = urllib.parse.urlsplit(instance.nginx.url)
    for path in ("/metrics", "/metrics?x=1", "/%6detrics", "//metrics", "/a/../metrics"):
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        # nginx itself refuses them, no front-end has seen them
        assert (answer.status, answer.headers["X-Served-By"]) == (404, None), path
        connection.close()
