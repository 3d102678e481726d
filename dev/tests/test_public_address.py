"""A store that Odoo and browsers reach at different addresses.

Odoo goes to the servers themselves (S3 through a proxy that counts), a browser through an
nginx that knows nothing of Odoo.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.browser import browser_at
from support.front_end import Client, FrontEnd
from support.production import fault_proxy

from dev.process import Daemon, free_ports
from dev.services import nginx
from dev.stack import Stack, project_of

NGINX = """\
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {s3};
            proxy_set_header Host $http_host;
        }}
        location /swift/ {{ proxy_pass {swift}/; }}
    }}
"""
TEXT = "Shown by the store's own public address"
CREATE = """
import io, json
from PIL import Image
with io.BytesIO() as buffer:
    Image.new("RGB", (123, 45), "green").save(buffer, "PNG")
    image = buffer.getvalue()
parameters = env["ir.config_parameter"]
parameters.set_param("ir_attachment.storage.force.database", "{{}}")
made = {{}}
for scheme in ("s3", "swift"):
    model = env["ir.attachment"].with_context(storage_location=scheme)
    model._get_object_store(scheme).create_container()
    values = {{"public": True}}
    made[scheme] = model.create([
        {{**values, "name": "shown.txt", "mimetype": "text/plain", "raw": {text!r}.encode()}},
        {{**values, "name": "image.png", "mimetype": "image/png", "raw": image}},
    ]).ids
env.cr.commit()
print("FILES", json.dumps(made))
"""


@dataclass
class Site:
    """Odoo, and the address at which browsers reach the stores."""

    odoo: FrontEnd
    public: str
    proxy: Any
    log: Path
    files: dict[str, list[int]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.odoo.port}"


@pytest.fixture(scope="module")
def public(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("public-nginx")
    port = free_ports(29669)[0]
    daemon = Daemon(folder)
    http = NGINX.format(port=port, s3=stack.seaweedfs.endpoint, swift=stack.swift.endpoint)
    nginx.run(daemon, port, http)
    try:
        yield f"http://127.0.0.1:{port}", folder / "access.log"
    finally:
        daemon.stop()


@pytest.fixture(scope="module")
def site(
    stack: Stack, public: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    name = f"public_{uuid.uuid4().hex[:8]}"
    address, log = public
    server = urlsplit(stack.seaweedfs.endpoint)
    with fault_proxy(server.hostname or "", server.port or 0) as proxy:
        project = project_of(name)
        variables = {
            **stack.variables(project, "dev"),
            **stack.swift.env(),
            "AWS_HOST": proxy.url,
            "AWS_PUBLIC_HOST": address,
            "SWIFT_PUBLIC_URL": f"{address}/swift",
            "SWIFT_TEMP_URL_KEY": "signs the URLs of this test",
            "SWIFT_WRITE_CONTAINER": f"{project}-odoo-dev",
            "ATTACHMENT_SERVING": "redirect",
        }
        with stack.database(name, ["attachment_s3", "attachment_swift"], variables) as data:
            odoo = FrontEnd(stack, name, data, tmp_path_factory.mktemp("public-odoo"))
            code = f"exec({CREATE.format(text=TEXT)!r})\n"
            done = odoo.run("shell", variables=variables, text=code, load="")
            found = re.search(r"FILES (.*)", done.stdout)
            assert found, done.stdout
            with odoo.started(variables=variables, load=""):
                yield Site(odoo, address, proxy, log, json.loads(found[1]))


@pytest.mark.parametrize("scheme", ["s3", "swift"])
def test_a_browser_is_sent_to_the_address_that_it_reaches(site: Site, scheme: str) -> None:
    text, image = site.files[scheme]
    answer = Client(site.odoo.database).ask(site.odoo, f"/web/content/{text}")
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{site.public}/"), answer.headers
    site.proxy.requests.clear()
    served = len(site.log.read_text().splitlines())
    with browser_at(site.url) as page:
        response = page.goto(f"/web/content/{text}")
        assert response and response.status == 200
        assert page.url.startswith(f"{site.public}/"), page.url
        assert page.inner_text("body") == TEXT
        page.goto("/web/login")
        page.set_content(f'<img src="{site.url}/web/content/{image}">')
        page.wait_for_function("document.images[0].naturalWidth == 123")
    lines = site.log.read_text().splitlines()[served:]
    assert len([line for line in lines if '" 200 ' in line and "GET" in line]) >= 2, lines
    assert not [line for line in site.proxy.requests if line.startswith("GET")], "no bytes by Odoo"


def test_a_script_reads_what_a_page_has_shown(site: Site) -> None:
    image = f"{site.url}/web/content/{site.files['s3'][1]}?unique=shown"
    with browser_at(site.url) as page:
        page.goto("/web/login")
        page.set_content(f'<img src="{image}">')
        page.wait_for_function("document.images[0].naturalWidth == 123")
        served = len(site.log.read_text().splitlines())
        read = "url => fetch(url).then(answer => answer.blob()).then(blob => blob.size)"
        assert page.evaluate(read, image) > 100
        # the redirect that the browser has kept leads to an address that no script may read
        assert len(site.log.read_text().splitlines()) == served


def test_an_address_that_is_not_the_signed_one_gets_nothing_of_s3(site: Site) -> None:
    text = site.files["s3"][0]
    answer = Client(site.odoo.database).ask(site.odoo, f"/web/content/{text}")
    elsewhere = answer.headers["Location"].replace(site.public, site.proxy.url)
    with browser_at(site.url) as page:
        response = page.goto(elsewhere)
        assert response and response.status == 403
