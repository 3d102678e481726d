"""The S3 server of the tests, from the environment."""

from odoo.addons.base_attachment_object_storage.store import without_bulk
from odoo.addons.base_attachment_object_storage.store_guard import forget_outages
from odoo.addons.cloud_base.tests.services import service

from ..connections import Connections
from ..settings import S3Settings, s3_settings
from ..store import S3Store

MIB = 1024 * 1024
PARTS = {"AWS_MULTIPART_THRESHOLD": 5 * MIB, "AWS_MULTIPART_CHUNKSIZE": 5 * MIB}

# the start of a new process, see ``run_python``
IMPORTS = (
    "bucket = sys.argv[1]\n"
    "from odoo.addons.attachment_s3.settings import S3Settings\n"
    "from odoo.addons.attachment_s3.store import S3Store\n"
)


def keys(user):
    return {
        "AWS_ACCESS_KEY_ID": user["access_key"],
        "AWS_SECRET_ACCESS_KEY": user["secret_key"],
    }


class S3SetUp:
    """Mixed into a test case; skips aloud where no server is named."""

    scheme = "s3"
    server_variable = "AWS_HOST"
    secret_variable = "AWS_SECRET_ACCESS_KEY"

    def setUp(self):
        self.settings = self.environment()
        self.authorities = self.settings.ca_bundle or True
        if not (self.settings.endpoint and self.settings.access_key and self.settings.bucket):
            self.skipTest(
                "no S3 server: set AWS_HOST, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
                "AWS_BUCKETNAME"
            )
        self.bucket = self.settings.bucket.replace("{db}", "test")
        self.other_container = f"{self.bucket}-other"
        self.make_store().create_container()
        self.addCleanup(forget_outages)
        self.addCleanup(without_bulk.clear)
        super().setUp()

    def environment(self):
        return s3_settings()

    def make_store(self, container=None, settings=None):
        return S3Store(settings or self.settings, container or self.bucket)

    def make_read_only_store(self, container=None):
        """Return the same as ``make_store()``, for a key that may only read."""
        reader = service("s3")["users"]["reader"]
        return S3Store(self.settings_with(**keys(reader)), container or self.bucket)

    def settings_with(self, **values):
        """Return the settings of the environment with other values."""
        by_alias = {
            field.alias: getattr(self.settings, name)
            for name, field in S3Settings.model_fields.items()
        }
        return S3Settings(**{**by_alias, **values})


class OtherServer:
    """Mixed in before ``S3SetUp``; ``server`` is the name of a service."""

    server: str

    def environment(self):
        server = service(self.server)
        return S3Settings(
            AWS_HOST=server["endpoint"],
            AWS_REGION=server["region"],
            AWS_CA_BUNDLE=server.get("ca"),
            AWS_BUCKETNAME=s3_settings().bucket or "attachments",
            **keys(server["users"]["odoo"]),
        )


def sent_by(case, store, headers=None):
    """Return a list that gets the method of each request; ``headers`` gets its headers."""
    sent = []

    def note(method, its_headers):
        sent.append(method)
        if headers is not None:
            headers.append({name.lower(): value for name, value in its_headers.items()})

    session = store._client._endpoint.http_session
    by_client, directly = session.send, Connections.send

    def send_by_client(request):
        note(request.method, request.headers)
        return by_client(request)

    def send_directly(connections, method, target, its_headers, body):
        note(method, its_headers)
        return directly(connections, method, target, its_headers, body)

    case.patch(session, "send", send_by_client)
    case.patch(Connections, "send", send_directly)
    return sent
