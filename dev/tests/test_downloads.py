"""Downloads through nginx: which asks the store itself, or only passes on what Odoo sends."""

import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.instance import Instance
from dev.services.nginx import OBJECT_STORE

SIZE = 5_000_000
NAME = "Rapport d'été + 100 %.pdf"

CREATE = """\
import json
content = bytes.fromhex({seed!r}) * {times}
values = dict(name={name!r}, mimetype='application/pdf', raw=content, public=True)
files = env['ir.attachment'].create([values, dict(values, public=False, raw=content + b'2'),
    dict(values, name='page.html', mimetype='text/html', raw=b'<script>1</script>'),
    dict(values, name='lost.pdf', raw=b'about to be lost')])
lost = files[3].store_fname.partition('://')[2].partition('/')
env['ir.attachment']._get_object_store('s3').delete_many([lost[2]])
env.cr.commit()
print('FILES', json.dumps(files.ids))
"""

# a shell does not notify the servers
SERVE = """\
env['ir.config_parameter'].set_param('ir_attachment.storage.serving', {how!r})
env.cr.commit()
env.registry.signal_changes()
"""


@dataclass(frozen=True)
class Answer:
    """The answer to a client that follows no redirect."""

    status: int
    headers: Message
    content: bytes


def ask(url: str, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    with closing(connection):
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


class Files:
    """Attachments of the instance: a public one, a private one, a page, one that is lost."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        seed = os.urandom(1000)
        self.content = seed * (SIZE // len(seed))
        script = CREATE.format(seed=seed.hex(), times=SIZE // len(seed), name=NAME)
        found = re.search(r"FILES (.*)", self.shell(script))
        self.public, self.private, self.page, self.lost = json.loads(found[1])

    def shell(self, script: str) -> str:
        return self.instance.shell(script, self.instance.nodes[0].data_directory)

    def get(self, number: int, query: str = "", **headers: str) -> Answer:
        return ask(f"{self.instance.nginx.url}/web/content/{number}{query}", **headers)

    @contextmanager
    def served(self, how: str) -> Iterator[None]:
        self.shell(SERVE.format(how=how))
        try:
            yield
        finally:
            self.shell(SERVE.format(how="stream"))


@pytest.fixture(scope="module")
def files(instance: Instance) -> Files:
    return Files(instance)


@pytest.fixture(scope="module")
def x_accel(files: Files) -> Iterator[Files]:
    with files.served("x-accel"):
        yield files


# before x_accel is set for the rest of the module
def test_odoo_sends_the_bytes_where_nothing_is_set(files: Files) -> None:
    answer = files.get(files.public)
    assert (answer.status, answer.content == files.content) == (200, True)
    assert "X-Served-By" in answer.headers


def test_a_redirect_is_followed_to_the_file(files: Files) -> None:
    with files.served("redirect"):
        answer = files.get(files.public, "?download=1")
        assert answer.status == 302
        file = ask(answer.headers["Location"])
        assert (file.status, file.content == files.content) == (200, True)
        page = files.get(files.page)
        assert (page.status, page.content) == (200, b"<script>1</script>")
        assert files.get(files.private).status == 404


def test_nginx_sends_the_file_under_odoo_s_headers(x_accel: Files) -> None:
    answer = x_accel.get(x_accel.public, "?download=1")
    assert (answer.status, answer.content == x_accel.content) == (200, True)
    headers = answer.headers
    assert headers["Content-Length"] == str(len(x_accel.content))
    assert headers["Content-Type"] == "application/pdf"
    assert "filename*=UTF-8''Rapport" in headers["Content-Disposition"]
    assert headers["ETag"] == f'"{hashlib.sha1(x_accel.content).hexdigest()}"'
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Accept-Ranges"] == "bytes"
    assert "Last-Modified" in headers
    # the client cannot see its origin
    assert not [name for name in headers if re.match("x-(amz|object|accel)", name, re.I)]
    # nginx adds this to what Odoo sends, and to nothing else
    assert "X-Served-By" not in headers


def test_ranges_and_conditions_go_through_nginx(x_accel: Files) -> None:
    content = x_accel.content
    etag = x_accel.get(x_accel.public).headers["ETag"]
    some = x_accel.get(x_accel.public, Range="bytes=5-14")
    assert (some.status, some.content) == (206, content[5:15])
    assert some.headers["Content-Range"] == f"bytes 5-14/{len(content)}"
    last = x_accel.get(x_accel.public, Range="bytes=-7", **{"If-Range": etag})
    assert (last.status, last.content) == (206, content[-7:])
    whole = x_accel.get(x_accel.public, Range="bytes=5-14", **{"If-Range": '"other"'})
    assert (whole.status, whole.content == content) == (200, True)
    assert x_accel.get(x_accel.public, Range="bytes=9999999-").status == 416
    assert x_accel.get(x_accel.public, **{"If-None-Match": etag}).status == 304


def test_head_goes_through_nginx(x_accel: Files) -> None:
    url = f"{x_accel.instance.nginx.url}/web/content/{x_accel.public}"
    answer = ask(url, "HEAD")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(x_accel.content))


def test_access_rights_come_first(x_accel: Files) -> None:
    assert x_accel.get(x_accel.private).status == 404


def test_a_missing_object_is_404_and_tells_nothing_of_the_store(x_accel: Files) -> None:
    answer = x_accel.get(x_accel.lost)
    assert answer.status == 404
    assert b"Key" not in answer.content
    assert x_accel.instance.variables["AWS_BUCKETNAME"].encode() not in answer.content


def test_nobody_reaches_the_store_through_nginx_by_himself(x_accel: Files) -> None:
    url = f"{x_accel.instance.nginx.url}/_object_of_store"
    store = x_accel.instance.variables["AWS_HOST"]
    answer = ask(url, **{"X-Object-Url": f"{store}/"})
    assert answer.status == 404


def test_nginx_asks_no_store_but_those_it_is_told_of(x_accel: Files) -> None:
    instance = x_accel.instance
    nginx, ports = instance.nginx, [node.ports for node in instance.nodes]
    https, gevents = [each[0] for each in ports], [each[1] for each in ports]
    try:
        nginx.start(28069, https, gevents, ["https://another.example.com"])
        answer = x_accel.get(x_accel.public)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"
        assert len(answer.content) < 1000
    finally:
        nginx.start(28069, https, gevents, [instance.variables["AWS_HOST"]])


def test_who_asks_odoo_s_own_port_gets_the_bytes(x_accel: Files) -> None:
    url = f"http://127.0.0.1:{x_accel.instance.nodes[0].ports[0]}/web/content/{x_accel.public}"
    answer = ask(url)
    assert (answer.status, answer.content == x_accel.content) == (200, True)
    assert "X-Object-Url" not in answer.headers


def test_nginx_takes_the_file_as_it_is_shipped(tmp_path: Path) -> None:
    shutil.copy(OBJECT_STORE, tmp_path)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        "events {}\npid nginx.pid;\nhttp { access_log off; client_body_temp_path b;"
        " proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;"
        f" server {{ listen 127.0.0.1:1; include {OBJECT_STORE.name}; }} }}\n"
    )
    path = f"{os.defpath}:/usr/sbin:/sbin"
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(configuration), "-e", "error.log"]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
